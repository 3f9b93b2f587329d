# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write a workbook to fill in: a sheet a table with an example row, and one that explains each column."""

from __future__ import annotations

from typing import Any

from .columns import Column, TableForm, table_forms

try:
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation
except ImportError:
    # Only templates and workbooks need it; see workbook.py.
    HAS_OPENPYXL = False
else:
    HAS_OPENPYXL = True

LAST_ROW = 5000
"""Down to here cells are text and offer their choices."""
_HEAD = "DDE7F0"
_TEXT = "@"
_EXPLAINED = {"en": "about", "hu": "magyarázat"}


def template(language: str) -> Workbook:
    """Return the workbook with heads in ``language`` (``en`` or ``hu``); it is a plan that has no error.

    Raises ``ImportError`` where openpyxl is missing.
    """
    if not HAS_OPENPYXL:
        raise ImportError("workbooks need the Python module openpyxl")
    book = Workbook()
    book.remove(book.worksheets[0])
    for form in table_forms():
        _table(book.create_sheet(form.titles[language][0]), form, language)
    _explain(book.create_sheet(_EXPLAINED[language]))
    return book


def _table(sheet: Any, form: TableForm, language: str) -> None:
    sheet.freeze_panes = "A2"
    for place, column in enumerate(form.columns, 1):
        letter = get_column_letter(place)
        head = sheet.cell(1, place, column.heads[language][0])
        head.font, head.fill = Font(bold=column.required), PatternFill("solid", fgColor=_HEAD)
        sheet.column_dimensions[letter].width = max(14, len(column.heads[language][0]) + 2, len(column.example) + 2)
        # Of the column, so that a row typed below the last one keeps its zeros too.
        sheet.column_dimensions[letter].number_format = _TEXT
        example = sheet.cell(2, place, column.example or None)
        example.number_format = _TEXT
        if column.choices:
            _offer(sheet, letter, column)


def _offer(sheet: Any, letter: str, column: Column) -> None:
    choices = DataValidation(type="list", formula1=f'"{",".join(column.choices)}"', allow_blank=True)
    choices.add(f"{letter}2:{letter}{LAST_ROW}")
    sheet.add_data_validation(choices)


def _explain(sheet: Any) -> None:
    sheet.append(["sheet", "munkalap", "column", "oszlop", "what it says", "mit mond", "example / példa"])
    for form in table_forms():
        for column in form.columns:
            titles = (form.titles["en"][0], form.titles["hu"][0])
            heads = (column.heads["en"][0], column.heads["hu"][0])
            sheet.append([*titles, *heads, column.about["en"], column.about["hu"], column.example])
    for cell in sheet[1]:
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor=_HEAD)
    for letter, width in zip("ABCDEFG", (14, 16, 24, 26, 70, 70, 32), strict=True):
        sheet.column_dimensions[letter].width = width
    for row in sheet.iter_rows(min_row=2):
        for cell in row:
            cell.number_format, cell.alignment = _TEXT, Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = "A2"
