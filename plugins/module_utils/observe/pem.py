# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PEM text, as far as the standard library alone can read it."""

from __future__ import annotations

import base64
import binascii
import re

_CERTIFICATE = re.compile(
    r"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----(.*?)-----END (?:X509 |TRUSTED )?CERTIFICATE-----", re.DOTALL
)
_KEY = re.compile(r"-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)
_ENCRYPTED = re.compile(r"-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type:\s*4,ENCRYPTED", re.MULTILINE)


def certificates(text: str) -> list[str]:
    """DER in base64 of every certificate block, in their order; a block that is no base64 is left out."""
    found = []
    for body in _CERTIFICATE.findall(text):
        encoded = "".join(body.split())
        try:
            base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            continue
        found.append(encoded)
    return found


def certificate_blocks(text: str) -> str:
    """The certificate blocks alone: a key that stands in the same file must not be taken for the right one."""
    return "".join(f"{match.group()}\n" for match in _CERTIFICATE.finditer(text))


def key_block(text: str) -> str | None:
    """The first private key block; null where there is none."""
    match = _KEY.search(text)
    return match.group() if match else None


def key_is_encrypted(text: str) -> bool:
    return _ENCRYPTED.search(text) is not None
