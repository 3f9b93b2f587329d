# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sort the files that came back: one for each host, and the rest with its reasons."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .intake import CarriedFile, Sealed, as_carried, newest_per_host, open_sealed, refuse_out_of_plan
from .packages import PackageStore
from .refusals import RefusedError

Refused = tuple[Path, RefusedError]


@dataclass(frozen=True)
class Sorted:
    """The newest good file of each host that plays, acceptance results, and why the others are not taken."""

    hosts: Mapping[str, Path]
    acceptance: tuple[Sealed, ...]
    refused: tuple[Refused, ...]


def sort_files(
    paths: Sequence[Path], store: PackageStore, sites: Mapping[str, str], playing: Collection[str]
) -> Sorted:
    """Sort them. ``sites`` gives the site of every host of the plan, ``playing`` are the hosts of this play."""
    good: list[CarriedFile] = []
    acceptance: list[Sealed] = []
    refused: list[Refused] = []
    for path in paths:
        try:
            sealed = open_sealed(path, store)
            if sealed.said["kind"] == "acceptance":
                acceptance.append(sealed)
            else:
                good.append(_of_play(as_carried(sealed), sites, playing))
        except RefusedError as fault:
            refused.append((path, fault))
    newest, left = newest_per_host(good)
    return Sorted(
        hosts={each.host.name: each.path for each in newest},
        acceptance=tuple(acceptance),
        refused=tuple(sorted([*refused, *left], key=lambda one: str(one[0]))),
    )


def _of_play(carried: CarriedFile, sites: Mapping[str, str], playing: Collection[str]) -> CarriedFile:
    refuse_out_of_plan(carried, sites)
    if carried.host.name not in playing:
        raise RefusedError("left_out", f"is of host {carried.host.name}, which --limit leaves out")
    return carried
