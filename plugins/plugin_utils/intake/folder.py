# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of downloads: which files are PKCS#12 files by their name, and which are something else."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from .problems import Problem

SUFFIXES = (".p12", ".pfx")
MOST_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Download:
    """One file: where it lies, its contents, and its local day by the file's own time."""

    path: Path
    data: bytes = field(repr=False)
    day: date
    private: bool

    @property
    def name(self) -> str:
        return self.path.name


@dataclass(frozen=True, slots=True)
class Listing:
    """A folder's files by name; ``left`` are those that are no PKCS#12 files by their names."""

    downloads: tuple[Download, ...]
    left: tuple[str, ...]
    problems: tuple[Problem, ...]


def list_folder(folder: Path) -> Listing:
    """Read the PKCS#12 files of a folder, not those below it. Raises OSError when the folder cannot be read."""
    downloads: list[Download] = []
    left: list[str] = []
    problems: list[Problem] = []
    for path in sorted(folder.absolute().iterdir()):
        if path.suffix.lower() not in SUFFIXES or not path.is_file():
            left.append(path.name)
            continue
        found = _read(path)
        if isinstance(found, Problem):
            problems.append(found)
        else:
            downloads.append(found)
    return Listing(tuple(downloads), tuple(left), tuple(problems))


def _read(path: Path) -> Download | Problem:
    try:
        path.name.encode()
    except UnicodeEncodeError:
        return Problem(path.name, "name", "The file's name is not UTF-8.", "Rename it.")
    try:
        status = path.stat()
        if status.st_size > MOST_BYTES:
            return Problem(
                path.name,
                "too_large",
                f"The file has {status.st_size} bytes; a certificate with its key has a few thousand.",
                "Take it out of the folder.",
            )
        data = path.read_bytes()
    except OSError as fault:
        return Problem(
            path.name, "unreadable", f"The file cannot be read: {fault.strerror}.", "Correct its permissions."
        )
    return Download(path, data, datetime.fromtimestamp(status.st_mtime).date(), status.st_mode & 0o077 == 0)
