# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cards that were replaced, as the ledger saw it: a plan knows the end of the present card and nothing of the last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ..ledger.interface import Result
from .days import as_day


@dataclass(frozen=True, slots=True)
class Seen:
    """What one result said of a user: when (aware), the day of his activation and the last day of his card."""

    at: datetime
    activated: date | None
    valid_until: date | None

    @property
    def comparable(self) -> bool:
        return self.activated is not None and self.valid_until is not None


def cards_seen(results: Iterable[Result]) -> dict[str, list[Seen]]:
    """Collect by EESZT user name what ``results`` said; dry runs say nothing."""
    seen: dict[str, dict[Seen, None]] = {}
    for result in results:
        if not result["dry_run"]:
            for user in named_users(result):
                seen.setdefault(user["user_name"], {})[_seen(result, user["dates"])] = None
    return {name: list(those) for name, those in seen.items()}


def replaced_on(seen: Sequence[Seen]) -> date | None:
    """Say on which day the ledger first saw a card that is newer than the activation; None when there is none such.

    The day of activation was first stated with a card that ended earlier, and stayed when the card became another. An
    end that became an earlier one is a correction, as is one that went back to what it was. A plan that did not state
    the activation for a while states a new one after that, even of the same day.
    """
    ordered = sorted(seen, key=lambda each: each.at)
    stretch = _stretch(ordered)
    if not stretch:
        return None
    present = stretch[-1].valid_until
    first = stretch[0].valid_until
    if present is None or first is None or present <= first:
        return None
    last_other = max(place for place, each in enumerate(stretch) if each.valid_until != present)
    return stretch[last_other + 1].at.date()


def named_users(result: Result) -> list[Mapping[str, Any]]:
    """The users of a result with a user name and ``dates``; the ledger reads them without a schema."""
    users = result.get("users")
    return [
        each
        for each in (users if isinstance(users, list) else [])
        if isinstance(each, Mapping)
        and isinstance(each.get("user_name"), str)
        and each["user_name"]
        and isinstance(each.get("dates"), Mapping)
    ]


def _seen(result: Result, dates: Mapping[str, Any]) -> Seen:
    at = datetime.fromisoformat(result["finished_at"])
    return Seen(at, as_day(dates.get("activated")), as_day(dates.get("card_valid_until")))


def _stretch(ordered: Sequence[Seen]) -> list[Seen]:
    """The newest results that state the same activation, with the end of a card; oldest first."""
    if not ordered or not ordered[-1].comparable:
        return []
    stretch: list[Seen] = []
    for each in reversed(ordered):
        if each.activated != ordered[-1].activated:
            break
        if each.valid_until is not None:
            stretch.append(each)
    return stretch[::-1]
