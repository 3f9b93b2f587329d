# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WAF certificates on a Windows double over real WinRM: renewal, what the probe sees, and that no secret is seen."""

from __future__ import annotations

import hashlib
import json
import sys
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from lab import Fleet
from tests.integration.ansible_run import Run, playbook
from tests.integration.fleets import listed, standing
from tests.integration.windows_hosts import needs_windows

pytestmark = [pytest.mark.lab, needs_windows]

NAME, HOST, INSTITUTION = "win-certificate", "win-t-1", "E99901A"
SERVICE = {"sid": "S-1-5-20", "account": "NT AUTHORITY\\NETWORK SERVICE", "rights": "read"}
STORE = {"institution": INSTITUTION, "type": "windows_store", "accounts": ["NETWORK SERVICE"]}
FILES = {
    "institution": INSTITUTION,
    "type": "pem_files",
    **{role: f"C:\\eeszt-certificate\\{INSTITUTION}\\{role}.pem" for role in ("certificate", "key", "chain")},
    "accounts": ["S-1-5-19"],
}
ALL_THAT_ANSIBLE_SAYS = "-vvvvvv"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with standing(NAME, "windows") as made:
        yield made


@pytest.fixture
def play(fleet: Fleet, tmp_path: Path) -> Callable[..., Run]:
    """Runs tasks on the host with the plan's variables; ``source`` names a PKCS#12 file in the lab's folder."""
    inventory, book = listed(fleet, tmp_path), tmp_path / "book.yml"

    def run(tasks: list[Json], *words: str, source: str = INSTITUTION, **variables: Any) -> Run:
        book.write_text(json.dumps([{"hosts": HOST, "gather_facts": False, "tasks": tasks}]))
        password = f"{{{{ lookup('ansible.builtin.file', '{fleet.paths.pki}/{source}.password') }}}}"
        given: Json = {
            "waf_certificate_institutions": [INSTITUTION],
            "waf_certificate_sources": {
                INSTITUTION: {"path": str(fleet.paths.pki / f"{source}.p12"), "password": password}
            },
            "waf_certificate_targets": [STORE, FILES],
            "waf_certificate_test_issuer_words": [],
            "answer": str(tmp_path / "answer.json"),
        }
        environment = {"ANSIBLE_INVENTORY_ENABLED": "yaml", "ANSIBLE_LOCAL_TEMP": str(tmp_path / "local")}
        done = playbook(book, *words, inventory=inventory, environment=environment, **{**given, **variables})
        assert done.status == 0, done.explained
        return done

    return run


ROLE: list[Json] = [{"name": "Role", "ansible.builtin.import_role": {"name": "eeszt.connect.waf_certificate"}}]


def look(play: Callable[..., Run], tmp_path: Path, *targets: Json) -> list[Json]:
    """What the probe says of the targets."""
    request = {"observe": ["certificates"], "certificate_targets": list(targets)}
    copied = {
        "content": "{{ seen.observation.sections.certificates | to_json }}",
        "dest": "{{ answer }}",
        "mode": "0600",
    }
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    play(
        [
            {"name": "Look", "eeszt.connect.probe": {"request": request}, "register": "seen"},
            {"name": "Keep", "ansible.builtin.copy": copied, "delegate_to": "localhost", "vars": local},
        ]
    )
    section = json.loads((tmp_path / "answer.json").read_text("utf-8"))
    assert section["error"] is None
    found: list[Json] = section["targets"]
    return found


def opened(fleet: Fleet, name: str) -> pkcs12.PKCS12KeyAndCertificates:
    folder = fleet.paths.pki
    return pkcs12.load_pkcs12((folder / f"{name}.p12").read_bytes(), (folder / f"{name}.password").read_bytes())


def der(fleet: Fleet, name: str) -> bytes:
    held = opened(fleet, name).cert
    assert held is not None
    return held.certificate.public_bytes(Encoding.DER)


def on_host(fleet: Fleet, *words: str) -> str:
    return fleet.execute(HOST, ["sh", "-ec", *words]).stdout


def keys(fleet: Fleet) -> list[Json]:
    """The key files of the double, in which each key has its one-time password."""
    found = on_host(
        fleet, "find / -xdev -path '*/eeszt-double/keys/*.json' -exec cat {} \\; -exec echo \\; 2>/dev/null; true"
    )
    decoder, kept, rest = json.JSONDecoder(), [], found.strip()
    while rest:
        one, end = decoder.raw_decode(rest)
        kept.append(one)
        rest = rest[end:].strip()
    return kept


@contextmanager
def watched(seen: set[bytes]) -> Iterator[None]:
    """Meanwhile, keep every command line and environment of this machine, the hosts' processes among them."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            for folder in Path("/proc").iterdir():
                if folder.name.isdigit():
                    for name in ("cmdline", "environ"):
                        try:
                            seen.add((folder / name).read_bytes())
                        except OSError:
                            continue

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def secrets(fleet: Fleet) -> list[str]:
    """Lines of the key, the downloaded file's password, and what the host was sent in its place."""
    key = opened(fleet, INSTITUTION).key
    assert key is not None
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode().splitlines()[1:-1]
    (kept,) = keys(fleet)
    assert len(kept["password"]) >= 40
    return [*pem, (fleet.paths.pki / f"{INSTITUTION}.password").read_text(), kept["password"], kept["pfx"][200:260]]


def test_no_secret_is_seen_on_the_way(fleet: Fleet, play: Callable[..., Run], tmp_path: Path) -> None:
    seen: set[bytes] = set()
    with watched(seen):
        done = play(ROLE, ALL_THAT_ANSIBLE_SAYS, "--diff")
        again = play(ROLE, ALL_THAT_ANSIBLE_SAYS, "--diff")
    assert (done.changed[HOST], again.changed[HOST]) == (1, 0)
    hidden = secrets(fleet)
    assert [one for one in hidden if one in done.output + again.output] == []
    assert "+access: NT AUTHORITY\\NETWORK SERVICE read" in done.output
    lines = [line.decode(errors="replace") for line in seen]
    assert any("pwsh.exe" in line for line in lines), "the host's processes are among those that were watched"
    assert [one for one in hidden if any(one in line for line in lines)] == []
    wanted = "|".join(hidden).replace("+", "\\+")
    places = "/tmp /run/user /var/tmp /root /home $(find / -xdev -type d -ipath '*/users/*/temp' 2>/dev/null)"
    assert on_host(fleet, f"grep -rlE '{wanted}' {places} 2>/dev/null || true") == ""
    where_it_belongs = "$(find / -xdev -type d -path '*/eeszt-double/keys' 2>/dev/null)"
    assert on_host(fleet, f"grep -rlE '{wanted}' {where_it_belongs}"), "the search finds what is there"
    assert not [path for path in (tmp_path / "local").rglob("*") if path.is_file()]


def test_the_probe_sees_what_the_role_brought(fleet: Fleet, play: Callable[..., Run], tmp_path: Path) -> None:
    play(ROLE)
    expected = {**STORE, "fingerprint": hashlib.sha256(der(fleet, INSTITUTION)).hexdigest()}
    store, files = look(play, tmp_path, expected, FILES)
    known = {"present": True, "fits": True, "encrypted": False, "error": None}
    for found in (store, files):
        assert b64decode(found["certificate"]) == der(fleet, INSTITUTION)
        assert found["key"] == known
        assert len(found["chain"]) == 1
    assert store["path"] == "LocalMachine\\My"
    assert [entry["rights"] for entry in store["access"]] == ["full", "read", "full"]
    assert SERVICE in store["access"]
    assert store["accounts"] == [{"account": "NETWORK SERVICE", "sid": SERVICE["sid"]}]
    (key,) = (file for file in files["files"] if file["role"] == "key")
    assert (key["readable"], key["mode"], key["owner"]) == (True, None, "BUILTIN\\Administrators")
    assert {entry["sid"]: entry["rights"] for entry in key["access"]} == {
        "S-1-5-18": "full",
        "S-1-5-32-544": "full",
        "S-1-5-19": "read",
    }


def test_a_lost_key_is_seen_and_brought_again(fleet: Fleet, play: Callable[..., Run], tmp_path: Path) -> None:
    play(ROLE)
    on_host(fleet, "find / -xdev -path '*/eeszt-double/keys/*.json' -delete 2>/dev/null; true")
    (store,) = look(play, tmp_path, STORE)
    assert (store["key"]["present"], store["access"]) == (False, None)
    assert b64decode(store["certificate"]) == der(fleet, INSTITUTION), "found by its mark"
    assert play(ROLE).changed[HOST] == 1
    (store,) = look(play, tmp_path, STORE)
    assert store["key"]["fits"] is True
    assert SERVICE in store["access"]


def test_a_renewed_certificate_stands_beside_the_old_one_until_that_is_retired(
    fleet: Fleet, play: Callable[..., Run], tmp_path: Path
) -> None:
    """With accounts no longer given, the new key is for those who could read the old one."""
    plain = {"institution": INSTITUTION, "type": "windows_store"}
    play(ROLE)
    (before,) = keys(fleet)
    renewed = play(ROLE, "--diff", source="untrusted", waf_certificate_targets=[plain])
    assert renewed.changed[HOST] == 1
    old, new = (hashlib.sha256(der(fleet, name)).hexdigest() for name in (INSTITUTION, "untrusted"))
    assert f"-fingerprint: {old}\n+fingerprint: {new}\n" in renewed.output
    passwords = {one["password"] for one in keys(fleet)}
    assert len(passwords) == 2
    assert before["password"] in passwords
    (store,) = look(play, tmp_path, {**plain, "fingerprint": "00" * 32})
    assert b64decode(store["certificate"]) == der(fleet, "untrusted"), "not the expected one, so the newest of ours"
    assert SERVICE in store["access"]
    assert (store["kept"]["renewed_to"], b64decode(store["kept"]["certificate"])) == (new, der(fleet, INSTITUTION))
    assert play(ROLE, source="untrusted", waf_certificate_targets=[plain]).changed[HOST] == 0
    finish = {"waf_certificate_state": "retired", "waf_certificate_fingerprints": {INSTITUTION: new}}
    assert play(ROLE, waf_certificate_targets=[plain], **finish).changed[HOST] == 1
    (left,) = keys(fleet)
    assert left["password"] in passwords - {before["password"]}


def test_the_module_brings_nothing_alone(play: Callable[..., Run]) -> None:
    module = {"targets": [STORE]}
    told = ["said is failed", "'action plugin' in said.msg"]
    play(
        [
            {"name": "Module", "eeszt.connect.win_waf_certificate": module, "register": "said", "ignore_errors": True},
            {"name": "It says why", "ansible.builtin.assert": {"that": told}},
        ]
    )
