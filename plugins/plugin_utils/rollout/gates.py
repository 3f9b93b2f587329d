# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gates of a running rollout decide, for the command that started it.

``ansible-playbook`` has no exit status of its own for a pause, so the verdicts travel beside it: in a file that
``EESZT_CONNECT_GATES`` names, a line of JSON for each ring.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

VARIABLE = "EESZT_CONNECT_GATES"


@dataclass(frozen=True)
class Gate:
    """A ring's verdict. ``state`` is a word of ``readiness.ring``; ``waiting`` are hosts that are not done."""

    ring: int
    state: str
    run_id: str
    ledger: str
    waiting: tuple[str, ...]


def note(gate: Gate, environment: Mapping[str, str] | None = None) -> None:
    """Add a verdict, where somebody asked for it. Raises OSError."""
    if path := (os.environ if environment is None else environment).get(VARIABLE):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(gate)) + "\n")


def noted(path: Path) -> tuple[Gate, ...]:
    """The verdicts so far, in the order of the rings; none when no gate was reached. Raises OSError."""
    lines = path.read_text("utf-8").splitlines() if path.exists() else ()
    records = [json.loads(line) for line in lines]
    return tuple(Gate(**{**record, "waiting": tuple(record["waiting"])}) for record in records)
