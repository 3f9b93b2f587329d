# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates for the tests: a small authority that can also make every mistake that we want to see told apart."""

from __future__ import annotations

import base64
import datetime
import hashlib
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
NAME = "gateway.test"


@dataclass(frozen=True)
class Issued:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        return self._key_pem(serialization.NoEncryption())

    def encrypted_key_pem(self, password: str) -> str:
        return self._key_pem(serialization.BestAvailableEncryption(password.encode()))

    def _key_pem(self, encryption: serialization.KeySerializationEncryption) -> str:
        form = serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(serialization.Encoding.PEM, form, encryption).decode()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def base64(self) -> str:
        return base64.b64encode(self.der).decode()

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.der).hexdigest()

    @property
    def subject_base64(self) -> str:
        return base64.b64encode(self.certificate.subject.public_bytes()).decode()

    def write(self, folder: Path, name: str, chain: str = "") -> tuple[Path, Path]:
        """Certificate (with a chain behind it) and key as PEM files."""
        certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        certificate.write_text(self.pem + chain)
        key.write_text(self.key_pem)
        return certificate, key


def issue(
    subject: str,
    issuer: Issued | None = None,
    *,
    authority: bool = False,
    days: tuple[int, int] = (-2, 30),
    names: tuple[str, ...] = (),
    key: Key | None = None,
) -> Issued:
    """A certificate that is valid from ``days[0]`` to ``days[1]`` of today; self-signed without an issuer."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.certificate.subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days=days[0]))
        .not_valid_after(now + datetime.timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if names:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(each) for each in names])
        builder = builder.add_extension(alternatives, critical=False)
    return Issued(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


class Pki:
    """Root, intermediate and what they issue; files of the server side in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = issue("Test Root", authority=True)
        self.intermediate = issue("Test Intermediate", self.root, authority=True)
        self.foreign_root = issue("Foreign Root", authority=True)
        self.server = issue(NAME, self.root, names=(NAME,))
        self.institution = issue("E01620K", self.root)
        self.expired_institution = issue("E01620K", self.root, days=(-30, -1))
        self.foreign_institution = issue("E01620K", self.foreign_root)
        self.anchors = folder / "anchors.pem"
        self.anchors.write_text(self.root.pem)
