# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of dependencies: what stands on a failed check was not tested, and says on which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..contract.catalogue import Catalogue, Text
from ..contract.records import FAIL, NOT_APPLICABLE, NOT_TESTED, Check


@dataclass(frozen=True)
class Resolved:
    """Checks after the dependencies spoke; ``blocked_by`` leads from a check's place to the failures in its way."""

    checks: tuple[Check, ...]
    blocked_by: Mapping[int, tuple[Check, ...]]


def in_order(catalogue: Catalogue, checks: Iterable[Check]) -> list[Check]:
    """Sort by the catalogue, then target, institution and account."""
    return sorted(checks, key=lambda each: (catalogue[each.id].order, each.target, each.institution, each.account))


def resolve(catalogue: Catalogue, checks: Iterable[Check]) -> Resolved:
    """Turn every check whose dependency failed into not_tested.

    A dependency failed when the instances that share target and institution all did or, where none shares them, when
    every instance did. What is itself blocked hands its failure on; what was not tested for lack of input, or does
    not apply, blocks nothing. A check that does not apply stays so.
    """
    settled: list[Check] = []
    roots: dict[int, tuple[Check, ...]] = {}
    places: dict[str, list[int]] = {}
    for check in in_order(catalogue, checks):
        place = len(settled)
        blockers = _blockers(catalogue, check, settled, roots, places)
        if blockers and check.status != NOT_APPLICABLE:
            roots[place] = blockers
            check = _blocked(check, blockers[0])
        settled.append(check)
        places.setdefault(check.id, []).append(place)
    return Resolved(tuple(settled), roots)


def _blockers(
    catalogue: Catalogue,
    check: Check,
    settled: Sequence[Check],
    roots: Mapping[int, tuple[Check, ...]],
    places: Mapping[str, list[int]],
) -> tuple[Check, ...]:
    for dependency in catalogue[check.id].depends_on:
        found = _instances(check, settled, places.get(dependency, []))
        failures = [_failures(place, settled, roots) for place in found]
        if failures and all(failures):
            return tuple(failure for each in failures for failure in each)
    return ()


def _instances(check: Check, settled: Sequence[Check], places: Sequence[int]) -> Sequence[int]:
    """The instances of a dependency that this check stands on: those that share its subject, else all."""
    shared = [place for place in places if _shares(check, settled[place])]
    return shared or places


def _shares(check: Check, dependency: Check) -> bool:
    return check.target == dependency.target and dependency.institution in {"", check.institution}


def _failures(place: int, settled: Sequence[Check], roots: Mapping[int, tuple[Check, ...]]) -> tuple[Check, ...]:
    check = settled[place]
    return (check,) if check.status == FAIL else roots.get(place, ())


def _blocked(check: Check, failure: Check) -> Check:
    subject = f" of {failure.target}" if failure.target else ""
    return replace(
        check,
        status=NOT_TESTED,
        causes=(),
        remedy=Text(),
        reason=f"{failure.id}{subject} failed ({', '.join(failure.causes)})",
    )
