# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look for secrets: in texts, in files, and in the command lines and environments of all processes of a moment.

Processes of the lab's hosts are processes of this machine too, so one look sees them all.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.integration.road.conftest import NAME

LARGEST = 8 << 20
"""Bytes; larger files are logs of machines, not of ours."""


def leaks(text: bytes, secrets: Mapping[str, bytes]) -> list[str]:
    """Names of the secrets that a text holds."""
    return [name for name, secret in secrets.items() if secret in text]


def search(places: Iterable[Path], secrets: Mapping[str, bytes]) -> dict[str, list[str]]:
    """What files below some folders hold, by their paths. Links are not followed."""
    found = {}
    for place in places:
        for folder, _, names in os.walk(place):
            for name in names:
                path = Path(folder, name)
                if held := leaks(_content(path), secrets):
                    found[str(path)] = held
    return found


def _content(path: Path) -> bytes:
    """Of an ordinary file that is still there."""
    with contextlib.suppress(OSError):
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= LARGEST:
            return path.read_bytes()
    return b""


@dataclass
class Watch:
    """Looks at every process, and at folders whose files live for a moment, again and again until it is left."""

    secrets: Mapping[str, bytes]
    folders: list[Path]
    found: set[str] = field(default_factory=set)
    here: set[bytes] = field(default_factory=set)
    on_hosts: set[bytes] = field(default_factory=set)

    def __enter__(self) -> Watch:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.is_set():
            self.look()

    def look(self) -> None:
        """Look once at all of it."""
        for process in Path("/proc").glob("[0-9]*"):
            self._look_at(process)
        self.found |= {f"{path}: {held}" for path, held in search(self.folders, self.secrets).items()}

    def _look_at(self, process: Path) -> None:
        # It may be gone between two looks.
        with contextlib.suppress(OSError):
            line, environment = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
            is_hosts = f"{NAME}/host-" in (process / "cgroup").read_text()
            (self.on_hosts if is_hosts else self.here).add(line)
            for held in leaks(line + b"\0" + environment, self.secrets):
                self.found.add(f"{line.decode(errors='replace')}: {held}")
