# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way in which WinRM can fail has its own check and cause in a result file.

Real Ansible, pywinrm and pypsrp by the variables of a plan; behind them the WinRM double with recordings, which needs
neither Wine nor a fleet.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lab.net import listeners
from tests.integration.ansible_run import ROOT, Run, playbook
from tests.unit.readiness.wsman_listener import self_signed

HERE = Path(__file__).parent
PASSWORD = "of no use elsewhere"
PORT = 5986
LOGIN, TRANSPORT, PROBE = "connection.login", "connection.transport", "connection.probe"


@dataclass(frozen=True)
class Case:
    """A host: what its double does wrong, what its plan says, and what we then say of it."""

    check: str = ""
    causes: Sequence[str] = ()
    faults: Sequence[Mapping[str, Any]] = ()
    connection: Mapping[str, Any] = field(default_factory=dict)
    listens: bool = True


def refuse(variant: str) -> list[dict[str, Any]]:
    return [{"kind": "refuse", "variant": variant}]


def fault(name: str, **more: Any) -> list[dict[str, Any]]:
    return [{"kind": "fault", "name": name, **more}]


def shows(name: str) -> list[dict[str, Any]]:
    return [{"kind": "certificate", "name": name}]


PSRP = {"type": "psrp"}
OURS = {"authentication": "certificate", "client_certificate": "client.pem", "client_key": "client.key"}
THEIRS = {"authentication": "certificate", "client_certificate": "stranger.pem", "client_key": "stranger.key"}
CASES = {
    "well": Case(),
    "well-by-certificate": Case(connection=OURS),
    "dropped-once": Case(faults=[{"kind": "drop", "when": "request", "action": "Create", "times": 1}]),
    "dropped-once-later": Case(faults=[{"kind": "drop", "when": "request", "action": "Receive", "times": 1}]),
    "nobody": Case(TRANSPORT, ["listener_absent"], listens=False),
    "dropped": Case(TRANSPORT, ["dropped"], [{"kind": "drop", "when": "request"}]),
    "cut-in-the-middle": Case(TRANSPORT, ["dropped"], [{"kind": "drop", "when": "middle", "action": "Create"}]),
    "hangs": Case(TRANSPORT, ["timeout"], [{"kind": "hang", "action": "Create"}]),
    "hangs-later": Case(TRANSPORT, ["timeout"], [{"kind": "hang", "action": "Receive"}]),
    "never-ends": Case(PROBE, ["probe_hung"], fault("timed_out", action="Receive")),
    "page": Case(TRANSPORT, ["proxy_in_between"], [{"kind": "proxy", "status": 200}]),
    "asks-for-proxy-login": Case(TRANSPORT, ["proxy_in_between"], [{"kind": "proxy", "status": 407}]),
    "expired": Case(TRANSPORT, ["server_cert_expired"], shows("expired"), {"certificate": "expired.pem"}),
    "foreign": Case(TRANSPORT, ["server_cert_untrusted"], shows("foreign")),
    "wrong-name": Case(TRANSPORT, ["server_cert_name_mismatch"], shows("wrong"), {"certificate": "wrong.pem"}),
    "not-offered": Case(LOGIN, ["scheme_not_offered"], refuse("negotiate_only")),
    "nothing-offered": Case(LOGIN, ["scheme_not_offered"], refuse("no_header")),
    "wrong-password": Case(LOGIN, ["auth_failed", "local_account_filtered"], refuse("wrong_password")),
    "filtered": Case(LOGIN, ["auth_failed", "local_account_filtered"], refuse("filtered")),
    "denied": Case(LOGIN, ["local_account_filtered", "account_not_allowed"], fault("access_denied")),
    "many-shells": Case(LOGIN, ["quota"], fault("max_shells")),
    # While the shell is made Ansible keeps the text alone, and the number that would tell is not in it.
    "many-operations": Case(TRANSPORT, ["winrm_error"], fault("max_operations")),
    "many-operations-later": Case(LOGIN, ["quota"], fault("max_operations", action="Receive")),
    "clocks": Case(LOGIN, ["clock_skew"], fault("clock_skew")),
    "stranger": Case(LOGIN, ["certificate_refused"], connection=THEIRS),
    "psrp-not-offered": Case(LOGIN, ["scheme_not_offered"], refuse("negotiate_only"), PSRP),
    "psrp-nobody": Case(TRANSPORT, ["listener_absent"], connection={**PSRP, "retries": 1}, listens=False),
    "psrp-foreign": Case(TRANSPORT, ["server_cert_untrusted"], shows("foreign"), PSRP),
    "psrp-page": Case(TRANSPORT, ["proxy_in_between"], [{"kind": "proxy", "status": 200}], PSRP),
}
ADDRESSES = {name: f"127.78.61.{number}" for number, name in enumerate(CASES, 1)}


def write_pki(folder: Path) -> None:
    for name, names, days in (
        ("server", tuple(ADDRESSES.values()), 365),
        ("expired", tuple(ADDRESSES.values()), -1),
        ("foreign", ("foreign.example", *ADDRESSES.values()), 365),
        ("wrong", ("wrong.example",), 365),
        ("client", ("eeszt",), 365),
        ("stranger", ("stranger",), 365),
    ):
        pair = self_signed(folder, names, days)
        pair.certificate.replace(folder / f"{name}.pem")
        pair.key.replace(folder / f"{name}.key")


def write_double(folder: Path) -> None:
    def pair(name: str) -> dict[str, str]:
        return {"certificate": f"{name}.pem", "key": f"{name}.key"}

    users = folder / "users"
    users.touch(0o600)
    users.write_text(f"tech:{PASSWORD}\n", "utf-8")
    faults = [{**each, "host": name} for name, case in CASES.items() for each in case.faults]
    (folder / "control.json").write_text(json.dumps({"faults": faults}), "utf-8")
    tls = {**pair("server"), "client_ca": "client.pem", "others": {n: pair(n) for n in ("expired", "foreign", "wrong")}}
    config = {
        "listen": [
            {"address": ADDRESSES[name], "host": name, "http": None, "https": PORT}
            for name, case in CASES.items()
            if case.listens
        ],
        "users": "users",
        "control": "control.json",
        "backend": "recorded",
        "recordings": str(ROOT / "lab/windows/recordings"),
        "tls": tls,
    }
    (folder / "wsman.json").write_text(json.dumps(config), "utf-8")


def write_plan(folder: Path) -> None:
    usual = {"type": "winrm", "authentication": "basic", "certificate": "server.pem"}
    limits = {"operation_timeout": 5, "read_timeout": 10}
    hosts = []
    for name, case in CASES.items():
        connection = dict(case.connection)
        for key in ("client_certificate", "client_key"):
            if key in connection:
                connection[key] = str(folder / str(connection[key]))
        hosts.append(
            {
                "name": name,
                "address": ADDRESSES[name],
                "site": "lab",
                "connection": {**usual, **limits, **connection},
                "serves": [],
            }
        )
    plan = {"plugin": "eeszt.connect.site_plan", "sites": [{"id": "lab"}], "hosts": hosts}
    # JSON is YAML.
    (folder / "faults.site_plan.yml").write_text(json.dumps(plan), "utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("connections")
    write_pki(made)
    write_double(made)
    write_plan(made)
    log = (made / "wsman.log").open("wb")
    command = [sys.executable, "-m", "wsman", "--config", str(made / "wsman.json")]
    double = subprocess.Popen(command, cwd=ROOT / "lab/windows", stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    wanted = {(ADDRESSES[name], PORT) for name, case in CASES.items() if case.listens}
    until = time.monotonic() + 60
    while not wanted <= set(listeners(double.pid)):
        assert double.poll() is None, (made / "wsman.log").read_text("utf-8")
        assert time.monotonic() < until, "the double does not listen"
        time.sleep(0.05)
    yield made
    double.send_signal(signal.SIGTERM)
    double.wait(30)
    log.close()
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def looked(folder: Path) -> Run:
    return playbook(
        HERE / "playbooks/look.yml",
        "--forks=16",
        inventory=folder / "faults.site_plan.yml",
        # A controller behind a proxy: the plan's connections must not take it.
        environment={"https_proxy": "http://127.78.61.250:3128", "HTTPS_PROXY": "http://127.78.61.250:3128"},
        ansible_user="tech",
        ansible_password=PASSWORD,
        eeszt_ledger=str(folder / "ledger"),
        eeszt_run_id="faults",
        probe_timeout=20,
    )


@pytest.fixture(scope="module")
def results(looked: Run, folder: Path) -> Mapping[str, Mapping[str, Any]]:
    documents = [json.loads(path.read_text("utf-8")) for path in (folder / "ledger/faults").glob("*.json")]
    return {document["host"]: document for document in documents}


def test_every_host_has_a_result_and_none_stops_the_run(looked: Run, results: Mapping[str, Mapping[str, Any]]) -> None:
    assert looked.status == 0, looked.explained
    assert set(results) == set(CASES), looked.output


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.check])
def test_a_failure_says_which_and_why(name: str, results: Mapping[str, Mapping[str, Any]]) -> None:
    result = results[name]
    found = [check for check in result["checks"] if check["id"].startswith("connection.") and check["status"] == "fail"]
    said = [check["observed"] for check in found]
    assert [(check["id"], check["causes"]) for check in found] == [(CASES[name].check, list(CASES[name].causes))], said
    assert found[0]["remedy"]["hu"]
    assert result["first_failing"]["id"] == CASES[name].check
    assert result["observation"] is None


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.check])
def test_a_host_that_is_well_or_dropped_once_is_observed(name: str, results: Mapping[str, Mapping[str, Any]]) -> None:
    assert results[name]["observation"], [each for each in results[name]["checks"] if each["status"] == "fail"]


def test_the_password_stands_nowhere(looked: Run, folder: Path) -> None:
    assert PASSWORD not in looked.output
    for path in (folder / "ledger").rglob("*.json"):
        assert PASSWORD not in path.read_text("utf-8")
