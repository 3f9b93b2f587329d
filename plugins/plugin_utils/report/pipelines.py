# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From results to the pipelines of institutions and users.

A result carries what the plan said when it was made, and an institution or user is named by many; the newest speaks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from ..contract.catalogue import Text
from ..ledger.interface import Result
from .cards import named_users
from .days import as_day, day_of
from .onboarding import Onboarding, Pipeline, longest_first
from .steps import (
    Standing,
    StepSpec,
    card_ends_soon_days,
    card_login_methods,
    institution_steps,
    next_steps,
    out_of_order,
    standing_of,
    user_steps,
    without_card,
)
from .words import word

ACTIVATED = "activated"
NEW_CARD = "new_card"
CARD_VALID_UNTIL = "card_valid_until"


def collect_onboarding(results: Iterable[Result], now: datetime, replaced: Mapping[str, date]) -> Onboarding:
    """Collect the pipelines at ``now``; institutions, or users, of which none has a date are left out altogether.

    ``replaced``: by EESZT user name the day on which the ledger first saw a card newer than the activation.
    """
    ordered = sorted(results, key=lambda each: (datetime.fromisoformat(each["finished_at"]), each["run_id"]))
    today = day_of(now)
    institutions = _newest_institutions(ordered)
    users = {user["user_name"]: user for result in ordered for user in named_users(result)}
    return Onboarding(
        institutions=longest_first(
            _institution(each, today) for each in _if_any_dated(institutions.values(), "onboarding")
        ),
        users=longest_first(
            _user(each, today, replaced.get(each["user_name"])) for each in _if_any_dated(users.values(), "dates")
        ),
    )


def _newest_institutions(ordered: Iterable[Result]) -> dict[str, Mapping[str, Any]]:
    """By id; one without ``onboarding`` is of a role used without a plan, and says nothing of it."""
    named = (each for result in ordered for each in result["institutions"])
    return {str(each["id"]): each for each in named if each.get("id") and isinstance(each.get("onboarding"), Mapping)}


def _if_any_dated(records: Iterable[Mapping[str, Any]], key: str) -> list[Mapping[str, Any]]:
    given = list(records)
    return given if any(_dates(each, key) for each in given) else []


def _dates(record: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The days as they were given, those that were left empty apart."""
    dates = record.get(key)
    return {step: day for step, day in dates.items() if day not in (None, "")} if isinstance(dates, Mapping) else {}


def _institution(record: Mapping[str, Any], today: date) -> Pipeline:
    specs = institution_steps()
    dates = _dates(record, "onboarding")
    standing = Standing(_past_days(specs, dates, today))
    steps = standing_of(specs, standing)
    return Pipeline(
        id=str(record["id"]),
        name=str(record.get("name") or ""),
        institutions=(),
        card_valid_until="",
        steps=steps,
        next=next_steps(specs, steps, standing, today),
        warnings=(*_doubtful(specs, dates, today), *_disorder(specs, standing)),
    )


def _user(record: Mapping[str, Any], today: date, replaced: date | None) -> Pipeline:
    """A user's pipeline; with a login that takes no card, nothing of a card is in it."""
    takes_card = record.get("login_method") in card_login_methods()
    specs = [each if takes_card else without_card(each) for each in user_steps()]
    dates = _dates(record, "dates")
    days = _past_days(specs, dates, today)
    valid_until = as_day(dates.get(CARD_VALID_UNTIL)) if takes_card else None
    standing = _with_card(days, valid_until, replaced if takes_card else None, today)
    specs = [each for each in specs if each.id != NEW_CARD or NEW_CARD in {*standing.open, *standing.days}]
    steps = standing_of(specs, standing)
    institutions = record.get("institutions")
    return Pipeline(
        id=record["user_name"],
        name="",
        institutions=tuple(map(str, institutions)) if isinstance(institutions, list) else (),
        card_valid_until=valid_until.isoformat() if valid_until else "",
        steps=steps,
        next=next_steps(specs, steps, standing, today),
        warnings=(
            *_doubtful(specs, dates, today),
            *_disorder(specs, standing),
            *_card_doubts(specs, dates, days, valid_until),
        ),
    )


def _with_card(days: Mapping[str, date], valid_until: date | None, replaced: date | None, today: date) -> Standing:
    """What the card makes of the days: with one that has ended, or taken another's place, nobody is activated."""
    void = {ACTIVATED} if replaced and ACTIVATED in days else set()
    if valid_until and valid_until < today:
        return Standing(days, frozenset({NEW_CARD, ACTIVATED}), {NEW_CARD: valid_until})
    if valid_until and (valid_until - today).days < card_ends_soon_days():
        return Standing(days, frozenset({NEW_CARD, *void}), {NEW_CARD: today})
    if replaced and void:
        return Standing({**days, NEW_CARD: replaced}, frozenset(void))
    return Standing(days)


def _past_days(specs: Iterable[StepSpec], dates: Mapping[str, Any], today: date) -> dict[str, date]:
    """The days of steps that lie behind: what lies ahead has not happened, whatever the plan says."""
    days = {each.id: as_day(dates.get(each.id)) for each in specs}
    return {step: day for step, day in days.items() if day is not None and day <= today}


def _doubtful(specs: Iterable[StepSpec], dates: Mapping[str, Any], today: date) -> Iterator[Text]:
    """Days that are none, without a word of what stands there instead, and days that are to come."""
    for spec in specs:
        day = as_day(dates.get(spec.id))
        if spec.id in dates and day is None:
            yield _say("day_of_none", step=spec.title)
        elif day is not None and day > today:
            yield _say("day_in_future", step=spec.title, day=day)


def _disorder(specs: Sequence[StepSpec], standing: Standing) -> Iterator[Text]:
    for earlier, spec in out_of_order(specs, standing):
        yield _say(
            "day_before",
            step=spec.title,
            day=standing.days[spec.id],
            earlier=earlier.title,
            earlier_day=standing.days[earlier.id],
        )


def _card_doubts(
    specs: Iterable[StepSpec], dates: Mapping[str, Any], days: Mapping[str, date], valid_until: date | None
) -> Iterator[Text]:
    """An activation after the card's end was most likely of a newer card, of which the plan does not know."""
    (activation,) = [each.title for each in specs if each.id == ACTIVATED]
    if CARD_VALID_UNTIL in dates and as_day(dates[CARD_VALID_UNTIL]) is None:
        yield _say("day_of_none", step=word(CARD_VALID_UNTIL))
    if valid_until and ACTIVATED in days and days[ACTIVATED] > valid_until:
        yield _say("day_after_card", step=activation, day=days[ACTIVATED], earlier_day=valid_until)


def _say(key: str, **values: Text | date) -> Text:
    """A word of the report with ``values`` filled in, texts in the language of the word."""
    entry = word(key)
    english = {name: each.en if isinstance(each, Text) else each for name, each in values.items()}
    hungarian = {name: each.hu if isinstance(each, Text) else each for name, each in values.items()}
    return Text(entry.en.format(**english), entry.hu.format(**hungarian))
