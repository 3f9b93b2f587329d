# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a rollout as one command ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.eeszt.connect.plugins.plugin_utils.commands.arguments import parser
from ansible_collections.eeszt.connect.plugins.plugin_utils.commands.rollout import playbook_words
from ansible_collections.eeszt.connect.plugins.plugin_utils.rollout import command
from ansible_collections.eeszt.connect.plugins.plugin_utils.rollout.gates import VARIABLE, Gate, note, noted

OPEN = Gate(1, "open", "run", "/ledger", ())
WITH_ONE_OFF = Gate(1, "open", "run", "/ledger", ("ws-1",))
PAUSED = Gate(2, "paused", "run", "/ledger", ("ws-2", "ws-3"))
SPENT = Gate(2, "spent", "run", "/ledger", ("ws-2",))


@pytest.fixture
def playbook(tmp_path, monkeypatch):
    """An ansible-playbook that keeps its words, writes these gates and ends with this status."""

    def make(status: int, *gates: Gate) -> Path:
        program = tmp_path / "ansible-playbook"
        lines = "".join(json.dumps(gate.__dict__) + "\n" for gate in gates)
        (tmp_path / "lines").write_text(lines, "utf-8")
        program.write_text(
            f'#!/bin/sh\nprintf "%s\\n" "$@" >{tmp_path}/words\ncat {tmp_path}/lines >>"${VARIABLE}"\nexit {status}\n'
        )
        program.chmod(0o755)
        monkeypatch.setattr(command, "_program", lambda name: str(tmp_path / name))
        return tmp_path / "words"

    return make


def test_the_words_of_the_user_reach_ansible(playbook):
    words = playbook(0, OPEN)
    assert command.roll_out(["-i", "my plan", "-v"]) == (0, "")
    given = words.read_text().splitlines()
    assert given[0].endswith("/playbooks/site.yml")
    assert given[1:] == ["-i", "my plan", "-v"]


def test_an_outage_has_a_status_of_its_own(playbook):
    playbook(2, WITH_ONE_OFF, PAUSED)
    status, said = command.roll_out([])
    assert status == 75
    assert said.startswith("the centre is down; 3 hosts wait")
    assert said.endswith("--resume --run-id run")


@pytest.mark.parametrize(("status", "gates"), [(2, [OPEN, SPENT]), (4, []), (1, [OPEN]), (0, [OPEN])])
def test_every_other_status_is_ansibles_own(playbook, status, gates):
    playbook(status, *gates)
    assert command.roll_out([])[0] == status


def test_check_mode_may_pass_a_gate_that_would_pause(playbook):
    playbook(0, PAUSED)
    assert command.roll_out(["--check"])[0] == 0


def test_a_signal_is_a_status_as_shells_give_it(playbook, tmp_path):
    playbook(0)
    (tmp_path / "ansible-playbook").write_text("#!/bin/sh\nkill -9 $$\n")
    assert command.roll_out([]) == (137, "")


def test_who_waits_is_said_at_the_end():
    assert command.closing([]) == ""
    assert command.closing([OPEN]) == ""
    assert command.closing([WITH_ONE_OFF, SPENT]).startswith(
        "2 hosts wait in the queue (eeszt-connect queue --ledger /ledger"
    )
    assert command.closing([WITH_ONE_OFF]).startswith("1 host waits")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("-i plan", "--inventory plan"),
        ("-i a -i b --check -l site_buda", "--inventory a --inventory b --limit site_buda --check"),
        ("-i a --resume", "--inventory a --extra-vars eeszt_resume=true"),
        (
            "-i a --resume --run-id one -- --vault-id @prompt",
            "--inventory a --extra-vars eeszt_resume=true --extra-vars eeszt_run_id=one --vault-id @prompt",
        ),
    ],
)
def test_the_command_line_becomes_ansibles(given, words):
    assert " ".join(playbook_words(parser().parse_args(["rollout", *given.split()]))) == words


def test_an_inventory_that_cannot_be_read_is_told_in_ansibles_words(tmp_path):
    place = tmp_path / "broken.site_plan.yml"
    place.write_text("plugin: eeszt.connect.site_plan\nhosts: 1\n")
    with pytest.raises(command.InventoryError, match="hosts"):
        command.planned_rings([str(place)])


def test_the_rings_of_a_plan_are_read_by_ansible_itself():
    rings = command.planned_rings([str(command.COLLECTION / "inventory" / "example")])
    assert rings
    assert set(rings.values()) <= set(range(1, 10))


def test_gates_travel_only_where_somebody_asked(tmp_path):
    file = tmp_path / "gates"
    note(OPEN, {})
    assert noted(file) == ()
    note(OPEN, {VARIABLE: str(file)})
    note(PAUSED, {VARIABLE: str(file)})
    assert noted(file) == (OPEN, PAUSED)
