"""A small good plan as tables, and its forms as files: a workbook and CSV files."""

from __future__ import annotations

import io
from copy import deepcopy
from pathlib import Path
from typing import Any

import openpyxl

from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.findings import PlanError
from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.load import Loaded, Source, load_inventory

Tables = dict[str, list[list[Any]]]

# The plan of plan_texts.GOOD; heads in both languages, in an order of their own.
GOOD: Tables = {
    "intézmények": [
        ["Név", "Hatósági azonosító", "Nyilvántartó", None],
        ["Mintarendelő Kft.", "99901A", "oth", None],
        ["Minta Patika Bt.", "99002", "ogyei", None],
    ],
    "sites": [["id", "ring"], ["buda", "canary"]],
    "hosts": [
        ["name", "IP-cím", "Telephely", "system", "Serves"],
        ["ws-1", "192.0.2.11", "buda", "linux", "E99901A; P099002"],
        ["ws-2", "192.0.2.12", "buda", "windows", "E99901A"],
    ],
    "users": [
        ["name", "profession", "pecsétszám", "institutions"],
        ["Dr. Minta Mária", "doctor", "50123", "E99901A"],
    ],
}


def good(**cells: Any) -> Tables:
    """The good plan with some cells changed: ``hosts_B3="x"``."""
    tables = deepcopy(GOOD)
    for name, value in cells.items():
        title, cell = name.split("_")
        row, column = openpyxl.utils.cell.coordinate_to_tuple(cell)
        tables[{"institutions": "intézmények"}.get(title, title)][row - 1][column - 1] = value
    return tables


def workbook(tables: Tables) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in tables.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    return book


def saved(book: openpyxl.Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def csv_files(tables: Tables, encoding: str = "utf-8", delimiter: str = ",") -> tuple[tuple[str, bytes], ...]:
    def line(row: list[Any]) -> str:
        quoted = (f'"{cell}"' if cell and (delimiter in str(cell) or ";" in str(cell)) else cell for cell in row)
        return delimiter.join("" if cell is None else str(cell) for cell in quoted)

    return tuple((f"plan/{title}.csv", "\r\n".join(map(line, rows)).encode(encoding)) for title, rows in tables.items())


def load_workbook(content: bytes) -> Loaded:
    return load_inventory([Source("plan.xlsx", files=(("plan.xlsx", content),))], None, ())


def load_files(*files: tuple[str, bytes]) -> Loaded:
    return load_inventory([Source("plan", files=files)], None, ())


def load_tables(tables: Tables) -> Loaded:
    return load_workbook(saved(workbook(tables)))


def errors(content: bytes) -> list[str]:
    """The errors of a workbook."""
    try:
        load_workbook(content)
    except PlanError as refused:
        return [str(finding) for finding in refused.findings]
    return []


def only_error(content: bytes) -> str:
    found = errors(content)
    assert len(found) == 1, found
    return found[0]


def written(folder: Path, files: tuple[tuple[str, bytes], ...]) -> Path:
    """Put files into a folder and give it."""
    for name, content in files:
        (folder / Path(name).name).write_bytes(content)
    return folder
