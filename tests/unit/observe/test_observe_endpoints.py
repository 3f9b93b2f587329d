# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to the centre: names, ports, proxies, servers that are not who they say, and everything that hangs."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from observe_pki import NAME, Pki, issue
from observe_servers import Handler, answering, free_port, in_tls, proxy, tls_context, until_closed

from ansible_collections.eeszt.connect.plugins.module_utils.observe import endpoints, route
from ansible_collections.eeszt.connect.plugins.module_utils.observe.endpoint_shapes import Dns
from ansible_collections.eeszt.connect.plugins.module_utils.observe.endpoints import observe_endpoints

Json = dict[str, Any]


def test_a_name_that_does_not_exist(look: Callable[..., Json], monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_arguments: object, **_named: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    seen = look(443, host="gateway.invalid")

    assert seen["dns"]["addresses"] == []
    assert seen["dns"]["error"] == {"stack": "gai", "code": -2, "text": "EAI_NONAME: Name or service not known"}
    assert (seen["tcp"], seen["tls"], seen["http"]) == (None, None, None)


def test_a_name_service_that_hangs_costs_its_limit_only(
    look: Callable[..., Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()

    def hang(*_arguments: object, **_named: object) -> list[object]:
        answered.wait(20)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    limits = {"dns": 0.2, "connect": 1, "handshake": 1, "answer": 1, "section": 8}

    seen = look(443, host="gateway.invalid", request={"limits": limits})
    answered.set()

    assert (seen["dns"]["error"]["stack"], seen["dns"]["error"]["code"]) == ("probe", "timeout")
    assert 0.2 <= seen["dns"]["seconds"] < 1


def test_a_name_that_cannot_be_a_name(look: Callable[..., Json]) -> None:
    seen = look(443, host=f"{'x' * 70}.example")

    assert seen["dns"]["error"]["stack"] in {"probe", "gai"}


def test_a_closed_port(look: Callable[..., Json]) -> None:
    seen = look(free_port())

    refused = {"stack": "errno", "code": 111, "text": "ECONNREFUSED: Connection refused"}
    assert seen["dns"]["addresses"] == ["127.0.0.1"]
    assert seen["tcp"]["connected"] is False
    assert seen["tcp"]["error"] == refused
    assert [attempt["error"] for attempt in seen["tcp"]["attempts"]] == [refused]
    assert seen["tls"] is None


def test_the_next_address_is_tried_and_both_attempts_are_told(
    look: Callable[..., Json],
    serve: Callable[[Handler], int],
    pki: Pki,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = serve(in_tls(tls_context(tmp_path, pki.server), answering("200 OK")))
    monkeypatch.setattr(route, "_look_up", lambda _host: Dns(["127.0.0.2", "127.0.0.1"]))

    seen = look(port, host="gateway.test")

    assert [attempt["address"] for attempt in seen["tcp"]["attempts"]] == ["127.0.0.2", "127.0.0.1"]
    assert [attempt["error"] is None for attempt in seen["tcp"]["attempts"]] == [False, True]
    assert (seen["tcp"]["address"], seen["tcp"]["error"]) == ("127.0.0.1", None)


def test_a_port_that_swallows_everything_costs_the_connect_limit(look: Callable[..., Json]) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = []
        for _each in range(3):  # more than the backlog holds: the kernel drops what comes then
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
            waiting.append(one)
        limits = {"dns": 1, "connect": 0.2, "handshake": 1, "answer": 1, "section": 8}

        seen = look(port, request={"limits": limits})

        for one in waiting:
            one.close()
    assert (seen["tcp"]["error"]["stack"], seen["tcp"]["error"]["code"]) == ("probe", "timeout")
    assert seen["tcp"]["attempts"][0]["seconds"] >= 0.2


def test_a_server_without_tls(look: Callable[..., Json], serve: Callable[[Handler], int]) -> None:
    def plain(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    seen = look(serve(plain))

    assert seen["tls"]["completed"] is False
    assert seen["tls"]["server"]["hello"] is False
    assert seen["tls"]["error"]["stack"] == "openssl"
    assert seen["tls"]["error"]["code"] in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"}
    assert seen["tls"]["client_certificate"]["requested"] is None


def test_a_server_that_speaks_only_a_dead_version_answers_in_tls(
    look: Callable[..., Json], serve: Callable[[Handler], int]
) -> None:
    def refuse(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(bytes.fromhex("15030300020246"))  # alert: fatal, protocol_version
        until_closed(connection)

    seen = look(serve(refuse))

    assert seen["tls"]["server"]["hello"] is True
    assert seen["tls"]["alert"] == {"number": 70, "name": "protocol_version", "phase": "handshake"}
    assert seen["tls"]["server"]["verified"] is None


def test_a_handshake_that_never_ends(look: Callable[..., Json], serve: Callable[[Handler], int]) -> None:
    limits = {"dns": 1, "connect": 1, "handshake": 0.3, "answer": 1, "section": 8}

    seen = look(serve(until_closed), request={"limits": limits})

    assert (seen["tls"]["error"]["stack"], seen["tls"]["error"]["code"]) == ("probe", "timeout")
    assert 0.3 <= seen["tls"]["seconds"] < 1


def test_a_connection_that_is_cut_in_the_handshake(look: Callable[..., Json], serve: Callable[[Handler], int]) -> None:
    def cut(connection: socket.socket) -> None:
        connection.recv(100)  # the rest stays unread, so that closing resets

    seen = look(serve(cut))

    assert seen["tls"]["completed"] is False
    assert (seen["tls"]["error"]["stack"], seen["tls"]["error"]["code"]) == ("errno", 104)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["tls12", "tls13"])
@pytest.mark.parametrize(
    ("fault", "code"),
    [("name", 62), ("expired", 10), ("not yet valid", 9), ("incomplete", 20), ("foreign", 20), ("self-signed", 18)],
)
def test_a_server_that_is_not_who_it_says(
    fault: str,
    code: int,
    version: ssl.TLSVersion,
    look: Callable[..., Json],
    serve: Callable[[Handler], int],
    pki: Pki,
    tmp_path: Path,
) -> None:
    server = {
        "name": lambda: issue("other.test", pki.root, names=("other.test",)),
        "expired": lambda: issue(NAME, pki.root, names=(NAME,), days=(-30, -1)),
        "not yet valid": lambda: issue(NAME, pki.root, names=(NAME,), days=(1, 30)),
        "incomplete": lambda: issue(NAME, pki.intermediate, names=(NAME,)),
        "foreign": lambda: issue(NAME, pki.foreign_root, names=(NAME,)),
        "self-signed": lambda: issue(NAME, names=(NAME,)),
    }[fault]()
    requests: list[str] = []
    context = tls_context(tmp_path, server, version=version)

    seen = look(serve(in_tls(context, answering("200 OK", seen=requests))), shown=pki.institution)

    assert seen["tls"]["completed"] is False
    assert seen["tls"]["error"] is None, "the fault stands in one place"
    assert seen["tls"]["server"]["hello"] is True
    assert seen["tls"]["server"]["verified"] is False
    assert seen["tls"]["server"]["verify_error"]["stack"] == "openssl"
    assert seen["tls"]["server"]["verify_error"]["code"] == code
    assert seen["tls"]["server"]["chain"] == [server.base64], "what the server sent is kept for the judge"
    assert seen["tls"]["client_certificate"]["presented"] is None, "nothing is shown to a stranger"
    assert (seen["http"], requests) == (None, [])


def test_a_chain_through_an_intermediate_is_followed_and_kept(
    look: Callable[..., Json], serve: Callable[[Handler], int], pki: Pki, tmp_path: Path
) -> None:
    server = issue(NAME, pki.intermediate, names=(NAME,))
    context = tls_context(tmp_path, server, chain=pki.intermediate.pem)

    seen = look(serve(in_tls(context, answering("204 No Content"))))

    assert seen["tls"]["server"]["verified"] is True
    assert seen["tls"]["server"]["chain"] == [server.base64, pki.intermediate.base64]
    assert seen["http"]["status"] == 204


def test_anchors_that_cannot_be_read_are_named_and_the_server_is_still_seen(
    look: Callable[..., Json], serve: Callable[[Handler], int], pki: Pki, tmp_path: Path
) -> None:
    port = serve(in_tls(tls_context(tmp_path, pki.server), answering("200 OK")))

    seen = look(port, request={"trust_anchors": str(tmp_path / "missing.pem")})

    error = seen["tls"]["server"]["verify_error"]
    assert (error["stack"], error["code"]) == ("errno", 2)
    assert "missing.pem" in error["text"]
    assert seen["tls"]["server"]["chain"] == [pki.server.base64]


def test_an_answer_that_is_no_http(
    look: Callable[..., Json], serve: Callable[[Handler], int], pki: Pki, tmp_path: Path
) -> None:
    port = serve(in_tls(tls_context(tmp_path, pki.server), lambda connection: connection.sendall(b"220 smtp\r\n")))

    seen = look(port)

    assert seen["http"]["status"] is None
    assert seen["http"]["error"]["code"] == "bad_answer"


def test_an_answer_that_never_comes(
    look: Callable[..., Json], serve: Callable[[Handler], int], pki: Pki, tmp_path: Path
) -> None:
    port = serve(in_tls(tls_context(tmp_path, pki.server), until_closed))
    limits = {"dns": 1, "connect": 1, "handshake": 2, "answer": 0.3, "section": 8}

    seen = look(port, request={"limits": limits})

    assert (seen["http"]["error"]["stack"], seen["http"]["error"]["code"]) == ("probe", "timeout")
    assert seen["tls"]["completed"] is True


def test_an_answer_in_drops_is_bounded_as_a_whole(
    look: Callable[..., Json], serve: Callable[[Handler], int], pki: Pki, tmp_path: Path
) -> None:
    stop = threading.Event()

    def drip(connection: ssl.SSLSocket) -> None:
        while not stop.wait(0.05):
            connection.sendall(b"H")

    port = serve(in_tls(tls_context(tmp_path, pki.server), drip))
    limits = {"dns": 1, "connect": 1, "handshake": 2, "answer": 0.4, "section": 8}

    seen = look(port, request={"limits": limits})
    stop.set()

    assert seen["http"]["error"]["code"] == "timeout"
    assert seen["http"]["seconds"] < 1


def test_a_proxy_that_opens_the_tunnel(
    look: Callable[..., Json], serve: Callable[[Handler], int], pki: Pki, tmp_path: Path
) -> None:
    requests: list[str] = []
    port = serve(in_tls(tls_context(tmp_path, pki.server, client_issuer=pki.root), answering("200 OK")))
    through = {"host": "127.0.0.1", "port": serve(proxy("200 Connection established", requests)), "exceptions": []}

    seen = look(port, shown=pki.institution, host=NAME, request={"proxy": through})

    assert requests == [f"CONNECT {NAME}:{port} HTTP/1.1"]
    assert (seen["route"], seen["dns"]) == ("proxy", None)
    assert seen["proxy"] == {"connected": True, "status": 200, "error": None, "account": False, "schemes": []}
    assert seen["tls"]["client_certificate"]["presented"] == pki.institution.fingerprint
    assert seen["http"]["status"] == 200


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "403 Forbidden", "504 Gateway Timeout"])
def test_a_proxy_that_refuses(status: str, look: Callable[..., Json], serve: Callable[[Handler], int]) -> None:
    through = {"host": "127.0.0.1", "port": serve(proxy(status, [])), "exceptions": []}

    seen = look(4443, host=NAME, request={"proxy": through})

    number = int(status[:3])
    error = {"stack": "http", "code": number, "text": f"HTTP/1.1 {status}"}
    assert seen["proxy"] == {"connected": False, "status": number, "error": error, "account": False, "schemes": []}
    assert seen["tls"] is None


def test_a_proxy_that_is_not_there(look: Callable[..., Json]) -> None:
    seen = look(4443, host=NAME, request={"proxy": {"host": "127.0.0.1", "port": free_port(), "exceptions": []}})

    assert seen["proxy"]["connected"] is False
    assert seen["proxy"]["error"]["code"] == 111
    assert seen["tcp"]["connected"] is False


def test_an_exception_of_the_proxy_goes_its_own_way(
    look: Callable[..., Json], serve: Callable[[Handler], int], pki: Pki, tmp_path: Path
) -> None:
    port = serve(in_tls(tls_context(tmp_path, pki.server), answering("200 OK")))
    through = {"host": "127.0.0.1", "port": free_port(), "exceptions": ["127.0.0.0/8"]}

    seen = look(port, request={"proxy": through})

    assert (seen["route"], seen["proxy"]) == ("direct", None)
    assert seen["http"]["status"] == 200


@pytest.mark.parametrize(
    ("host", "exceptions", "bypasses"),
    [
        ("gateway.example", ["*"], True),
        ("gateway.example", ["gateway.example"], True),
        ("Gateway.Example.", ["gateway.example"], True),
        ("a.gateway.example", [".example"], True),
        ("a.gateway.example", ["*.gateway.example"], True),
        ("badexample", ["example"], False),
        ("10.1.2.3", ["10.0.0.0/8"], True),
        ("10.1.2.3", ["10.1.2.3"], True),
        ("11.1.2.3", ["10.0.0.0/8"], False),
        ("2001:db8::1", ["2001:db8::/32"], True),
        ("gateway.example", ["10.0.0.0/8", ""], False),
        ("gateway.example", [], False),
    ],
)
def test_exceptions_of_a_proxy(host: str, exceptions: list[str], bypasses: bool) -> None:
    assert route.bypasses_proxy(host, exceptions) is bypasses


def test_many_endpoints_that_hang_cost_no_more_than_one(
    make_request: Callable[..., Json],
    endpoint: Callable[..., Json],
    section: Callable[..., Json],
    serve: Callable[[Handler], int],
) -> None:
    port = serve(until_closed)
    limits = {"dns": 1, "connect": 1, "handshake": 0.5, "answer": 1, "section": 8}
    request = make_request(endpoints=[endpoint(port, name=f"e{each}") for each in range(12)], limits=limits)
    start = time.monotonic()

    seen = section("endpoints", observe_endpoints(request, {}))["endpoints"]

    assert time.monotonic() - start < 2
    assert [each["name"] for each in seen] == [f"e{each}" for each in range(12)]
    assert {each["tls"]["error"]["code"] for each in seen} == {"timeout"}


def test_the_sections_time_bounds_every_step(
    make_request: Callable[..., Json],
    endpoint: Callable[..., Json],
    section: Callable[..., Json],
    serve: Callable[[Handler], int],
) -> None:
    limits = {"dns": 30, "connect": 30, "handshake": 30, "answer": 30, "section": 0.5}
    request = make_request(endpoints=[endpoint(serve(until_closed))], limits=limits)
    start = time.monotonic()

    seen = section("endpoints", observe_endpoints(request, {}))["endpoints"][0]

    assert time.monotonic() - start < 1
    assert seen["tls"]["error"]["code"] == "timeout"


def test_an_endpoint_whose_look_breaks_leaves_the_others_alone(
    make_request: Callable[..., Json],
    endpoint: Callable[..., Json],
    section: Callable[..., Json],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    look_for_real = endpoints._look

    def look(ask: Any, record: Any) -> None:
        if record.name == "broken":
            raise RuntimeError("out of luck")
        look_for_real(ask, record)

    monkeypatch.setattr(endpoints, "_look", look)
    port = free_port()
    request = make_request(endpoints=[endpoint(port, name="broken"), endpoint(port, name="whole")])

    broken, whole = section("endpoints", observe_endpoints(request, {}))["endpoints"]

    assert broken["dns"]["error"] == {"stack": "probe", "code": "RuntimeError", "text": "out of luck"}
    assert whole["tcp"]["error"]["code"] == 111


def test_the_control_endpoint_is_looked_at_without_a_certificate(
    make_request: Callable[..., Json],
    section: Callable[..., Json],
    serve: Callable[[Handler], int],
    pki: Pki,
    tmp_path: Path,
) -> None:
    requests: list[str] = []
    port = serve(in_tls(tls_context(tmp_path, pki.server), answering("200 OK", seen=requests)))
    control = {"name": "control", "host": "127.0.0.1", "port": port, "server_name": NAME}

    seen = section("endpoints", observe_endpoints(make_request(control_endpoint=control), {}))

    assert seen["endpoints"] == []
    assert (seen["control"]["name"], seen["control"]["institution"]) == ("control", None)
    assert seen["control"]["http"]["status"] == 200
    assert requests[0].startswith("HEAD / HTTP/1.1")
