# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""win_probe over real WinRM on a Windows double: the contract's shape, and the facts of a workstation that is well.

The registry's part of Windows is put there by ``win_probe_host.ps1``; readers and cards are real to the probe.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lab import Fleet
from tests.integration.ansible_run import ROOT, execute
from tests.integration.fleets import listed, standing
from tests.integration.windows_hosts import needs_windows
from tests.unit.judge.support import judge_case, load_case

pytestmark = [pytest.mark.lab, needs_windows]

NAME = "win-probe"
HOST = "win-t-1"
HERE = Path(__file__).parent
CONTRACT = ROOT / "plugins/plugin_utils/contract"
LOOKED_AT = ["readers", "client", "firewall", "clock"]
ONE_READER = "Virtual PCD 00 00"
CLIENT = "C:\\Program Files\\eSzemelyi\\eszig-eid.exe"
Json = dict[str, Any]
Look = Callable[..., Json]


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with standing(NAME, "windows") as made:
        yield made


@pytest.fixture(scope="module")
def module(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Json]:
    """Runs a module on the host and gives its result; the test fails where the module does."""
    folder = tmp_path_factory.mktemp("ansible")
    inventory = listed(fleet, folder)

    def run(name: str, *words: str, **arguments: Any) -> Json:
        command = ["ansible", "-i", str(inventory), HOST, "-m", name, "-a", json.dumps(arguments), "-t", str(folder)]
        done = execute(
            [str(Path(sys.executable).parent / command[0]), *command[1:], *words],
            {"ANSIBLE_INVENTORY_ENABLED": "yaml"},
        )
        assert done.status == 0, done.explained
        found: Json = json.loads((folder / HOST).read_text("utf-8"))
        return found

    return run


@pytest.fixture(scope="module")
def look(module: Callable[..., Json]) -> Look:
    """Runs the probe on sections and gives its observation, which fits the contract."""
    request = json.loads((CONTRACT / "fixtures/healthy_windows/request.json").read_text("utf-8"))
    endpoint = {**request["endpoints"][0], "host": "centre.demo.test", "port": 4443}
    schema = json.loads((CONTRACT / "schemas/observation.schema.json").read_text("utf-8"))

    def run(*sections: str, check: bool = False, seconds: int = 30) -> Json:
        asked = {**request, "observe": list(sections), "endpoints": [endpoint], "control_endpoint": None}
        asked["limits"] = {**request["limits"], "section": seconds}
        result = module("eeszt.connect.win_probe", *(["--check"] if check else []), request=asked)
        assert result["changed"] is False
        Draft202012Validator(schema).validate(result["observation"])
        found: Json = result["observation"]
        return found

    return run


@pytest.fixture(scope="module")
def seen(fleet: Fleet, module: Callable[..., Json], look: Look) -> Json:
    """What the probe saw of a workstation that is well."""
    module("ansible.windows.win_powershell", script=(HERE / "win_probe_host.ps1").read_text("utf-8"))
    # A Windows program that waits for words that never come, under the client's name.
    drive = "/opt/wine/drive_c"
    fleet.execute(HOST, ["mkdir", "-p", f"{drive}/Program Files/eSzemelyi"])
    fleet.execute(HOST, ["cp", f"{drive}/windows/system32/cmd.exe", f"{drive}/Program Files/eSzemelyi/eszig-eid.exe"])
    wine = f"sleep infinity | wine64 '{CLIENT}'"
    environment = ["--setenv=WINEPREFIX=/opt/wine", "--setenv=PATH=/usr/bin:/bin:/usr/lib/wine", "--setenv=HOME=/root"]
    fleet.execute(HOST, ["systemd-run", "--unit=eszig", *environment, "sh", "-c", wine])
    return look(*LOOKED_AT)


def judged(readers: Json) -> dict[str, tuple[str, ...]]:
    """Causes of the failures, by check, of a Windows host that is well but for what was seen of its readers."""
    example = load_case("healthy_windows")
    assert example.observation is not None
    example.observation["sections"]["readers"] = readers
    checks = judge_case(example).checks
    return {check.id: tuple(check.causes) for check in checks if check.status == "fail" and check.causes}


def test_host(seen: Json) -> None:
    host = seen["host"]
    assert seen["probe"] == {"name": "win_probe", "version": "0.1.0", "double": True}
    assert (host["system"], host["distribution"], host["version"]) == (
        "windows", "Windows 10 Professional", "10.0.19043",
    )  # fmt: skip
    assert host["privileged"] is True
    assert len(host["machine_id_hash"]) == 64
    assert host["boot_id"]
    assert host["account"].split("\\")[0] == host["hostname"]


def test_sections_that_nobody_asked_for_are_null(seen: Json) -> None:
    assert {name: section["error"] for name, section in seen["sections"].items() if section} == dict.fromkeys(LOOKED_AT)
    unasked = [name for name, section in seen["sections"].items() if section is None]
    assert unasked == ["certificates", "endpoints", "proxy_settings"]


def test_card(seen: Json) -> None:
    readers = seen["sections"]["readers"]
    assert (readers["library"], readers["context"]) == (True, {"established": True, "error": None})
    (first, *_) = [each for each in readers["readers"] if each["card_present"]]
    assert first == {
        "name": ONE_READER,
        "state": 0x22,
        "card_present": True,
        "card_mute": False,
        "exclusive": False,
        "in_use": False,
        "atr": "3B8780018031B973842160B8",
        "connect": {"ok": True, "error": None},
    }


def test_nothing_is_wrong_with_it(seen: Json) -> None:
    assert judged(seen["sections"]["readers"]) == {}


def test_reader_on_the_bus_without_those_that_were_there_once(seen: Json) -> None:
    device = {"vendor_id": "0c4b", "product_id": "9102", "product": "cyberJack RFID basis", "driver": "cjusb"}
    assert seen["sections"]["readers"]["usb_devices"] == [{**device, "problem": 0}]


def test_session(seen: Json) -> None:
    session = seen["sections"]["readers"]["session"]
    assert session["account"] == seen["host"]["account"]
    assert (session["kind"], session["remote"], session["other_sessions"]) == ("console", False, [])


def test_client(seen: Json) -> None:
    client = seen["sections"]["client"]
    assert {(each["name"], each["version"]) for each in client["packages"]} == {
        ("eSzemelyi Kliens, bővített", "1.7.2"),
        ("eSzemelyi32_is1", "1.6.0"),
        ("eSzemelyi for one user", ""),
    }
    (process,) = client["processes"]
    assert process["executable"] == CLIENT
    assert process["account"].endswith("\\root")


def test_firewall(seen: Json) -> None:
    firewall = seen["sections"]["firewall"]
    assert firewall["backend"] == "windows"
    verdicts = {each["port"]: (each["verdict"], each["by"], each["explicit"]) for each in firewall["outbound"]}
    assert verdicts[443] == ("accept", "rule EESZT", True)
    assert verdicts[4443] == ("drop", "rule No services", True)
    assert verdicts[5443][0] == "drop"
    assert "DefaultOutboundAction of the public profile" in verdicts[5443][1]
    assert {each["port"]: each["address"] for each in firewall["outbound"]}[4443] == "10.77.0.2"
    assert [(each["name"], each["ports"]) for each in firewall["owned"]] == [("eeszt.connect-test", [443, 4443])]
    assert {each["name"] for each in firewall["chains"]} == {"domain", "private", "public"}


def test_clock(seen: Json) -> None:
    assert seen["sections"]["clock"]["utc"].endswith("Z")
    assert seen["sections"]["clock"]["synchronized"] is None  # Wine has no time service


def test_card_taken_out(fleet: Fleet, look: Look) -> None:
    fleet.card_action("remove", HOST)
    readers = look("readers", check=True)["sections"]["readers"]
    reader = readers["readers"][0]
    assert (reader["card_present"], reader["atr"], reader["connect"]) == (False, None, None)
    assert judged(readers) == {"card.present": ("no_card",)}
    fleet.card_action("insert", HOST)


def test_service_that_hangs_spoils_its_section_alone(fleet: Fleet, look: Look) -> None:
    fleet.execute(HOST, ["systemctl", "kill", "--signal=STOP", "pcscd.service"])
    sections = look("readers", "clock", seconds=8)["sections"]
    fleet.execute(HOST, ["systemctl", "kill", "--signal=CONT", "pcscd.service"])
    assert (sections["readers"]["error"]["stack"], sections["readers"]["error"]["code"]) == ("probe", "timeout")
    assert sections["clock"]["error"] is None


def test_service_that_is_stopped(fleet: Fleet, module: Callable[..., Json], look: Look) -> None:
    # On the double what answers WinSCard is pcscd; the service is a name of its own.
    fleet.execute(HOST, ["systemctl", "stop", "pcscd.socket", "pcscd.service"])
    module("ansible.windows.win_powershell", script="Stop-Service -Name SCardSvr")
    readers = look("readers")["sections"]["readers"]
    assert readers["error"] is None
    assert (readers["context"]["established"], readers["context"]["error"]["code"]) == (False, 0x8010001D)
    assert readers["service"]["active"] is False
    assert judged(readers)["reader.pcsc_service"] == ("service_stopped",)
