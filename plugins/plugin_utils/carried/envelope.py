# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outside of a carried file: read it, and tell whether it is as a package of ours sealed it.

The seal is made by module_utils/carry.py and module_utils/windows/carry.psm1. It shows accident and casual change, and
binds a file to its package. It is no proof against who has the package, for the key is inside.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...module_utils.carry import FORMAT, SCHEMA_VERSION
from ..contract.documents import ContractError, validate
from .refusals import RefusedError

LARGEST = 8 * 1024 * 1024
"""Bytes; an observation has some ten kilobytes, and one with many certificates some hundred."""

_TAIL = re.compile(rb',\n "hmac_sha256": "([0-9a-f]{64})"\n\}\n\Z')

ALTERED = (
    "was altered on the way, or another package made it: its seal does not fit. "
    "Carry it again, as a file and not as text; if that does not help, look at the host again"
)


def read_bounded(path: Path) -> bytes:
    """Read a file; RefusedError when it cannot be read or is larger than a carried file can be."""
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as fault:
        raise RefusedError("unreadable", f"cannot be read: {fault.strerror}") from fault
    if len(content) > LARGEST:
        raise RefusedError("too_large", f"is larger than {LARGEST // 1024 // 1024} MB, so no probe of ours wrote it")
    return content


def claims(content: bytes) -> Mapping[str, Any]:
    """What a file says of itself, before anything is proven; RefusedError when it is no carried file of ours."""
    try:
        document = json.loads(content)
    # Deep nesting breaks the parser's stack, which is no ValueError.
    except (ValueError, RecursionError) as fault:
        raise RefusedError("not_json", f"is not valid JSON in UTF-8 ({type(fault).__name__}): {ALTERED}") from fault
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise RefusedError("other_file", "is no file of a carried probe")
    version = document.get("schema_version")
    if version != SCHEMA_VERSION or isinstance(version, bool):
        raise RefusedError(
            "other_version",
            f"is of schema version {version!r}, and this controller reads {SCHEMA_VERSION}: "
            "use the version of eeszt.connect that made the package, or make a new package",
        )
    try:
        validate("carried_file", document, "the file")
    except ContractError as fault:
        raise RefusedError("schema", f"does not follow its schema: {fault}") from fault
    return document


def refuse_altered(content: bytes, key: bytes) -> None:
    """RefusedError unless every byte is as it was when the file was sealed."""
    tail = _TAIL.search(content)
    if tail is None:
        raise RefusedError("altered", ALTERED)
    expected = hmac.new(key, content[: tail.start()], hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), tail.group(1)):
        raise RefusedError("altered", ALTERED)
