# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module win_outbound_firewall plans on hosts of a table, in one start of PowerShell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from powershell_host import UTILS, Pwsh

HERE = Path(__file__).parent
TABLES = yaml.safe_load((HERE / "cases/outbound_plans.yml").read_text("utf-8"))
PLANS = {row["name"]: row for row in TABLES["plans"]}
WRONG = {f"wrong {number}": row for number, row in enumerate(TABLES["wrong_inputs"])}
DESTINATIONS = {f"destinations {number}": row for number, row in enumerate(TABLES["destinations"])}
EMPTY = {"profiles": {"Domain": {}, "Private": {}, "Public": {}}, "rules": {}}
Json = dict[str, Any]


def asked(row: Json) -> Json:
    return {
        "ports": row.get("ports", [443, 4443]),
        "destinations": row.get("destinations", row.get("asked", [])),
        "group": row.get("group", "eeszt.connect"),
        "state": row.get("state", "present"),
        "always": row.get("always", False),
        "active": row.get("active", ["Domain", "Private", "Public"]),
        "profiles": row.get("profiles", EMPTY["profiles"]),
        "before": row.get("before", {}),
        "policy": row.get("policy", EMPTY),
        "management": row.get("management", EMPTY),
    }


@pytest.fixture(scope="module")
def answers(pwsh: Pwsh, tmp_path_factory: pytest.TempPathFactory) -> Json:
    path = tmp_path_factory.mktemp("plans") / "cases.json"
    rows = {**PLANS, **WRONG, **DESTINATIONS}
    path.write_text(json.dumps({name: asked(row) for name, row in rows.items()}), "utf-8")
    answer: Json = json.loads(pwsh(HERE / "run_outbound_plans.ps1", UTILS, path))
    return answer


@pytest.mark.parametrize("name", PLANS)
def test_plan(answers: Json, name: str) -> None:
    assert "plan" in answers[name], answers[name]
    plan, expect = answers[name]["plan"], PLANS[name]["expect"]
    assert [f"{each['do']} {each['name']}" for each in plan["actions"]] == expect.get("actions", [])
    for shown, pieces in (
        (plan["failure"], expect.get("failure")),
        (" ".join(plan["warnings"]), expect.get("warnings")),
    ):
        assert bool(shown) == bool(pieces), shown
        assert all(piece in shown for piece in pieces or []), shown
        assert expect.get("never", "\0") not in shown


@pytest.mark.parametrize("name", PLANS)
def test_after_is_what_the_actions_lead_to(answers: Json, name: str) -> None:
    plan = answers[name]["plan"]
    assert (plan["before"] == plan["after"]) == (plan["actions"] == [])


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_is_named(answers: Json, name: str) -> None:
    assert WRONG[name]["says"] in answers[name]["error"]


@pytest.mark.parametrize("name", DESTINATIONS)
def test_destinations_have_one_form(answers: Json, name: str) -> None:
    assert answers[name]["wanted"]["destinations"] == DESTINATIONS[name]["expect"]
