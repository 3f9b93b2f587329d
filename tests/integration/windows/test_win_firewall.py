# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""win_outbound_firewall over real WinRM: what molecule's scenario of the role does not show."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lab import Fleet
from tests.integration.ansible_run import ROOT, execute
from tests.integration.fleets import listed, standing
from tests.integration.windows_hosts import needs_windows

pytestmark = [pytest.mark.lab, needs_windows]

NAME = "win-firewall"
HOST = "win-t-1"
GATEWAY = "10.77.0.2"
MODULE = "eeszt.connect.win_outbound_firewall"
REQUEST = ROOT / "plugins/plugin_utils/contract/fixtures/healthy_windows/request.json"
SERVICE = "'HKLM:\\SYSTEM\\CurrentControlSet\\Services\\MpsSvc'"
Json = dict[str, Any]
Run = Callable[..., Json]


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with standing(NAME, "windows") as made:
        yield made


@pytest.fixture(scope="module")
def run(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs a module on the host, or a line of PowerShell as ``raw``, and gives its result."""
    folder = tmp_path_factory.mktemp("ansible")
    inventory = listed(fleet, folder)

    def execute_module(name: str, given: Json | str, fails: bool = False) -> Json:
        words = given if isinstance(given, str) else json.dumps(given)
        command = ["-i", str(inventory), HOST, "-m", name, "-a", words, "-t", str(folder)]
        done = execute([str(Path(sys.executable).parent / "ansible"), *command], {"ANSIBLE_INVENTORY_ENABLED": "yaml"})
        assert (done.status != 0) == fails, done.output
        found: Json = json.loads((folder / HOST).read_text("utf-8"))
        return found

    return execute_module


def test_the_probe_says_what_the_module_did(run: Run) -> None:
    done = run(MODULE, {"ports": [443, 4443], "destinations": [f"{GATEWAY}/32"]})
    assert done["changed"] is True
    assert {(each["port"], each["verdict"]) for each in done["decided"]} == {(443, "drop"), (4443, "drop")}

    request = json.loads(REQUEST.read_text("utf-8"))
    endpoints = [
        {**request["endpoints"][0], "name": host, "host": host, "port": 4443} for host in (GATEWAY, "10.77.0.3")
    ]
    asked = {**request, "observe": ["firewall"], "ports": [443, 4443, 5443], "endpoints": endpoints}
    seen = run("eeszt.connect.win_probe", {"request": {**asked, "control_endpoint": None}})
    section = seen["observation"]["sections"]["firewall"]
    verdicts = {(each["port"], each["address"]): each["verdict"] for each in section["outbound"]}
    assert verdicts == {
        (443, None): "depends",  # open towards one address only
        (4443, GATEWAY): "accept",
        (4443, "10.77.0.3"): "drop",
        (5443, None): "drop",
    }
    assert [(each["name"], each["ports"]) for each in section["owned"]] == [("eeszt.connect-out", [443, 4443])]


def test_a_firewall_service_that_does_not_run_is_named(run: Run) -> None:
    run("raw", f"$null = New-Item -Force -Path {SERVICE}; Set-ItemProperty -LiteralPath {SERVICE} -Name Start -Value 4")
    failed = run(MODULE, {"state": "absent"}, fails=True)
    assert "The service MpsSvc (Windows Defender Firewall) does not run" in failed["msg"]
    assert failed["changed"] is False
    run("raw", f"Remove-Item -LiteralPath {SERVICE} -Recurse")
    assert run(MODULE, {"state": "absent"})["changed"] is True


def test_an_open_host_gets_a_rule_only_when_it_is_asked_for(run: Run) -> None:
    run("raw", "Set-NetFirewallProfile -All -DefaultOutboundAction Allow")
    assert run(MODULE, {"ports": [443]})["changed"] is False
    assert run(MODULE, {"ports": [443], "always": True, "group": "other group"})["changed"] is True
    shown = run("raw", "Get-NetFirewallRule -Group 'other group' | ForEach-Object { $_.Name }")
    assert shown["stdout_lines"] == ["other group-out"]


def test_a_wrong_input_is_named(run: Run) -> None:
    failed = run(MODULE, {"ports": [443], "destinations": ["LocalSubnet"]}, fails=True)
    assert "'LocalSubnet' is no IPv4 or IPv6 address" in failed["msg"]
    failed = run(MODULE, {"ports": [443], "destinations": ["nowhere.demo.test"]}, fails=True)
    assert "this host knows no address of nowhere.demo.test" in failed["msg"]
