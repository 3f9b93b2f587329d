# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose certificate ends when, from the ledger and, where they are given, the controller's variables and the plan."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from ..commands.table import aligned
from ..plan.model import Administrator, Institution
from ..report.certificates import SECONDS_A_DAY, collect_certificates
from ..report.model import Certificate
from .held import Held

NOBODY = Administrator(None, None, None)


@dataclass(frozen=True, slots=True)
class Person:
    """An institution's name and its administrator, by the newest result or the plan; empty where nobody said it."""

    name: str = ""
    administrator: Administrator = NOBODY


@dataclass(frozen=True, slots=True)
class Row:
    """One institution. ``not_after`` (aware, UTC) is the end of its newest certificate on a host, None without any.

    ``days_left`` are whole days, negative after the end. ``behind`` are hosts that still have an older one.
    ``waiting`` is the end of a newer one that the controller has and no host has yet.
    """

    institution: str
    person: Person
    not_after: datetime | None
    days_left: int | None
    hosts: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    waiting: datetime | None = None

    @property
    def needs_letter(self) -> bool:
        """Whether only the administrator can go on: there is no newer one to roll out."""
        return self.not_after is not None and self.waiting is None


def rows_of_results(results: Sequence[Mapping[str, Any]], now: datetime) -> dict[str, Row]:
    """A row for each institution of which a host holds a certificate. ``results``: the newest of each host,
    none of them a dry run.
    """
    people = people_of_results(results)
    certificates: dict[str, list[Certificate]] = {}
    for each in collect_certificates(results, now):
        certificates.setdefault(each.institution.id, []).append(each)
    return {
        institution: _row(institution, people.get(institution, Person(those[0].institution.name)), those)
        for institution, those in certificates.items()
    }


def people_of_results(results: Iterable[Mapping[str, Any]]) -> dict[str, Person]:
    """Names and administrators; where results differ, the newest is right."""
    people: dict[str, Person] = {}
    for result in sorted(results, key=lambda each: datetime.fromisoformat(each["finished_at"])):
        for each in result["institutions"]:
            people[str(each.get("id", ""))] = Person(str(each.get("name") or ""), _administrator(each))
    return people


def person_of_plan(institution: Institution) -> Person:
    return Person(institution.name, institution.administrator or NOBODY)


def _administrator(institution: Mapping[str, Any]) -> Administrator:
    """The ledger keeps what the inventory gave, so nothing of its form is taken for granted."""
    given = institution.get("administrator")
    said = given if isinstance(given, Mapping) else {}
    name, user_name, email = (
        value if isinstance(value := said.get(field), str) else None for field in ("name", "user_name", "email")
    )
    return Administrator(name, user_name, email)


def _row(institution: str, person: Person, certificates: Sequence[Certificate]) -> Row:
    used = max(certificates, key=lambda each: (each.not_before, each.not_after))
    others = {host for each in certificates if each is not used for host in each.hosts}
    return Row(
        institution,
        person,
        datetime.fromisoformat(used.not_after),
        used.days_left,
        used.hosts,
        tuple(sorted(others - set(used.hosts))),
    )


def with_held(rows: Mapping[str, Row], held: Mapping[str, Held], now: datetime, *, alone: bool) -> dict[str, Row]:
    """Add what the controller has; ``alone``: there is no ledger, so that is what is in use."""
    joined = dict(rows)
    for institution, one in held.items():
        if one.bundle is None:
            continue
        row = joined.get(institution, Row(institution, Person(), None, None))
        end = one.bundle.not_after
        if alone:
            joined[institution] = replace(row, not_after=end, days_left=_days(end, now))
        elif row.not_after is None or end > row.not_after:
            joined[institution] = replace(row, waiting=end)
    return joined


def with_plan(rows: Mapping[str, Row], institutions: Mapping[str, Institution]) -> dict[str, Row]:
    """Only the plan's institutions, with the plan's persons, and those too that have no certificate."""
    empty = {each: Row(each, Person(), None, None) for each in institutions}
    return {
        each: replace(row, person=person_of_plan(institutions[each]))
        for each, row in (empty | _of(rows, empty)).items()
    }


def _of(rows: Mapping[str, Row], wanted: Mapping[str, Row]) -> dict[str, Row]:
    return {each: row for each, row in rows.items() if each in wanted}


def ordered(rows: Iterable[Row], within: int | None) -> list[Row]:
    """The first to end first, those without any before them; ``within`` leaves out what ends in more days."""
    kept = [row for row in rows if within is None or row.days_left is None or row.days_left <= within]
    beginning = datetime.min.replace(tzinfo=UTC)
    return sorted(kept, key=lambda row: (row.not_after or beginning, row.institution))


def to_table(rows: Iterable[Row]) -> list[str]:
    """A line each: end, days left, id, name, administrator, e-mail, and what else is to be known."""
    cells = [("ends", "days", "institution", "name", "administrator", "e-mail", "")]
    cells += [_cells(row) for row in rows]
    return aligned(cells)


def _cells(row: Row) -> tuple[str, str, str, str, str, str, str]:
    notes = []
    if row.waiting is not None:
        notes.append(f"a newer one ({row.waiting:%Y-%m-%d}) waits to be rolled out")
    if row.behind:
        notes.append(f"an older one on {', '.join(row.behind)}")
    person = row.person.administrator
    return (
        f"{row.not_after:%Y-%m-%d}" if row.not_after else "none",
        "" if row.days_left is None else str(row.days_left),
        row.institution,
        row.person.name,
        person.name or "",
        person.email or "",
        "; ".join(notes),
    )


def _days(end: datetime, now: datetime) -> int:
    return math.floor((end - now).total_seconds() / SECONDS_A_DAY)
