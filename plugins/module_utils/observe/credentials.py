# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Client certificates for OpenSSL, and whether a key belongs to its certificate. Nothing decrypted touches a disk."""

from __future__ import annotations

import contextlib
import os
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import pem
from .evidence import of_exception
from .shapes import Evidence, Json

# The last one is OpenSSL's word for a key of another type: it holds one certificate a type, and has none for this key.
_MISMATCH = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")


class _KeyIsEncrypted(Exception):
    """OpenSSL asked for a password; without this it would ask at the terminal."""


@dataclass(frozen=True)
class Credentials:
    """PEM text of one institution: certificate with its chain, and key. Never printed, so no ``repr`` of content."""

    certificates: str
    key: str

    def __repr__(self) -> str:
        return "Credentials(...)"


def for_institution(
    request: Json, secrets: Json, institution: str | None
) -> tuple[Credentials | None, Evidence | None]:
    """What is to be shown for an institution, and why it cannot be where it cannot. Both null: nothing was asked."""
    entry = next((item for item in request["client_certificates"] if item["institution"] == institution), None)
    if institution is None or entry is None:
        return None, None
    if entry["source"] == "memory":
        secret = secrets.get(institution)
        if not secret:
            return None, Evidence("probe", "no_secret", "the certificate that was to come in memory did not come")
        return Credentials(_joined(secret["certificate"], secret.get("chain")), secret["key"]), None
    try:
        chain = _read(entry["chain"]) if entry["chain"] else None
        certificates = _joined(_read(entry["certificate"]), chain)
        return Credentials(certificates, _read(entry["key"] or entry["certificate"])), None
    except OSError as error:
        return None, of_exception(error)


def load(context: ssl.SSLContext, credentials: Credentials) -> Evidence | None:
    """Gives the context a certificate to show; the evidence if OpenSSL refuses it (mismatch, level, encrypted)."""
    text = pem.certificate_blocks(credentials.certificates) + (pem.key_block(credentials.key) or "")
    try:
        with _in_memory(text) as path:
            context.load_cert_chain(path, password=_no_password)
    except _KeyIsEncrypted:
        return Evidence("probe", "key_encrypted", "the private key is encrypted and there is no password for it")
    except (OSError, ValueError) as error:
        found = of_exception(error)
        if found.code in _MISMATCH and pem.certificates(credentials.certificates):
            return Evidence(found.stack, found.code, f"the key does not fit the certificate: {found.text}")
        return found
    return None


def key_fits(certificates: str, key: str) -> tuple[bool | None, Evidence | None]:
    """Whether the key belongs to the first certificate; null with its evidence when OpenSSL cannot tell."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # A weak signature is another fault than a foreign key, and shows when the certificate is used.
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    error = load(context, Credentials(certificates, key))
    if error is None:
        return True, None
    return (False, None) if error.code in _MISMATCH else (None, error)


def _read(path: str) -> str:
    return Path(path).read_text("latin-1")  # PEM is ASCII; the comments around its blocks may be anything


def _joined(certificate: str, chain: str | None) -> str:
    return f"{certificate}\n{chain or ''}"


def _no_password() -> str:
    raise _KeyIsEncrypted


@contextlib.contextmanager
def _in_memory(text: str) -> Iterator[str]:
    """A path that OpenSSL can open and that no disk ever sees."""
    descriptor = os.memfd_create("eeszt-connect", os.MFD_CLOEXEC)
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as memory:
            memory.write(text.encode())
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
