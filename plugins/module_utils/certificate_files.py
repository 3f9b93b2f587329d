# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# System calls are meant here, one by one: tests interrupt after each.
# ruff: noqa: PTH108, PTH112, PTH118, PTH120, PTH123
"""Bring the files of a certificate to a host: whole or not at all, and never readable by others, not even for a moment.

The promises, and how they are kept:

* A file appears under its name only when it is complete: it is written under a name of ours in the same directory
  (O_EXCL, mode 0600 from the first byte), gets owner, mode, accounts and SELinux context, is synced, then renamed.
* A certificate never stands beside another's key or chain. Three files cannot be renamed at once, so the certificate is
  taken for the seal of its set: it steps aside first and comes last. Whoever sees a certificate sees its own key and
  chain; in between (three system calls, signals held back, so that a lost connection cannot stop them) there is no
  certificate, which is an honest error, where a wrong pair would be a puzzle. An error puts the old one back, a kill
  leaves the set without certificate and the next run completes it. Links into a directory of versions would avoid
  that, at the price of symbolic links where vendors' programs, AppArmor and container mounts expect files.
* What a killed run left behind has a name that only we give, and the next run removes it. Two runs at once are held
  apart by a lock on the directories, which the kernel frees with the process.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import secrets
import signal
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .observe import posix_acl
from .observe.renewal import PREFIX

SUFFIX = ".tmp"
LARGEST = 1 << 20  # bytes; no certificate file is larger

Label = Callable[[str, str], None]
"""Give the file at the first path the SELinux context that belongs to the second."""


def unlabelled(path: str, final: str) -> None:
    """For hosts without SELinux."""


class FileError(Exception):
    """What stops us on the host, in one sentence with the path and the way to mend it."""


class UnknownAccountError(FileError):
    """An account that is to read a file is not there, and may not be there yet."""


@dataclass
class Wanted:
    """One file as it should be. ``content`` None: it should not exist. ``owner``, ``group`` None: left as they are.

    ``accounts``: who may read it beside those that the mode lets; nobody else may.
    """

    path: str
    role: str
    institution: str
    content: bytes | None
    mode: int = 0o600
    owner: str | None = None
    group: str | None = None
    accounts: tuple[str, ...] = ()


@dataclass
class Found:
    """One file as it is. ``data`` None: absent, too large, or no ordinary file. ``acl``: the mode's, if it has none."""

    present: bool = False
    regular: bool = False
    data: bytes | None = field(default=None, repr=False)
    uid: int = -1
    gid: int = -1
    mode: int = 0
    acl: posix_acl.Acl = field(default_factory=lambda: posix_acl.of_mode(0))


def temporary(directory: str) -> str:
    """A path that is ours to use and to clean up."""
    return os.path.join(directory, PREFIX + secrets.token_hex(8) + SUFFIX)


def existing_directory(path: str) -> str:
    """The nearest directory above a path that exists."""
    directory = os.path.dirname(path)
    while not os.path.isdir(directory):
        if os.path.lexists(directory):
            raise FileError(f"{directory} is not a directory, so {path} cannot be written; choose another path.")
        directory = os.path.dirname(directory)
    return directory


def look(path: str) -> Found:
    """Read a file without following a link. Raises FileError for a directory and for what may not be read."""
    try:
        state = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return Found()
    except OSError as error:
        raise FileError(f"{path} cannot be examined: {error.strerror}.") from error
    if stat.S_ISDIR(state.st_mode):
        raise FileError(f"{path} is a directory where a file should be; choose another path.")
    found = Found(True, stat.S_ISREG(state.st_mode), None, state.st_uid, state.st_gid, stat.S_IMODE(state.st_mode))
    found.acl = posix_acl.of_mode(found.mode)
    if found.regular and state.st_size <= LARGEST:
        try:
            found.acl = posix_acl.read(path, found.mode)
            found.mode = found.mode & ~0o777 | found.acl.mode
            with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
                found.data = file.read(LARGEST + 1)
        except OSError as error:
            raise FileError(f"{path} cannot be read: {error.strerror}; use become.") from error
    return found


def uid_of(name: str) -> int | None:
    """The number of a user name or number; None if there is no such user."""
    try:
        return int(name) if name.isdigit() else pwd.getpwnam(name).pw_uid
    except KeyError:
        return None


def gid_of(name: str) -> int | None:
    """The number of a group name or number; None if there is no such group."""
    try:
        return int(name) if name.isdigit() else grp.getgrnam(name).gr_gid
    except KeyError:
        return None


def ids_of(wanted: Wanted) -> tuple[int, int]:
    """Return (uid, gid), -1 where none is asked for. Raises FileError for an unknown name."""
    uid = uid_of(wanted.owner) if wanted.owner else -1
    gid = gid_of(wanted.group) if wanted.group else -1
    if uid is None:
        raise FileError(f"There is no user {wanted.owner} on this host, the owner of {wanted.path}; create it first.")
    if gid is None:
        raise FileError(f"There is no group {wanted.group} on this host, for {wanted.path}; create it first.")
    return uid, gid


def readers_of(wanted: Wanted) -> list[posix_acl.User]:
    """The accounts that may read a file. Raises UnknownAccountError."""
    users = []
    for name in wanted.accounts:
        user = posix_acl.user_of(name)
        if user is None:
            message = f"There is no user {name} on this host, who is to read {wanted.path}; create it first."
            raise UnknownAccountError(message)
        users.append(user)
    return users


def rights_of(wanted: Wanted) -> posix_acl.Acl:
    """The mode and the accounts in one. Raises UnknownAccountError."""
    return posix_acl.with_readers(wanted.mode, [user.uid for user in readers_of(wanted)])


def sync(directory: str) -> None:
    """Make the names in a directory survive a loss of power."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_temporary(wanted: Wanted, before: Found, label: Label) -> str:
    """Write the content under a name of ours beside its place, complete and synced; return that name."""
    uid, gid = ids_of(wanted)
    path = temporary(os.path.dirname(wanted.path))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        rest = memoryview(wanted.content or b"")
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        if before.regular:
            uid, gid = (before.uid if uid == -1 else uid), (before.gid if gid == -1 else gid)
        os.fchown(descriptor, uid, gid)
        _give_rights(descriptor, wanted)
        label(path, wanted.path)
        os.fsync(descriptor)
    except OSError as error:
        error.filename = wanted.path
        with contextlib.suppress(OSError):
            os.unlink(path)
        raise
    finally:
        os.close(descriptor)
    return path


def _give_rights(descriptor: int, wanted: Wanted) -> None:
    """Set mode and accounts, never wider in between: a list comes in one step, and goes when nothing is under it."""
    acl, mode = rights_of(wanted), stat.S_IMODE(os.fstat(descriptor).st_mode)
    if acl.named:
        if mode & ~0o777:
            os.fchmod(descriptor, mode & 0o777)
        posix_acl.write(descriptor, acl)
        return
    os.fchmod(descriptor, mode & wanted.mode)
    # A file also gets one from its folder (default list), whose names the mode's group digit would let in.
    posix_acl.remove(descriptor)
    os.fchmod(descriptor, wanted.mode)


def adjust(wanted: Wanted) -> None:
    """Mend owner, group, mode and accounts of a file whose content is right; never wider in between than at the end."""
    uid, gid = ids_of(wanted)
    descriptor = os.open(wanted.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        state = os.fstat(descriptor)
        if uid not in (-1, state.st_uid) or gid not in (-1, state.st_gid):
            os.fchmod(descriptor, stat.S_IMODE(state.st_mode) & wanted.mode)
            os.fchown(descriptor, uid, gid)
        _give_rights(descriptor, wanted)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def signals_held() -> Iterator[None]:
    """Let no signal that can wait come between a few renames."""
    held = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGALRM}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
