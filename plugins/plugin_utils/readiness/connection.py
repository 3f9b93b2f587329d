# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell from what the connection plugin said why a host was not reached."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from ..contract.documents import FOLDER, read_yaml
from ..judge import ConnectionFailure

UNKNOWN_TRANSPORT = ("connection.transport", "unreachable")
UNKNOWN_PROBE = ("connection.probe", "probe_failed")

Speaker = Literal["connection", "module"]
"""Whose words they are: of the connection on the way, or of a module that ran on the host."""


@dataclass(frozen=True)
class _Row:
    pattern: re.Pattern[str]
    check_id: str
    cause: str
    also: tuple[str, ...]
    look: bool


@dataclass(frozen=True)
class Classified:
    """A failure, and whether a look at the listener can tell more than the words did."""

    failure: ConnectionFailure
    look: bool


@cache
def _table() -> dict[str, tuple[_Row, ...]]:
    document = read_yaml(FOLDER / "connection_failures.yml")
    return {part: tuple(_row(row) for row in document[part]) for part in ("windows", "failures")}


def _row(row: dict[str, object]) -> _Row:
    also = (str(row["also"]),) if "also" in row else ()
    pattern = re.compile(str(row["pattern"]), re.IGNORECASE)
    return _Row(pattern, str(row["check"]), str(row["cause"]), also, bool(row.get("look")))


def classify(text: str, connected: bool) -> ConnectionFailure:
    """Name the failed check and its cause for the words of ssh or of a module that failed.

    ``connected`` says that the host had been reached, so that words nobody knows are the probe's fault.
    """
    return _first(_table()["failures"], text, connected).failure


def classify_windows(text: str, connected: bool, speaker: Speaker) -> Classified:
    """The same for winrm and psrp.

    A module on Windows had its connection, so of its words only those about the script count: an exception that it
    shows may well speak of another server's certificate.
    """
    rows = (*_table()["windows"], *_table()["failures"])
    if speaker == "module":
        rows = tuple(row for row in rows if row.check_id == "connection.probe")
    return _first(rows, text, connected)


def _first(rows: tuple[_Row, ...], text: str, connected: bool) -> Classified:
    for row in rows:
        if row.pattern.search(text):
            failure = ConnectionFailure(check_id=row.check_id, cause=row.cause, also=row.also, text=text)
            return Classified(failure, row.look)
    check_id, cause = UNKNOWN_PROBE if connected else UNKNOWN_TRANSPORT
    # Words that nobody knows before a connection may be a library's stumble over an answer that was no WinRM.
    return Classified(ConnectionFailure(check_id=check_id, cause=cause, text=text), look=not connected)
