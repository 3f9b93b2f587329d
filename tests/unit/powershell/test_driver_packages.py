# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Driver packages told by the files of the store, on made-up folders of Windows, in one start of PowerShell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from powershell_host import UTILS, Pwsh

HERE = Path(__file__).parent
OLD = "[Version]\r\nDriverVer=01/31/2025,1.0.0.0\r\n"
NEW = "[Version]\r\n; DriverVer = 01/01/2000, 9.9\r\n  driverver = 01/31/2026 , 1.2.3.4 ; theirs\r\n"
MODELS = (
    "[Models.NTamd64]\r\n%Reader% = Install, USB\\VID_0C4B&PID_0500 ; theirs\r\n"
    '"Other" = Install, "USB\\VID_0C4B&PID_0501&REV_0100" , USB\\VID_0C4B&PID_0502\r\n'
    "; %Old% = Install, USB\\VID_0C4B&PID_0503\r\nUSB\\VID_0C4B&PID_0504\r\n"
)
NO_DRIVER, DISABLED = 28, 22
NO_VERSION = "[Version]\r\nProvider=x\r\n"
Json = dict[str, Any]


def package(folder: str, version: str, *published: str) -> Json:
    name = folder.split("_")[0]
    return {"name": name, "version": version, "published": list(published), "inf": f"{folder}/{name}"}


def device(product: str, problem: int, *compatible: str) -> Json:
    hardware = [f"USB\\VID_0C4B&PID_{product}&REV_0100", f"USB\\Vid_0c4b&Pid_{product}"]
    values = {"HardwareID": hardware, "CompatibleIDs": list(compatible)}
    return {"instance": f"USB\\VID_0C4B&PID_{product}\\1", "problem": problem, "values": values}


# 0505 is no model of the INF, and a class of devices that 0506 is compatible with is one.
DEVICES = [device(f"050{number}", NO_DRIVER) for number in range(6)]
DEVICES.append(device("0506", NO_DRIVER, "USB\\Class_0B", "USB\\VID_0C4B&PID_0502"))
BUSY = [device("0500", 0), device("0501", DISABLED)]


@pytest.fixture(scope="module")
def answers(pwsh: Pwsh, tmp_path_factory: pytest.TempPathFactory) -> Json:
    windows = tmp_path_factory.mktemp("Windows")
    repository = windows / "System32" / "DriverStore" / "FileRepository"
    (windows / "INF").mkdir()
    for folder, inf, text, encoding in [
        ("reader.inf_amd64_01", "reader.inf", OLD, "ascii"),
        ("reader.inf_amd64_02", "reader.inf", NEW, "utf-16"),
        ("reader.inf_amd64_03", "other.inf", NEW, "ascii"),
        ("plain.inf_amd64_04", "plain.inf", NO_VERSION, "ascii"),
    ]:
        (repository / folder).mkdir(parents=True)
        (repository / folder / inf).write_text(text, encoding, newline="")
    for published, text, encoding in [
        ("oem3.inf", OLD, "ascii"),
        ("oem7.inf", NEW, "utf-16"),
        ("oem8.inf", OLD.replace("1.0", "1.1"), "ascii"),  # as long as the old one
        ("oem9.inf", OLD, "ascii"),
    ]:
        (windows / "INF" / published).write_text(text, encoding, newline="")
    cases = {
        name: {"function": "Get-EesztDriverPackages", "arguments": {"Name": f"{name}.inf", "Windows": str(folder)}}
        for name, folder in [("reader", windows), ("plain", windows), ("absent", windows), ("nowhere", windows / "x")]
    }
    models = windows / "models.inf"
    models.write_text(MODELS, "ascii", newline="")
    for name, devices in [("waiting", DEVICES), ("busy", BUSY)]:
        cases[name] = {"function": "Get-TestWaiting", "arguments": {"Inf": str(models), "Devices": devices}}
    path = windows / "cases.json"
    path.write_text(json.dumps(cases), "utf-8")
    answer: Json = json.loads(pwsh(HERE / "run_cases.ps1", UTILS, path))
    for found in answer.values():
        for each in [each for each in found.get("value", []) if isinstance(each, dict)]:
            each["published"].sort()
            each["inf"] = Path(each["inf"]).relative_to(repository).as_posix()
    return answer


def test_a_package_has_the_version_of_its_inf_and_the_names_of_its_copies(answers: Json) -> None:
    found = sorted(answers["reader"]["value"], key=lambda each: str(each["version"]))
    assert found == [
        package("reader.inf_amd64_01", "1.0.0.0", "oem3.inf", "oem9.inf"),
        package("reader.inf_amd64_02", "1.2.3.4", "oem7.inf"),
    ]


def test_an_inf_may_say_no_version_and_have_no_copy(answers: Json) -> None:
    assert answers["plain"]["value"] == [package("plain.inf_amd64_04", "")]


def test_a_device_without_a_driver_waits_for_the_inf_that_names_it(answers: Json) -> None:
    waiting = [0, 1, 2, 6]
    assert answers["waiting"] == {"value": [DEVICES[place]["instance"] for place in waiting]}


def test_a_device_with_another_problem_or_none_waits_for_nothing(answers: Json) -> None:
    assert answers["busy"] == {"value": []}


@pytest.mark.parametrize("name", ["absent", "nowhere"])
def test_what_is_not_there_is_not_found(answers: Json, name: str) -> None:
    assert answers[name] == {"value": []}
