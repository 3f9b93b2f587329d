# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run Ansible as a user does, and read what it says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
RECAP = re.compile(r"^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    """A finished command: exit status and everything that it printed."""

    status: int
    output: str

    @cached_property
    def changed(self) -> dict[str, int]:
        """Changed tasks by host, from the recap."""
        return {host: int(changed) for host, _, changed, _, _ in RECAP.findall(self.output)}

    @cached_property
    def explained(self) -> str:
        """Everything that it printed, and at its end once more the tasks that failed: a long log may be shown cut."""
        tasks = re.split(r"^(?=(?:TASK|RUNNING HANDLER|PLAY RECAP|PLAY) \W)", self.output, flags=re.MULTILINE)
        failed = [each.strip() for each in tasks if re.search(r"^(?:fatal|failed|\[ERROR\]):", each, re.MULTILINE)]
        return "\n\n".join([self.output, "What failed:", *failed])

    @cached_property
    def changes(self) -> list[str]:
        """Task and host of each change: what a failed assertion shows."""
        lines = re.findall(r"^(?:(?:TASK|RUNNING HANDLER) \[.*?\]|changed: \[.*)", self.output, re.MULTILINE)
        found, task = [], ""
        for line in lines:
            if line.startswith("changed: "):
                found.append(f"{task} {line}")
            else:
                task = line
        return found

    @cached_property
    def failed(self) -> dict[str, int]:
        """Failed tasks by host, from the recap."""
        return {host: int(failed) for host, _, _, _, failed in RECAP.findall(self.output)}


def playbook(
    path: str | Path, *words: str, inventory: str | Path, environment: Mapping[str, str], **variables: Any
) -> Run:
    """Run ``ansible-playbook`` from the checkout; ``variables`` are given with -e as JSON."""
    command = [str(BIN / "ansible-playbook"), "-i", str(inventory), str(path), "-e", json.dumps(variables), *words]
    return execute(command, environment)


def execute(command: list[str], environment: Mapping[str, str] | None = None, cwd: Path = ROOT) -> Run:
    """Run a command to its end, both of its streams together."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "ANSIBLE_FORCE_COLOR": "0", **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Run(done.returncode, done.stdout)
