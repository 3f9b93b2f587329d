# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate: what the host holds for each institution, target by target."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from ..contract.issuers import is_test_authority
from ..contract.records import Check
from . import mtls, renewal, trust_anchors, x509
from .builder import evidence
from .holding import Holding, holdings, unseen
from .model import Case
from .permissions import permissions

PRESENT = "certificate.present"
INSTITUTION = "certificate.institution"
CURRENT = "certificate.current"
KEY = "certificate.key"
VALIDITY = "certificate.validity"
CHAIN = "certificate.chain"
ISSUER = "certificate.issuer"
PERMISSIONS = "certificate.permissions"
TOLD = "certificate.told"
ALL = (PRESENT, INSTITUTION, CURRENT, KEY, VALIDITY, CHAIN, ISSUER, PERMISSIONS, TOLD)


def checks(case: Case) -> list[Check]:
    """Nine checks a target, where no target is planned they do not apply; and one of the file of trust anchors."""
    return [*_of_targets(case), trust_anchors.check(case)]


def _of_targets(case: Case) -> list[Check]:
    held, missed = holdings(case), unseen(case)
    reason = case.why_missing("certificates")
    found = [rule(case, each) for each in held for rule in RULES]
    found += [case.build.not_tested(name, reason, subject) for subject in missed for name in ALL]
    if found:
        return found
    if case.context.request is not None and not case.requested("certificate_targets"):
        return [case.build.not_applicable(name, "no certificate is planned for this host") for name in ALL]
    return [case.build.not_tested(name, reason) for name in ALL]


def _present(case: Case, held: Holding) -> Check:
    file, subject = held.main_file, held.subject
    said = evidence(None if file is None else file["error"])
    if held.certificate is not None:
        return case.build.ok(PRESENT, subject, observed=held.certificate.subject)
    if held.facts["certificate"] is not None:
        if not x509.HAS_CRYPTOGRAPHY:
            return case.build.ok(PRESENT, subject)
        return case.build.fail(PRESENT, ["unreadable"], subject, observed="no X.509 certificate")
    if file is None or not file["present"]:
        return case.build.fail(PRESENT, ["absent"], subject, evidence=said)
    if not file["readable"] or not file["size"] or not held.sealed:
        return case.build.fail(PRESENT, ["unreadable"], subject, evidence=said)
    return case.build.ok(PRESENT, subject, observed=f"{file['size']} bytes, sealed by a password")


def _institution(case: Case, held: Holding) -> Check:
    subject, own = held.subject, held.subject.institution
    if held.fingerprint is None:
        return case.build.not_tested(INSTITUTION, held.why_unknown, subject)
    if held.expected is not None and held.fingerprint == held.expected.fingerprint_sha256:
        return _by_pattern(case, held) or case.build.ok(
            INSTITUTION, subject, observed="the one that the controller holds for this institution"
        )
    others = sorted(_owners(case, held.fingerprint) - {own})
    if others:
        return case.build.fail(
            INSTITUTION,
            ["wrong_institution"],
            subject,
            expected=own,
            observed=f"the same certificate as {', '.join(others)}",
        )
    reason = "the policy has no subject_pattern, and the controller no certificate, to tell by"
    return _by_pattern(case, held) or case.build.not_tested(INSTITUTION, reason, subject)


def _by_pattern(case: Case, held: Holding) -> Check | None:
    """Search the subject by the policy's pattern; None when there is no pattern or no subject."""
    pattern = case.policy.subject_pattern
    if pattern is None or held.certificate is None:
        return None
    wanted = pattern.replace("{institution}", re.escape(held.subject.institution))
    said = {"expected": f"subject fits {wanted}", "observed": held.certificate.subject}
    if re.search(wanted, held.certificate.subject):
        return case.build.ok(INSTITUTION, held.subject, **said)
    return case.build.fail(INSTITUTION, ["wrong_institution"], held.subject, **said)


def _owners(case: Case, fingerprint: str) -> set[str]:
    """The institutions that have this certificate, on the host or on the controller."""
    here = {each.subject.institution for each in holdings(case) if each.fingerprint == fingerprint}
    known = case.context.expected_certificates.items()
    return here | {name for name, each in known if each.fingerprint_sha256 == fingerprint}


def _current(case: Case, held: Holding) -> Check:
    subject, expected = held.subject, held.expected
    if held.sealed and (expected is None or held.compared is None):
        return case.build.not_tested(CURRENT, held.why_unknown, subject)
    if expected is None:
        reason = "the controller holds no certificate of this institution to compare with"
        return case.build.not_applicable(CURRENT, reason, subject)
    if held.sealed and not held.compared:
        # It may hold the same content encoded anew; the role has the password and looks.
        return _not_current(case, held, observed="another file than the controller's")
    if held.fingerprint is None:
        return case.build.not_tested(CURRENT, held.why_unknown, subject)
    said = {"expected": expected.fingerprint_sha256, "observed": held.fingerprint}
    if held.fingerprint != expected.fingerprint_sha256:
        return _not_current(case, held, **said)
    if renewal.is_waiting(held) and not renewal.is_proven(case, held, mtls.checks(case)):
        # No failure of its own: the mTLS checks say what is in the way, and what is there may well be good.
        return case.build.warn(CURRENT, ["proof_pending"], subject, **said)
    return case.build.ok(CURRENT, subject, **said)


def _not_current(case: Case, held: Holding, **said: str) -> Check:
    reason = renewal.was_refused(held)
    if reason is None:
        return case.build.fail(CURRENT, ["superseded"], held.subject, **said)
    said["observed"] += f" (the new one was taken back: {reason})"
    return case.build.fail(CURRENT, ["rolled_back"], held.subject, **said)


def _key(case: Case, held: Holding) -> Check:
    key, subject = held.facts["key"], held.subject
    said = evidence(key["error"])
    files = [each for each in held.facts["files"] if each["role"] == "key"]
    if key["present"] is False or (key["present"] is None and any(not each["present"] for each in files)):
        return case.build.fail(KEY, ["key_missing"], subject, evidence=said)
    if key["fits"] is False:
        return case.build.fail(KEY, ["key_mismatch"], subject, evidence=said)
    if key["fits"] or held.equals_expected:
        return case.build.ok(KEY, subject)
    reason = "the key is encrypted" if key["encrypted"] and not held.sealed else held.why_unknown
    if not held.sealed and not key["encrypted"]:
        reason = "the probe could not try the key"
        if held.facts["type"] == "windows_store" and key["error"] and not case.privileged():
            reason = "only an administrator can see this key: start the probe as administrator"
    return case.build.not_tested(KEY, reason, subject, evidence=said)


def _validity(case: Case, held: Holding) -> Check:
    since, until = held.dates
    now, subject = case.context.now, held.subject
    if since is None or until is None:
        return case.build.not_tested(VALIDITY, held.why_unknown, subject)
    said = {"observed": f"{since:%Y-%m-%d} to {until:%Y-%m-%d}", "expected": f"valid on {now:%Y-%m-%d}"}
    if now < since:
        return case.build.fail(VALIDITY, ["not_yet_valid"], subject, **said)
    if now > until:
        return case.build.fail(VALIDITY, ["expired"], subject, **said)
    if until - now <= timedelta(days=case.policy.expires_soon_days):
        return case.build.warn(VALIDITY, ["expires_soon"], subject, **said)
    return case.build.ok(VALIDITY, subject, **said)


def _chain(case: Case, held: Holding) -> Check:
    """The issuer's certificate must be there; the root above it may be left out, as in TLS."""
    if held.certificate is None:
        return case.build.not_tested(CHAIN, held.why_unknown, held.subject)
    said = {"expected": held.certificate.issuer, "observed": f"{len(held.chain)} certificates beside it"}
    if x509.has_issuer(held.certificate, held.chain):
        return case.build.ok(CHAIN, held.subject, **said)
    return case.build.fail(CHAIN, ["chain_incomplete"], held.subject, **said)


def _issuer(case: Case, held: Holding) -> Check:
    if held.certificate is None:
        return case.build.not_tested(ISSUER, held.why_unknown, held.subject)
    name, words = held.certificate.issuer_common_name, case.policy.test_issuer_words
    if is_test_authority(name, words):
        return case.build.warn(ISSUER, ["test_ca"], held.subject, observed=name)
    return case.build.ok(ISSUER, held.subject, observed=name)


def _told(case: Case, held: Holding) -> Check:
    """A note beside the certificate says that services were to be told of it, and were not."""
    if _present(case, held).failed:
        return case.build.not_applicable(TOLD, "there is no certificate to tell of", held.subject)
    if "untold" not in held.facts:
        return case.build.not_applicable(TOLD, "the probe is older than the notes that it would look for", held.subject)
    untold = held.facts["untold"]
    if untold is None:
        return case.build.not_tested(TOLD, "the probe may not look into the certificate's folder", held.subject)
    if untold:
        return case.build.fail(TOLD, ["services_untold"], held.subject)
    return case.build.ok(TOLD, held.subject)


RULES: tuple[Callable[[Case, Holding], Check], ...] = (
    _present,
    _institution,
    _current,
    _key,
    _validity,
    _chain,
    _issuer,
    permissions,
    _told,
)
