"""Workbooks taken to pieces and put together otherwise, as other programs and damage leave them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from plan_tables import GOOD, saved, workbook

Parts = dict[str, bytes]
SHEETS = {title: f"xl/worksheets/sheet{number}.xml" for number, title in enumerate(GOOD, 1)}
HOSTS = SHEETS["hosts"]


def parts_of(content: bytes) -> Parts:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return {name: package.read(name) for name in package.namelist()}


def packed(parts: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        for name, part in parts.items():
            package.writestr(name, part)
    return stream.getvalue()


def good_parts() -> Parts:
    return parts_of(saved(workbook(GOOD)))


def changed(part: str, *changes: tuple[str, str], parts: Parts | None = None) -> bytes:
    """The good workbook with passages of one part replaced; each passage must be there."""
    return packed(changed_parts(part, *changes, parts=parts))


def changed_parts(part: str, *changes: tuple[str, str], parts: Parts | None = None) -> Parts:
    parts = parts or good_parts()
    text = parts[part].decode()
    for old, new in changes:
        assert old in text, f"{part} has no {old!r}: {text[:3000]}"
        text = text.replace(old, new)
    return {**parts, part: text.encode()}


def sheet(rows: str, head: str = "", tail: str = "") -> bytes:
    """The part of a sheet whose rows are written by hand."""
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<worksheet xmlns="{space}">{head}<sheetData>{rows}</sheetData>{tail}</worksheet>'.encode()


def row(number: int, *values: str) -> str:
    """A row of texts."""
    cells = "".join(f'<c r="{chr(64 + place)}{number}" {text(value)}' for place, value in enumerate(values, 1))
    return f'<row r="{number}">{cells}</row>'


def text(value: str) -> str:
    """The rest of a cell that holds a text."""
    return f't="inlineStr"><is><t>{value}</t></is></c>'


def table(first: int = 1) -> tuple[str, str, str]:
    """The good plan's sheet of hosts by hand, from a row on: its heads and its two hosts."""
    heads = row(first, "name", "address", "site", "system", "serves")
    ws_1 = row(first + 1, "ws-1", "192.0.2.11", "buda", "linux", "E99901A; P099002")
    return heads, ws_1, row(first + 2, "ws-2", "192.0.2.12", "buda", "windows", "E99901A")


HEADS, WS_1, WS_2 = table()
ROWS = HEADS + WS_1 + WS_2


def with_hosts(rows: str, head: str = "", tail: str = "") -> bytes:
    """The good workbook with another sheet of hosts."""
    return packed({**good_parts(), HOSTS: sheet(rows, head, tail)})
