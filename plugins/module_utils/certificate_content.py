# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare certificates and keys by what they hold, on the host, with the standard library alone."""

from __future__ import annotations

import base64
import binascii
import datetime
import hmac
import os
import re
import ssl

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
_CERTIFICATES = (b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE")


def pem_blocks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return (label, DER) of each PEM block; a block that is no base64 has empty DER."""
    blocks = []
    for label, body in _BLOCK.findall(data):
        try:
            blocks.append((label, base64.b64decode(b"".join(body.split()), validate=True)))
        except binascii.Error:
            blocks.append((label, b""))
    return blocks


def certificates_in(data: bytes) -> list[bytes]:
    """DER of each certificate in a PEM file, in its order."""
    return [der for label, der in pem_blocks(data) if label in _CERTIFICATES]


def same_certificates(data: bytes, wanted: bytes) -> bool:
    """Whether a PEM file holds the wanted certificates in their order and nothing else; text between them is free."""
    found = pem_blocks(data)
    return [der for dummy, der in found] == certificates_in(wanted) and all(
        label in _CERTIFICATES for label, dummy in found
    )


def _no_password() -> bytes:
    raise ValueError("the key is encrypted")


def key_fits(key: bytes, certificate: bytes) -> bool:
    """Whether PEM data holds an unencrypted key that fits the PEM certificate, in whatever form.

    OpenSSL wants a file: it gets one in memory. Weak algorithms are no reason to say no here: that is the judge's job.
    """
    if not hasattr(os, "memfd_create"):
        return False
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:@SECLEVEL=0")
    descriptor = os.memfd_create("eeszt-connect")
    try:
        with os.fdopen(os.dup(descriptor), "wb") as memory:
            memory.write(certificate + b"\n" + key)
        context.load_cert_chain(f"/proc/self/fd/{descriptor}", password=_no_password)
    except (ssl.SSLError, OSError, ValueError):
        return False
    finally:
        os.close(descriptor)
    return True


def same_key(data: bytes, wanted: bytes, certificate: bytes) -> bool:
    """Whether a PEM file holds the wanted key, unencrypted and alone, perhaps in another form (PKCS#1, SEC 1)."""
    found = [block for block in pem_blocks(data) if block[0] != b"EC PARAMETERS"]
    if len(found) != 1:
        return False
    return found == pem_blocks(wanted) or key_fits(data, certificate)


def seal(data: bytes, token: str, path: str) -> bytes:
    """Hide bytes on their way back to the controller, and bring them back: both ways the same.

    A connection plugin may print what a module returns at high verbosity. The token is new for each run and travels as
    a parameter that is never logged; each path has its own key stream. Windows' module has the same (PemFiles.cs).
    """
    pieces = range(len(data) // 32 + 1)
    stream = b"".join(hmac.new(token.encode(), f"{one}\0{path}".encode(), "sha256").digest() for one in pieces)
    return bytes(one ^ other for one, other in zip(data, stream))  # noqa: B905 - Python 3.9 runs here


def _element(data: bytes, at: int) -> tuple[int, int, int]:
    """Return (tag, where the contents begin, where they end) of the DER element at a place."""
    tag, length, begin = data[at], data[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        length, begin = int.from_bytes(data[begin : begin + count], "big"), begin + count
    return tag, begin, begin + length


def not_after(der: bytes) -> datetime.datetime | None:
    """Until when a certificate is valid, with time zone UTC; None for what is no certificate (RFC 5280, 4.1.2.5)."""
    try:
        at = _element(der, _element(der, 0)[1])[1]
        explicit_version = _element(der, at)
        at = explicit_version[2] if explicit_version[0] == 0xA0 else at
        for _serial_signature_issuer in range(3):
            at = _element(der, at)[2]
        since = _element(der, _element(der, at)[1])
        tag, begin, end = _element(der, since[2])
        text = der[begin:end].decode("ascii")
        if tag == 0x17:  # UTCTime: two digits of the year, which turn at 50
            text = ("20" if int(text[:2]) < 50 else "19") + text
        return datetime.datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=datetime.timezone.utc)  # noqa: UP017
    except (IndexError, ValueError):
        return None
