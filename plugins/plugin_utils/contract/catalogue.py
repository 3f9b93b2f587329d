# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of checks (checks.yml) and the table of refusals (refusals.yml), typed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from .documents import FOLDER, ContractError, read_yaml, validate


@dataclass(frozen=True)
class Text:
    """One sentence in both languages of the project."""

    en: str = ""
    hu: str = ""

    def to_dict(self) -> dict[str, str]:
        return {"en": self.en, "hu": self.hu}


@dataclass(frozen=True)
class CheckSpec:
    """One entry of the catalogue; ``order`` is its place in it, from 0."""

    id: str
    layer: str
    scope: str
    depends_on: tuple[str, ...]
    repaired_by: str | None
    repairs_warnings: bool
    title: Text
    causes: Mapping[str, Text]
    order: int


@dataclass(frozen=True)
class Catalogue:
    """All checks by id, in the order in which failures are read."""

    checks: Mapping[str, CheckSpec]

    def __getitem__(self, check_id: str) -> CheckSpec:
        try:
            return self.checks[check_id]
        except KeyError:
            raise ContractError(f"the catalogue has no check {check_id!r}") from None

    def remedy(self, check_id: str, cause: str) -> Text:
        """Give what to do about ``cause`` of a check; ContractError for a word the catalogue lacks."""
        spec = self[check_id]
        if cause not in spec.causes:
            raise ContractError(f"the catalogue has no cause {cause!r} for check {check_id}")
        return spec.causes[cause]

    def layers(self) -> list[str]:
        """Layers in their order, each once."""
        return list(dict.fromkeys(spec.layer for spec in self.checks.values()))


@dataclass(frozen=True)
class Answer:
    """A refusal in HTTP: ``cause`` is a word of the catalogue, or `refused` when its dates must tell."""

    statuses: frozenset[int]
    page: re.Pattern[str] | None
    cause: str

    def fits(self, status: int, page: str) -> bool:
        return status in self.statuses and (self.page is None or self.page.search(page) is not None)


@dataclass(frozen=True)
class Refusals:
    """How servers refuse a client certificate: by TLS alert number and by HTTP answer."""

    alerts: Mapping[int, Mapping[str, str]]
    answers: tuple[Answer, ...]

    def by_alert(self, number: int, presented: bool) -> str | None:
        """Give the cause for a TLS alert, None when the alert does not speak of the client's certificate."""
        row = self.alerts.get(number)
        return None if row is None else row["with_certificate" if presented else "without_certificate"]

    def by_answer(self, status: int, page: str) -> str | None:
        """Give the cause for an HTTP answer, None when it is no refusal of the certificate."""
        return next((answer.cause for answer in self.answers if answer.fits(status, page)), None)


@cache
def load_catalogue() -> Catalogue:
    """Read checks.yml; ContractError when it breaks its schema, repeats an id or depends on a later one."""
    path = FOLDER / "checks.yml"
    document = read_yaml(path)
    validate("catalogue", document, str(path))
    checks: dict[str, CheckSpec] = {}
    for order, row in enumerate(document["checks"]):
        later = [name for name in row["depends_on"] if name not in checks]
        if row["id"] in checks or later:
            fault = f"depends on {', '.join(later)}, not listed before it" if later else "listed twice"
            raise ContractError(f"{path}: {row['id']}: {fault}")
        checks[row["id"]] = CheckSpec(
            id=row["id"],
            layer=row["layer"],
            scope=row["scope"],
            depends_on=tuple(row["depends_on"]),
            repaired_by=row.get("repaired_by"),
            repairs_warnings=row.get("repairs_warnings", False),
            title=Text(**row["title"]),
            causes={cause: Text(**text) for cause, text in row["causes"].items()},
            order=order,
        )
    return Catalogue(checks)


@cache
def load_refusals() -> Refusals:
    """Read refusals.yml."""
    document = read_yaml(FOLDER / "refusals.yml")
    answers = tuple(
        Answer(
            statuses=frozenset(row["status"]),
            page=re.compile(row["page"]) if "page" in row else None,
            cause=row["cause"],
        )
        for row in document["answers"]
    )
    return Refusals(alerts=document["alerts"], answers=answers)
