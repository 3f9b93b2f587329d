# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy that asks for an account: what is sent to it, and what its refusal tells."""

from __future__ import annotations

import base64
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from observe_pki import NAME, Pki
from observe_servers import Handler, answering, free_port, in_tls, read_request, relay, tls_context

from ansible_collections.eeszt.connect.plugins.module_utils.observe.route import offered_schemes, way_to
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.documents import ContractError
from ansible_collections.eeszt.connect.plugins.plugin_utils.readiness.proxy_account import basic_credentials

Json = dict[str, Any]
ACCOUNT = {"username": "Mintarendelő", "password": "tűzfal: őr"}


def asking(known: str, challenges: list[str], heads: list[str]) -> Handler:
    """A proxy that leads on who brings ``known``, and answers everybody else with its challenges."""

    def handle(connection: socket.socket) -> None:
        head = read_request(connection)
        heads.append(head)
        if f"Proxy-Authorization: Basic {known}\r\n" not in head:
            lines = "".join(f"Proxy-Authenticate: {each}\r\n" for each in challenges)
            connection.sendall(f"HTTP/1.1 407 Who are you\r\n{lines}Content-Length: 0\r\n\r\n".encode())
            return
        port = int(head.split()[1].rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port)) as target:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            relay(connection, target)

    return handle


@pytest.fixture
def through(serve: Callable[[Handler], int]) -> Callable[..., Json]:
    def make(challenges: list[str], heads: list[str] | None = None) -> Json:
        handler = asking(basic_credentials(ACCOUNT), challenges, [] if heads is None else heads)
        return {"proxy": {"host": "127.0.0.1", "port": serve(handler), "exceptions": []}}

    return make


def test_the_right_account_opens_the_tunnel_for_every_request(
    look: Callable[..., Json], serve: Callable[[Handler], int], through: Callable[..., Json], pki: Pki, tmp_path: Path
) -> None:
    heads: list[str] = []
    # An answer from 400 on is asked for once more, for its page: that goes through a tunnel of its own.
    port = serve(in_tls(tls_context(tmp_path, pki.server), answering("403 Forbidden", "no")))

    seen = look(
        port,
        host=NAME,
        account=basic_credentials(ACCOUNT),
        request=through(['Basic realm="x"'], heads),
        institution=None,
    )

    assert seen["proxy"] == {"connected": True, "status": 200, "error": None, "account": True, "schemes": []}
    assert (seen["http"]["status"], seen["http"]["page"]) == (403, "no")
    sent = {line for head in heads for line in head.splitlines() if line.startswith("Proxy-")}
    assert len(heads) == 2
    assert sent == {"Proxy-Authorization: Basic " + base64.b64encode("Mintarendelő:tűzfal: őr".encode()).decode()}


def test_a_wrong_account_is_told_from_none(look: Callable[..., Json], through: Callable[..., Json]) -> None:
    wrong = basic_credentials({**ACCOUNT, "password": "x"})
    for account in (wrong, ""):
        seen = look(4443, host=NAME, account=account, request=through(["Negotiate", 'Basic realm="a, Digest b"']))
        assert seen["proxy"] == {
            "connected": False,
            "status": 407,
            "error": {"stack": "http", "code": 407, "text": "HTTP/1.1 407 Who are you"},
            "account": bool(account),
            "schemes": ["Negotiate", "Basic"],
        }
        assert wrong not in str(seen)


def test_an_exception_of_the_proxy_is_not_shown_the_account(
    look: Callable[..., Json], serve: Callable[[Handler], int], pki: Pki, tmp_path: Path
) -> None:
    heads: list[str] = []
    port = serve(in_tls(tls_context(tmp_path, pki.server), answering("200 OK", seen=heads)))
    request = {"proxy": {"host": "127.0.0.1", "port": free_port(), "exceptions": ["127.0.0.1"]}}

    seen = look(port, account=basic_credentials(ACCOUNT), request=request, institution=None)

    assert seen["route"] == "direct"
    assert heads
    assert "Proxy-Authorization" not in "".join(heads)


@pytest.mark.parametrize(
    ("fields", "schemes"),
    [
        (["Basic realm=x"], ["Basic"]),
        (["NTLM", "Negotiate"], ["NTLM", "Negotiate"]),
        (['Digest realm="a", qop="auth,Basic", nonce="b\\", NTLM"'], ["Digest"]),
        (['Negotiate, NTLM, Basic realm="x"'], ["Negotiate", "NTLM", "Basic"]),
        (["basic", "basic"], ["basic"]),
        ([""], []),
        ([], []),
    ],
)
def test_schemes_of_a_refusal(fields: list[str], schemes: list[str]) -> None:
    lines = [f"proxy-AUTHENTICATE:{each}" for each in fields]
    assert offered_schemes("\r\n".join(["HTTP/1.1 407 No", "WWW-Authenticate: Bearer", *lines, "", ""])) == schemes


def test_the_way_to_an_endpoint() -> None:
    endpoint, proxy = {"host": "centre.example", "port": 443}, {"host": "proxy.example", "port": 3128}
    assert way_to(endpoint, None) == ("centre.example", 443)
    assert way_to(endpoint, {**proxy, "exceptions": []}) == ("proxy.example", 3128)
    assert way_to(endpoint, {**proxy, "exceptions": [".example"]}) == ("centre.example", 443)


@pytest.mark.parametrize(
    ("account", "words"),
    [
        ({"username": "a:b", "password": "x"}, "username: holds a colon"),
        ({"username": "a", "password": "hush\n"}, "password: holds a line break"),
        ({"username": "a", "password": 1234}, "password: is missing or no text"),
        ({"username": "", "password": "hush"}, "username: is missing"),
        ({"password": "hush"}, "username: is missing"),
        ({"username": "a", "password": "hush", "realm": "x"}, "realm is not known"),
    ],
)
def test_an_account_that_cannot_be_sent_is_refused_without_showing_it(account: Json, words: str) -> None:
    with pytest.raises(ContractError, match=words) as caught:
        basic_credentials(account)
    assert "eeszt_proxy_account" in str(caught.value)
    assert not {"hush", "1234"} & set(str(caught.value).split())


@pytest.mark.parametrize("nothing", [None, {}])
def test_no_account_sends_nothing(nothing: Json | None) -> None:
    assert basic_credentials(nothing) == ""
