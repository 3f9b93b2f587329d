# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renewed while the centre refuses the new certificate, is down, or takes it: the old one goes only when it may."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from lab import pki
from tests.integration.road.conftest import NAME

HOST, OWNER = "ws-buda-1", "E99901A"
PKI = Path("/run/eeszt-connect-lab") / NAME / "pki"
FOLDER = f"/etc/eeszt-demo/waf/{OWNER}"


@dataclass(frozen=True)
class Source:
    """A downloaded certificate on the controller, as eeszt_certificates names it."""

    path: Path
    password: str

    @property
    def given(self) -> dict[str, Any]:
        return {OWNER: {"path": str(self.path), "password": self.password}}

    @property
    def opened(self) -> pkcs12.PKCS12KeyAndCertificates:
        return pkcs12.load_pkcs12(self.path.read_bytes(), self.password.encode())

    @property
    def fingerprint(self) -> str:
        return self.opened.cert.certificate.fingerprint(hashes.SHA256()).hex()

    @property
    def secrets(self) -> list[str]:
        lines = pki.key_pem(self.opened.key).decode().splitlines()
        return [self.password, lines[len(lines) // 2]]


def of_the_fleet(stem: str) -> Source:
    return Source(PKI / f"{stem}.p12", (PKI / f"{stem}.password").read_text("utf-8"))


@pytest.fixture(scope="module")
def sources(road, tmp_path_factory):
    """A new certificate that the centre takes, and one of an authority that it does not know."""
    authority = pki.read_authority(PKI)
    leaf = pki.issue(authority, pki.subject(OWNER, "renewed", "lab double"))
    good = Source(tmp_path_factory.mktemp("renewed") / "good.p12", secrets.token_hex(8))
    above, encryption = [authority.certificate], BestAvailableEncryption(good.password.encode())
    good.path.write_bytes(
        pkcs12.serialize_key_and_certificates(b"renewed", leaf.key, leaf.certificate, above, encryption)
    )
    return {"good": good, "unknown": of_the_fleet("untrusted")}


@dataclass
class State:
    """What lies in the institution's folder, and what the last run kept of the host."""

    fingerprint: str
    kept: list[str]
    result: dict[str, Any]

    @property
    def current(self) -> tuple[str, list[str]]:
        checks = [each for each in self.result["checks"] if each["id"] == "certificate.current"]
        (check,) = (each for each in checks if each["target"].endswith("certificate.pem"))
        return check["status"], check["causes"]

    @property
    def taken(self) -> set[str]:
        return {each["status"] for each in self.result["checks"] if each["id"] == "mtls.client_certificate"}


@pytest.fixture(scope="module")
def renewal(story, road, sources):
    """Each step of the story by name, its command beside what it left on the host; ends as it began."""
    told = {}

    def step(name: str, book: str, source: Source | None = None, **variables: Any) -> None:
        given = {"eeszt_certificates": source.given} if source else {}
        run = road.play(book, "--diff", "--limit", HOST, eeszt_run_id=f"renewal-{name}", **given, **variables)
        told[name] = (run, look(f"renewal-{name}"))

    def look(run_id: str) -> State:
        command = f"openssl x509 -in {FOLDER}/certificate.pem -noout -fingerprint -sha256 && ls -A {FOLDER}"
        line, *names = road.fleet.execute(HOST, ["sh", "-c", command]).stdout.splitlines()
        fingerprint = line.partition("=")[2].replace(":", "").lower()
        kept = [name for name in names if name.endswith(".kept")]
        return State(fingerprint, kept, road.results(run_id).get(HOST, {}))

    first, new, unknown = of_the_fleet(OWNER), sources["good"], sources["unknown"]
    step("refused", "renew_certificate.yml", unknown)
    step("refused-again", "renew_certificate.yml", unknown)
    road.fleet.centre(up=False)
    step("asked", "renew_certificate.yml", new)
    step("back", "rollback.yml", new)
    step("down", "renew_certificate.yml", new, eeszt_retry_refused=True)
    step("down-again", "renew_certificate.yml", new)
    road.fleet.centre(up=True)
    step("finished", "audit.yml", new)
    step("finished-again", "audit.yml", new)
    step("taken", "site.yml", first)
    return told


def test_what_the_centre_refuses_is_taken_back_and_the_host_reported(renewal):
    run, state = renewal["refused"]
    assert state.fingerprint == of_the_fleet(OWNER).fingerprint, run.output
    assert state.kept == []
    assert state.current == ("fail", ["rolled_back"])
    assert state.taken == {"ok"}, "the old one works"
    assert not state.result["ready"]
    (said,) = state.result["failed_roles"]
    assert said["role"] == "waf_certificate"
    assert "client_cert_unknown_issuer" in said["message"]
    assert "rolled_back" in run.output, "the summary names the host"


def test_what_was_refused_is_not_tried_again(renewal):
    run, state = renewal["refused-again"]
    assert run.changed == {HOST: 0}, run.changes
    assert "was rolled back from" in run.output
    assert state.current == ("fail", ["rolled_back"])


def test_while_the_centre_is_down_both_stay(renewal, sources):
    for name in ("down", "down-again"):
        run, state = renewal[name]
        assert state.fingerprint == sources["good"].fingerprint, run.output
        assert len(state.kept) == 2
        assert state.current == ("warn", ["proof_pending"])
    assert renewal["down"][0].changed[HOST] > 0
    assert renewal["down-again"][0].changed == {HOST: 0}, renewal["down-again"][0].changes


def test_a_later_audit_retires_the_old_one(renewal, sources):
    run, state = renewal["finished"]
    assert run.status == 0, run.explained
    assert state.kept == []
    assert state.fingerprint == sources["good"].fingerprint
    assert state.current == ("ok", [])
    again, _ = renewal["finished-again"]
    assert again.changed == {HOST: 0}, again.changes


def test_what_the_centre_takes_at_once_is_over_in_one_run(renewal):
    run, state = renewal["taken"]
    assert run.status == 0, run.explained
    assert (state.fingerprint, state.kept) == (of_the_fleet(OWNER).fingerprint, [])
    assert state.result["ready"]
    assert state.result["changed"] == ["waf_certificate"]


def test_on_request_the_one_before_comes_back(renewal):
    assert len(renewal["asked"][1].kept) == 2
    run, state = renewal["back"]
    assert (state.fingerprint, state.kept) == (of_the_fleet(OWNER).fingerprint, []), run.output
    assert state.current == ("fail", ["rolled_back"])


def test_nothing_of_it_was_told(renewal, road, sources):
    held = [secret for each in (*sources.values(), of_the_fleet(OWNER)) for secret in each.secrets]
    journal = road.fleet.execute(HOST, ["journalctl", "--quiet", "--no-pager", "--output=short-full"]).stdout
    texts = {name: run.output for name, (run, _) in renewal.items()} | {"journal": journal}
    texts |= {each.name: each.read_text("utf-8") for each in road.folder.rglob("*.json")}
    assert [name for name, text in texts.items() if any(secret in text for secret in held)] == []
