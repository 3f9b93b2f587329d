# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Go through one XML part of a workbook: refuse what nobody can read, and note what the cells themselves do not say."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING
from xml.parsers import expat

if TYPE_CHECKING:
    from xml.parsers.expat import XMLParserType

MOST_CELLS = 4_000_000
"""Rows times columns up to the last value; a plan of 10,000 hosts has 200,000."""
_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384
_DEEPEST = 64
_LONGEST = 1024 * 1024  # bytes from one tag to the next; a cell has at most 32,767 characters
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
_ROW, _CELL, _VALUE, _INLINE, _FORMULA = (f"{_MAIN} {name}" for name in ("row", "c", "v", "is", "f"))
_SHEET, _DATA, _MERGED, _EXTENT = (f"{_MAIN} {name}" for name in ("worksheet", "sheetData", "mergeCell", "dimension"))
_KEPT = {"worksheet": ("sheetData",), "styleSheet": ("numFmts", "cellXfs"), "workbook": ("workbookPr", "sheets")}
"""What is kept of a part, by its first tag. Filters, validations, views, colours and the size that a sheet claims are
not the plan's; programs write them wrong in many ways, and the library stops at each."""
_NUMBER = re.compile(r"[0-9]{1,7}", re.ASCII)
_RANGE = re.compile(r"[A-Z]{1,3}[0-9]{1,7}(:[A-Z]{1,3}[0-9]{1,7})?")
_EMPTY = f'<worksheet xmlns="{_MAIN}"><dimension ref="A1"/><sheetData/></worksheet>'.encode()
_SAVE = "open the workbook in a spreadsheet program and save it anew"


class ShapeError(Exception):
    """What is wrong with a part; ``message`` goes on after the part's name."""

    def __init__(self, message: str, remedy: str = _SAVE) -> None:
        self.message = message
        self.remedy = remedy
        super().__init__(message)


@dataclass(slots=True)
class SheetShape:
    """What a sheet is like.

    ``rows``, ``columns``: up to the last value. ``formulas``: cells (row, column) whose value a program has yet to
    work out. ``merged``: ranges as they are written. ``hidden``: numbers of hidden rows that have a value. ``refusal``:
    why the sheet cannot be read, and what to do; the rest is then empty.
    """

    rows: int = 0
    columns: int = 0
    formulas: set[tuple[int, int]] = field(default_factory=set)
    merged: list[str] = field(default_factory=list)
    hidden: list[int] = field(default_factory=list)
    refusal: tuple[str, str] | None = None


def look_through(part: bytes) -> tuple[bytes, SheetShape | None]:
    """Return what of the part is needed, and a sheet's shape. Raises ``ShapeError``, but not for what is in a sheet."""
    walk = _Walk(expat.ParserCreate(namespace_separator=" "))
    try:
        # In one piece: in several, an endless token would be looked through again with each.
        walk.parser.Parse(part, True)
        walk.refuse_size()
    except expat.ExpatError as broken:
        raise ShapeError(f"is not XML ({expat.ErrorString(broken.code)})") from broken
    except (LookupError, ValueError) as unknown:
        raise ShapeError("is in an encoding that nobody knows") from unknown
    except ShapeError as refused:
        if not walk.is_sheet:
            raise
        return _EMPTY, SheetShape(refusal=(refused.message, refused.remedy))
    return walk.kept(part), walk.shape if walk.is_sheet else None


class _Walk:
    """One walk through a part."""

    def __init__(self, parser: XMLParserType) -> None:
        self.parser = parser
        self.shape = SheetShape()
        self.is_sheet = self.is_hidden = self.is_text = False
        self.depth = self.last_byte = self.first_empty = self.row = self.column = 0
        self.wanted: tuple[str, ...] | None = None
        self.keeps = True
        self.cuts: list[int] = []
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CommentHandler = self._look_at_length
        parser.ProcessingInstructionHandler = self._look_at_length

    def refuse_size(self) -> None:
        rows, columns = self.shape.rows, self.shape.columns
        if rows * columns > MOST_CELLS:
            raise ShapeError(
                f"has values down to row {rows} and out to column {columns}, more than any plan",
                "delete what stands far from the table",
            )

    def kept(self, part: bytes) -> bytes:
        """The part without what lies between each odd cut and the next."""
        ends = [0, *self.cuts, len(part)]
        return b"".join(part[start:end] for start, end in zip(ends[::2], ends[1::2], strict=True))

    def _refuse_doctype(self, *_: object) -> None:
        raise ShapeError("has a document type, which no workbook needs")

    def _look_at_length(self, *_: object) -> None:
        here = self.parser.CurrentByteIndex
        if here - self.last_byte > _LONGEST:
            raise ShapeError("has a passage of more than 1 MB, which no cell can hold")
        self.last_byte = here

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        self._look_at_length()
        if self.depth > _DEEPEST:
            raise ShapeError(f"has more than {_DEEPEST} tags in one another")
        if self.depth == 1:
            self._root(name)
        elif self.depth == 2 and self.wanted is not None:
            self._keep(name.rpartition(" ")[2] in self.wanted or self._is_extent(name, attributes))
        if self.is_sheet:
            act = _ACTS.get(name)
            if act:
                act(self, attributes)

    def _end(self, name: str) -> None:
        self._look_at_length()
        if name == _DATA and self.depth == 2 and self.row > self.shape.rows:
            # Rows with formats alone, up to a million of them.
            self.cuts += [self.first_empty, self.parser.CurrentByteIndex]
        self.depth -= 1
        if self.depth == 0:
            self._keep(True)

    @staticmethod
    def _is_extent(name: str, attributes: dict[str, str]) -> bool:
        """Whether this is what a sheet claims as its size. Nobody believes it, but without it the library counts."""
        return name == _EXTENT and _RANGE.fullmatch(attributes.get("ref", "")) is not None

    def _keep(self, keeps: bool) -> None:
        if keeps != self.keeps:
            self.cuts.append(self.parser.CurrentByteIndex)
        self.keeps = keeps

    def _root(self, name: str) -> None:
        if name.startswith(_STRICT):
            raise ShapeError(
                'is "Strict Open XML", a rare kind of workbook', "save it as the ordinary kind, Excel Workbook (.xlsx)"
            )
        self.is_sheet = name == _SHEET
        space, word = name.rpartition(" ")[::2]
        self.wanted = _KEPT.get(word) if space == _MAIN else None

    def _at_row(self, attributes: dict[str, str]) -> None:
        if self.row == self.shape.rows:
            self.first_empty = self.parser.CurrentByteIndex
        number = attributes.get("r", "")
        row = int(number) if _NUMBER.fullmatch(number) else 0 if number else self.row + 1
        if not self.row < row <= _LAST_ROW:
            raise ShapeError(f'has the row "{number[:20]}" where row {self.row + 1} or a later one must stand')
        self.row, self.column = row, 0
        self.is_hidden = attributes.get("hidden") in ("1", "true")

    def _at_cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r")
        column = self.column + 1 if reference is None else _column(reference, self.row)
        if not self.column < column <= _LAST_COLUMN:
            raise ShapeError(f'has the cell "{(reference or "")[:20]}" out of its order in row {self.row}')
        self.column = column
        self.is_text = attributes.get("t") == "str"

    def _at_value(self, _attributes: dict[str, str]) -> None:
        self.shape.rows = self.row
        self.shape.columns = max(self.shape.columns, self.column)
        if self.is_hidden and self.shape.hidden[-1:] != [self.row]:
            self.shape.hidden.append(self.row)
        if self.is_text:
            # A text, though an empty one, is an answer.
            self.shape.formulas.discard((self.row, self.column))

    def _at_formula(self, attributes: dict[str, str]) -> None:
        is_text, self.is_text = self.is_text, False
        self._at_value(attributes)
        self.is_text = is_text
        self.shape.formulas.add((self.row, self.column))

    def _at_merged(self, attributes: dict[str, str]) -> None:
        self.shape.merged.append(attributes.get("ref", "")[:30])


def _column(reference: str, row: int) -> int:
    """The column of a cell's reference, counted from 1; 0 for what cannot stand in this row."""
    letters = reference[:-1].rstrip("0123456789")
    return _number_of(letters) if len(letters) <= 3 and reference == f"{letters}{row}" else 0


@cache
def _number_of(letters: str) -> int:
    number = 0
    for letter in letters:
        if not "A" <= letter <= "Z":
            return 0
        number = number * 26 + ord(letter) - 64
    return number


_ACTS: dict[str, Callable[[_Walk, dict[str, str]], None]] = {
    _ROW: _Walk._at_row,
    _CELL: _Walk._at_cell,
    _VALUE: _Walk._at_value,
    _INLINE: _Walk._at_value,
    _FORMULA: _Walk._at_formula,
    _MERGED: _Walk._at_merged,
}
