# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read a plan from a folder of CSV files, as spreadsheet programs save them.

UTF-8 with or without its mark, UTF-16, or Windows-1250; comma, semicolon or tabulator. Every value is text, so
nothing is lost on the way in. What a spreadsheet program made of an id before it saved the file is beyond help.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from .columns import TableForm, form_of, table_forms
from .findings import Findings, Location
from .nodes import Record, Scalar
from .tables import Table, read_tables

MOST_BYTES = 32 * 1024 * 1024
_DELIMITERS = ";,\t"
_MOST_CELLS_IN_A_ROW = 1000
_TWO_BYTES = re.compile(rb"[\xc3-\xc5][\x80-\xbf]")
"""An accented letter in UTF-8. In Windows-1250 it would be two signs that no word has beside each other."""


def read_csv_files(files: Sequence[tuple[str, bytes]], folder: str, findings: Findings) -> Record | None:
    """Return the plan's tree, or None after noting why there is none. ``files``: names, contents."""
    tables = []
    for name, content in files:
        form = form_of(PurePath(name).stem)
        at = Location(name, 1, 1)
        if form is None:
            findings.warn(at, "this file is not read", f"its name is none of {', '.join(_file_names())}")
            continue
        text = _decode(content, at, findings)
        if text is not None:
            tables.append(Table(form, _rows(text, name, form, findings), at))
    if not tables and not findings.errors:
        at = Location(folder, 1, 1, form="{source}")
        findings.error(at, "the folder has no table of a plan", f"name the files {', '.join(_file_names())}")
    return read_tables(tables, Location(folder, 1, 1, form="{source}"), findings) if tables else None


def _file_names() -> list[str]:
    return [f"{form.titles['en'][0]}.csv" for form in table_forms()]


def _decode(content: bytes, at: Location, findings: Findings) -> str | None:
    if len(content) > MOST_BYTES:
        findings.error(at, f"the file has more than {MOST_BYTES // 1024 // 1024} MB", "give the plan's table alone")
        return None
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        findings.error(at, "this is a workbook that somebody named .csv", "name it .xlsx, or save its sheets as CSV")
        return None
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    else:
        # Nearly no text of Windows-1250 with accents is UTF-8 as well, so the stricter one goes first.
        encodings = ["utf-8-sig", "cp1250"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError as broken:
            if encoding == "utf-8-sig" and _TWO_BYTES.search(content):
                _refuse_mixture(content, broken.start, at, findings)
                return None
            continue
        if "\0" not in text:
            return text
    findings.error(at, "this is not a text file of UTF-8 or Windows-1250", "save it anew as CSV UTF-8")
    return None


def _refuse_mixture(content: bytes, start: int, at: Location, findings: Findings) -> None:
    row = content.count(b"\n", 0, start) + 1
    findings.error(
        Location(at.source, row, 1),
        "the file is UTF-8 in other places, but not in this row",
        "type the row's accents again and save the file as CSV UTF-8",
    )


def _rows(text: str, name: str, form: TableForm, findings: Findings) -> Iterator[list[Scalar | None]]:
    first = re.split(r"\r\n|\r|\n", text, maxsplit=1)[0]
    skipped = 0
    # Excel's own hint, which only Excel hides.
    if first.strip().casefold().startswith("sep=") and len(first.strip()) <= 5:
        text, skipped = re.sub(r"\A(\r\n|\r|\n)", "", text[len(first) :]), 1
    delimiter = first.strip()[4:] if skipped and len(first.strip()) == 5 else _delimiter(text, form)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    heads: list[str] = []
    while True:
        line = reader.line_num + 1 + skipped
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as broken:
            findings.error(
                Location(name, line, 1), f"this row is not CSV: {broken}", "look for a quote that does not close"
            )
            return
        while row and not row[-1].strip():
            row.pop()
        if len(row) > _MOST_CELLS_IN_A_ROW:
            findings.error(
                Location(name, line, 1),
                f"this row has {len(row)} cells, more than any table of a plan",
                "look for a quote or a line end that is missing",
            )
            return
        if not heads and any(row):
            heads = row
        yield [_cell(value, name, line, place, heads) for place, value in enumerate(row)]


def _delimiter(text: str, form: TableForm) -> str:
    """The delimiter under which most of the first row's cells are heads that the table knows."""
    line = next((line for line in text.splitlines() if line.strip(_DELIMITERS + ' "')), "")

    def known(delimiter: str) -> int:
        return sum(form.column(cell.strip(' "')) is not None for cell in line.split(delimiter))

    return max(_DELIMITERS, key=lambda each: (known(each), line.count(each)))


def _cell(value: str, name: str, line: int, place: int, heads: Sequence[str]) -> Scalar | None:
    if not value.strip():
        return None
    head = heads[place] if place < len(heads) else ""
    at = Location(name, line, place + 1, head, form="{source}, row {row}, column {column}")
    return Scalar(value, "text", value, at)
