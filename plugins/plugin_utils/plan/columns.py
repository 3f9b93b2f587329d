# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The columns that a plan in tables may have: ``columns.yml`` as objects."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).with_name("columns.yml")


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``field`` is a dotted way into the record, ``heads`` and ``about`` are by language."""

    field: str
    heads: Mapping[str, tuple[str, ...]]
    about: Mapping[str, str]
    required: bool
    is_list: bool
    is_targets: bool
    is_services: bool
    choices: tuple[str, ...]
    example: str

    @property
    def is_day(self) -> bool:
        """Whether the column holds days."""
        return self.field.startswith(("onboarding.", "dates."))


@dataclass(frozen=True, slots=True)
class TableForm:
    """One table: the plan's part that it fills, its titles by language, and its columns."""

    part: str
    titles: Mapping[str, tuple[str, ...]]
    columns: tuple[Column, ...]

    def column(self, head: str) -> Column | None:
        """The column that a head means, in any language."""
        wanted = plain_words(head)
        for column in self.columns:
            heads = (column.field, *(each for heads in column.heads.values() for each in heads))
            if wanted in map(plain_words, heads):
                return column
        return None

    def heads(self) -> list[str]:
        """The first head of each column, English before Hungarian; for messages."""
        return [column.heads["en"][0] for column in self.columns]


@cache
def table_forms() -> tuple[TableForm, ...]:
    """All tables, in the plan's order."""
    data = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return tuple(_table(part, form) for part, form in data["tables"].items())


def form_of(title: str) -> TableForm | None:
    """The table that a sheet's or a file's name means, in any language."""
    wanted = plain_words(title)
    for form in table_forms():
        if wanted in (plain_words(each) for titles in form.titles.values() for each in titles):
            return form
    return None


def plain_words(text: str) -> str:
    """What is left of a head when case, accents and punctuation do not count."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(re.findall(r"[a-z0-9]+", bare.casefold()))


def _table(part: str, form: Mapping[str, Any]) -> TableForm:
    titles = {language: tuple(names) for language, names in form["title"].items()}
    return TableForm(part, titles, tuple(_column(each) for each in form["columns"]))


def _column(given: Mapping[str, Any]) -> Column:
    return Column(
        field=given["field"],
        heads={language: tuple(heads) for language, heads in given["head"].items()},
        about=given["about"],
        required=given.get("required", False),
        is_list=given.get("list", False),
        is_targets=given.get("targets", False),
        is_services=given.get("services", False),
        choices=tuple(given.get("choices", ())),
        example=str(given.get("example", "")),
    )
