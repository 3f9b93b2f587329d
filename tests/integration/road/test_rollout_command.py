# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollout from a workbook by one command: a canary that fails, a machine that is off, a centre that is down."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.hosts import RUNNING
from tests.integration.ansible_run import BIN, ROOT, Run, execute
from tests.integration.road.conftest import NAME, STATIONS, Road
from tests.integration.road.workbook import inventory

OUTAGE = 75
BUDA = {"ws-buda-1", "ws-buda-2"}
# Broken on purpose, so they wait in every run.
TISZA = {"ws-tisza-1", "ws-tisza-2", "ws-tisza-3"}


@dataclass(frozen=True)
class Desk:
    """A vendor's desk: the road's fleet, a plan in a workbook, and the command."""

    road: Road
    plan: Path
    ledger: Path

    def command(self, *words: str) -> Run:
        return execute([sys.executable, str(ROOT / "bin" / "eeszt-connect"), *words], {"EESZT_LAB_FLEET": NAME})

    def rollout(self, *words: str, budget: int = 3) -> tuple[Run, dict[str, int]]:
        """Roll out, and count the modules that ran on each host."""
        on = [host for host in STATIONS if self.road.fleet.machine(host).state() == RUNNING]
        before = {host: self.road.module_runs(host) for host in on}
        variables = {
            "eeszt_ledger": str(self.ledger),
            "eeszt_report": str(self.ledger.parent),
            "eeszt_failure_budget": budget,
            "eeszt_unreachable_budget": 1,
        }
        run = self.command("rollout", "-i", str(self.plan), *words, "--", "-e", json.dumps(variables))
        return run, {host: self.road.module_runs(host) - count for host, count in before.items()}

    def waiting(self) -> dict[str, Mapping[str, Any]]:
        """Who waits, by host."""
        run = self.command("queue", "--ledger", str(self.ledger), "-i", str(self.plan), "--json")
        return {each["host"]: each for each in json.loads(run.output)["waiting"]}


@pytest.fixture(scope="module")
def desk(road: Road, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    yield Desk(road, inventory(folder), folder / "ledger")
    road.fleet.up()


def test_the_workbook_gives_the_inventory_of_the_yaml_plan(desk: Desk) -> None:
    listings = [
        execute([str(BIN / "ansible-inventory"), "-i", str(place), "--list"])
        for place in (desk.plan, ROOT / "inventory" / "demo")
    ]
    assert listings[0].status == 0, listings[0].explained
    assert listings[0].output == listings[1].output


def test_an_outage_a_failing_canary_and_a_machine_that_is_off(desk: Desk) -> None:
    fleet = desk.road.fleet

    fleet.centre(up=False)
    paused, modules = desk.rollout("--run-id", "one")
    assert paused.status == OUTAGE, paused.output
    assert "the centre is down; 2 hosts wait in the queue" in paused.output
    assert {host for host, count in modules.items() if count} == BUDA
    assert {host: one["state"] for host, one in desk.waiting().items()} == {
        **dict.fromkeys(BUDA, "outage"),
        **dict.fromkeys(set(STATIONS) - BUDA, "not_begun"),
    }
    fleet.centre(up=True)

    fleet.block("ws-buda-1", 5443)
    stopped, modules = desk.rollout("--resume", budget=0)
    assert stopped.status == 2, stopped.output
    assert {host for host, count in modules.items() if count} == BUDA
    assert desk.waiting()["ws-buda-1"]["why"] == "endpoints.tcp: path_blocked"
    assert "ws-buda-2" not in desk.waiting()
    fleet.block("ws-buda-1", 5443, on=False)

    fleet.host_action("stop", "ws-pest-1")
    without_pest, modules = desk.rollout("--resume")
    assert without_pest.status == 0, without_pest.explained
    assert modules["ws-buda-2"] == 0
    assert {host for host, count in modules.items() if count} == {"ws-buda-1", *TISZA}
    assert desk.waiting()["ws-pest-1"]["state"] == "off"

    fleet.host_action("start", "ws-pest-1")
    again, modules = desk.rollout("--resume")
    assert again.status == 0, again.explained
    assert {host for host, count in modules.items() if count} == {"ws-pest-1", *TISZA}
    assert set(desk.waiting()) == TISZA
    assert "3 hosts wait in the queue" in again.output
