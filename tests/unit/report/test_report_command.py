# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""bin/eeszt-connect, run as a user runs it: from a checkout and from an installed collection."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.eeszt.connect.plugins.plugin_utils.ledger import open_ledger
from tests.unit.ledger.results import RUN, failing, result

CHECKOUT = Path(__file__).resolve().parents[3]
Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def ledger(tmp_path: Path) -> str:
    ledger = open_ledger(tmp_path / "ledger")
    ledger.append(result("ws-1"))
    ledger.append(result("ws-2", checks=[failing("card.present", "no_card")]))
    ledger.append(result("ws-1", f"{RUN}-check", dry_run=True))
    return str(tmp_path / "ledger")


@pytest.fixture(params=["checkout", "installed"])
def command(request: pytest.FixtureRequest, tmp_path: Path) -> Command:
    """The command in both places; elsewhere it is a copy without the checkout around it."""
    script = CHECKOUT / "bin" / "eeszt-connect"
    if request.param == "installed":
        home = tmp_path / "collections" / "ansible_collections" / "eeszt" / "connect"
        for part in ("bin", "plugins"):
            shutil.copytree(CHECKOUT / part, home / part, ignore=shutil.ignore_patterns("__pycache__"))
        script = home / "bin" / "eeszt-connect"

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": "", "COLUMNS": "100", "PYTHONUTF8": "1"}
        return subprocess.run(
            [sys.executable, str(script), *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env=environment,
        )

    return run


def test_the_report_is_written_and_summed_up(command: Command, ledger: str, tmp_path: Path) -> None:
    done = command("report", "--ledger", ledger, "--dest", "out", "--language", "hu")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("EESZT flottajelentés: 2 gépből 1 kész")
    assert "Jelentés: out/fleet-report.html\nJelentés: out/fleet-report.json\n" in done.stdout
    assert json.loads((tmp_path / "out" / "fleet-report.json").read_text("utf-8"))["totals"]["hosts"] == 2


def test_help_lists_what_there_is(command: Command) -> None:
    done = command("--help")
    assert done.returncode == 0
    assert all(f"\n    {name} " in done.stdout for name in ("report", "ledger", "plan"))


def test_the_runs_are_listed_with_what_was_ready(command: Command, ledger: str) -> None:
    done = command("ledger", "runs", "--ledger", ledger)
    assert sorted(done.stdout.splitlines()) == [f"{RUN}  1/2 ready", f"{RUN}-check  1/1 ready  check mode"]


def test_a_hosts_newest_result_is_shown(command: Command, ledger: str) -> None:
    done = command("ledger", "show", "ws-2", "--ledger", ledger)
    assert json.loads(done.stdout)["first_failing"]["id"] == "card.present"


def test_a_damaged_file_is_a_warning(command: Command, ledger: str) -> None:
    (Path(ledger) / RUN / "ws-3.json").write_text("broken")
    done = command("report", "--ledger", ledger)
    assert done.returncode == 0
    assert done.stderr.startswith(f"warning: {ledger}/{RUN}/ws-3.json: is no JSON")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["report"], "the following arguments are required: --ledger"),
        (["dance"], "invalid choice: 'dance'"),
        (["report", "--ledger", "nowhere"], "there is no ledger at nowhere"),
        (["report", "--ledger", "sqlite:x"], "a ledger in a database is not supported yet"),
        (["report", "--ledger", "{ledger}", "--run-id", "none"], "the ledger has no run none"),
        (["report", "--ledger", "{ledger}", "--dest", "{ledger}/../file/x"], "Not a directory"),
        (["ledger", "show", "ws-9", "--ledger", "{ledger}"], "the ledger has no result of host ws-9"),
        (["plan", "check", "nowhere.yml"], "nowhere.yml: No such file or directory"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(
    command: Command, ledger: str, tmp_path: Path, arguments: list[str], reason: str
) -> None:
    (tmp_path / "file").write_text("")
    done = command(*(each.format(ledger=ledger) for each in arguments))
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_plan_is_checked(command: Command) -> None:
    done = command("plan", "check", str(CHECKOUT / "inventory" / "example" / "clinics.site_plan.yml"))
    assert done.returncode == 0, done.stderr
    assert "no error" in done.stdout


def test_all_errors_of_a_plan_are_told(command: Command, tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text("institutions: 3\nsites: 4\n")
    done = command("plan", "check", "bad.yml")
    assert done.returncode == 2
    assert "bad.yml:1" in done.stderr
    assert "bad.yml:2" in done.stderr
