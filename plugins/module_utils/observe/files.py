# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on the host: who may read them and what their content hashes to."""

from __future__ import annotations

import grp
import hashlib
import os
import stat
from pathlib import Path

from .evidence import of_exception
from .shapes import Evidence, FileFact
from .system import account_name

_LARGEST = 4 * 1024 * 1024  # a certificate store is some kilobytes; whatever is larger is not read


def observe_file(role: str, path: str) -> tuple[FileFact, bytes | None]:
    """The file's facts and, where it could be read, its content (up to 4 MiB)."""
    fact = FileFact(role, path)
    try:
        status = Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        return fact, None
    except OSError as error:
        # Hidden by a folder's rights: it may well be there, and calling it absent would send people the wrong way.
        fact.present = True
        fact.error = of_exception(error)
        return fact, None
    fact.present = True
    fact.owner = account_name(status.st_uid)
    fact.group = _group_name(status.st_gid)
    fact.mode = f"0{stat.S_IMODE(status.st_mode) & 0o777:03o}"
    fact.size = status.st_size
    return fact, _content(fact, status)


def _content(fact: FileFact, status: os.stat_result) -> bytes | None:
    if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST:
        fact.error = Evidence("probe", "not_a_file", "no regular file of a size that a certificate can have")
        return None
    try:
        content = Path(fact.path).read_bytes()
    except OSError as error:
        fact.error = of_exception(error)
        return None
    fact.readable = True
    fact.sha256 = hashlib.sha256(content).hexdigest()
    return content


def _group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
