# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read certificates (DER) with `cryptography`, as plain values. What cannot be read is None, never an exception."""

from __future__ import annotations

import base64
import binascii
import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.x509.oid import NameOID
except ImportError:
    HAS_CRYPTOGRAPHY = False
else:
    HAS_CRYPTOGRAPHY = True

NO_CRYPTOGRAPHY = "the Python package cryptography is missing on the controller"


@dataclass(frozen=True)
class Certificate:
    """What the judge needs of a certificate. Names are RFC 4514 text and DER; times are UTC, aware."""

    fingerprint: str
    subject: str
    issuer: str
    issuer_common_name: str
    subject_der: bytes
    issuer_der: bytes
    not_before: datetime
    not_after: datetime
    der: bytes

    @property
    def self_issued(self) -> bool:
        return self.subject_der == self.issuer_der


@lru_cache(maxsize=512)
def read(text: str) -> Certificate | None:
    """Read a certificate in base64."""
    try:
        return read_der(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return None


def read_der(der: bytes) -> Certificate | None:
    """Read a certificate in DER."""
    if not HAS_CRYPTOGRAPHY:
        return None
    try:
        with warnings.catch_warnings():
            # Odd serial numbers and the like are worth a warning to their library, not to us.
            warnings.simplefilter("ignore")
            return _values(x509.load_der_x509_certificate(der), der)
    except (ValueError, TypeError):
        return None


def read_all(texts: Sequence[str]) -> list[Certificate]:
    """Read a chain in base64, leaving out what cannot be read."""
    return [found for text in texts if (found := read(text)) is not None]


def decode_name(text: str) -> bytes | None:
    """Give the DER of a name in base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def has_issuer(certificate: Certificate, chain: Sequence[Certificate]) -> bool:
    """Tell whether the issuer's certificate is in the chain: by name and, where the library can, by signature."""
    if certificate.self_issued:
        return True
    named = [each for each in chain if each.subject_der == certificate.issuer_der]
    return any(_signed_by(certificate, each) for each in named)


def _signed_by(certificate: Certificate, issuer: Certificate) -> bool:
    leaf = x509.load_der_x509_certificate(certificate.der)
    if not hasattr(leaf, "verify_directly_issued_by"):  # before cryptography 40
        return True
    try:
        leaf.verify_directly_issued_by(x509.load_der_x509_certificate(issuer.der))
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _values(found: Any, der: bytes) -> Certificate:
    names = found.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
    return Certificate(
        fingerprint=hashlib.sha256(der).hexdigest(),
        subject=found.subject.rfc4514_string(),
        issuer=found.issuer.rfc4514_string(),
        issuer_common_name=str(names[0].value) if names else "",
        subject_der=found.subject.public_bytes(),
        issuer_der=found.issuer.public_bytes(),
        not_before=_utc(found, "not_valid_before"),
        not_after=_utc(found, "not_valid_after"),
        der=der,
    )


def _utc(found: Any, name: str) -> datetime:
    """Read a date; before cryptography 42 they come without their zone, which is UTC."""
    time: datetime | None = getattr(found, f"{name}_utc", None)
    if time is not None:
        return time
    naive: datetime = getattr(found, name)
    return naive.replace(tzinfo=UTC)
