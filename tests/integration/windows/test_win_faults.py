# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same fault gives the same cause on a Windows double as on a Linux host of the same fleet."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from lab import Fleet, pki
from tests.integration.ansible_run import ROOT, Run, playbook
from tests.integration.fleets import standing
from tests.integration.windows_hosts import needs_windows

pytestmark = [pytest.mark.lab, needs_windows]

NAME = "win-faults"
LINUX, WINDOWS = "ws-buda-1", "ws-duna-1"
BOTH = (LINUX, WINDOWS)
PCSC = ["pcscd.socket", "pcscd.service"]


class Pair:
    """A Linux host and a Windows double of the demo, which serve the same institution."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        self.fleet = fleet
        self.folder = folder

    def play(self, name: str, *, hosts: tuple[str, ...] = BOTH, passes: bool = True, **variables: Any) -> Run:
        path = name if "/" in name else ROOT / "playbooks" / name
        more = ["-i", str(ROOT / "inventory" / "demo-windows"), "--limit", ",".join(hosts)]
        places = {"eeszt_ledger": str(self.folder / "ledger"), "eeszt_report": str(self.folder)}
        run = playbook(
            path,
            *more,
            inventory=ROOT / "inventory" / "demo",
            environment={"EESZT_LAB_FLEET": NAME},
            **places,
            **variables,
        )
        assert not passes or run.status == 0, run.explained
        return run

    def results(self, run_id: str, hosts: tuple[str, ...] = BOTH) -> dict[str, Any]:
        return {
            host: json.loads((self.folder / "ledger" / run_id / f"{host}.json").read_text("utf-8")) for host in hosts
        }

    def first_failing(self, run_id: str, **variables: Any) -> dict[str, tuple[str, list[str]] | None]:
        """What stands in the way on each host, as an audit sees it now: check and causes."""
        self.play("audit.yml", eeszt_run_id=run_id, **variables)
        found = {host: result["first_failing"] for host, result in self.results(run_id).items()}
        return {host: check and (check["id"], check["causes"]) for host, check in found.items()}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with standing(NAME, "demo") as fleet:
        made = Pair(fleet, tmp_path_factory.mktemp("faults"))
        made.play("site.yml", eeszt_run_id="rollout")
        yield made


def test_both_are_ready_with_the_certificate_in_its_place(pair):
    for host, result in pair.results("rollout").items():
        assert result["ready"], (host, result["first_failing"])
        shown = [check for check in result["checks"] if check["id"] == "mtls.client_certificate"]
        assert [check["status"] for check in shown] == ["ok"] * 3


def test_a_card_taken_out(pair):
    for host in BOTH:
        pair.fleet.card_action("remove", host)
    # The card's last good proof counts, so it stands in nobody's way; the check says all the same what it saw.
    assert pair.first_failing("no-card") == dict.fromkeys(BOTH)
    for host, result in pair.results("no-card").items():
        assert [check["causes"] for check in result["checks"] if check["id"] == "card.present"] == [["no_card"]], host
        pair.fleet.card_action("insert", host)


def test_a_smart_card_service_stopped(pair):
    for host in BOTH:
        assert pair.fleet.execute(host, ["systemctl", "stop", *PCSC]).returncode == 0
    assert pair.first_failing("no-service") == dict.fromkeys(BOTH, ("reader.pcsc_service", ["service_stopped"]))
    for host in BOTH:
        pair.fleet.execute(host, ["systemctl", "start", *PCSC])
    pair.fleet.wait_ready(names=BOTH)


def test_a_port_closed_on_the_way(pair):
    for host in BOTH:
        pair.fleet.block(host, 4443)
    assert pair.first_failing("blocked") == dict.fromkeys(BOTH, ("endpoints.tcp", ["path_blocked"]))
    for host in BOTH:
        pair.fleet.block(host, 4443, on=False)


def test_a_name_that_does_not_exist(pair):
    nowhere = [{"name": "centre", "host": "nowhere.demo.test", "port": 443, "protocol": "http"}]
    assert pair.first_failing("no-name", eeszt_endpoints=nowhere) == dict.fromkeys(
        BOTH, ("endpoints.dns", ["dns_not_found"])
    )


def source(path: Path, password: str) -> dict[str, Any]:
    return {"E99901A": {"path": str(path), "password": password}}


def newly_issued(folder: Path, path: Path) -> dict[str, Any]:
    """Another certificate of the institution, which the centre takes."""
    authority, password = pki.read_authority(folder), secrets.token_hex(8)
    leaf = pki.issue(authority, pki.subject("E99901A", "renewed", "lab double"))
    encryption = BestAvailableEncryption(password.encode())
    above = [authority.certificate]
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"new", leaf.key, leaf.certificate, above, encryption))
    return source(path, password)


def test_a_renewal_that_the_centre_refuses_and_one_during_an_outage(pair, tmp_path):
    """On Windows alone: road/test_renewal.py has the same story of a Linux host."""
    folder = pair.fleet.paths.pki
    unknown = source(folder / "untrusted.p12", (folder / "untrusted.password").read_text("utf-8").strip())
    good = newly_issued(folder, tmp_path / "good.p12")

    def after(book: str, run_id: str, certificates: dict[str, Any]) -> tuple[list[tuple[str, ...]], bool, set[str]]:
        """What is said of the certificate, whether one before it is kept, and what of mutual TLS."""
        pair.play(book, hosts=(WINDOWS,), passes=False, eeszt_run_id=run_id, eeszt_certificates=certificates)
        result = pair.results(run_id, (WINDOWS,))[WINDOWS]
        checks = result["checks"]
        current = [(one["status"], *one["causes"]) for one in checks if one["id"] == "certificate.current"]
        shown = {one["status"] for one in checks if one["id"] == "mtls.client_certificate"}
        (target,) = result["observation"]["sections"]["certificates"]["targets"]
        return current, target["kept"] is not None, shown

    refused = after("renew_certificate.yml", "refused", unknown)
    assert refused == ([("fail", "rolled_back")], False, {"ok"}), "the old one works"
    (said,) = pair.results("refused", (WINDOWS,))[WINDOWS]["failed_roles"]
    assert said["role"] == "waf_certificate"
    # TLS 1.3 hides from SChannel's callers which issuers the server takes, so that the issuer is one of three reasons.
    assert "client_cert_rejected, client_cert_revoked, client_cert_unknown_issuer" in said["message"]
    pair.fleet.centre(up=False)
    current, kept, _ = after("renew_certificate.yml", "down", good)
    pair.fleet.centre(up=True)
    assert (current, kept) == ([("warn", "proof_pending")], True)
    after("audit.yml", "finishes", good)
    assert after("audit.yml", "over", good) == ([("ok",)], False, {"ok"})


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_an_expired_certificate(pair, version, tmp_path):
    pki = pair.fleet.paths.pki
    expired = {
        "E99901A": {
            "path": str(pki / "E99904C.p12"),
            "password": (pki / "E99904C.password").read_text("utf-8").strip(),
        }
    }
    bring = tmp_path / "bring.yml"
    # The good one is taken back first: a renewal that the centre refuses would be undone.
    plays = [
        {
            "hosts": ",".join(BOTH),
            "gather_facts": False,
            "roles": ["eeszt.connect.waf_certificate"],
            "vars": {
                "waf_certificate_state": state,
                "waf_certificate_accept_expired": True,
                "waf_certificate_test_issuer_words": [],
            },
        }
        for state in ("absent", "present")
    ]
    bring.write_text(json.dumps(plays), "utf-8")
    pair.play(str(bring), eeszt_certificates=expired)
    pair.fleet.gateway_tls(version)
    run_id = f"expired-{version}"
    assert pair.first_failing(run_id, eeszt_certificates=expired) == dict.fromkeys(
        BOTH, ("certificate.validity", ["expired"])
    )
    # The centre's own word is the same too, over either version of TLS.
    refused = {
        host: {
            (check["target"], check["status"], *check["causes"])
            for check in result["checks"]
            if check["id"] == "mtls.client_certificate"
        }
        for host, result in pair.results(run_id).items()
    }
    assert refused[WINDOWS] == refused[LINUX]
    assert {each[1:] for each in refused[LINUX]} == {("fail", "client_cert_expired")}
