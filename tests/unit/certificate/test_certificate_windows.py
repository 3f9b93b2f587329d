# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half for Windows: what it sends, when a key travels, in which encryption, and what it shows."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from certificate_factory import PASSWORD, Issued, issue, pack
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12

from ansible_collections.eeszt.connect.plugins.module_utils.certificate_content import seal
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate import windows
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.delivery import Delivery, prepare
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.errors import CertificateError
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.pkcs12 import open_pkcs12
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.sources import Rules
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.windows import deliver_to_windows, repack

STORE = {"type": "windows_store", "accounts": ["NETWORK SERVICE"]}
PEM = {"type": "pem_files", "certificate": "C:\\e\\c.pem", "key": "C:\\e\\k.pem", "chain": "C:\\e\\ch.pem"}
SEALED = {"type": "pkcs12_file", "path": "C:\\e\\client.p12"}
Answer = Callable[[Mapping[str, Any]], dict[str, Any]]


class Windows:
    """A host that gives the prepared answers one after another, and keeps what it was sent."""

    def __init__(self, *answers: Mapping[str, Any] | Answer) -> None:
        self.answers, self.sent = list(answers), []

    def __call__(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self.sent.append(arguments)
        answer = self.answers.pop(0)
        return dict(answer(arguments) if callable(answer) else answer)

    def material(self, turn: int) -> dict[tuple[str, str], str]:
        lines = [line.split("\t") for line in self.sent[turn]["material"].split("\n")]
        assert all(len(line) == 3 for line in lines)
        return {(institution, name): value for institution, name, value in lines}


def answer(**changes: Any) -> dict[str, Any]:
    plain = {"changed": False, "os_build": 26100, "files": [], "needs": [], "undecided": []}
    return {**plain, "directories": {"created": [], "removed": []}, **changes}


def needs(*whats: str) -> list[dict[str, str]]:
    return [{"institution": "E01620K", "what": what} for what in whats]


def delivery(issued: Issued, tmp_path: Path, *targets: Mapping[str, Any], state: Any = "present") -> Delivery:
    source = tmp_path / "a.p12"
    source.write_bytes(pack(issued))
    sources = {"E01620K": {"path": str(source), "password": PASSWORD}}
    return prepare(state, ["E01620K"], sources, targets, Rules(), lambda path: Path(path).read_bytes(), "windows")


@pytest.fixture
def practice(ca: Issued) -> Issued:
    return issue("E01620K", ca)


def test_a_host_that_has_all_is_sent_no_secret(practice: Issued, tmp_path: Path) -> None:
    host = Windows(answer())
    result = deliver_to_windows(delivery(practice, tmp_path, STORE, PEM, SEALED), host)
    assert len(host.sent) == 1
    sent = host.material(0)
    assert {name for _institution, name in sent} == {"token", "certificate", "issuer", "pkcs12_sha256"}
    body = "".join(practice.key_pem().splitlines()[1:-1])
    assert body[:40] not in host.sent[0]["material"]
    assert PASSWORD not in host.sent[0]["material"]
    assert (result["changed"], result["institution"]) == (False, "E01620K")


def test_what_is_missing_follows_and_nothing_else(practice: Issued, tmp_path: Path) -> None:
    host = Windows(answer(needs=needs("pfx")), answer(changed=True))
    assert deliver_to_windows(delivery(practice, tmp_path, STORE, PEM, SEALED), host)["changed"] is True
    sent = host.material(1)
    assert ("E01620K", "key") not in sent
    assert ("E01620K", "pkcs12") not in sent
    password, container = sent["E01620K", "pfx_password"], base64.b64decode(sent["E01620K", "pfx"])
    inside = pkcs12.load_pkcs12(container, password.encode())
    assert inside.cert is not None
    assert inside.cert.certificate == practice.certificate
    assert inside.additional_certs == [], "issuers go to another store"
    assert len(password) >= 40
    assert PASSWORD not in host.sent[1]["material"]


def test_files_get_the_key_and_the_file_as_it_was_downloaded(practice: Issued, tmp_path: Path) -> None:
    host = Windows(answer(needs=needs("key", "pkcs12")), answer(changed=True))
    given = delivery(practice, tmp_path, PEM, SEALED)
    deliver_to_windows(given, host)
    sent = host.material(1)
    key = load_pem_private_key(base64.b64decode(sent["E01620K", "key"]), None)
    assert key.private_numbers() == practice.key.private_numbers()  # type: ignore[union-attr]
    assert base64.b64decode(sent["E01620K", "pkcs12"]) == given.bundles["E01620K"].pkcs12


def test_the_password_is_another_one_each_time(practice: Issued) -> None:
    bundle = open_pkcs12(pack(practice), PASSWORD)
    assert repack(bundle, "aes")["password"] != repack(bundle, "aes")["password"]


@pytest.mark.parametrize(
    ("build", "cipher"),
    [
        (14393, "pbeWithSHA1And3-KeyTripleDES-CBC"),
        (17134, "pbeWithSHA1And3-KeyTripleDES-CBC"),
        (17763, "AES-256-CBC"),
        (26100, "AES-256-CBC"),
    ],
)
def test_old_windows_gets_the_encryption_that_it_reads(
    practice: Issued, tmp_path: Path, build: int, cipher: str
) -> None:
    host = Windows(answer(needs=needs("pfx"), os_build=build), answer(changed=True))
    deliver_to_windows(delivery(practice, tmp_path, STORE), host)
    sent = host.material(1)
    made = tmp_path / "made.pfx"
    made.write_bytes(base64.b64decode(sent["E01620K", "pfx"]))
    command = ["openssl", "pkcs12", "-in", str(made), "-info", "-noout", "-passin", "stdin", "-legacy"]
    said = subprocess.run(command, input=sent["E01620K", "pfx_password"] + "\n", capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    assert cipher in said.stderr


def test_a_controller_without_the_old_encryption_says_so(
    practice: Issued, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_given: Any) -> bytes:
        raise UnsupportedAlgorithm("not in FIPS mode")

    given, host = delivery(practice, tmp_path, STORE), Windows(answer(needs=needs("pfx"), os_build=14393))
    monkeypatch.setattr(windows.pkcs12, "serialize_key_and_certificates", refuse)
    with pytest.raises(CertificateError) as caught:
        deliver_to_windows(given, host)
    assert caught.value.kind == "unsupported_encryption"
    assert "Server 2019" in caught.value.remedy


@pytest.mark.parametrize("same", [True, False])
def test_a_file_of_other_bytes_is_looked_into(practice: Issued, ca: Issued, tmp_path: Path, same: bool) -> None:
    on_host = pack(practice if same else issue("E01620K", ca))

    def undecided(arguments: Mapping[str, Any]) -> dict[str, Any]:
        token = next(line for line in arguments["material"].split("\n") if "\ttoken\t" in line).split("\t")[2]
        sealed = base64.b64encode(seal(on_host, token, SEALED["path"])).decode()
        one = {"path": SEALED["path"], "institution": "E01620K", "sha256": "ab" * 32, "sealed": sealed}
        return answer(undecided=[one], needs=needs("pfx"))

    host = Windows(undecided, answer(changed=not same))
    deliver_to_windows(delivery(practice, tmp_path, STORE, SEALED), host)
    assert host.sent[1]["kept"] == {SEALED["path"]: "ab" * 32 if same else ""}
    assert host.sent[1]["older"] == ([] if same else [SEALED["path"]]), "what one could go back to"
    assert (("E01620K", "pkcs12") in host.material(1)) is not same
    assert ("E01620K", "pfx") in host.material(1)


def test_a_host_that_changes_meanwhile_is_not_asked_for_ever(practice: Issued, tmp_path: Path) -> None:
    host = Windows(answer(needs=needs("pfx")), answer(needs=needs("pfx", "key")))
    result = deliver_to_windows(delivery(practice, tmp_path, STORE, PEM), host)
    assert result["failed"] is True
    assert "run it again" in result["msg"]


def test_a_failure_shows_nothing_of_what_was_sent(practice: Issued, tmp_path: Path) -> None:
    host = Windows({"failed": True, "msg": "no", "invocation": {"module_args": {"material": "x"}}, "needs": []})
    assert deliver_to_windows(delivery(practice, tmp_path, STORE), host) == {"failed": True, "msg": "no"}


def test_removal_needs_no_certificate(practice: Issued, tmp_path: Path) -> None:
    host = Windows(answer(changed=True))
    result = deliver_to_windows(delivery(practice, tmp_path, STORE, state="absent"), host)
    assert "material" not in host.sent[0]
    assert result["certificates"] == [{"institution": "E01620K"}]


@pytest.mark.parametrize("state", ["retired", "rolled_back"])
def test_the_host_is_told_what_the_centre_said(practice: Issued, tmp_path: Path, state: str) -> None:
    said = {
        "fingerprints": {"E01620K": "ab" * 32},
        "reasons": {"E01620K": "client_cert_revoked"},
        "retry_refused": False,
    }
    given = replace(delivery(practice, tmp_path, STORE, state=state), renewal=said)
    finished = {"path": "LocalMachine\\My", "institution": "E01620K", "state": state, "changed": True}
    host = Windows(answer(changed=True, renewals=[finished]))
    result = deliver_to_windows(given, host)
    (sent,) = host.sent
    assert {name: sent[name] for name in ("state", *said)} == {"state": state, **said}
    assert (result["changed"], result["renewals"]) == (True, [finished])


def test_the_diff_tells_who_reads_the_key_and_which_certificate_it_is(practice: Issued, tmp_path: Path) -> None:
    old, given = issue("old"), delivery(practice, tmp_path, STORE)
    der = open_pkcs12(pack(old), PASSWORD).certificate_der
    service = {"sid": "S-1-5-20", "account": "NT AUTHORITY\\NETWORK SERVICE", "rights": "read"}
    gone = {"sid": "S-1-5-21-1-2-3-4", "account": None, "rights": "read"}
    seen = {"present": True, "certificate": base64.b64encode(der).decode(), "access": [gone], "key": True}
    one = {"path": "LocalMachine\\My", "role": "store", "institution": "E01620K", "changed": True}
    host = Windows(answer(changed=True, files=[{**one, "reasons": ["absent"], "before": seen, "access": [service]}]))
    result = deliver_to_windows(given, host, diff=True)
    (diff,) = result["diff"]
    assert "access: S-1-5-21-1-2-3-4 read\n" in diff["before"]
    assert "subject: CN=old\n" in diff["before"]
    assert "access: NT AUTHORITY\\NETWORK SERVICE read\n" in diff["after"]
    assert f"fingerprint: {given.bundles['E01620K'].fingerprint}\n" in diff["after"]
    assert result["files"] == [{**one, "reasons": ["absent"]}]
