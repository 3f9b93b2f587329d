# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo's fleet and plan, under a name of its own, and the playbooks run on it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lab import Fleet
from tests.integration.ansible_run import ROOT, Run, playbook
from tests.integration.fleets import standing
from tests.integration.windows_hosts import WHY_NOT

NAME = "road"
WINDOWS = () if WHY_NOT else ("ws-duna-1", "ws-duna-2")
STATIONS = ("ws-buda-1", "ws-buda-2", "ws-pest-1", "ws-tisza-1", "ws-tisza-2", "ws-tisza-3")
HOSTS = (*STATIONS, *WINDOWS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.lab)
            if os.geteuid() != 0:
                item.add_marker(pytest.mark.skip(reason="the lab needs root"))


@dataclass
class Road:
    """A fleet with a ledger and a report of its own."""

    fleet: Fleet
    folder: Path
    runs: list[Run] = field(default_factory=list)

    def play(self, name: str, *words: str, windows: bool = False, **variables: Any) -> Run:
        """Run a playbook of the collection, or one given by path, on the demo's plan, also on its Windows doubles."""
        path = name if "/" in name else ROOT / "playbooks" / name
        more = ["-i", str(ROOT / "inventory" / "demo-windows")] if windows and WINDOWS else []
        run = playbook(
            path,
            *more,
            *words,
            inventory=ROOT / "inventory" / "demo",
            environment={"EESZT_LAB_FLEET": NAME},
            **{"eeszt_ledger": str(self.folder / "ledger"), "eeszt_report": str(self.folder), **variables},
        )
        self.runs.append(run)
        return run

    def results(self, run_id: str) -> dict[str, Any]:
        """Results of a run, by host."""
        files = (self.folder / "ledger" / run_id).glob("*.json")
        documents = [json.loads(each.read_text("utf-8")) for each in files]
        return {each["host"]: each for each in documents}

    def module_runs(self, host: str) -> int:
        """How many modules ran on a host since it was made: each leaves a line in its journal."""
        command = ["journalctl", "--quiet", "--no-pager", "--output=cat", "--grep=Invoked with"]
        return len(self.fleet.execute(host, command).stdout.splitlines())


@pytest.fixture(scope="session")
def road(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    with standing(NAME, "demo") as fleet:
        yield Road(fleet, tmp_path_factory.mktemp("road"))


@dataclass(frozen=True)
class Story:
    """A fresh fleet brought through the whole road, one command after the other."""

    check_before: Run
    untouched: dict[str, str]
    first: Run
    second: Run
    page: str
    document: dict[str, Any]
    second_module_runs: dict[str, int]
    gate_off: Run
    check_after: Run


@pytest.fixture(scope="session")
def story(road: Road) -> Story:
    check_before = road.play("site.yml", "--check", "--diff", windows=True, eeszt_run_id="before")
    listing = ["sh", "-c", "find /etc/eeszt-demo /etc/eeszt-connect -type f 2>/dev/null; nft list ruleset"]
    untouched = {host: road.fleet.execute(host, listing).stdout for host in STATIONS}
    first = road.play("site.yml", "--diff", windows=True, eeszt_run_id="first")
    before = {host: road.module_runs(host) for host in STATIONS}
    second = road.play("site.yml", windows=True, eeszt_run_id="second")
    return Story(
        check_before=check_before,
        untouched=untouched,
        first=first,
        second=second,
        page=(road.folder / "fleet-report.html").read_text("utf-8"),
        document=json.loads((road.folder / "fleet-report.json").read_text("utf-8")),
        second_module_runs={host: road.module_runs(host) - before[host] for host in STATIONS},
        gate_off=road.play("site.yml", windows=True, eeszt_run_id="gate-off", eeszt_gate=False),
        check_after=road.play("site.yml", "--check", windows=True, eeszt_run_id="after", eeszt_gate=False),
    )
