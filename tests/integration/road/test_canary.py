# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No password and no key is anywhere but where it belongs: in no output, file, process list or log.

A CAN is no input of anything yet, and a test says so.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives import serialization

from tests.integration.ansible_run import ROOT
from tests.integration.road.conftest import NAME, STATIONS
from tests.integration.road.watching import Watch, leaks, search

PKI = Path("/run/eeszt-connect-lab") / NAME / "pki"
OWNERS = ("E99901A", "P099002", "E99903B", "E99904C")
WAF = "/etc/eeszt-demo/waf"
PLACES = ("/var/log", "/run/log", "/etc", "/root", "/home", "/tmp", "/var/tmp", "/dev/shm", "/var/lib/eeszt-connect")
# On the controller: what Ansible keeps for itself, and where programs put what they want to be rid of.
HOME = Path(os.environ.get("ANSIBLE_HOME") or Path.home() / ".ansible")
OWN = (HOME, *Path("/tmp").glob("ansible*"), Path("/dev/shm"))
CARD_WORDS = {"can", "pin", "puk"}


def forms(key: str) -> dict[str, bytes]:
    """Lines from the middle of each form in which a key may travel: before it stands the modulus, which is public."""
    pem = key.encode()
    opened = serialization.load_pem_private_key(pem, None)
    kinds = {
        "PKCS8": serialization.PrivateFormat.PKCS8,
        "PKCS1": serialization.PrivateFormat.TraditionalOpenSSL,
    }
    found = {"PEM": _middle(pem.splitlines())}
    for name, kind in kinds.items():
        der = opened.private_bytes(serialization.Encoding.DER, kind, serialization.NoEncryption())
        half = len(der) // 2
        found |= {
            f"DER {name}": der[half : half + 32],
            f"hex {name}": der[half : half + 32].hex().encode(),
            f"HEX {name}": der[half : half + 32].hex().upper().encode(),
            f"base64 {name}": _middle([base64.b64encode(der)], 40),
        }
    return {**found, "base64 of PEM": _middle([base64.b64encode(pem)], 40)}


def _middle(lines: list[bytes], length: int = 64) -> bytes:
    line = lines[len(lines) // 2]
    start = max(0, (len(line) - length) // 2)
    return line[start : start + length]


@pytest.fixture(scope="module")
def secrets(story, road):
    """Passwords and keys, each in every form that is known."""
    found = {}
    for owner in OWNERS:
        password = (PKI / f"{owner}.password").read_bytes()
        found |= {f"password of {owner}": password, f"base64 password of {owner}": base64.b64encode(password)}
    pairs = {"ws-buda-1": "E99901A", "ws-pest-1": "P099002", "ws-tisza-1": "E99903B"}
    for host, owner in pairs.items():
        key = road.fleet.execute(host, ["cat", f"{WAF}/{owner}/key.pem"]).stdout
        found |= {f"{form} of the key of {owner}": text for form, text in forms(key).items()}
    return found


@pytest.fixture(scope="module")
def watched(story, road, secrets):
    """The certificate is brought anew while Ansible says everything that it can, and every process is looked at."""
    road.fleet.execute("ws-buda-1", ["rm", "-r", f"{WAF}/E99901A"])
    inside = Path(f"/proc/{road.fleet.machine('ws-buda-1').pid()}/root")
    brief = [inside / "root/.ansible", inside / "tmp", inside / "var/tmp", inside / "dev/shm", HOME / "tmp"]
    with Watch(secrets, brief) as watch:
        run = road.play("site.yml", "-vvvv", "--diff", "--limit", "ws-buda-1", eeszt_run_id="talkative")
    assert run.changed["ws-buda-1"] > 0, run.output
    return watch


def test_no_output_holds_one(secrets, watched, road):
    assert [found for run in road.runs if (found := leaks(run.output.encode(), secrets))] == []


def test_no_process_and_no_file_of_a_moment_holds_one(watched):
    assert watched.found == set()
    # It looked at them indeed, here and on the host.
    assert any(b"ansible-playbook" in line for line in watched.here)
    assert any(b"python3" in line for line in watched.on_hosts)


def test_it_would_be_seen_in_a_command_line_an_environment_and_a_file(tmp_path):
    secret = os.urandom(16).hex()
    watch = Watch({"one": secret.encode()}, [tmp_path])
    watch.look()
    assert watch.found == set()
    (tmp_path / "file").write_text(f"key={secret}", "utf-8")
    with (
        subprocess.Popen(["sh", "-c", f": {secret}; read -r line"], stdin=subprocess.PIPE),
        subprocess.Popen(["cat"], stdin=subprocess.PIPE, env={"SECRET": secret}),
    ):
        watch.look()
    assert {each.split(":")[0].split("\0")[0] for each in watch.found} == {"sh", "cat", str(tmp_path / "file")}


def test_neither_ledger_nor_report_nor_the_controller_holds_one(secrets, watched, road):
    assert [each for each in road.folder.rglob("*") if each.is_file()]
    assert search([road.folder, *OWN], secrets) == {}


@pytest.mark.parametrize("host", STATIONS)
def test_no_journal_log_or_other_file_of_a_host_holds_one(secrets, watched, road, host):
    journal = road.fleet.execute(host, ["journalctl", "--quiet", "--no-pager", "--output=short-full"]).stdout
    assert "Invoked with" in journal
    assert leaks(journal.encode(), secrets) == []
    inside = Path(f"/proc/{road.fleet.machine(host).pid()}/root")
    places = [inside / each.lstrip("/") for each in PLACES]
    held = search(places, secrets)
    # A search that finds the key where it belongs would find it elsewhere.
    belongs = {path for path in held if WAF in path}
    assert bool(belongs) == (host in {"ws-buda-1", "ws-buda-2", "ws-pest-1", "ws-tisza-1", "ws-tisza-3"})
    assert set(held) - belongs == set()


def test_the_key_is_readable_by_its_owner_only(secrets, road):
    listing = road.fleet.execute("ws-buda-1", ["sh", "-c", f"stat -c '%a %n' {WAF}/*/key.pem {WAF}/*/*.p12"])
    assert {line.split()[0] for line in listing.stdout.splitlines()} == {"600"}


def test_no_input_carries_a_can_a_pin_or_a_puk():
    specs = [yaml.safe_load(path.read_text("utf-8")) for path in ROOT.glob("roles/*/meta/argument_specs.yml")]
    names = {name for spec in specs for name in spec["argument_specs"]["main"].get("options", {})}
    contract = ROOT / "plugins/plugin_utils/contract/schemas/probe_request.schema.json"
    names |= set(json.loads(contract.read_text("utf-8"))["properties"])
    assert len(names) > 50
    assert [name for name in names if CARD_WORDS & set(name.split("_"))] == []
