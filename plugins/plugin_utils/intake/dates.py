# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The days of the plan that an intake knows: which lines or cells to fill in. The plan itself is the user's."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..plan.columns import Column, plain_words, table_forms
from ..plan.model import Institution
from .matching import Candidate

DOWNLOADED, PASSWORD = "certificate_downloaded", "password_received"
_CSV_FIELDS = ("name", "authority", "authority_id", f"onboarding.{DOWNLOADED}")


@dataclass(frozen=True, slots=True)
class Day:
    """The institution's certificate was downloaded on ``day`` (ISO), by its file's own time."""

    institution: Institution
    day: str

    def __str__(self) -> str:
        head = _columns()[f"onboarding.{DOWNLOADED}"].heads[language_of(self.institution)][0]
        where = f"{head} (onboarding.{DOWNLOADED})"
        return f"{self.institution.id}  {where}: {self.day}  its entry: {self.institution.at}"


def days_to_fill_in(taken: Iterable[Candidate]) -> list[Day]:
    """A day for each institution whose plan has none, or one of an earlier certificate."""
    days = []
    for each in taken:
        day = each.opened.download.day.isoformat()
        if each.institution.onboarding.get(DOWNLOADED, "") < day:
            days.append(Day(each.institution, day))
    return days


def without_password_day(taken: Iterable[Candidate]) -> list[str]:
    """Ids of institutions whose password is here, so its SMS has come, on a day that only its reader knows."""
    return sorted({each.institution.id for each in taken if PASSWORD not in each.institution.onboarding})


def to_csv(days: Sequence[Day]) -> str:
    """The days as a plan's table institutions.csv has them, under the heads of the plan's own language."""
    language = language_of(days[0].institution) if days else "en"
    made = io.StringIO(newline="")
    writer = csv.writer(made, delimiter=";")
    writer.writerow(_columns()[each].heads[language][0] for each in _CSV_FIELDS)
    for each in days:
        one = each.institution
        writer.writerow((one.name, one.authority, one.authority_id, each.day))
    return made.getvalue()


def language_of(institution: Institution) -> str:
    """In which language the plan's heads are; a plan in YAML has English words."""
    column = _columns()["authority_id"]
    head = plain_words(institution.at.field)
    return "hu" if head in map(plain_words, column.heads["hu"]) else "en"


def _columns() -> dict[str, Column]:
    return dict(_named())


def _named() -> Iterator[tuple[str, Column]]:
    for form in table_forms():
        if form.part == "institutions":
            yield from ((column.field, column) for column in form.columns)
