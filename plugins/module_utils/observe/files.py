# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on the host: who may read them and what their content hashes to."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from . import posix_acl
from .access_shapes import Account, AclEntry, AclFact
from .evidence import of_exception
from .shapes import Evidence, FileFact
from .system import account_name, group_name

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
    fact.group = group_name(status.st_gid)
    fact.size = status.st_size
    try:
        fact.acl = _acl(posix_acl.read(path, status.st_mode))
        fact.mode = f"0{stat.S_IMODE(status.st_mode) & 0o777:03o}"
    except OSError as error:
        # A mode without its list would say the wrong thing of who may read.
        fact.error = of_exception(error)
    return fact, _content(fact, status)


def _acl(acl: posix_acl.Acl) -> AclFact | None:
    if acl.mask is None and not acl.named:
        return None
    names = {"user": account_name, "group": group_name}
    named = [
        AclEntry(one.kind, one.number, names[one.kind](one.number), posix_acl.letters(one.permissions))
        for one in sorted(acl.named)
    ]
    return AclFact(posix_acl.letters(acl.group), None if acl.mask is None else posix_acl.letters(acl.mask), named)


def observe_accounts(names: list[str], paths: list[str]) -> list[Account]:
    """Who the accounts are on this host, and what keeps each from the files: a folder on the way, or a file itself."""
    return [_account(name, paths) for name in names]


def _account(name: str, paths: list[str]) -> Account:
    user = posix_acl.user_of(name)
    if user is None:
        return Account(name, None)
    ways = [(folder, posix_acl.PASS) for path in paths for folder in posix_acl.folders_above(path)]
    ways += [(path, posix_acl.READ) for path in paths]
    return Account(name, user.uid, next((place for place, wanted in ways if _keeps_out(place, user, wanted)), None))


def _keeps_out(place: str, user: posix_acl.User, wanted: int) -> bool:
    """What is not there, or hides from the probe, is told by the files' own facts."""
    try:
        return posix_acl.keeps_out(place, user, wanted)
    except OSError:
        return False


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
