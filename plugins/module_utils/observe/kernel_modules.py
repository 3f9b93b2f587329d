# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel modules that take a card reader from the PC/SC service: loaded, or kept from loading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from .shapes import KernelModule
from .system import read_text

# Drivers of NFC readers and of old REINER SCT readers; nfc is what the former stand on.
_TAKING = ("pn533_usb", "pn533", "nfc", "cyberjack")
# In modprobe's order: a file hides one of the same name further right.
_FOLDERS = tuple(
    Path(each) for each in ("/etc/modprobe.d", "/run/modprobe.d", "/usr/lib/modprobe.d", "/lib/modprobe.d")
)


def kernel_modules(folders: Iterable[Path] = _FOLDERS, loaded: Path = Path("/sys/module")) -> list[KernelModule]:
    """Those that are loaded or kept from loading; of the others there is nothing to say."""
    blocked = _blocked(folders)
    seen = [KernelModule(name, (loaded / name).is_dir(), blocked.get(name)) for name in _TAKING]
    return [each for each in seen if each.loaded or each.blocked_by]


def _blocked(folders: Iterable[Path]) -> dict[str, str]:
    blocked: dict[str, str] = {}
    for path in _files(folders):
        for line in (read_text(path) or "").splitlines():
            words = line.split()
            # `install NAME COMMAND` runs it in the place of loading; /bin/true and /bin/false are how people forbid it.
            never = len(words) > 2 and words[0] == "install" and Path(words[2]).name in {"true", "false"}
            if never or (len(words) > 1 and words[0] == "blacklist"):
                blocked.setdefault(words[1].replace("-", "_"), str(path))
    return blocked


def _files(folders: Iterable[Path]) -> Iterator[Path]:
    names: set[str] = set()
    for folder in folders:
        for path in sorted(folder.glob("*.conf")):
            if path.name not in names:
                names.add(path.name)
                yield path
