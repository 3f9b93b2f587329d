# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell from what the connection plugin said why a host was not reached."""

from __future__ import annotations

import re
from functools import cache

from ..contract.documents import FOLDER, read_yaml
from ..judge import ConnectionFailure

UNKNOWN_TRANSPORT = ("connection.transport", "unreachable")
UNKNOWN_PROBE = ("connection.probe", "probe_failed")


@cache
def _table() -> tuple[tuple[re.Pattern[str], str, str], ...]:
    rows = read_yaml(FOLDER / "connection_failures.yml")["failures"]
    return tuple((re.compile(row["pattern"], re.IGNORECASE), row["check"], row["cause"]) for row in rows)


def classify(text: str, connected: bool) -> ConnectionFailure:
    """Name the failed check and its cause for the words of a connection plugin or of a module that failed.

    ``connected`` says that the host had been reached, so that words nobody knows are the probe's fault.
    """
    for pattern, check_id, cause in _table():
        if pattern.search(text):
            return ConnectionFailure(check_id=check_id, cause=cause, text=text)
    check_id, cause = UNKNOWN_PROBE if connected else UNKNOWN_TRANSPORT
    return ConnectionFailure(check_id=check_id, cause=cause, text=text)
