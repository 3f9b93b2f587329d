# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The encodings in which one and the same password may have been typed.

PKCS#12 wants the password as UTF-16 (RFC 7292, appendix B.1), made from UTF-8. A terminal of another time hands over
cp1250 bytes, OpenSSL reads them as Latin-1 (ő becomes õ, ű becomes û), and a Mac may hand over letters and accents
apart (NFD): openssl/openssl#6341, #6392. All of them are what the user would call the right password.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Literal

Encoding = Literal["utf-8", "cp1250-as-latin-1", "nfd", "null"]
"""``null``: none at all, which is not the empty one (zeroc-ice/ice#6529, dotnet/corefx#11046)."""


def _cp1250_as_latin_1(password: str) -> str | None:
    try:
        return password.encode("cp1250").decode("latin-1")
    except UnicodeEncodeError:
        return None


def variants(password: str) -> Iterator[tuple[Encoding, str]]:
    """Yield (encoding, the password as the container may know it), likeliest first, each spelling once."""
    composed = unicodedata.normalize("NFC", password)
    candidates: tuple[tuple[Encoding, str | None], ...] = (
        ("utf-8", password),
        ("utf-8", composed),
        ("cp1250-as-latin-1", _cp1250_as_latin_1(composed)),
        ("nfd", unicodedata.normalize("NFD", password)),
    )
    seen: set[str] = set()
    for encoding, spelling in candidates:
        if spelling is not None and spelling not in seen:
            seen.add(spelling)
            yield encoding, spelling
