# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""POSIX access control lists of files, as the kernel stores them: who may read beside owner, group and the rest.

The attribute ``system.posix_acl_access`` (linux/posix_acl_xattr.h, acl(5)) is little endian: 32 bits of version, then
entries of eight bytes: 16 bits of tag, 16 of permissions, 32 of a user's or group's number. A file without it has what
its mode says. Where it is there, the mode's group digit is the mask, and the group's own rights stand in the list.
"""

from __future__ import annotations

import errno
import os
import pwd
import struct
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Union

ATTRIBUTE = "system.posix_acl_access"
READ, WRITE, PASS = 4, 2, 1
ALL_READ = 0o444
PUBLIC_MODE = 0o644
"""Of the file of a certificate, and of those above it."""
_VERSION = 2
_OWNER, _USER, _GROUP_OBJECT, _GROUP, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
_NOBODY = 0xFFFFFFFF
_HEADER, _ENTRY = struct.Struct("<I"), struct.Struct("<HHI")
_NONE = (errno.ENODATA, errno.ENOTSUP, errno.EOPNOTSUPP)

Place = Union[str, int]  # noqa: UP007 - Python 3.9 runs here
"""A path, or an open file's number."""


@dataclass(frozen=True, order=True)
class Named:
    """What one user or group (``kind``) of a number was given; ``permissions`` are three bits, before the mask."""

    kind: str
    number: int
    permissions: int


@dataclass(frozen=True)
class Acl:
    """Rights of three bits each; ``mask`` limits ``group`` and ``named``, None: nothing is limited."""

    owner: int
    group: int
    other: int
    named: frozenset[Named] = frozenset()
    mask: int | None = None

    @property
    def mode(self) -> int:
        """Owner, group and others in the form of a mode, whatever the mask says."""
        return self.owner << 6 | self.group << 3 | self.other

    def limited(self, permissions: int) -> int:
        """What is left of a right under the mask."""
        return permissions if self.mask is None else permissions & self.mask

    def grants(self, user: User, owner: int, group: int, wanted: int) -> bool:
        """Whether the kernel gives a user these rights on a file of this owner and group (acl(5), ACCESS CHECK)."""
        if user.uid in (0, owner):
            return user.uid == 0 or not wanted & ~self.owner
        given = [one.permissions for one in self.named if one.kind == "user" and one.number == user.uid]
        if not given:
            given = [self.group] if group in user.groups else []
            given += [one.permissions for one in self.named if one.kind == "group" and one.number in user.groups]
        if given:
            return any(not wanted & ~self.limited(one) for one in given)
        return not wanted & ~self.other


@dataclass(frozen=True)
class User:
    """An account by its number, and the numbers of all its groups."""

    uid: int
    groups: frozenset[int] = frozenset()


def user_of(account: str) -> User | None:
    """The account of a name or number; None if there is no such user."""
    try:
        found = pwd.getpwuid(int(account)) if account.isdigit() else pwd.getpwnam(account)
    except KeyError:
        return User(int(account)) if account.isdigit() else None
    return User(found.pw_uid, frozenset(os.getgrouplist(found.pw_name, found.pw_gid)))


def letters(permissions: int) -> str:
    """Three bits as people know them, ``r--``."""
    return "".join(letter if permissions & bit else "-" for letter, bit in (("r", READ), ("w", WRITE), ("x", PASS)))


def key_mode(planned: str | None) -> int:
    """Mode of a file that holds a key, of the plan's octal digits; where it has none, for the owner alone."""
    return int(planned or "0600", 8)


def mode_fits(planned: int, found: int) -> bool:
    """Whether nobody has more than planned, and everybody who is to read does. A mode tighter than that is no fault."""
    return not found & ~planned and not planned & ALL_READ & ~found


def group_counts(planned: int) -> bool:
    """Whether a mode gives the group what it does not give everybody; else the group may be any."""
    return bool(planned >> 3 & ~planned & 7)


def of_mode(mode: int) -> Acl:
    """The list that says the same as a mode."""
    return Acl(mode >> 6 & 7, mode >> 3 & 7, mode & 7)


def with_readers(mode: int, uids: Collection[int]) -> Acl:
    """A mode, and users who may read although it does not let everybody."""
    plain = of_mode(mode)
    if not uids or mode & ALL_READ == ALL_READ:
        return plain
    named = frozenset(Named("user", uid, READ) for uid in uids)
    return replace(plain, named=named, mask=plain.group | READ)


def with_passage(acl: Acl, uids: Iterable[int]) -> Acl:
    """A folder's list, and users who may walk through it. What the mask held back stays held back."""
    named = {(one.kind, one.number): acl.limited(one.permissions) for one in acl.named}
    for uid in uids:
        named["user", uid] = named.get(("user", uid), 0) | PASS
    group, mask = acl.limited(acl.group), 0
    for permissions in (group, *named.values()):
        mask |= permissions
    entries = frozenset(Named(kind, number, permissions) for (kind, number), permissions in named.items())
    return replace(acl, group=group, named=entries, mask=mask)


def encode(acl: Acl) -> bytes:
    """The attribute's bytes, the entries in the order that the kernel asks for."""
    groups: dict[str, list[Named]] = {"user": [], "group": []}
    for one in sorted(acl.named):
        groups[one.kind].append(one)
    entries = [(_OWNER, acl.owner, _NOBODY), *((_USER, one.permissions, one.number) for one in groups["user"])]
    entries += [(_GROUP_OBJECT, acl.group, _NOBODY)]
    entries += [(_GROUP, one.permissions, one.number) for one in groups["group"]]
    entries += [] if acl.mask is None else [(_MASK, acl.mask, _NOBODY)]
    return _HEADER.pack(_VERSION) + b"".join(_ENTRY.pack(*one) for one in [*entries, (_OTHER, acl.other, _NOBODY)])


def decode(data: bytes) -> Acl:
    """Read the attribute's bytes. Raises ValueError for what is none of a known version."""
    if len(data) < _HEADER.size or _HEADER.unpack_from(data)[0] != _VERSION:
        raise ValueError("no access control list of version 2")
    if (len(data) - _HEADER.size) % _ENTRY.size:
        raise ValueError("an access control list that was cut short")
    rights: dict[int, int] = {}
    named = set()
    for tag, permissions, number in _ENTRY.iter_unpack(data[_HEADER.size :]):
        if tag in (_USER, _GROUP):
            named.add(Named("user" if tag == _USER else "group", number, permissions & 7))
        else:
            rights[tag] = permissions & 7
    try:
        plain = Acl(rights[_OWNER], rights[_GROUP_OBJECT], rights[_OTHER])
    except KeyError:
        raise ValueError("an access control list without owner, group and others") from None
    return replace(plain, named=frozenset(named), mask=rights.get(_MASK))


def read(place: Place, mode: int) -> Acl:
    """The list of a file of this mode. Raises OSError, also where the list cannot be understood."""
    try:
        return decode(os.getxattr(place, ATTRIBUTE))
    except ValueError as error:
        raise OSError(errno.EINVAL, str(error)) from error
    except OSError as error:
        if error.errno in _NONE:
            return of_mode(mode)
        raise


def supported(folder: str) -> bool:
    """Whether files in a folder can have such a list."""
    try:
        os.getxattr(folder, ATTRIBUTE)
    except OSError as error:
        return error.errno == errno.ENODATA
    return True


def write(place: Place, acl: Acl) -> None:
    """Set owner's, group's and others' rights and the list in one step. Raises OSError."""
    os.setxattr(place, ATTRIBUTE, encode(acl))


def remove(place: Place) -> None:
    """Leave the mode alone to speak; its group digit is then what the mask was. Raises OSError."""
    try:
        os.removexattr(place, ATTRIBUTE)
    except OSError as error:
        if error.errno not in _NONE:
            raise


def folders_above(path: str) -> Iterator[str]:
    """The folders that lead to a path, from the root on, those that exist; links are followed."""
    folder = os.path.realpath(os.path.dirname(path))  # noqa: PTH120 - hosts' paths are texts here
    parts = folder.split("/")
    for count in range(1, len(parts) + 1):
        here = "/".join(parts[:count]) or "/"
        if os.path.isdir(here) and (count == 1 or parts[count - 1]):  # noqa: PTH112
            yield here


def keeps_out(place: str, user: User, wanted: int) -> bool:
    """Whether a file or folder denies a user these rights. Raises OSError."""
    state = os.stat(place)  # noqa: PTH116
    return not read(place, state.st_mode).grants(user, state.st_uid, state.st_gid, wanted)
