# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an opened PKCS#12 file holds, in the forms that hosts and reports need."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from .passwords import Encoding

with contextlib.suppress(ImportError):  # library.require says it
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def fingerprint_of(certificate: x509.Certificate) -> str:
    """SHA-256 of the DER form, 64 hexadecimal digits in lower case without colons."""
    return certificate.fingerprint(SHA256()).hex()


def pem_of(certificates: Iterable[x509.Certificate]) -> str:
    """The certificates one after another, each PEM block with a newline at its end."""
    return "".join(one.public_bytes(serialization.Encoding.PEM).decode("ascii") for one in certificates)


def utc(moment: datetime) -> str:
    """ISO 8601 in UTC with Z, whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def spki(key: PublicKeyTypes) -> bytes:
    """DER of the public key: equal for equal keys."""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A certificate with its key and its issuers.

    ``chain`` runs from the issuer of the certificate to the root, as far as the file goes; ``others`` are certificates
    that do not belong to it. ``pkcs12`` is the file as it was read. ``repr`` shows no secret.
    """

    certificate: x509.Certificate
    key: PrivateKeyTypes = field(repr=False)
    chain: tuple[x509.Certificate, ...]
    others: tuple[x509.Certificate, ...]
    pkcs12: bytes = field(repr=False)
    password_encoding: Encoding = "utf-8"

    @property
    def fingerprint(self) -> str:
        return fingerprint_of(self.certificate)

    @property
    def subject(self) -> str:
        """RFC 4514, most specific part first."""
        return self.certificate.subject.rfc4514_string()

    @property
    def issuer(self) -> str:
        return self.certificate.issuer.rfc4514_string()

    @property
    def issuer_common_name(self) -> str:
        """Empty where the issuer has none."""
        names = self.certificate.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
        return " ".join(str(each.value) for each in names)

    @property
    def serial(self) -> str:
        """Hexadecimal, lower case, without leading zeros."""
        return f"{self.certificate.serial_number:x}"

    @property
    def not_before(self) -> datetime:
        """With time zone UTC."""
        return self.certificate.not_valid_before_utc

    @property
    def not_after(self) -> datetime:
        """With time zone UTC."""
        return self.certificate.not_valid_after_utc

    @property
    def certificate_der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def chain_der(self) -> tuple[bytes, ...]:
        """One an issuer, in the order of ``chain``."""
        return tuple(one.public_bytes(serialization.Encoding.DER) for one in self.chain)

    @property
    def certificate_pem(self) -> str:
        return pem_of([self.certificate])

    @property
    def chain_pem(self) -> str:
        """Empty when the file brings no issuer."""
        return pem_of(self.chain)

    @property
    def key_pem(self) -> str:
        """PKCS#8, not encrypted: a secret."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode("ascii")

    @property
    def pkcs12_sha256(self) -> str:
        return hashlib.sha256(self.pkcs12).hexdigest()

    @property
    def chain_complete(self) -> bool:
        """Whether the last certificate of the road signs itself."""
        last = self.chain[-1] if self.chain else self.certificate
        return last.subject == last.issuer

    def same_content(self, other: Bundle) -> bool:
        """Whether both hold the same certificate, key and chain, however they are encoded."""
        return self.certificate == other.certificate and self.chain == other.chain and self.key_pem == other.key_pem

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is unusual but stops nothing, in English."""
        return tuple(_warnings(self))


def _warnings(bundle: Bundle) -> Iterable[str]:
    if bundle.password_encoding == "null":
        yield (
            "The PKCS#12 file was made without any password, which is not the same as an empty one. Programs on the "
            "host may not open it."
        )
    elif bundle.password_encoding != "utf-8":
        yield (
            f"The PKCS#12 file opens only when its password is read as {bundle.password_encoding}: "
            "it was made on a system with another character set. Programs on the host may not open it."
        )
    if not bundle.chain_complete:
        yield "The PKCS#12 file does not bring the issuers up to the root; some programs need them."
    if not names_client_authentication(bundle.certificate, when_silent=True):
        yield "The certificate is not meant for client authentication (extended key usage); the centre may refuse it."


def names_client_authentication(certificate: x509.Certificate, *, when_silent: bool) -> bool:
    """Whether the extensions let the certificate be shown by a TLS client; ``when_silent`` if they say nothing."""
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        extended = when_silent
    else:
        wanted = (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)
        extended = any(usage in wanted for usage in usages)
    try:
        signs = certificate.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    except x509.ExtensionNotFound:
        signs = True
    return extended and signs
