# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site behind a proxy (squid): looked at, opened and verified through it, while the direct way stays closed."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lab import Fleet, proxy
from lab.spec import GATEWAY
from tests.integration.ansible_run import ROOT, Run, execute, playbook
from tests.integration.fleets import listed, standing
from tests.integration.windows_hosts import needs_windows

NAME, HOST = "proxied", "ws-x-1"
HOSTS_OWN = "a-secret-of-the-host"
# No name, so that the plan's and the host's are surely told apart from the centre's, which is on the same gateway.
PLAN = """plugin: eeszt.connect.site_plan
institutions:
  - {{ name: Mintarendelő Kft., authority: oth, authority_id: "99901A" }}
sites:
  - {{ id: buda, name: Budai rendelő, ring: canary, proxy: {{ host: {host}, port: {port}, exceptions: [localhost] }} }}
hosts:
  - name: ws-x-1
    address: 10.77.0.11
    site: buda
    system: linux
    serves: [E99901A]
    certificate_targets:
      - type: pem_files
        certificate: /etc/eeszt-demo/waf/{{institution}}/certificate.pem
        key: /etc/eeszt-demo/waf/{{institution}}/key.pem
        chain: /etc/eeszt-demo/waf/{{institution}}/chain.pem
"""


@dataclass
class Site:
    """A fleet whose hosts have the proxy's way alone, with a ledger and a report of its own."""

    fleet: Fleet
    folder: Path
    runs: list[Run] = field(default_factory=list)

    def play(self, name: str, run_id: str, port: int, *words: str, **variables: Any) -> Run:
        (self.folder / "plan").mkdir(exist_ok=True)
        (self.folder / "plan/site.site_plan.yml").write_text(PLAN.format(host=GATEWAY, port=port), "utf-8")
        link = self.folder / "plan/group_vars"
        if not link.is_symlink():
            link.symlink_to(ROOT / "inventory/demo/group_vars")
        own = {"eeszt_ledger": str(self.folder / "ledger"), "eeszt_report": str(self.folder), "eeszt_run_id": run_id}
        run = playbook(
            ROOT / "playbooks" / name,
            *words,
            inventory=self.folder / "plan",
            environment={"EESZT_LAB_FLEET": NAME},
            **own,
            **variables,
        )
        self.runs.append(run)
        return run

    def checks(self, run_id: str) -> dict[tuple[str, str], Mapping[str, Any]]:
        """Checks of a run by id and target; of several institutions there is one here."""
        result = json.loads((self.folder / "ledger" / run_id / f"{HOST}.json").read_text("utf-8"))
        return {(each["id"], each["target"]): each for each in result["checks"]}

    def reaches(self, port: int) -> bool:
        """Whether the host comes directly to a port of the gateway."""
        code = f"import socket; socket.create_connection(({GATEWAY!r}, {port}), timeout=1)"
        return self.fleet.execute(HOST, ["python3", "-c", code]).returncode == 0


@dataclass(frozen=True)
class Told:
    """What each command said, in the order in which they ran."""

    site: Site
    account: str
    password: str
    password_lookup: str
    before: dict[tuple[str, str], Mapping[str, Any]]
    opened: Run
    open_ports: dict[int, bool]
    known: Run
    known_ports: dict[int, bool]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    with standing(NAME, "proxy") as fleet:
        site = Site(fleet, tmp_path_factory.mktemp("proxied"))
        password = proxy.password_file(fleet.paths.pki)
        lookup = f"{{{{ lookup('ansible.builtin.file', '{password}') }}}}"
        right = {"username": proxy.USERNAME, "password": lookup}
        site.play("audit.yml", "before", proxy.OPEN_PORT)
        opened = site.play("site.yml", "opened", proxy.OPEN_PORT)
        ports = (443, 4443, 5443, proxy.OPEN_PORT, proxy.ACCOUNT_PORT)
        open_ports = {port: site.reaches(port) for port in ports}
        known = site.play("site.yml", "known", proxy.ACCOUNT_PORT, "-vvvv", "--diff", eeszt_proxy_account=right)
        known_ports = {port: site.reaches(port) for port in ports}
        wrong = {"username": proxy.USERNAME, "password": "nem ez az"}
        site.play("audit.yml", "wrong", proxy.ACCOUNT_PORT, eeszt_proxy_account=wrong)
        line = f"https_proxy=http://kati:{HOSTS_OWN}@other.example:3128"
        fleet.execute(HOST, ["tee", "/etc/environment"], stdin=f"{line}\n")
        site.play("audit.yml", "nobody", proxy.ACCOUNT_PORT)
        secret = password.read_text("utf-8")
        account = base64.b64encode(f"{proxy.USERNAME}:{secret}".encode()).decode("ascii")
        yield Told(site, account, secret, lookup, site.checks("before"), opened, open_ports, known, known_ports)


def causes(checks: Mapping[tuple[str, str], Mapping[str, Any]], name: str, target: str = "") -> list[str]:
    assert checks[name, target]["status"] in ("fail", "warn"), checks[name, target]
    return list(checks[name, target]["causes"])


def test_a_closed_host_lacks_the_way_to_the_proxy_and_nothing_else(told: Told) -> None:
    assert causes(told.before, "firewall.outbound", "3128/tcp") == ["outbound_default_deny"]
    others = [told.before["firewall.outbound", f"{port}/tcp"]["status"] for port in (443, 4443, 5443)]
    assert others == ["not_applicable"] * 3
    assert causes(told.before, "endpoints.tcp", "centre.demo.test:4443")[0] == "tcp_timeout"


def test_the_rollout_opens_the_proxys_port_alone_and_the_site_is_ready(told: Told) -> None:
    assert told.opened.status == 0, told.opened.explained
    checks = told.site.checks("opened")
    assert checks["endpoints.tcp", "centre.demo.test:4443"]["observed"] == "through the proxy"
    assert checks["firewall.outbound", "3128/tcp"]["status"] == "ok"
    assert checks["mtls.http", "centre.demo.test:4443"]["status"] == "ok"
    assert told.open_ports == {443: False, 4443: False, 5443: False, 3128: True, 3129: False}


def test_another_port_of_the_plan_is_drift_that_the_probe_sees_and_the_role_mends(told: Told) -> None:
    assert told.known.status == 0, told.known.explained
    assert told.known_ports == {443: False, 4443: False, 5443: False, 3128: False, 3129: True}


def test_the_right_account_leads_through(told: Told) -> None:
    checks = told.site.checks("known")
    assert checks["endpoints.tcp", "centre.demo.test:443"]["status"] == "ok"
    assert checks["mtls.http", "centre.demo.test:443"]["status"] == "ok"


@pytest.mark.parametrize(
    ("run_id", "cause", "words"),
    [
        ("wrong", "proxy_account_refused", "it offers Basic; an account was given"),
        ("nobody", "proxy_auth_required", "it offers Basic"),
    ],
)
def test_a_wrong_account_is_told_from_none(told: Told, run_id: str, cause: str, words: str) -> None:
    check = told.site.checks(run_id)["endpoints.tcp", "centre.demo.test:443"]
    assert check["causes"] == [cause]
    assert check["evidence"][0]["text"] == f"answer of the proxy; {words}"


def test_the_hosts_own_settings_are_held_against_the_plan(told: Told) -> None:
    assert causes(told.site.checks("wrong"), "endpoints.proxy") == ["proxy_not_set"]
    check = told.site.checks("nobody")["endpoints.proxy", ""]
    assert check["causes"] == ["proxy_differs"]
    assert check["observed"] == "/etc/environment: http://other.example:3128"


@needs_windows
def test_a_windows_double_goes_through_with_the_account_too(told: Told) -> None:
    asked = {
        "endpoints": [{"name": "centre", "host": "centre.demo.test", "port": 443}],
        "proxy": {"host": GATEWAY, "port": proxy.ACCOUNT_PORT},
        "proxy_account": {"username": proxy.USERNAME, "password": told.password_lookup},
        "trust_anchors": "Z:\\etc\\eeszt-demo\\ca.pem",
        "policy": "test",
    }
    folder = told.site.folder / "windows"
    folder.mkdir()
    inventory = listed(told.site.fleet, folder)
    ansible = str(Path(sys.executable).parent / "ansible")
    words = ["win-x-1", "-m", "eeszt.connect.mtls_verify", "-a", json.dumps(asked), "-t", str(folder), "-vvvv"]
    run = execute([ansible, "-i", str(inventory), *words], {"ANSIBLE_INVENTORY_ENABLED": "yaml"})
    told.site.runs.append(run)
    assert run.status == 0, run.explained
    checks = {each["id"]: each for each in json.loads((folder / "win-x-1").read_text("utf-8"))["checks"]}
    assert checks["endpoints.tcp"]["observed"] == "through the proxy", checks["endpoints.tcp"]
    assert checks["endpoints.server_certificate"]["status"] == "ok", checks["endpoints.server_certificate"]
    assert checks["endpoints.proxy"]["causes"] == ["proxy_not_set"]


def test_no_password_of_a_proxy_is_anywhere(told: Told) -> None:
    secrets = (told.password, told.account, "nem ez az", HOSTS_OWN)
    journal = told.site.fleet.execute(HOST, ["journalctl", "--quiet", "--no-pager", "--output=short-full"]).stdout
    assert "Invoked with" in journal
    files = [each for each in told.site.folder.rglob("*") if each.is_file()]
    texts = [journal, *(run.output for run in told.site.runs), *(each.read_text("utf-8") for each in files)]
    assert len(files) > 5
    assert [secret for secret in secrets if any(secret in text for text in texts)] == []
