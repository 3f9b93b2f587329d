# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small certificate authority for the tests, and PKCS#12 files as several programs write them."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PASSWORD = "árvíztűrő"
CLIENT = (ExtendedKeyUsageOID.CLIENT_AUTH,)
SERVER = (ExtendedKeyUsageOID.SERVER_AUTH,)
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Issued:
    """A certificate with its key and the certificates above it, nearest first."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    above: tuple[x509.Certificate, ...] = ()

    def key_pem(self) -> str:
        return private_pem(self.key)


def private_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def issue(
    common_name: str,
    by: Issued | None = None,
    *,
    usage: Sequence[x509.ObjectIdentifier] | None = CLIENT,
    not_before: datetime = NOW - DAY,
    not_after: datetime = NOW + 365 * DAY,
    key: ec.EllipticCurvePrivateKey | None = None,
) -> Issued:
    """Issue a certificate by a root or an intermediate; by nobody: a root."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(by.certificate.subject if by else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )
    if usage is None:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    elif usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage(list(usage)), critical=False)
    certificate = builder.sign(by.key if by else key, hashes.SHA256())
    return Issued(certificate, key, (by.certificate, *by.above) if by else ())


def authority() -> Issued:
    """An intermediate under a root, as the demo's and, as far as known, EESZT's."""
    return issue("Test Intermediate CA", issue("Test Root CA", usage=None), usage=None)


def pack(
    issued: Issued | None,
    password: str = PASSWORD,
    *,
    key: ec.EllipticCurvePrivateKey | None = None,
    certificates: Sequence[x509.Certificate] | None = None,
) -> bytes:
    """A PKCS#12 file as the library writes it; ``key`` and ``certificates`` make wrong ones."""
    encryption = serialization.BestAvailableEncryption(password.encode())
    if issued is not None:
        above = list(certificates if certificates is not None else issued.above)
        return pkcs12.serialize_key_and_certificates(b"waf", issued.key, issued.certificate, above, encryption)
    return pkcs12.serialize_key_and_certificates(b"waf", key, None, list(certificates or []), encryption)


def pack_by_openssl(issued: Issued, password: bytes, *options: str) -> bytes:
    """A PKCS#12 file as the command openssl writes it, with the password's bytes as a terminal would hand them over."""
    with tempfile.TemporaryDirectory() as folder:
        pem = Path(folder) / "all.pem"
        public = [issued.certificate, *issued.above]
        pem.write_text(
            issued.key_pem() + "".join(one.public_bytes(serialization.Encoding.PEM).decode() for one in public)
        )
        out = Path(folder) / "out.p12"
        command = [b"openssl", b"pkcs12", b"-export", b"-in", bytes(pem), b"-out", bytes(out)]
        command += [b"-passout", b"pass:" + password, *(option.encode() for option in options)]
        subprocess.run(command, check=True, capture_output=True)
        return out.read_bytes()
