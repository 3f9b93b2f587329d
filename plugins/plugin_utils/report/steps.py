# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps that people do (onboarding.yml), and how far they are by the days that are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from ..contract.catalogue import Text
from ..contract.documents import read_yaml
from .onboarding import DATE_MISSING, DONE, LATER, NEXT, Next, Step

INSTITUTION = "institution"
USER = "user"


@dataclass(frozen=True)
class StepSpec:
    """One step of onboarding.yml; ``needs`` are ids of the steps right before it, ``before`` of all before it."""

    id: str
    actor: str
    with_card: bool
    title: Text
    todo: Text
    needs: tuple[str, ...]
    before: frozenset[str]


@dataclass(frozen=True)
class Actor:
    """Who does steps: its name, and the words for waiting for it."""

    name: Text
    wait_for: Text


@dataclass(frozen=True)
class Standing:
    """What is known of a pipeline's steps, none of its days in the future.

    ``open`` are steps to be done whatever day they have: an activation that went with the old card. ``since`` are
    days from which a step waits although no step before it has that day.
    """

    days: Mapping[str, date]
    open: frozenset[str] = frozenset()
    since: Mapping[str, date] = field(default_factory=dict)

    def done(self, step: str) -> bool:
        return step in self.days and step not in self.open


def institution_steps() -> tuple[StepSpec, ...]:
    """The steps of an institution in their order."""
    return _specs(INSTITUTION)


def user_steps() -> tuple[StepSpec, ...]:
    """The steps of a user in their order, a new card among them."""
    return _specs(USER)


@cache
def actors() -> Mapping[str, Actor]:
    """Everybody who does a step, by the word that the steps have for them."""
    return {name: Actor(Text(**each["name"]), Text(**each["wait_for"])) for name, each in _document()["actors"].items()}


def card_login_methods() -> frozenset[str]:
    """Login methods of the plan that take a card."""
    return frozenset(_document()["card_login_methods"])


def card_ends_soon_days() -> int:
    """So many days before its end a card is one to be replaced."""
    return int(_document()["card_ends_soon_days"])


def without_card(spec: StepSpec) -> StepSpec:
    """The step as someone does it who logs in without a card."""
    return replace(spec, with_card=False)


def standing_of(specs: Sequence[StepSpec], standing: Standing) -> tuple[Step, ...]:
    """Say of each step whether it is done, next or later; undated ones before a done one lack their date only."""
    passed = {each for spec in specs if spec.id in standing.days for each in spec.before}

    def state(spec: StepSpec) -> str:
        if standing.done(spec.id):
            return DONE
        if spec.id in passed and spec.id not in standing.open:
            return DATE_MISSING
        needs = [each for each in _needed(spec, specs) if not standing.done(each.id)]
        return NEXT if all(each.id in passed and each.id not in standing.open for each in needs) else LATER

    return tuple(_step(spec, state(spec), standing) for spec in specs)


def next_steps(specs: Sequence[StepSpec], steps: Sequence[Step], standing: Standing, today: date) -> tuple[Next, ...]:
    """Give the steps that can be done now, with who must and how many whole days they wait."""
    return tuple(
        _next(spec, step, _waits_since(spec, standing), today)
        for spec, step in zip(specs, steps, strict=True)
        if step.state == NEXT
    )


def out_of_order(specs: Sequence[StepSpec], standing: Standing) -> Iterator[tuple[StepSpec, StepSpec]]:
    """Give each done step with the dated steps right before it that have a later day."""
    for spec in specs:
        if standing.done(spec.id):
            for earlier in _dated_before(spec, specs, standing):
                if standing.days[earlier.id] > standing.days[spec.id]:
                    yield earlier, spec


def _dated_before(spec: StepSpec, specs: Sequence[StepSpec], standing: Standing) -> Iterator[StepSpec]:
    """The nearest done steps on each way back, each once."""
    seen: dict[str, StepSpec] = {}
    for each in _needed(spec, specs):
        found = [each] if standing.done(each.id) else _dated_before(each, specs, standing)
        seen.update({one.id: one for one in found})
    yield from seen.values()


def _waits_since(spec: StepSpec, standing: Standing) -> date | None:
    before = [standing.days[each] for each in spec.before if standing.done(each)]
    if spec.id in standing.since:
        before.append(standing.since[spec.id])
    return max(before, default=None)


def _needed(spec: StepSpec, specs: Sequence[StepSpec]) -> list[StepSpec]:
    return [each for each in specs if each.id in spec.needs]


def _step(spec: StepSpec, state: str, standing: Standing) -> Step:
    day = standing.days.get(spec.id)
    return Step(spec.id, spec.title, spec.actor, state, day.isoformat() if day else "")


def _next(spec: StepSpec, step: Step, since: date | None, today: date) -> Next:
    return Next(
        id=spec.id,
        title=spec.title,
        todo=spec.todo,
        actor=spec.actor,
        with_card=spec.with_card,
        again=bool(step.day),
        since=since.isoformat() if since else "",
        waits_days=max(0, (today - since).days) if since else None,
    )


@cache
def _document() -> Mapping[str, Any]:
    return read_yaml(Path(__file__).resolve().parent / "onboarding.yml")


@cache
def _specs(kind: str) -> tuple[StepSpec, ...]:
    specs: dict[str, StepSpec] = {}
    for each in _document()[kind]:
        needs = tuple(each["needs"])
        specs[each["id"]] = StepSpec(
            id=each["id"],
            actor=each["actor"],
            with_card=each.get("with_card", False),
            title=Text(**each["title"]),
            todo=Text(**each["todo"]),
            needs=needs,
            before=frozenset(needs).union(*(specs[need].before for need in needs)),
        )
    return tuple(specs.values())
