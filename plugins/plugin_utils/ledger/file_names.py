# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""File names for host names: any host name is safe, and no two hosts share a file."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote

from .interface import LedgerError

SUFFIX = ".json"
LONGEST = 180
"""Bytes of a file name without its suffix; file systems allow 255, and the temporary name is longer."""

TEMPORARY_FORM = re.compile(r"\..+\.tmp")


def file_name(host: str) -> str:
    """Encode ``host``: letters, digits and ``-_.~`` stay, a leading dot and all else become %XX of its UTF-8 bytes.

    A name that grows too long keeps its beginning and ends in ``=`` and its SHA-256; no encoded name has a ``=``.
    LedgerError for an empty name or one that is no text.
    """
    if not host:
        raise LedgerError("a host without a name cannot be kept in the ledger")
    try:
        encoded = quote(host, safe="")
    except UnicodeEncodeError as fault:
        raise LedgerError(f"the host name {host!r} is no valid text: {fault.reason}") from fault
    if encoded.startswith("."):
        encoded = "%2E" + encoded[1:]
    if len(encoded) > LONGEST:
        digest = hashlib.sha256(host.encode()).hexdigest()
        encoded = f"{encoded[: LONGEST - len(digest) - 1]}={digest}"
    return encoded + SUFFIX


def is_temporary(name: str) -> bool:
    """Tell whether ``name`` is that of a write under way, or of one that was killed."""
    return TEMPORARY_FORM.fullmatch(name) is not None
