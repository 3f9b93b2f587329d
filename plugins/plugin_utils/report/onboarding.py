# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report says of the steps that people do. Days are ISO text, empty where there is none; waits whole days."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..contract.catalogue import Text

DONE = "done"
DATE_MISSING = "date_missing"
NEXT = "next"
LATER = "later"


@dataclass(frozen=True)
class Step:
    """One step: ``state`` is one of the four words above; ``day`` may be that of an activation with an older card."""

    id: str
    title: Text
    actor: str
    state: str
    day: str


@dataclass(frozen=True)
class Next:
    """A step that can be done now: by whom, and since when it waits; ``waits_days`` is None where nobody knows.

    ``again`` says that it was done, and must be done anew for another card.
    """

    id: str
    title: Text
    todo: Text
    actor: str
    with_card: bool
    again: bool
    since: str
    waits_days: int | None


@dataclass(frozen=True)
class Pipeline:
    """An institution (EESZT id, name) or a user (EESZT user name, no name) on the way.

    ``institutions`` and ``card_valid_until`` are a user's: ids, and a day where he logs in with a card. No ``next``:
    every step is behind. ``warnings`` are days that cannot be right.
    """

    id: str
    name: str
    institutions: tuple[str, ...]
    card_valid_until: str
    steps: tuple[Step, ...]
    next: tuple[Next, ...]
    warnings: tuple[Text, ...]

    @property
    def waits_days(self) -> int | None:
        """How long the step waits that waits longest."""
        return longest(each.waits_days for each in self.next)


@dataclass(frozen=True)
class Stage:
    """How many institutions have a step as their next, the first where they have several, and their longest wait."""

    id: str
    title: Text
    actor: str
    institutions: int
    waits_days: int | None


@dataclass(frozen=True)
class Onboarding:
    """All pipelines, whoever waits longest first, those without an open step last; empty for a plan without dates."""

    institutions: tuple[Pipeline, ...] = ()
    users: tuple[Pipeline, ...] = ()

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Where the institutions are, in the steps' order; steps at which none is are left out."""
        order = [each.id for pipeline in self.institutions[:1] for each in pipeline.steps]
        at: dict[str, list[Next]] = {}
        for pipeline in self.institutions:
            for first in pipeline.next[:1]:
                at.setdefault(first.id, []).append(first)
        return tuple(_stage(at[step]) for step in order if step in at)

    @property
    def warnings(self) -> tuple[tuple[Pipeline, Text], ...]:
        """Every warning with whom it is about, institutions first."""
        return tuple((each, text) for each in (*self.institutions, *self.users) for text in each.warnings)

    def waiting_for(self) -> tuple[tuple[str, int, int | None], ...]:
        """By actor: how many institutions wait for him, and the longest of it; the one with most institutions first."""
        waits: dict[str, dict[str, int | None]] = {}
        for pipeline in self.institutions:
            for each in pipeline.next:
                known = waits.setdefault(each.actor, {})
                known[pipeline.id] = longest([known.get(pipeline.id), each.waits_days])
        rows = [(actor, len(those), longest(those.values())) for actor, those in waits.items()]
        return tuple(sorted(rows, key=lambda row: (-row[1], -_known(row[2]), row[0])))


NO_ONBOARDING = Onboarding()


def longest(waits: Iterable[int | None]) -> int | None:
    """Give the longest wait that is known; None when none is."""
    return max((each for each in waits if each is not None), default=None)


def longest_first(pipelines: Iterable[Pipeline]) -> tuple[Pipeline, ...]:
    """Sort by the longest wait; then those whose wait nobody knows, then those that are through, each by id."""
    return tuple(sorted(pipelines, key=lambda each: (not each.next, -_known(each.waits_days), each.id)))


def _known(wait: int | None) -> int:
    return -1 if wait is None else wait


def _stage(those: list[Next]) -> Stage:
    first = those[0]
    return Stage(first.id, first.title, first.actor, len(those), longest(each.waits_days for each in those))
