# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# System calls are meant here, one by one: tests interrupt after each.
# ruff: noqa: PTH101, PTH102, PTH104, PTH106, PTH108, PTH112, PTH114, PTH116, PTH118, PTH120, PTH208
"""The directories of certificates' files: made whole, let accounts through, swept, and held against another run."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterable, Iterator

from . import certificate_files as files
from .certificate_files import FileError, Label, Wanted
from .observe import posix_acl
from .observe.renewal import PREFIX

OWN_DIRECTORY = 0o750
DIRECTORY_ABOVE = 0o755
LOCK_SECONDS = 30.0


def make_directories(wanted: Wanted, label: Label) -> list[str]:
    """Create what is missing above a file, each level complete before it has its name; return what was created.

    The file's own directory is its owner's and group's alone, and its accounts may walk through it; those above may be
    walked through by the accounts of other institutions too.
    """
    directory, missing = os.path.dirname(wanted.path), []
    while not os.path.isdir(directory):
        missing.append(directory)
        directory = os.path.dirname(directory)
    for path in reversed(missing):
        own = path == os.path.dirname(wanted.path)
        early = files.temporary(os.path.dirname(path))
        os.mkdir(early, 0o700)
        if own:
            os.chown(early, *files.ids_of(wanted))
            posix_acl.remove(early)  # one that came from the directory above
        os.chmod(early, OWN_DIRECTORY if own else DIRECTORY_ABOVE)
        if own and wanted.accounts:
            open_directory(early, wanted)
        label(early, path)
        os.rename(early, path)
        files.sync(os.path.dirname(path))
    return missing[::-1]


def open_directory(directory: str, wanted: Wanted) -> None:
    """Let the accounts of a file walk through its directory."""
    acl = posix_acl.read(directory, os.stat(directory).st_mode)
    posix_acl.write(directory, posix_acl.with_passage(acl, [user.uid for user in files.readers_of(wanted)]))


def leftovers(directories: Iterable[str]) -> list[str]:
    """What a killed run left in these directories, by its name."""
    found = []
    for directory in sorted(set(directories)):
        for name in os.listdir(directory):
            if name.startswith(PREFIX) and name.endswith(files.SUFFIX):
                found.append(os.path.join(directory, name))
    return sorted(found)


def remove_leftovers(paths: Iterable[str]) -> None:
    """Remove them; a directory among them is one that was never filled."""
    for path in paths:
        if os.path.isdir(path) and not os.path.islink(path):
            os.rmdir(path)
        else:
            os.unlink(path)


@contextlib.contextmanager
def locked(directories: Iterable[str], seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Hold directories against another run of ours. Raises FileError when one stays busy."""
    with contextlib.ExitStack() as stack:
        for directory in sorted(set(directories)):
            descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            stack.callback(os.close, descriptor)
            deadline = time.monotonic() + seconds
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        message = f"Another run has been writing to {directory} for {seconds:.0f} seconds; wait for it."
                        raise FileError(message) from None
                    time.sleep(0.1)
        yield
