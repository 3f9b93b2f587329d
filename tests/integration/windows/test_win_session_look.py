# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A look from the session of whoever is logged on, by the double's stand-in for the task scheduler."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from lab import Fleet
from tests.integration.ansible_run import ROOT, Run, playbook
from tests.integration.fleets import listed, standing
from tests.integration.windows_hosts import needs_windows

pytestmark = [pytest.mark.lab, needs_windows]

NAME = "win-session"
HOST = "win-t-1"
DOCTOR = "PRACTICE\\doctor"
STATE = "/opt/wine/drive_c/eeszt-double/state"
Look = Callable[..., Run]


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with standing(NAME, "windows") as made:
        yield made


@pytest.fixture
def look(fleet: Fleet, tmp_path: Path) -> Look:
    """Says who is logged on, and looks."""
    inventory = listed(fleet, tmp_path)

    def run(logged_on: list[str], *words: str, **variables: Any) -> Run:
        put = ["sh", "-c", f"mkdir -p {STATE}; cat >{STATE}/sessions.json"]
        assert fleet.execute(HOST, put, stdin=json.dumps(logged_on)).returncode == 0
        return playbook(
            ROOT / "playbooks" / "session_look.yml",
            f"--limit={HOST}",
            *words,
            inventory=inventory,
            environment={"ANSIBLE_INVENTORY_ENABLED": "yaml"},
            eeszt_site={"id": "duna", "name": "Dunai rendelő"},
            eeszt_system="windows",
            eeszt_login_methods=["eid_card"],
            eeszt_policy="test",
            eeszt_ledger=str(tmp_path / "ledger"),
            eeszt_report=str(tmp_path),
            **variables,
        )

    return run


def results(folder: Path) -> list[Mapping[str, Any]]:
    """Those of the runs; the folder of the packages begins with a dot."""
    return [json.loads(path.read_text("utf-8")) for path in (folder / "ledger").glob("[!.]*/*.json")]


def left_on(fleet: Fleet) -> str:
    return fleet.execute(HOST, ["sh", "-c", "ls -d /opt/wine/drive_c/ProgramData/eeszt.connect-look-*"]).stdout


def test_the_look_is_judged_and_recorded_and_leaves_nothing(fleet: Fleet, look: Look, tmp_path: Path) -> None:
    done = look([DOCTOR])
    assert done.status == 0, done.explained
    (result,) = results(tmp_path)
    assert (result["host"], result["carried"]["host_chosen_by"]) == (HOST, "person")
    checks = {check["id"]: check["status"] for check in result["checks"]}
    assert (checks["reader.visible"], checks["card.present"]) == ("ok", "ok")
    assert left_on(fleet) == ""
    # The ledger took a result; on the host nothing is other than before.
    assert [each for each in done.changes if "Judge what was carried back" not in each] == []


def test_where_nobody_is_logged_on_nothing_is_done(look: Look, tmp_path: Path) -> None:
    done = look([])
    assert done.status == 0, done.explained
    assert "Nobody is logged on" in done.output
    assert results(tmp_path) == []


def test_where_several_are_logged_on_somebody_has_to_say_whose_session(look: Look, tmp_path: Path) -> None:
    both = [DOCTOR, "PRACTICE\\assistant"]
    done = look(both)
    assert done.status != 0
    assert "several are logged on" in done.output
    assert results(tmp_path) == []
    done = look(both, eeszt_session_account=DOCTOR)
    assert done.status == 0, done.explained
    assert len(results(tmp_path)) == 1


def test_a_look_that_does_not_end_is_ended_and_named(fleet: Fleet, look: Look) -> None:
    done = look([DOCTOR], eeszt_session_seconds=0)
    assert done.status != 0
    assert "did not end within 0 s, or never began" in done.output
    assert left_on(fleet) == ""


def test_check_mode_looks_at_nothing(look: Look, tmp_path: Path) -> None:
    done = look([DOCTOR], "--check")
    assert done.status == 0, done.explained
    assert results(tmp_path) == []
