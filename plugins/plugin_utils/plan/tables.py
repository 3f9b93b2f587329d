# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From tables, of a workbook or of CSV files, to the tree that the plan is built from.

Several values in one cell stand on lines of their own, or between semicolons or commas (``E99901A; P099902``).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from .cell_targets import read_targets_cell
from .columns import Column, TableForm
from .fields import looks_secret, refuse_secret
from .findings import Findings, Location
from .nodes import Node, Record, Scalar, Series
from .services import read_services_cell

MOST_ROWS = 200_000
_HOST_VARIABLE = re.compile(r"vars\.([A-Za-z_][A-Za-z0-9_]*)")
_HUNGARIAN_DAY = re.compile(r"([0-9]{4})[.\-/] ?([0-9]{1,2})[.\-/] ?([0-9]{1,2})\.?")


@dataclass(frozen=True, slots=True)
class Table:
    """One table as a format gives it: ``rows`` of cells, the first the heads; None for an empty cell."""

    form: TableForm
    rows: Iterable[Sequence[Scalar | None]]
    at: Location


@dataclass(frozen=True, slots=True)
class _Head:
    """What one column of a table is for; ``field`` is empty where that is not known, which was said at the head."""

    field: str
    column: Column | None
    at: Location


def read_tables(tables: Iterable[Table], at: Location, findings: Findings) -> Record:
    """Return the plan's tree; what cannot be read is noted. ``at`` is the place of the whole."""
    fields: dict[str, Node] = {}
    key_at: dict[str, Location] = {}
    for table in tables:
        part = table.form.part
        if part in fields:
            findings.error(table.at, f"there are two tables of {part}", f"keep one, at {key_at[part]} or here")
            continue
        fields[part], key_at[part] = _read_table(table, findings), table.at
    return Record(fields, key_at, at)


def _read_table(table: Table, findings: Findings) -> Series:
    heads: list[_Head | None] | None = None
    records: list[Record] = []
    for row in table.rows:
        if all(cell is None for cell in row):
            continue
        if heads is None:
            heads = _read_heads(table.form, row, findings)
        elif (record := _read_row(heads, row, findings)).fields:
            records.append(record)
        if len(records) > MOST_ROWS:
            findings.error(record.at, f"the table has more than {MOST_ROWS} rows", "remove what is not the plan's")
            break
    if heads is None:
        findings.error(
            table.at, "the table is empty", f"write a head above each column: {', '.join(table.form.heads())}"
        )
    return Series(tuple(records), table.at)


def _read_heads(form: TableForm, row: Sequence[Scalar | None], findings: Findings) -> list[_Head | None]:
    heads: list[_Head | None] = []
    seen: dict[str, Location] = {}
    for cell in row:
        head = None if cell is None else _read_head(form, cell, findings)
        if head and head.field in seen:
            findings.error(
                head.at, f"two columns are for {head.field}", f"keep one; the other is at {seen[head.field]}"
            )
            head = _Head("", None, head.at)
        elif head and head.field:
            seen[head.field] = head.at
        heads.append(head)
    for column in form.columns:
        # A head that was not understood may be the one that would be missed.
        if column.required and column.field not in seen and all(head is None or head.field for head in heads):
            at = next(cell.at for cell in row if cell)
            findings.error(
                at, f"the column {column.heads['en'][0]} is missing", "write its head, and a value in each row"
            )
    return heads


def _read_head(form: TableForm, cell: Scalar, findings: Findings) -> _Head:
    text = cell.text.strip()
    column = form.column(text)
    if column:
        return _Head(column.field, column, cell.at)
    if looks_secret(text):
        refuse_secret(text, cell.at, findings)
        return _Head("", None, cell.at)
    if form.part == "hosts" and _HOST_VARIABLE.fullmatch(text):
        return _Head(text, None, cell.at)
    known = [each for column in form.columns for heads in column.heads.values() for each in heads]
    near = difflib.get_close_matches(text.casefold(), known, 1)
    remedy = f"did you mean {near[0]}?" if near else f"known are {', '.join(form.heads())}"
    findings.error(cell.at, f'"{text}" is not the head of a column here', remedy)
    return _Head("", None, cell.at)


def _read_row(heads: Sequence[_Head | None], row: Sequence[Scalar | None], findings: Findings) -> Record:
    at = next(cell.at for cell in row if cell is not None)
    record = Record({}, {}, at)
    is_stray = False
    for head, cell in zip_longest(heads, row):
        if cell is None:
            continue
        if head is None:
            # The first of a row will do.
            if not is_stray:
                message = f'"{cell.text}" stands in a column without a head'
                findings.error(cell.at, message, "write a head above it, or remove it")
            is_stray = True
        elif head.field and (node := _read_cell(head.column, cell, findings)) is not None:
            _put(record, head.field.split("."), node)
    return record


def _put(record: Record, way: Sequence[str], node: Node) -> None:
    """Put a value at the end of a dotted way, with the records on the way."""
    for name in way[:-1]:
        inner = record.fields.get(name)
        if not isinstance(inner, Record):
            inner = Record({}, {}, node.at)
            record.fields[name], record.key_at[name] = inner, node.at
        record = inner
    record.fields[way[-1]], record.key_at[way[-1]] = node, node.at


def _read_cell(column: Column | None, cell: Scalar, findings: Findings) -> Node | None:
    if column is None:
        return cell
    if column.is_targets:
        return read_targets_cell(cell, findings)
    if column.is_services:
        return read_services_cell(cell, findings)
    if column.is_list and cell.kind == "text":
        parts = (part.strip() for part in re.split(r"[;,\n]", cell.text))
        return Series(tuple(Scalar(part, "text", part, cell.at) for part in parts if part), cell.at)
    if column.is_day and cell.kind == "text" and (day := _HUNGARIAN_DAY.fullmatch(cell.text.strip())):
        text = f"{day[1]}-{int(day[2]):02}-{int(day[3]):02}"
        return Scalar(text, "text", text, cell.at)
    return cell
