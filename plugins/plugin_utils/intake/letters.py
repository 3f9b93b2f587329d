# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Letters in Hungarian to the administrators: only they can fetch a new certificate, with their identity cards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from ..ledger.writing import make_folder, write_whole
from .problems import IntakeError
from .worklist import Row

TEMPLATE = Path(__file__).with_name("templates") / "renewal-hu.txt.j2"
_MONTHS = (
    *("január", "február", "március", "április", "május", "június"),
    *("július", "augusztus", "szeptember", "október", "november", "december"),
)


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter and its place; ``is_new`` is false for one that was there and stays."""

    path: Path
    row: Row
    is_new: bool


def write_letters(
    rows: Iterable[Row], folder: Path, today: date, *, template: Path = TEMPLATE, sender: str = ""
) -> list[Letter]:
    """Write a letter for each row that needs one; one that is there stays. Raises OSError and IntakeError.

    Their names have the day of the end, so that the letter of the next year is another.
    """
    texts = {_place(folder, row): (row, _letter(row, template, today, sender)) for row in rows if row.needs_letter}
    letters = []
    for path, (row, text) in texts.items():
        is_new = not path.exists()
        if is_new:
            make_folder(folder)
            write_whole(path, text.encode())
        letters.append(Letter(path, row, is_new))
    return letters


def hungarian_day(day: date) -> str:
    """2026. december 7."""
    return f"{day.year}. {_MONTHS[day.month - 1]} {day.day}."


def _place(folder: Path, row: Row) -> Path:
    end = f"-{row.not_after:%Y-%m-%d}" if row.not_after else ""
    # An id of the ledger may come from an inventory that no plan has checked.
    name = "".join(each if each.isalnum() else "_" for each in row.institution)
    return folder / f"{name}{end}.txt"


def _letter(row: Row, template: Path, today: date, sender: str) -> str:
    environment = SandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters["day"] = hungarian_day
    try:
        return environment.from_string(template.read_text("utf-8")).render(
            institution={"id": row.institution, "name": row.person.name},
            administrator=row.person.administrator,
            not_after=row.not_after,
            days_left=row.days_left,
            today=today,
            sender=sender,
        )
    except TemplateError as fault:
        line = getattr(fault, "lineno", None)
        raise IntakeError(f"{template}{f':{line}' if line else ''}: {fault.message}") from None
    except UnicodeDecodeError:
        raise IntakeError(f"{template}: this is not UTF-8; save the template so") from None
    except (AttributeError, TypeError, ValueError, ArithmeticError) as fault:
        raise IntakeError(f"{template}: the template cannot be filled in: {fault}") from None
