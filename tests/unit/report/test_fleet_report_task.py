# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The task fleet_report and its role and playbook, run by Ansible itself on hosts that nobody could reach."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.eeszt.connect.plugins.plugin_utils.ledger import open_ledger
from tests.unit.ledger.results import RUN, failing, result

CHECKOUT = Path(__file__).resolve().parents[3]
HOSTS = "ws-1,ws-2,ws-3,"


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    ledger = open_ledger(tmp_path / "ledger")
    ledger.append(result("ws-1"))
    ledger.append(result("ws-2", checks=[failing("card.present", "no_card")]))
    return tmp_path / "ledger"


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "out"


def run_playbook(playbook: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a playbook with the project's settings on three hosts, quietly."""
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".collections"),
        "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.minimal",
    }
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", HOSTS, str(playbook), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def run_task(tmp_path: Path, *arguments: str, **options: object) -> list[tuple[str, dict[str, Any]]]:
    """(host, result) of each time the task ran in a play of three hosts."""
    results = tmp_path / "results"
    playbook = tmp_path / "playbook.yml"
    task = {"eeszt.connect.fleet_report": options, "register": "said"}
    keep = {
        "ansible.builtin.copy": {"content": "{{ said | to_json }}", "dest": f"{results}/{{{{ inventory_hostname }}}}"},
        "delegate_to": "localhost",
        "connection": "local",
        "check_mode": False,
        "when": "said is defined",
        "vars": {"ansible_python_interpreter": sys.executable},
    }
    playbook.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": [task, keep]}]))
    results.mkdir(exist_ok=True)
    done = run_playbook(playbook, *arguments)
    assert done.returncode == 0, done
    return [(each.name, json.loads(each.read_text())) for each in sorted(results.iterdir())]


def test_it_runs_once_a_play_and_writes_both_files(tmp_path: Path, ledger: Path, dest: Path) -> None:
    ((host, said),) = run_task(tmp_path, ledger=str(ledger), dest=str(dest))
    assert host == "ws-1"
    assert said["changed"]
    assert said["paths"] == [f"{dest}/fleet-report.html", f"{dest}/fleet-report.json"]
    assert (said["totals"]["hosts"], said["totals"]["ready"]) == (2, 1)
    assert said["summary"][0] == "EESZT fleet report: 1 of 2 hosts ready, 0 of 1 sites ready"


def test_a_second_time_it_changes_nothing(tmp_path: Path, ledger: Path, dest: Path) -> None:
    run_task(tmp_path, ledger=str(ledger), dest=str(dest))
    before = [each.stat().st_mtime_ns for each in sorted(dest.iterdir())]
    ((_, said),) = run_task(tmp_path, ledger=str(ledger), dest=str(dest))
    assert (said["changed"], said["written"]) == (False, [])
    assert [each.stat().st_mtime_ns for each in sorted(dest.iterdir())] == before


def test_check_mode_says_what_it_would_write(tmp_path: Path, ledger: Path, dest: Path) -> None:
    ((_, said),) = run_task(tmp_path, "--check", ledger=str(ledger), dest=str(dest), formats=["json"])
    assert said["changed"]
    assert said["msg"] == f"would write {dest}/fleet-report.json"
    assert not dest.exists()


def test_what_the_ledger_cannot_read_is_a_warning(tmp_path: Path, ledger: Path, dest: Path) -> None:
    (ledger / RUN / "bad.json").write_text("broken")
    ((_, said),) = run_task(tmp_path, ledger=str(ledger), dest=str(dest))
    assert "1 file of the ledger could not be read" in str(said["summary"])


@pytest.mark.parametrize("check", [[], ["--check"]])
def test_the_playbook_needs_no_host_and_prints_the_summary(ledger: Path, dest: Path, check: list[str]) -> None:
    done = run_playbook(
        CHECKOUT / "playbooks" / "report.yml",
        *("-e", f"eeszt_ledger={ledger}", "-e", f"eeszt_report={dest}", "-e", "eeszt_language=hu", *check),
    )
    assert done.returncode == 0, done
    assert "EESZT flottajelentés: 2 gépből 1 kész" in done.stdout
    assert "CHANGED" not in done.stdout
    assert dest.exists() == (not check)


def test_the_role_says_which_input_is_missing(dest: Path) -> None:
    done = run_playbook(CHECKOUT / "playbooks" / "report.yml", "-e", f"eeszt_report={dest}")
    assert done.returncode == 2
    assert "missing required arguments: fleet_report_ledger" in done.stdout + done.stderr
