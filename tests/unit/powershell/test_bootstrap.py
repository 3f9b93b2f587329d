# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Enable-EesztRemoting.ps1 makes of a machine and takes back again, with every command of Windows stood in for.

What the real commands do is on the list of docs/windows-acceptance.md; here is what the script asks of them.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bootstrap_cases import (
    ADMINISTRATORS,
    CASES,
    DRIFTS,
    EVERYBODY,
    MANAGERS,
    POLICIES,
    RUNNING,
    STOPPED,
    THEIRS,
    Json,
    machine,
)
from powershell_host import ROOT, Pwsh

HERE = Path(__file__).parent
SCRIPT = ROOT / "bootstrap/Enable-EesztRemoting.ps1"


@pytest.fixture(scope="module")
def answers(pwsh: Pwsh, tmp_path_factory: pytest.TempPathFactory) -> Json:
    folder = tmp_path_factory.mktemp("bootstrap")
    cases = folder / "cases.json"
    cases.write_text(json.dumps(CASES), "utf-8")
    pwsh(HERE / "run_bootstrap.ps1", SCRIPT, cases, folder)
    answer: Json = json.loads((folder / "answers.json").read_text("utf-8"))
    answer["pems"] = sorted(path.read_text("ascii") for path in folder.glob("ws-1.pem"))
    answer["lines"] = sorted(path.read_text("ascii") for path in folder.glob("ws-1.txt"))
    return answer


def after(answers: Json, case: str, run: int) -> Json:
    found = answers[case][run]
    assert found["error"] is None, found["error"]
    machine: Json = found["machine"]
    return machine


def without_record(state: Json) -> Json:
    return {key: value for key, value in state.items() if key not in {"asked", "made", "starts", "stuck"}}


def test_a_dry_run_changes_nothing(answers: Json) -> None:
    assert after(answers, "dry", 0) == machine()
    assert answers["dry"][0]["said"] == []


def test_it_opens_https_for_the_controller_alone(answers: Json) -> None:
    state = after(answers, "full", 0)
    assert state["service"] == {"status": "Running", "start": "Automatic"}
    assert state["listener"] == {"thumbprint": "MADE0", "port": 5986, "enabled": "true"}
    rule = state["rule"]
    assert (rule["direction"], rule["action"], rule["port"]) == ("Inbound", "Allow", "5986")
    assert rule["addresses"] == ["192.0.2.5", "198.51.100.0/255.255.255.0"]
    assert rule["group"] == "eeszt.connect remoting"


def test_its_certificate_names_the_machine_and_keeps_its_key(answers: Json) -> None:
    subject, alternatives, purpose = after(answers, "full", 0)["asked"]
    assert subject == "CN=ws-1 RSA3072 SHA256 NonExportable"
    assert alternatives == "2.5.29.17={text}DNS=ws-1&IPAddress=192.0.2.11&DNS=ws-1.clinic.example"
    assert purpose.endswith("1.3.6.1.5.5.7.3.1")


def test_its_account_may_administer(answers: Json) -> None:
    state = after(answers, "full", 0)
    assert state["users"]["eeszt-remote"] in state["groups"][ADMINISTRATORS]
    assert state["registry"][POLICIES] == 1
    assert state["basic"] == "true"


def test_a_second_run_changes_nothing(answers: Json) -> None:
    assert after(answers, "full", 1) == after(answers, "full", 0)
    assert answers["full"][1]["said"][0] == "Nothing to do: all is as it should be."


def test_taking_back_leaves_the_machine_as_it_was(answers: Json) -> None:
    assert after(answers, "full", 2) == after(answers, "full", 1)
    for run in (3, 4):
        assert without_record(after(answers, "full", run)) == machine()
    assert "Nothing to take back" in answers["full"][4]["said"][0]


def test_what_was_not_changed_is_not_taken_back(answers: Json) -> None:
    before = machine(service={"status": "Running", "start": "Automatic"})
    assert POLICIES not in after(answers, "plain", 0)["registry"]
    assert without_record(after(answers, "plain", 1)) == before


def test_a_users_shell_is_not_enough(answers: Json) -> None:
    assert "as administrator" in answers["user"][0]["error"]


def test_a_listener_of_others_stays(answers: Json) -> None:
    found = answers["foreign listener"][0]
    assert "There is an HTTPS listener already, with the certificate THEIRS" in found["error"]
    assert found["machine"]["rule"] is None


def test_a_renewal_leaves_one_certificate(answers: Json) -> None:
    state = after(answers, "renew", 1)
    assert (state["certificates"], state["listener"]["thumbprint"]) == (["MADE1"], "MADE1")
    assert without_record(after(answers, "renew", 2)) == machine()


def test_a_renewal_that_was_cut_off_is_completed(answers: Json) -> None:
    """The record already has the new certificate, the listener still the old one."""
    state = after(answers, "renewal cut off", 2)
    assert (state["certificates"], state["listener"]["thumbprint"]) == (["MADE1"], "MADE1")


@pytest.mark.parametrize(
    ("case", "changed"),
    [
        ("other port", {"listener", "rule"}),
        ("other controller", {"rule"}),
        ("other name", {"listener", "certificates"}),
    ],
)
def test_only_what_differs_is_changed(answers: Json, case: str, changed: set[str]) -> None:
    first, second = after(answers, case, 0), after(answers, case, 1)
    parts = ("service", "listener", "rule", "certificates", "users", "groups")
    assert {part for part in parts if first[part] != second[part]} == changed


def test_an_account_that_was_there_stays(answers: Json) -> None:
    state = after(answers, "account that is there", 1)
    assert (state["users"], state["groups"]) == (machine()["users"], machine()["groups"])


def test_an_account_that_may_only_look_needs_no_filter_policy(answers: Json) -> None:
    state = after(answers, "managers", 0)
    assert state["groups"][MANAGERS] == [state["users"]["look"]]
    assert POLICIES not in state["registry"]


def test_a_policy_that_was_there_comes_back(answers: Json) -> None:
    assert after(answers, "filter that was there", 0)["registry"][POLICIES] == 1
    assert after(answers, "filter that was there", 1)["registry"] == {POLICIES: 0}


def test_a_policy_that_somebody_changed_since_stays(answers: Json) -> None:
    assert after(answers, "filter changed since", 1)["registry"] == {POLICIES: 2}


def test_addresses_that_changed_leave_the_pinned_certificate(answers: Json) -> None:
    first, second = after(answers, "address changed", 0), after(answers, "address changed", 1)
    assert (second["certificates"], second["listener"]) == (first["certificates"], first["listener"])
    told = answers["address changed"][1]["said"][0]
    assert "does not name ws-1.wifi.example, 192.0.2.99" in told
    assert "-Renew" in told


def test_another_machine_name_means_another_certificate_and_says_so(answers: Json) -> None:
    assert after(answers, "address changed", 2)["certificates"] == ["MADE1"]
    assert any("the plan has to pin it" in line for line in answers["address changed"][2]["said"])
    assert not any("the plan has to pin it" in line for line in answers["address changed"][0]["said"])


def test_virtual_switches_are_not_named(answers: Json) -> None:
    alternatives = after(answers, "cards", 0)["asked"][1]
    assert alternatives == "2.5.29.17={text}DNS=ws-1&IPAddress=192.0.2.21&IPAddress=192.0.2.22"


@pytest.mark.parametrize("run", range(1, len(DRIFTS) + 1))
def test_a_rule_that_no_longer_does_what_it_should_is_made_anew(answers: Json, run: int) -> None:
    state = after(answers, "rule drift", run)
    assert state["made"] == run + 1
    assert state["rule"] == after(answers, "rule drift", 0)["rule"]


def test_a_listener_that_was_switched_off_listens_again(answers: Json) -> None:
    assert after(answers, "listener off", 1) == after(answers, "listener off", 0)


def test_a_network_is_one_whichever_of_its_addresses_names_it(answers: Json) -> None:
    first, second = after(answers, "network", 0), after(answers, "network", 1)
    assert first["rule"]["addresses"] == ["10.1.2.0/255.255.255.0", "10.8.0.0/255.248.0.0", "192.0.2.5"]
    assert second == first


def test_a_stopped_service_is_woken_to_take_back_its_settings(answers: Json) -> None:
    """Its start type is no longer ours, so that one stays, and the service stands still as it was found."""
    state = without_record(after(answers, "stopped since", 1))
    assert state == machine(**STOPPED)
    assert "left as it is: service, since somebody changed how it starts" in answers["stopped since"][1]["said"]


def test_a_service_that_cannot_be_woken_costs_only_its_own_settings(answers: Json) -> None:
    found = answers["stopped for good"][1]
    assert "Not taken back: basic (the service does not run); listener (the service does not run)." in found["error"]
    assert "Still to be taken back: service, certificate, listener, basic." in found["error"]
    state = found["machine"]
    assert (state["users"], state["rule"], POLICIES in state["registry"]) == (machine()["users"], None, False)
    assert (state["certificates"], state["listener"]["thumbprint"]) == (["MADE0"], "MADE0")
    assert without_record(after(answers, "stopped for good", 2)) == machine(
        service={"status": "Stopped", "start": "Disabled"}
    )


def test_a_dry_run_wakes_nothing(answers: Json) -> None:
    changed = {**after(answers, "full", 0), **STOPPED}
    assert after(answers, "stopped, dry", 1) == changed


def test_a_service_that_others_use_since_stays(answers: Json) -> None:
    state = after(answers, "relied on since", 1)
    assert state["service"] == RUNNING
    assert "left as it is: service, since others listen by it now (HTTP *)" in answers["relied on since"][1]["said"]
    assert without_record(after(answers, "relied on before", 1)) == machine(http=True)


def test_what_somebody_changed_since_stays_and_is_said(answers: Json) -> None:
    assert "left as it is: basic, since somebody changed it" in answers["basic changed since"][1]["said"]
    assert "left as it is: filter, since somebody changed it" in answers["filter changed since"][1]["said"]
    state = after(answers, "listener changed since", 1)
    assert (state["listener"], state["service"], state["certificates"]) == (THEIRS, RUNNING, [])
    assert any(line.startswith("left as it is: listener") for line in answers["listener changed since"][1]["said"])


@pytest.mark.parametrize("run", range(len(EVERYBODY)))
def test_everybody_is_not_a_controller(answers: Json, run: int) -> None:
    found = answers["everybody"][run]
    assert found["error"]
    assert found["machine"] == machine()


def test_what_is_written_for_the_plan(answers: Json) -> None:
    (pem,), (line,) = answers["pems"], answers["lines"]
    assert pem.startswith("-----BEGIN CERTIFICATE-----\nAQIDBAUGBwgJCgsM")
    assert max(map(len, pem.splitlines())) == 64
    assert line.startswith("connection: {type: psrp, port: ")
    assert 'fingerprint: "' in line


def test_no_password_is_a_parameter() -> None:
    head = SCRIPT.read_text("ascii").split("Set-StrictMode")[0].split("param(")[1]
    assert "password" not in head.lower()
