# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Endpoints: the server's own certificate, as the host saw it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ..contract.records import Check
from . import x509
from .builder import Subject, evidence
from .clock import off_by
from .links import control, observed, target_of
from .model import Case, Facts

SERVER = "endpoints.server_certificate"
EXPIRED, EARLY = "server_cert_expired", "server_cert_not_yet_valid"
UNTRUSTED, INCOMPLETE, INTERCEPTED = "server_cert_untrusted", "server_chain_incomplete", "tls_intercepted"
ISSUER_UNKNOWN = "issuer_unknown"
NOT_TIME_VALID = "not_time_valid"


def check(case: Case, endpoint: Facts) -> Check:
    """One connection's check: ok when the host verified it, else the cause that the verify error leads to."""
    tls, subject = endpoint["tls"], Subject(target_of(endpoint))
    if tls is None or (tls["server"]["verified"] is None and tls["server"]["verify_error"] is None):
        return case.build.not_tested(SERVER, "the host did not come to verify it", subject)
    server = tls["server"]
    chain = x509.read_all(server["chain"])
    shown = "; ".join(f"{each.subject} by {each.issuer}" for each in chain[:1])
    if server["verified"] and server["verify_error"] is None:
        return case.build.ok(SERVER, subject, observed=shown)
    causes = _causes(case, endpoint, chain)
    return case.build.fail(SERVER, causes, subject, observed=shown, evidence=evidence(server["verify_error"]))


def _causes(case: Case, endpoint: Facts, chain: Sequence[x509.Certificate]) -> list[str]:
    word = case.evidence.word("server_certificate", endpoint["tls"]["server"]["verify_error"])
    if word == NOT_TIME_VALID:
        word = _end_of_dates(case, chain)
    if word in {EXPIRED, EARLY}:
        return _dated(case, word, chain)
    if word in {ISSUER_UNKNOWN, UNTRUSTED, None}:
        return _foreign(case, endpoint, chain, word)
    return [str(word)]


def _end_of_dates(case: Case, chain: Sequence[x509.Certificate]) -> str:
    """Windows says only that the chain is out of its dates: whether too early, the host's clock tells."""
    clock = case.section("clock")
    seen = datetime.fromisoformat(clock["utc"]) if clock is not None else case.context.now
    return EARLY if any(seen < each.not_before for each in chain) else EXPIRED


def _dated(case: Case, word: str, chain: Sequence[x509.Certificate]) -> list[str]:
    """Out of its dates by the host's clock: the clock's fault where it is far off in the direction that does it."""
    wrong = off_by(case) or 0.0
    astray = wrong if word == EXPIRED else -wrong
    if astray <= case.policy.clock_fail_seconds:
        return [word]
    now = case.context.now
    if chain and not chain[0].not_before <= now <= chain[0].not_after:
        return [word]
    return ["clock_skew", word]


def _foreign(case: Case, endpoint: Facts, chain: Sequence[x509.Certificate], word: str | None) -> list[str]:
    """Tell apart a missing link, a device in between, and an issuer that is merely not trusted."""
    if not chain:
        return [UNTRUSTED]
    issuer = chain[0].issuer_der
    others = [each for each in observed(case) if _verified(each)]
    if any(issuer in _links(each) for each in others):
        return [INCOMPLETE]
    witness = control(case)
    if witness is not None and _top(x509.read_all(_chain_of(witness))) == _top(chain):
        # An unrelated host under the same unknown issuer: nobody but a device in between signs for both.
        return [INTERCEPTED]
    if any(each["host"] == endpoint["host"] for each in others):
        return [INTERCEPTED, UNTRUSTED]
    if word == ISSUER_UNKNOWN and len(chain) == 1 and not chain[0].self_issued:
        return [INCOMPLETE, UNTRUSTED]
    return [UNTRUSTED]


def _verified(endpoint: Facts) -> bool:
    return endpoint["tls"] is not None and endpoint["tls"]["server"]["verified"] is True


def _chain_of(endpoint: Facts) -> Sequence[str]:
    return [] if endpoint["tls"] is None else endpoint["tls"]["server"]["chain"]


def _links(endpoint: Facts) -> set[bytes]:
    """Names of the issuers' certificates that a server sends along."""
    return {each.subject_der for each in x509.read_all(_chain_of(endpoint))[1:]}


def _top(chain: Sequence[x509.Certificate]) -> bytes | None:
    return chain[-1].issuer_der if chain else None
