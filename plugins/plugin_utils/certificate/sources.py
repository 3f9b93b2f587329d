# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All certificates of a host, opened and checked together before the host is touched."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..contract.issuers import is_test_authority
from .bundle import Bundle, utc
from .errors import CertificateError, CertificateErrors
from .pkcs12 import open_pkcs12

Reader = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Source:
    """Where an institution's PKCS#12 file lies on the controller, and its password."""

    institution: str
    path: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a certificate must satisfy before it may travel.

    ``subject_pattern``: a regular expression searched in the subject (RFC 4514), {institution} in it stands for the
    institution's id; None asks nothing. ``test_issuer_words``: words in the issuer's common name that tell a test
    authority. ``now``: with time zone; None is the controller's clock.
    """

    subject_pattern: str | None = None
    accept_expired: bool = False
    allow_shared: bool = False
    test_issuer_words: tuple[str, ...] = ()
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """What could be opened, by institution, and every fault that was found; an institution may stand in both."""

    bundles: Mapping[str, Bundle]
    errors: tuple[CertificateError, ...]

    def all_good(self) -> Mapping[str, Bundle]:
        """The bundles. Raises CertificateErrors if there was any fault."""
        if self.errors:
            raise CertificateErrors(self.errors)
        return self.bundles


def _from_disk(path: str) -> bytes:
    return Path(path).expanduser().read_bytes()


def source_of(institution: str, sources: Mapping[str, Any]) -> Source:
    """Find the entry {path, password} of an institution in eeszt_certificates. Raises CertificateError no_source."""
    entry = sources.get(institution)

    def fault(message: str) -> CertificateError:
        remedy = f"Write eeszt_certificates['{institution}'] with path (of the PKCS#12 file on the controller) and "
        remedy += "password (from Ansible Vault or a lookup) to group_vars."
        return CertificateError("no_source", message, remedy, institution=institution)

    if entry is None:
        raise fault("No certificate is given for this institution.")
    if not isinstance(entry, Mapping):
        raise fault("The certificate's entry is not a dictionary.")
    for name in ("path", "password"):
        if entry.get(name) is None:
            raise fault(f"The certificate's entry has no {name}.")
        if not isinstance(entry[name], str):
            raise fault(f"The certificate's {name} is not text; YAML took it for something else: put it in quotes.")
    return Source(institution, entry["path"], entry["password"])


def open_source(source: Source, read: Reader = _from_disk) -> Bundle:
    """Read and open one file. Raises CertificateError with institution and path in it."""
    try:
        data = read(source.path)
    except OSError as error:
        raise CertificateError(
            "unreadable",
            f"{source.path}: the PKCS#12 file cannot be read on the controller: {error.strerror or error}.",
            "Correct its path under eeszt_certificates, or its permissions.",
            institution=source.institution,
        ) from error
    try:
        return open_pkcs12(data, source.password)
    except CertificateError as error:
        raise error.of(source.institution, source.path) from None


def _check_dates(bundle: Bundle, rules: Rules) -> CertificateError | None:
    now = rules.now or datetime.now(UTC)
    if now > bundle.not_after and not rules.accept_expired:
        return CertificateError(
            "expired",
            f"The certificate expired on {utc(bundle.not_after)}.",
            "The institution's administrator downloads the new one on the sector portal with the eSzemélyi card.",
        )
    if now < bundle.not_before:
        return CertificateError(
            "not_yet_valid",
            f"The certificate is valid from {utc(bundle.not_before)} only; the controller's clock says {utc(now)}.",
            "Check the controller's clock; if it is right, wait until that day.",
        )
    return None


def _check_subject(bundle: Bundle, institution: str, rules: Rules) -> CertificateError | None:
    if not rules.subject_pattern:
        return None
    pattern = rules.subject_pattern.replace("{institution}", re.escape(institution))
    try:
        fits = re.search(pattern, bundle.subject)
    except re.error as error:
        message = f"The subject pattern {rules.subject_pattern!r} is no regular expression: {error}."
        return CertificateError("wrong_institution", message, "Correct the policy's subject_pattern.")
    if fits:
        return None
    return CertificateError(
        "wrong_institution",
        f"The certificate's subject ({bundle.subject}) does not fit the pattern {rules.subject_pattern!r}.",
        "Compare the files under eeszt_certificates with the institutions: two were probably swapped.",
    )


def _check_issuer(bundle: Bundle, rules: Rules) -> CertificateError | None:
    name = bundle.issuer_common_name
    if not is_test_authority(name, rules.test_issuer_words):
        return None
    return CertificateError(
        "test_ca",
        f"A test authority issued the certificate ({name}); the live system refuses it.",
        "Take the certificate of the live system. For a test environment set eeszt_policy to test, or empty "
        "waf_certificate_test_issuer_words.",
    )


def check(bundle: Bundle, institution: str, rules: Rules) -> tuple[CertificateError, ...]:
    """What the calendar, the institution's pattern and the issuer's name say against it; empty if nothing."""
    found = (_check_dates(bundle, rules), _check_subject(bundle, institution, rules), _check_issuer(bundle, rules))
    return tuple(error.of(institution) for error in found if error)


def _shared(bundles: Mapping[str, Bundle]) -> Iterable[CertificateError]:
    owners: dict[str, list[str]] = {}
    for institution, bundle in bundles.items():
        owners.setdefault(bundle.fingerprint, []).append(institution)
    for fingerprint, institutions in owners.items():
        if len(institutions) > 1:
            yield CertificateError(
                "shared",
                f"One certificate ({fingerprint[:16]}…) is given for several institutions: {', '.join(institutions)}.",
                "Give each its own file, or set allow_shared if they really share one.",
                institution=institutions[0],
            )


def open_sources(
    institutions: Iterable[str], sources: Mapping[str, Any], rules: Rules | None = None, read: Reader = _from_disk
) -> Opened:
    """Open the PKCS#12 file of each institution and check it; all faults at once, none raised.

    ``sources`` has the form of eeszt_certificates: {institution id: {path, password}}; entries of others are not
    looked at. ``read`` turns a path into bytes and raises OSError.
    """
    rules = rules or Rules()
    bundles: dict[str, Bundle] = {}
    errors: list[CertificateError] = []
    for institution in dict.fromkeys(institutions):
        try:
            bundles[institution] = open_source(source_of(institution, sources), read)
        except CertificateError as error:
            errors.append(error)
            continue
        errors += check(bundles[institution], institution, rules)
    if not rules.allow_shared:
        errors += _shared(bundles)
    return Opened(bundles, tuple(errors))
