# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pure functions of the Windows probe on tables of cases, in one start of PowerShell."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from powershell_host import UTILS, Pwsh

from ansible_collections.eeszt.connect.plugins.module_utils.version import COLLECTION_VERSION
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.documents import validate
from tests.unit.judge.support import FIXTURES

HERE = Path(__file__).parent
Json = dict[str, Any]


def firewall_cases() -> dict[str, Json]:
    tables = yaml.safe_load((HERE / "cases/firewall.yml").read_text("utf-8"))
    found = {}
    for row in tables["verdicts"]:
        profiles, port, address = row.get("profiles", ["Public"]), row.get("port", 443), row.get("address")
        arguments = {"Stores": row["stores"], "Profiles": profiles, "Port": port, "Address": address}
        expect = [{"port": port, "address": None, **row["expect"]}]
        found[row["name"]] = {"function": "Get-TestVerdict", "arguments": arguments, "expect": expect}
    for row in tables["owned"]:
        arguments = {"Rules": row["rules"]}
        found[row["name"]] = {"function": "Get-EesztOwnedRules", "arguments": arguments, "expect": row["expect"]}
    for row in tables["chains"]:
        arguments = {"Stores": row["stores"]}
        found[row["name"]] = {"function": "Get-TestChains", "arguments": arguments, "expect": row["expect"]}
    return found


def call_cases() -> dict[str, Json]:
    rows = yaml.safe_load((HERE / "cases/calls.yml").read_text("utf-8"))
    assert len({row["name"] for row in rows}) == len(rows)
    return {row["name"]: row for row in rows}


CASES = {**firewall_cases(), **call_cases()}


@pytest.fixture(scope="module")
def answers(pwsh: Pwsh, tmp_path_factory: pytest.TempPathFactory) -> Json:
    path = tmp_path_factory.mktemp("cases") / "cases.json"
    asked = {name: {"function": row["function"], "arguments": row["arguments"]} for name, row in CASES.items()}
    path.write_text(json.dumps(asked), "utf-8")
    answer: Json = json.loads(pwsh(HERE / "run_cases.ps1", UTILS, path))
    return answer


@pytest.mark.parametrize("name", CASES)
def test_case(answers: Json, name: str) -> None:
    assert answers[name] == {"value": CASES[name]["expect"]}


def test_version_is_the_collections() -> None:
    found = re.search(r"version = '([^']+)'", (UTILS / "probe.psm1").read_text())
    assert found is not None
    assert found[1] == COLLECTION_VERSION


def test_neutral_forms_fit_the_schema(pwsh: Pwsh, tmp_path: Path) -> None:
    """A section that failed has every field that the contract asks for."""
    request = json.loads((FIXTURES / "healthy_windows/request.json").read_text("utf-8"))
    names = ("readers", "client", "firewall", "certificates", "endpoints", "proxy_settings", "clock")
    asked = {each: {"function": "Get-EesztNeutral", "arguments": {"Name": each, "Request": request}} for each in names}
    path = tmp_path / "neutral.json"
    path.write_text(json.dumps({**asked, "host": {"function": "Get-EesztNeutralHost", "arguments": {}}}), "utf-8")
    answers = {each: row["value"][0] for each, row in json.loads(pwsh(HERE / "run_cases.ps1", UTILS, path)).items()}
    observation = {
        "schema_version": 1,
        "observed_at": "2026-03-02T08:00:01Z",
        "probe": {"name": "win_probe", "version": "0.1.0", "double": False},
        "host": answers.pop("host"),
        "sections": answers,
    }
    validate("observation", observation, "the neutral forms")
    assert [each["name"] for each in answers["endpoints"]["endpoints"]] == ["portal", "services", "services", "upload"]


def test_what_hangs_or_fails_spoils_nothing_else(pwsh: Pwsh, tmp_path: Path) -> None:
    path = tmp_path / "bounded.json"
    path.write_text(json.dumps({"bounded": {"function": "Get-TestBounded", "arguments": {"Seconds": 2}}}), "utf-8")
    (outcomes,) = json.loads(pwsh(HERE / "run_cases.ps1", UTILS, path))["bounded"]["value"]
    assert outcomes["fine"] == {"value": {"error": None, "list": ["a"], "nothing": None}, "failure": None}
    assert outcomes["never"] == {
        "value": None,
        "failure": {"stack": "probe", "code": "timeout", "text": "timed out after 2 s"},
    }
    assert (outcomes["code"]["failure"]["stack"], outcomes["code"]["failure"]["code"]) == ("win32", 5)
    assert "neverAssigned" in outcomes["strict"]["failure"]["text"]
