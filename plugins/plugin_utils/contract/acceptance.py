# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The acceptance list, and what real Windows machines have proven of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from .documents import FOLDER, ContractError, read_yaml, validate

ACCEPTANCE_VERSION = 1
"""Of the list; a line whose meaning changes gets a new id."""

KEPT = ".acceptance"
"""Folder of a ledger with the results; the dot tells it from a run."""


@dataclass(frozen=True)
class AcceptanceTest:
    """A line of acceptance.yml. ``answer`` is what a listener sends to SChannel, empty where a person is asked."""

    id: str
    what: str
    command: str
    expected: str
    answer: bytes
    codes: tuple[str, ...]
    proves: frozenset[str]


@cache
def load_acceptance() -> tuple[AcceptanceTest, ...]:
    """Read acceptance.yml."""
    return tuple(
        AcceptanceTest(
            id=row["id"],
            what=row["what"],
            command=row["command"],
            expected=row["expected"],
            answer=bytes.fromhex(row.get("answer", "")),
            codes=tuple(row.get("codes", ())),
            proves=frozenset(row["proves"]),
        )
        for row in read_yaml(FOLDER / "acceptance.yml")["tests"]
    )


def proven_by(results: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """What results of machines (acceptance_result.schema.json) prove; a line that one contradicts proves nothing.

    A double proves nothing, whatever it says.
    """
    passed: set[str] = set()
    failed: set[str] = set()
    for result in results:
        for each in [] if result["double"] else result["tests"]:
            if each["passed"] is not None:
                (passed if each["passed"] else failed).add(each["id"])
    return frozenset().union(*(test.proves for test in load_acceptance() if test.id in passed - failed))


def load_proven(ledger: str | Path) -> frozenset[str]:
    """Ids of what the results kept with a ledger prove; none without any. ContractError for a file that is damaged."""
    results = []
    for path in sorted((Path(ledger).expanduser() / KEPT).glob("*.json")):
        try:
            document = json.loads(path.read_bytes())
        except (OSError, ValueError) as fault:
            raise ContractError(f"{path}: cannot be read: {fault}") from fault
        validate("acceptance_result", document, str(path))
        results.append(document)
    return proven_by(results)
