# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo's plan as an IT vendor keeps it: in a workbook."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openpyxl
import yaml

DEMO = Path(__file__).resolve().parents[3] / "inventory" / "demo"

HEADS = {"password_received": "SMS received"}


def inventory(folder: Path) -> Path:
    """Make an inventory like the demo's, whose plan is a workbook; its path."""
    place = folder / "inventory"
    (place / "group_vars").mkdir(parents=True)
    shutil.copy(DEMO / "group_vars" / "all.yml", place / "group_vars")
    (place / "demo.site_plan.yml").write_text("plugin: eeszt.connect.site_plan\nplan: demo.xlsx\n", "utf-8")
    plan = yaml.safe_load((DEMO / "demo.site_plan.yml").read_text("utf-8"))
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title in ("institutions", "sites", "hosts", "users"):
        rows = [dict(_cells(record)) for record in plan[title]]
        heads = list(dict.fromkeys(head for row in rows for head in row))
        sheet = book.create_sheet(title)
        sheet.append([HEADS.get(head, head.replace("_", " ")) for head in heads])
        for row in rows:
            sheet.append([row.get(head) for head in heads])
    book.save(place / "demo.xlsx")
    return place


def _cells(record: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Heads and cells of a record; heads of nested ones are the field's name, but for the administrator's."""
    cells: list[tuple[str, Any]] = []
    for name, value in record.items():
        if isinstance(value, Mapping):
            prefix = f"{name}_" if name == "administrator" else ""
            cells += [(f"{prefix}{inner}", cell) for inner, cell in value.items()]
        elif name == "certificate_targets":
            cells.append((name, "\n".join(map(_target, value))))
        else:
            cells.append((name, "; ".join(value) if isinstance(value, list) else value))
    return cells


def _target(target: Mapping[str, str]) -> str:
    return f"{target['type']}:{'|'.join(value for name, value in target.items() if name != 'type')}"
