# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""mTLS: what is known of the certificate that was shown, to sharpen a refusal that gives no reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from . import x509
from .holding import holdings
from .links import institution_of
from .model import Case, ExpectedCertificate, Facts

REFUSED = "refused"
REJECTED = "client_cert_rejected"
REVOKED = "client_cert_revoked"
UNKNOWN_ISSUER = "client_cert_unknown_issuer"
# Alerts that servers also send for a certificate out of its dates, of a foreign issuer, or withdrawn:
# 40 handshake_failure, 42 bad_certificate, 46 certificate_unknown.
GENERIC_ALERTS = frozenset({40, 42, 46})


@dataclass(frozen=True)
class Shown:
    """Dates of a certificate, names (DER) of its issuer and of those above; what is unknown is None or empty."""

    not_before: datetime | None
    not_after: datetime | None
    issuers: frozenset[bytes]


def sharpened(case: Case, endpoint: Facts, word: str) -> list[str]:
    """Give the causes of a refusal: ``word`` itself where it is precise, else what the certificate tells.

    Judged by the context's time: dates, then the issuers that the server said it takes. Several words when nothing
    tells; an issuer that the server does not know is among them unless it said that it takes ours.
    """
    if not (word == REFUSED or (word == REJECTED and _is_generic(endpoint))):
        return [word]
    shown, now = _shown(case, endpoint), case.context.now
    if shown is not None and shown.not_after is not None and now > shown.not_after:
        return ["client_cert_expired"]
    if shown is not None and shown.not_before is not None and now < shown.not_before:
        return ["client_cert_not_yet_valid"]
    taken = _takes_issuer(endpoint, shown) if shown is not None else None
    if taken is False:
        return [UNKNOWN_ISSUER]
    return [REJECTED, REVOKED] if taken else [REJECTED, REVOKED, UNKNOWN_ISSUER]


def withheld(case: Case, endpoint: Facts) -> bool:
    """Our side had a certificate and did not show it, because its issuer is none that the server takes.

    That is how SChannel behaves; the server then only sees that nothing came.
    """
    institution = institution_of(endpoint)
    held = [each.certificate for each in holdings(case) if each.subject.institution == institution]
    chains = [each.chain for each in holdings(case) if each.subject.institution == institution]
    known = [
        _of(certificate, chain) for certificate, chain in zip(held, chains, strict=True) if certificate is not None
    ]
    return bool(known) and all(_takes_issuer(endpoint, each) is False for each in known)


def _is_generic(endpoint: Facts) -> bool:
    alert = endpoint["tls"]["alert"]
    return alert is not None and alert["number"] in GENERIC_ALERTS


def _takes_issuer(endpoint: Facts, shown: Shown) -> bool | None:
    """Whether the server said that it takes an issuer of the certificate; None where either is not known.

    A server need not name any issuer, and over TLS 1.3 Windows does not tell which it named.
    """
    texts = endpoint["tls"]["client_certificate"]["acceptable_issuers"]
    names = {name for text in texts if (name := x509.decode_name(text)) is not None}
    if not names or not shown.issuers:
        return None
    return not names.isdisjoint(shown.issuers)


def _shown(case: Case, endpoint: Facts) -> Shown | None:
    """Find the certificate that was shown, by its fingerprint, on the host or on the controller."""
    presented = endpoint["tls"]["client_certificate"]["presented"]
    if presented is None:
        return None
    fingerprint = presented.lower()
    for held in holdings(case):
        if held.certificate is not None and held.certificate.fingerprint == fingerprint:
            return _of(held.certificate, held.chain)
    for each in case.context.expected_certificates.values():
        if each.fingerprint_sha256 == fingerprint:
            return _of_expected(each)
    return None


def _of(certificate: x509.Certificate, chain: list[x509.Certificate]) -> Shown:
    names = [certificate.issuer_der, *(each.issuer_der for each in chain)]
    return Shown(certificate.not_before, certificate.not_after, frozenset(names))


def _of_expected(expected: ExpectedCertificate) -> Shown:
    certificate = x509.read_der(expected.certificate) if expected.certificate is not None else None
    if certificate is None:
        return Shown(expected.not_before, expected.not_after, frozenset())
    chain = [found for der in expected.chain if (found := x509.read_der(der)) is not None]
    return _of(certificate, chain)
