# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read a plan from a workbook (.xlsx), as Excel and LibreOffice save it.

A cell that the program took for a number or a date is given on as such: the model says what that costs.
"""

from __future__ import annotations

import datetime
import io
import math
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .columns import form_of, table_forms
from .findings import Findings, Location
from .nodes import Kind, Record, Scalar
from .package import PackageError, open_package
from .sheet_shape import SheetShape
from .tables import Table, read_tables

_RETYPE = "format the column as Text and type it again from the papers"
_SAVE = "open it in a spreadsheet program and save it anew"
_LINE_ENDS = re.compile(r"_x(000[9AD])_", re.IGNORECASE)
"""How some programs write a tabulator or the end of a line inside a cell."""


class _UnreadableError(Exception):
    """The library's complaint about a workbook, with the place where it gave up."""


def read_workbook(content: bytes, source: str, findings: Findings) -> Record | None:
    """Return the plan's tree, or None after noting why there is none. ``source`` names the file in messages."""
    at = Location(source, 1, 1, form="{source}")
    try:
        # The library's warnings are about what it would lose when saving; nothing is saved.
        with warnings.catch_warnings(action="ignore"):
            return _read(content, source, at, findings)
    except PackageError as refused:
        findings.error(at, refused.message, refused.remedy)
    except _UnreadableError as broken:
        findings.error(at, str(broken), _SAVE)
    except ImportError:
        remedy = "install it for the Python that runs Ansible, or give the plan as CSV files"
        findings.error(at, "workbooks need the Python module openpyxl", remedy)
    return None


def _read(content: bytes, source: str, at: Location, findings: Findings) -> Record | None:
    package = open_package(content)
    sheets = [sheet for sheet in _sheets(package.content) if sheet[2] in package.shapes]
    forms = [(form, *sheet) for sheet in sheets if (form := form_of(sheet[0].title))]
    if not forms:
        names = ", ".join(form.titles["en"][0] for form in table_forms())
        found = ", ".join(sheet[0].title for sheet in sheets)
        findings.error(at, f"no sheet is a table of a plan (found: {found})", f"name the sheets {names}")
        return None
    tables, is_whole = [], True
    for position, (form, sheet, is_hidden, part) in enumerate(forms, 1):
        reading = _Sheet(source, sheet.title, position, package.shapes[part], findings)
        reading.look_around(is_hidden)
        if reading.shape.refusal:
            findings.error(reading.at_sheet(), "the sheet " + reading.shape.refusal[0], reading.shape.refusal[1])
            is_whole = False
            continue
        tables.append(Table(form, reading.rows(sheet), reading.at_sheet()))
    tree = read_tables(tables, at, findings)
    # Without a sheet, the others would be blamed for naming what stands there.
    return tree if is_whole else None


def _sheets(content: bytes) -> list[tuple[Any, bool, str]]:
    """Return the sheets of a package, each with whether it is hidden and its part's name."""
    import openpyxl

    try:
        book: Any = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        return [(sheet, sheet.sheet_state != "visible", str(sheet._worksheet_path)) for sheet in book.worksheets]
    # Whatever is wrong inside, it is the file's fault: the package's parts are somebody else's words.
    except Exception as broken:
        raise _UnreadableError(f"the workbook cannot be read: {_reason(broken)}") from broken


def _reason(broken: Exception) -> str:
    return (str(broken).splitlines() or [type(broken).__name__])[0][:200]


@dataclass(slots=True)
class _Sheet:
    """The reading of one sheet."""

    source: str
    title: str
    position: int
    shape: SheetShape
    findings: Findings

    def at_sheet(self) -> Location:
        return Location(self.source, 1, 1, form=f"{{source}}, sheet {_escaped(self.title)}", sheet=self.position)

    def look_around(self, is_hidden: bool) -> None:
        """Note what the cells do not show: a hidden sheet, hidden rows, merged cells."""
        if is_hidden:
            self.findings.warn(self.at_sheet(), "a hidden sheet is part of the plan", "show it, or delete it")
        rows = self.shape.hidden
        if rows:
            # A row behind a filter is a row of the plan; who filters may not mean it to be.
            shown = ", ".join(map(str, rows[:10])) + (" …" if len(rows) > 10 else "")
            self.findings.warn(
                self.at_sheet(), f"hidden rows are part of the plan: {shown}", "delete those that are not meant"
            )
        for merged in self.shape.merged:
            self.findings.error(
                self.at_sheet(),
                f"the cells {merged} are merged, and only the first of them has a value",
                "unmerge them and write the value into each",
            )

    def rows(self, sheet: Any) -> Iterator[list[Scalar | None]]:
        cells = sheet.iter_rows(max_row=self.shape.rows, max_col=self.shape.columns) if self.shape.rows else iter(())
        for number in range(1, self.shape.rows + 1):
            try:
                row = next(cells, None)
            except Exception as broken:
                place = f"sheet {self.title}, row {number} or soon after it"
                raise _UnreadableError(f"the workbook cannot be read, {place}: {_reason(broken)}") from broken
            if row is None:
                raise _UnreadableError(f"the workbook cannot be read, sheet {self.title} ends before row {number}")
            yield [self.cell(cell, number, place) for place, cell in enumerate(row, 1)]

    def cell(self, cell: Any, row: int, column: int) -> Scalar | None:
        """One cell, with the value that the program kept for its formula if it has one."""
        value = cell.value
        if (row, column) in self.shape.formulas and value in (None, 0, ""):
            self.findings.error(
                self.at(row, column),
                "the formula here has no value that can be trusted",
                "open the file in a spreadsheet program and save it",
            )
            return None
        if cell.data_type == "e":
            self.findings.error(self.at(row, column), f"the cell shows the error {value}", "write the value itself")
            return None
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        return self.scalar(value, cell, self.at(row, column))

    def at(self, row: int, column: int) -> Location:
        from openpyxl.utils import get_column_letter

        form = f"{{source}}, sheet {_escaped(self.title)}, cell {get_column_letter(column)}{{row}}"
        return Location(self.source, row, column, form=form, sheet=self.position)

    def scalar(self, value: object, cell: Any, at: Location) -> Scalar:
        if isinstance(value, str):
            text = _LINE_ENDS.sub(lambda match: chr(int(match[1], 16)), value)
            return Scalar(text, "text", text, at)
        if isinstance(value, bool):
            return _not_text(str(value).lower(), "boolean", value, at, f"the logical value {str(value).upper()}")
        if isinstance(value, int | float):
            return self.number(value, _format(cell), at)
        text = str(value)
        if isinstance(value, datetime.datetime):
            text = value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ")
        return _not_text(text, "date", value, at, f"the date {text}; what was typed is lost")

    def number(self, value: int | float, number_format: str, at: Location) -> Scalar:
        whole = int(value) if math.isfinite(value) and value == int(value) else None
        if whole is None:
            return _not_text(str(value), "decimal", value, at, f"the number {value}")
        if whole >= 0 and re.fullmatch(r"0{2,}", number_format):
            # The zeros on the left were never typed away: the format says how many there are.
            text = str(whole).rjust(len(number_format), "0")
            self.findings.warn(
                at, f"the number {whole} is shown as {text}, which was taken", "format the column as Text"
            )
            return Scalar(text, "text", text, at)
        return _not_text(
            str(whole), "integer", whole, at, f"the number {whole}; zeros on its left, if there were any, are lost"
        )


def _format(cell: Any) -> str:
    """How the program shows a number."""
    try:
        return str(cell.number_format)
    except IndexError:
        # The cell names a style that the workbook has not.
        return "General"


def _not_text(text: str, kind: Kind, value: object, at: Location, what: str) -> Scalar:
    return Scalar(text, kind, value, at, (f"the cell holds {what}", _RETYPE))


def _escaped(title: str) -> str:
    return title.replace("{", "{{").replace("}", "}}")
