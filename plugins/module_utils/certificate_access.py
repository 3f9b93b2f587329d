# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Paths of a host are texts here.
# ruff: noqa: PTH119, PTH120
"""Whether the accounts that a target names, and no others, can read its files: compared strictly, before anything is
written.

A list says more than it lets happen: what the mask holds back today, a chmod gives tomorrow. So entries are compared as
they stand, and the mask only has to let the wanted ones through.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable

from .certificate_files import FileError, Found, Wanted, existing_directory, readers_of, rights_of
from .observe import posix_acl
from .observe.posix_acl import Acl, Named
from .observe.system import account_name, group_name


def is_own(directory: str, institution: str) -> bool:
    """Whether a directory bears an institution's id, so that it is ours to change."""
    return os.path.basename(directory).lower() == institution.lower()


def differs(wanted: Wanted, before: Found) -> bool:
    """Whether others than the wanted accounts stand in the file's list. Raises UnknownAccountError."""
    right, found = rights_of(wanted), before.acl
    needed = right.group if right.mask is None else right.mask
    return right.named != found.named or found.limited(needed) != needed


def closed_directories(wanted: Wanted, created: Collection[str] = ()) -> list[str]:
    """Our directories that the accounts cannot walk through yet.

    Ours are those that were ``created`` in this run, and a file's own one that bears the institution's id. Raises
    FileError where another one is in the way, and where the file system has no lists.
    """
    users = readers_of(wanted)
    if users:
        _must_have_lists(wanted)
    closed = []
    for name, user in zip(wanted.accounts, users):  # noqa: B905 - Python 3.9 runs here
        for folder in posix_acl.folders_above(wanted.path):
            if not posix_acl.keeps_out(folder, user, posix_acl.PASS):
                continue
            if folder not in {os.path.realpath(one) for one in (*created, *_own_directory(wanted))}:
                raise FileError(
                    f"{name} is to read {wanted.path} and cannot walk through {folder}; let it (setfacl -m u:{name}:x "
                    f"{folder}), or choose another path."
                )
            closed.append(folder)
    return list(dict.fromkeys(closed))


def _own_directory(wanted: Wanted) -> list[str]:
    directory = os.path.dirname(wanted.path)
    return [directory] if is_own(directory, wanted.institution) else []


def _must_have_lists(wanted: Wanted) -> None:
    here = existing_directory(wanted.path)
    if not posix_acl.supported(here):
        raise FileError(
            f"{wanted.path} cannot have an access control list for its accounts: the file system of {here} has none. "
            "Mount it with acl, or name a group and a mode instead of accounts."
        )


def _name(one: Named) -> str:
    return account_name(one.number) if one.kind == "user" else f"group {group_name(one.number)}"


def describe(acl: Acl, closed: Iterable[str]) -> list[str]:
    """Who stands in a file's list, in words; whoever has more or less than to read, with what that is."""
    said = []
    for one in sorted(acl.named):
        reads = one.permissions == posix_acl.READ == acl.limited(one.permissions)
        said.append(_name(one) if reads else f"{_name(one)} ({posix_acl.letters(acl.limited(one.permissions))})")
    return said + [f"kept out by {folder}" for folder in closed]
