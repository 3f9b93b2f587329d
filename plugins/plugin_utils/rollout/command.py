# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the rollout's playbook, and end with a status that says how it ended."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ..readiness.ring import PAUSED
from .gates import VARIABLE, Gate, noted
from .queue import rings

OUTAGE = 75
"""Exit status of a pause: what sysexits.h calls a temporary failure, to be tried again later."""

COLLECTION = Path(__file__).resolve().parents[3]


class InventoryError(ValueError):
    """Why an inventory cannot be read, in Ansible's words."""


def roll_out(words: Sequence[str]) -> tuple[int, str]:
    """Run site.yml with these words of ``ansible-playbook``; give the exit status and a closing sentence, or "".

    The status is ``ansible-playbook``'s, but for an outage of the centre, which is OUTAGE. Raises OSError.
    """
    argv = [_program("ansible-playbook"), str(COLLECTION / "playbooks" / "site.yml"), *words]
    with tempfile.TemporaryDirectory(prefix="eeszt-connect-") as folder:
        gates = Path(folder) / "gates"
        status = _wait(subprocess.Popen(argv, env={**_environment(), VARIABLE: str(gates)}))
        verdicts = noted(gates)
    paused = status != 0 and bool(verdicts) and verdicts[-1].state == PAUSED
    return (OUTAGE if paused else status), closing(verdicts)


def planned_rings(inventories: Sequence[str]) -> dict[str, int]:
    """Ring of each host of these inventories. Raises InventoryError and OSError."""
    words = [word for place in inventories for word in ("--inventory", place)]
    argv = [_program("ansible-inventory"), "--list", *words]
    done = subprocess.run(argv, env=_environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise InventoryError(done.stderr.strip())
    return rings(json.loads(done.stdout))


def closing(gates: Sequence[Gate]) -> str:
    """What is left to do, and by which command; empty when nothing is."""
    waiting = {host for gate in gates for host in gate.waiting}
    if not waiting:
        return ""
    last = gates[-1]
    noun = "host waits" if len(waiting) == 1 else "hosts wait"
    why = "the centre is down; " if last.state == PAUSED else ""
    return (
        f"{why}{len(waiting)} {noun} in the queue (eeszt-connect queue --ledger {last.ledger} --run-id {last.run_id}); "
        f"go on with the same command and --resume --run-id {last.run_id}"
    )


def _program(name: str) -> str:
    """That of the Python that runs this, else the one on the path."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.is_file() else name


def _environment() -> dict[str, str]:
    """A checkout brings its settings along to wherever the command is called from."""
    own = COLLECTION / "ansible.cfg"
    chosen = "ANSIBLE_CONFIG" in os.environ or Path("ansible.cfg").exists()
    return {**os.environ, **({"ANSIBLE_CONFIG": str(own)} if own.is_file() and not chosen else {})}


def _wait(child: subprocess.Popen[bytes]) -> int:
    """Until it has ended; Ctrl-C reaches the child too, which ends in its own order."""
    while True:
        with contextlib.suppress(KeyboardInterrupt):
            status = child.wait()
            return status if status >= 0 else 128 - status
