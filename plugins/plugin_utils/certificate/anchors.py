# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trust anchors: the issuers of the centre's server certificates, as one PEM file that goes to hosts."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

from . import library
from .errors import CertificateError

with contextlib.suppress(ImportError):  # library.require says it
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

_REMEDY = "Give a file with the certificates of the issuers in PEM, one after the other, and nothing secret."


def read_anchors(path: str) -> str:
    """The certificates of a PEM file on the controller, each once and with nothing between them.

    Raises CertificateError, with the path, for a file that cannot be read, holds a private key or no certificate, or a
    certificate that issues none: pinning a server's own certificate would end with its next renewal.
    """
    library.require()
    try:
        data = Path(path).expanduser().read_bytes()
    except OSError as fault:
        raise CertificateError("unreadable", f"{path} cannot be read: {fault.strerror}.", _REMEDY) from fault
    if b"PRIVATE KEY-----" in data:
        raise CertificateError("anchors", f"{path} holds a private key, which no host may get.", _REMEDY)
    return "".join(_pem(each, path) for each in _certificates(data, path))


def anchors_sha256(path: str) -> str:
    """SHA-256 of the file as hosts get it, hexadecimal in small letters. Raises as `read_anchors`."""
    return hashlib.sha256(read_anchors(path).encode("ascii")).hexdigest()


def _certificates(data: bytes, path: str) -> list[x509.Certificate]:
    try:
        found = x509.load_pem_x509_certificates(data)
    except ValueError as fault:
        raise CertificateError("anchors", f"{path} holds no certificate in PEM.", _REMEDY) from fault
    return list(dict.fromkeys(found))


def _pem(certificate: x509.Certificate, path: str) -> str:
    try:
        issues = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        # Roots of version 1 have no extensions; whoever issued itself may issue others.
        issues = certificate.issuer == certificate.subject
    if not issues:
        name = certificate.subject.rfc4514_string()
        raise CertificateError("anchors", f"{path} holds the certificate of {name}, which issues no others.", _REMEDY)
    return certificate.public_bytes(Encoding.PEM).decode("ascii")
