# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollout whose WinRM breaks in the middle: one host's line for a moment, the other's service for good.

The first is completed at its ring's end. The second is unreachable in the ledger, and the next run completes it.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from lab import Fleet, forward
from tests.integration.ansible_run import BIN, ROOT, Run
from tests.integration.fleets import standing
from tests.integration.windows_hosts import needs_windows

pytestmark = [pytest.mark.lab, needs_windows]

NAME = "win-interrupted"
BROKEN, KILLED = "win-t-1", "win-t-2"
BEFORE_THE_ROLES = "TASK [Begin with nothing changed and nothing failed]"
IN_A_ROLE = "TASK [eeszt.connect.outbound_firewall : Open the ports"
Result = Mapping[str, Any]


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with standing(NAME, "windows") as made:
        yield made


@pytest.fixture(scope="module")
def folder(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("interrupted")
    pki = fleet.paths.pki
    hosts = [
        {
            "name": name,
            "address": forward.address(NAME, fleet.spec.host(name).number),
            "site": "lab",
            "system": "windows",
            "purpose": "server",
            "serves": ["E99901A"],
            "vars": {"ansible_become": False},
        }
        for name in (BROKEN, KILLED)
    ]
    connection = {"type": "winrm", "authentication": "basic", "user": "eeszt", "certificate": str(pki / "ca.pem")}
    plan = {
        "plugin": "eeszt.connect.site_plan",
        "institutions": [{"name": "Minta", "authority": "oth", "authority_id": "99901A"}],
        "sites": [{"id": "lab", "ring": "canary", "connection": connection}],
        "hosts": hosts,
    }
    # JSON is YAML.
    (made / "two.site_plan.yml").write_text(json.dumps(plan), "utf-8")
    variables = {
        "ansible_password": f"{{{{ lookup('ansible.builtin.file', '{pki}/winrm.password') }}}}",
        "eeszt_endpoints": [{"name": "centre", "host": "centre.demo.test", "port": 443, "protocol": "http"}],
        "eeszt_policy": "test",
        "eeszt_ledger": str(made / "ledger"),
        "eeszt_report": str(made),
        "eeszt_failure_budget": 9,
        "eeszt_unreachable_budget": "100%",
    }
    (made / "variables.json").write_text(json.dumps(variables), "utf-8")
    return made


def roll_out(folder: Path, run_id: str, meanwhile: Mapping[str, Callable[[], None]]) -> Run:
    """Run the first ring; when a line begins as one of ``meanwhile`` does, call what stands there, once."""
    command = [BIN / "ansible-playbook", "-i", folder / "two.site_plan.yml", ROOT / "playbooks/ring.yml"]
    words = ["-e", f"@{folder / 'variables.json'}", "-e", f"eeszt_run_id={run_id}"]
    waiting, lines = dict(meanwhile), []
    with subprocess.Popen(
        [*map(str, command), *words],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_FORCE_COLOR": "0", "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as run:
        assert run.stdout
        for line in run.stdout:
            lines.append(line)
            for begin in [begin for begin in waiting if line.startswith(begin)]:
                waiting.pop(begin)()
    assert not waiting, "".join(lines)
    return Run(run.returncode, "".join(lines))


def results(folder: Path, run_id: str) -> dict[str, Result]:
    documents = [json.loads(path.read_text("utf-8")) for path in (folder / "ledger" / run_id).glob("*.json")]
    return {document["host"]: document for document in documents}


def failed(result: Result, layer: str) -> list[tuple[str, list[str]]]:
    return [(c["id"], c["causes"]) for c in result["checks"] if c["layer"] == layer and c["status"] == "fail"]


@pytest.fixture(scope="module")
def first(fleet: Fleet, folder: Path) -> Run:
    def break_once() -> None:
        fleet.winrm_fault(BROKEN, {"kind": "drop", "when": "request", "action": "Receive", "times": 1})

    return roll_out(folder, "first", {BEFORE_THE_ROLES: break_once, IN_A_ROLE: lambda: fleet.winrm_kill(KILLED)})


@pytest.fixture(scope="module")
def second(fleet: Fleet, folder: Path, first: Run) -> Run:
    assert first
    fleet.winrm_start(KILLED)
    return roll_out(folder, "second", {})


def test_a_line_that_broke_once_is_completed_in_the_same_run(first: Run, folder: Path) -> None:
    result = results(folder, "first")[BROKEN]
    assert failed(result, "connection") == []
    assert failed(result, "firewall") == []
    assert first.output.count(IN_A_ROLE) == 2, first.output


def test_a_host_whose_winrm_was_killed_is_unreachable_in_the_ledger(first: Run, folder: Path) -> None:
    result = results(folder, "first")[KILLED]
    assert failed(result, "connection") == [("connection.transport", ["listener_absent"])], first.output
    assert result["observation"] is None
    assert not result["ready"]


def test_the_next_run_completes_it_and_leaves_the_other_alone(second: Run, folder: Path) -> None:
    after = results(folder, "second")
    for name in (BROKEN, KILLED):
        assert after[name]["observation"], second.output
        assert failed(after[name], "connection") == failed(after[name], "firewall") == []
    assert second.changed[BROKEN] == 0
