# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A renewal: whether the centre has taken the new certificate, refused it, or said nothing yet."""

from __future__ import annotations

from collections.abc import Iterable

from ..contract.records import FAIL, OK, Check
from .holding import Holding, holdings
from .links import institution_of, observed
from .model import Case, Renewal

MTLS = "mtls.client_certificate"
REFUSALS = frozenset(
    {
        "client_cert_expired",
        "client_cert_not_yet_valid",
        "client_cert_revoked",
        "client_cert_unknown_issuer",
        "client_cert_rejected",
        "client_key_mismatch",
    }
)
"""What a server says of the certificate itself. One that saw none, or that hung up, has refused nothing."""


def renewals(case: Case, checks: Iterable[Check]) -> tuple[Renewal, ...]:
    """Every renewal whose old certificate is still kept, judged by the checks of mTLS once their dependencies spoke."""
    found = {
        (each.subject.institution, each.fingerprint): each
        for each in holdings(case)
        if is_waiting(each) and each.fingerprint is not None
    }
    said = tuple(checks)
    return tuple(
        _judged(case, institution, fingerprint or "", said) for institution, fingerprint in dict.fromkeys(found)
    )


def is_waiting(held: Holding) -> bool:
    """An older certificate lies beside the one that took its place."""
    kept = held.facts.get("kept")
    return kept is not None and held.fingerprint is not None and kept["renewed_to"] == held.fingerprint


def was_refused(held: Holding) -> str | None:
    """Why the controller's certificate was taken back from here; None when it was not."""
    refused = held.facts.get("refused")
    if not refused or held.expected is None or refused["fingerprint"] != held.expected.fingerprint_sha256:
        return None
    return str(refused["reason"])


def is_proven(case: Case, held: Holding, checks: Iterable[Check]) -> bool:
    """The centre took what this target holds."""
    fingerprint = held.fingerprint or ""
    return _judged(case, held.subject.institution, fingerprint, tuple(checks)).outcome == "proven"


def _judged(case: Case, institution: str, fingerprint: str, checks: tuple[Check, ...]) -> Renewal:
    said = [each for each in checks if each.id == MTLS and each.institution == institution]
    causes = tuple(dict.fromkeys(word for each in said if each.status == FAIL for word in each.causes))
    if not _was_shown(case, institution, fingerprint):
        return Renewal(institution, fingerprint, "pending")
    if any(each.status == FAIL and each.causes[0] in REFUSALS for each in said):
        return Renewal(institution, fingerprint, "refused", causes)
    proven = any(each.status == OK for each in said)
    return Renewal(institution, fingerprint, "proven" if proven else "pending")


def _was_shown(case: Case, institution: str, fingerprint: str) -> bool:
    """What the probe showed is this certificate: as it says, else that of the host's PEM files or of the controller."""
    links = [each["tls"] for each in observed(case) if institution_of(each) == institution and each["tls"] is not None]
    shown = {each["client_certificate"]["presented"] for each in links} - {None}
    if shown:
        return shown == {fingerprint}
    own = [each for each in holdings(case) if each.subject.institution == institution]
    in_files = [each.fingerprint for each in own if each.facts["type"] == "pem_files"]
    if in_files:
        return in_files[0] == fingerprint
    expected = case.context.expected_certificates.get(institution)
    return expected is not None and expected.fingerprint_sha256 == fingerprint
