# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet for the time of a fixture, and its hosts as Ansible takes them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab import Fleet
from lab.clean import left_over
from lab.inventory import inventory


@contextmanager
def standing(name: str, file: str) -> Iterator[Fleet]:
    """A fresh fleet of ``lab/fleets/<file>.yml``; nothing is left of it afterwards."""
    fleet = Fleet(name, file=file)
    fleet.down()
    fleet.up()
    yield fleet
    fleet.down()
    assert left_over(name) == []


def listed(fleet: Fleet, folder: Path) -> Path:
    """Write the fleet's inventory into a folder, and give its path."""
    path = folder / "hosts.yml"
    path.write_text(inventory(fleet), "utf-8")
    return path
