# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that is down, refuses the key or hangs has its result too, and holds up nobody else."""

from __future__ import annotations

import pytest

from tests.integration.road.conftest import STATIONS

KEYS = "/root/.ssh/authorized_keys"


@pytest.fixture(scope="module")
def audited(story, road):
    fleet = road.fleet
    fleet.host_action("stop", "ws-pest-1")
    fleet.host_action("freeze", "ws-buda-2")
    fleet.execute("ws-tisza-1", ["mv", KEYS, f"{KEYS}.off"])
    # No connection that was kept open: a key is asked for anew.
    run = road.play("audit.yml", eeszt_run_id="unreached", ansible_ssh_args="-o ControlMaster=no -o ControlPath=none")
    fleet.execute("ws-tisza-1", ["mv", f"{KEYS}.off", KEYS])
    fleet.host_action("thaw", "ws-buda-2")
    fleet.up()
    return run


def test_the_command_ends_well(audited):
    assert audited.status == 0, audited.explained


@pytest.mark.parametrize(
    ("host", "check", "cause"),
    [
        ("ws-pest-1", "connection.transport", "unreachable"),
        ("ws-buda-2", "connection.transport", "timeout"),
        ("ws-tisza-1", "connection.login", "auth_failed"),
    ],
)
def test_its_result_says_why(audited, road, host, check, cause):
    result = road.results("unreached")[host]
    assert (result["first_failing"]["id"], result["first_failing"]["causes"]) == (check, [cause])
    assert result["observation"] is None
    assert not result["ready"]


def test_every_other_host_has_been_looked_at(audited, road):
    results = road.results("unreached")
    assert set(results) == set(STATIONS)
    assert results["ws-buda-1"]["ready"]
