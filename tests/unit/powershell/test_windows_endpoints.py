# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Windows probe's endpoints on real servers, by the Linux build of PowerShell: one start for all of them.

There OpenSSL speaks instead of SChannel, so a code of a refused handshake is OpenSSL's; all else is as on Windows.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from powershell_host import ROOT, UTILS, Pwsh

sys.path.insert(0, str(ROOT / "tests/unit/observe"))
from observe_pki import NAME, Issued, Pki, issue
from observe_servers import (
    Handler,
    Server,
    answering,
    free_port,
    in_tls,
    read_request,
    relay,
    tls_context,
    until_closed,
)

from tests.unit.judge.support import FIXTURES

Json = dict[str, Any]
TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
LIMITS = {"dns": 2, "connect": 2, "handshake": 3, "answer": 3, "section": 30}


def plain(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def dead_version(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(bytes.fromhex("15030300020246"))
    until_closed(connection)


class Centre:
    """Servers under names, and what a probe is asked of them."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.pki = Pki(folder)
        self._folder, self._stack, self._count = folder, stack, 0
        self.endpoints: list[Json] = []
        self.secrets: Json = {}

    def serve(self, handler: Any) -> int:
        return self._stack.enter_context(Server(handler)).port

    def tls(self, server: Issued, speak: Any = None, **options: Any) -> int:
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        return self.serve(in_tls(tls_context(folder, server, **options), speak or answering("200 OK", "")))

    def show(self, institution: str, certificate: str, key: str) -> None:
        self.secrets[institution] = {"certificate": certificate, "key": key, "chain": None}

    def ask(self, name: str, port: int, **changes: Any) -> None:
        endpoint = {
            "name": name, "host": "127.0.0.1", "port": port, "protocol": "http", "path": None, "server_name": NAME,
            "mutual_tls": True, "institution": None,
        }  # fmt: skip
        self.endpoints.append({**endpoint, **changes})


SECRET = "TWludGFyZW5kZWzFkTp0xbF6ZmFs"


def challenging(connection: socket.socket) -> None:
    """A proxy whose answer shows in its reason what it was given."""
    given = f"Proxy-Authorization: Basic {SECRET}\r\n" in read_request(connection)
    challenges = 'Proxy-Authenticate: Negotiate\r\nproxy-authenticate: Basic realm="a, NTLM b", charset="UTF-8"\r\n'
    connection.sendall(f"HTTP/1.1 407 {given}\r\n{challenges}Content-Length: 0\r\n\r\n".encode())


def leading(account: str) -> Handler:
    """A proxy that leads nobody on but the account."""

    def handle(connection: socket.socket) -> None:
        head = read_request(connection)
        if f"Proxy-Authorization: Basic {account}\r\n" not in head:
            connection.sendall(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", int(head.split()[1].rsplit(":", 1)[1]))) as target:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            relay(connection, target)

    return handle


def _fill(centre: Centre) -> None:
    pki, foreign = centre.pki, issue("Foreign", centre.pki.foreign_root)
    centre.show("good", pki.institution.pem, pki.institution.key_pem)
    old = issue("old", pki.root, days=(-30, -1))
    centre.show("expired", old.pem, old.key_pem)
    centre.show("foreign", foreign.pem, foreign.key_pem)
    centre.show("mismatch", pki.institution.pem, foreign.key_pem)
    for version, tag in ((TLS_1_2, "12"), (TLS_1_3, "13")):
        mutual = centre.tls(pki.server, version=version, client_issuer=pki.root)
        for institution in ("good", "expired", "foreign", "mismatch", None):
            centre.ask(f"{institution}{tag}", mutual, institution=institution)
        for fault, server in {
            "name": issue("other.test", pki.root, names=("other.test",)),
            "outdated": issue(NAME, pki.root, names=(NAME,), days=(-30, -1)),
            "incomplete": issue(NAME, pki.intermediate, names=(NAME,)),
            "stranger": issue(NAME, pki.foreign_root, names=(NAME,)),
            "selfsigned": issue(NAME, names=(NAME,)),
        }.items():
            centre.ask(f"{fault}{tag}", centre.tls(server, version=version), institution="good")
        chained = issue(NAME, pki.intermediate, names=(NAME,))
        centre.ask(f"chained{tag}", centre.tls(chained, version=version, chain=pki.intermediate.pem))
    refusing = answering("400 Bad Request", "<center>No required SSL certificate was sent</center>")
    centre.ask("page", centre.tls(pki.server, refusing))
    centre.ask("silent", centre.tls(pki.server, until_closed))
    centre.ask("smtp", centre.tls(pki.server, lambda secured: secured.sendall(b"220 smtp\r\n")))
    centre.ask("raw", centre.tls(pki.server, lambda secured: secured.sendall(b"hello")), protocol="raw")
    centre.ask("rawsilent", centre.tls(pki.server, until_closed), protocol="raw")
    centre.ask("plain", centre.serve(plain))
    centre.ask("dead", centre.serve(dead_version))
    centre.ask("hangs", centre.serve(until_closed))
    centre.ask("cut", centre.serve(lambda connection: connection.recv(100)))
    centre.ask("closed", free_port())
    centre.ask("nobody", 443, host="gateway.invalid")


@pytest.fixture(scope="module")
def seen(pwsh: Pwsh, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Json]:
    folder = tmp_path_factory.mktemp("endpoints")
    request = json.loads((FIXTURES / "healthy_windows/request.json").read_text("utf-8"))
    with ExitStack() as stack:
        centre = Centre(folder, stack)
        _fill(centre)
        anchors = folder / "anchors.pem"
        anchors.write_text(centre.pki.root.pem)
        shown = [
            {"institution": each, "source": "memory", "certificate": None, "key": None, "chain": None}
            for each in centre.secrets
        ]
        request |= {
            "endpoints": centre.endpoints, "control_endpoint": None, "client_certificates": shown, "proxy": None,
            "trust_anchors": str(anchors), "limits": LIMITS,
        }  # fmt: skip
        asked = folder / "asked.json"
        asked.write_text(json.dumps({"request": request, "secrets": centre.secrets}), "utf-8")
        section = json.loads(pwsh(ROOT / "tests/unit/powershell/run_endpoints.ps1", UTILS, asked))
        (folder / "section.json").write_text(json.dumps(section, indent=1))
        yield {each["name"]: each for each in section["endpoints"]}


@pytest.mark.parametrize("tag", ["12", "13"])
def test_mutual_tls_that_is_well(seen: Json, tag: str) -> None:
    tls, http = seen[f"good{tag}"]["tls"], seen[f"good{tag}"]["http"]
    assert (tls["completed"], tls["error"], tls["alert"]) == (True, None, None)
    assert tls["version"] == f"TLSv1.{tag[1]}"
    assert tls["server"]["verified"] is True
    assert tls["client_certificate"]["requested"] is True
    assert len(tls["client_certificate"]["presented"]) == 64
    assert (http["status"], http["error"]) == (200, None)


@pytest.mark.parametrize("tag", ["12", "13"])
@pytest.mark.parametrize(
    ("shown", "numbers"), [("expired", {45}), ("foreign", {48}), ("None", {40, 116}), ("mismatch", {40, 116})]
)
def test_a_refused_certificate_is_told_by_its_alert(seen: Json, shown: str, numbers: set[int], tag: str) -> None:
    look = seen[f"{shown}{tag}"]
    assert look["tls"]["alert"]["number"] in numbers, look
    assert look["tls"]["client_certificate"]["requested"] is True
    assert (look["http"] or {"status": None})["status"] is None
    assert (look["tls"]["client_certificate"]["presented"] is None) == (shown in {"None", "mismatch"})


def test_a_key_that_does_not_fit_is_said(seen: Json) -> None:
    assert seen["mismatch12"]["tls"]["client_certificate"]["error"]["code"] == "key_mismatch"


@pytest.mark.parametrize("tag", ["12", "13"])
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("name", "NameMismatch"),
        ("outdated", "NotTimeValid"),
        ("incomplete", "PartialChain"),
        ("stranger", "PartialChain"),
        ("selfsigned", "UntrustedRoot"),
    ],
)
def test_a_server_that_is_not_who_it_says(seen: Json, fault: str, code: str, tag: str) -> None:
    tls = seen[f"{fault}{tag}"]["tls"]
    assert (tls["completed"], tls["error"], tls["server"]["verified"]) == (False, None, False)
    assert (tls["server"]["verify_error"]["stack"], tls["server"]["verify_error"]["code"]) == ("x509chain", code)
    assert len(tls["server"]["chain"]) == 1
    assert tls["client_certificate"]["presented"] is None
    assert seen[f"{fault}{tag}"]["http"] is None


@pytest.mark.parametrize("tag", ["12", "13"])
def test_a_chain_is_followed_and_kept(seen: Json, tag: str) -> None:
    server = seen[f"chained{tag}"]["tls"]["server"]
    assert (server["verified"], len(server["chain"])) == (True, 2)


def test_http_and_raw(seen: Json) -> None:
    assert (seen["page"]["http"]["status"], "No required" in seen["page"]["http"]["page"]) == (400, True)
    assert seen["silent"]["http"]["error"]["code"] == "timeout"
    assert seen["smtp"]["http"]["error"]["code"] == "bad_answer"
    assert (seen["raw"]["raw"]["received"], seen["raw"]["raw"]["closed"]) == (5, False)
    assert (seen["rawsilent"]["raw"]["received"], seen["rawsilent"]["raw"]["closed"]) == (0, False)
    assert seen["rawsilent"]["raw"]["error"] is None


def test_what_is_no_tls_or_never_ends(seen: Json) -> None:
    assert (seen["plain"]["tls"]["error"]["code"], seen["plain"]["tls"]["server"]["hello"]) == ("not_tls", False)
    assert seen["dead"]["tls"]["alert"] == {"number": 70, "name": "protocol_version", "phase": "handshake"}
    assert seen["dead"]["tls"]["server"]["hello"] is True
    assert (seen["hangs"]["tls"]["error"]["stack"], seen["hangs"]["tls"]["error"]["code"]) == ("probe", "timeout")
    assert (seen["cut"]["tls"]["error"]["stack"], seen["cut"]["tls"]["error"]["code"]) == ("winsock", 10054)


def test_the_way(seen: Json) -> None:
    assert (seen["closed"]["tcp"]["error"]["stack"], seen["closed"]["tcp"]["error"]["code"]) == ("winsock", 10061)
    assert seen["closed"]["tls"] is None
    assert seen["nobody"]["dns"]["error"]["stack"] == "winsock"
    assert seen["nobody"]["dns"]["addresses"] == []


def _at_proxy(pwsh: Pwsh, folder: Path, handler: Any, account: str | None) -> Json:
    request = json.loads((FIXTURES / "healthy_windows/request.json").read_text("utf-8"))
    with ExitStack() as stack:
        centre = Centre(folder, stack)
        centre.show("good", centre.pki.institution.pem, centre.pki.institution.key_pem)
        centre.ask("plain", 443, host=NAME)
        centre.ask("showing", 443, host=NAME, institution="good")
        centre.ask("spared", free_port())
        shown = [{"institution": "good", "source": "memory", "certificate": None, "key": None, "chain": None}]
        request |= {
            "endpoints": centre.endpoints, "control_endpoint": None, "client_certificates": shown, "limits": LIMITS,
            "proxy": {"host": "127.0.0.1", "port": centre.serve(handler), "exceptions": ["127.0.0.0/8"]},
        }  # fmt: skip
        asked = folder / "asked.json"
        secrets = {**centre.secrets, "proxy_account": account}
        asked.write_text(json.dumps({"request": request, "secrets": secrets}), "utf-8")
        section = json.loads(pwsh(ROOT / "tests/unit/powershell/run_endpoints.ps1", UTILS, asked))
    assert SECRET not in json.dumps(section)
    return {each["name"]: each for each in section["endpoints"]}


@pytest.mark.parametrize("account", [SECRET, None])
def test_a_proxy_that_wants_an_account(pwsh: Pwsh, tmp_path: Path, account: str | None) -> None:
    found = _at_proxy(pwsh, tmp_path, challenging, account)
    answer = {
        "connected": False,
        "status": 407,
        "error": {"stack": "http", "code": 407, "text": f"HTTP/1.1 407 {account is not None}"},
        "account": account is not None,
        "schemes": ["Negotiate", "Basic"],
    }
    assert found["plain"]["proxy"] == found["showing"]["proxy"] == answer
    assert (found["spared"]["route"], found["spared"]["proxy"]) == ("direct", None)
