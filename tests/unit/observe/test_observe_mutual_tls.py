# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mutual TLS with a server that wants a client certificate: every way to be refused, told apart in TLS 1.2 and 1.3."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from observe_pki import NAME, Pki, issue
from observe_servers import Handler, answering, in_tls, tls_context, until_closed

from ansible_collections.eeszt.connect.plugins.module_utils.observe import tls

Json = dict[str, Any]
TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
BOTH = pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3], ids=["tls12", "tls13"])


@pytest.fixture
def demanding(pki: Pki, serve: Callable[[Handler], int], tmp_path: Path) -> Callable[[ssl.TLSVersion], int]:
    """A server that insists on a client certificate of the test authority; gives its port."""

    def start(version: ssl.TLSVersion) -> int:
        context = tls_context(tmp_path, pki.server, version=version, client_issuer=pki.root)
        return serve(in_tls(context, answering("200 OK")))

    return start


@BOTH
def test_an_accepted_certificate_is_proven_by_the_answer(
    version: ssl.TLSVersion, demanding: Callable[[ssl.TLSVersion], int], look: Callable[..., Json], pki: Pki
) -> None:
    seen = look(demanding(version), shown=pki.institution)

    assert seen["tls"]["completed"] is True
    assert seen["tls"]["version"] == version.name.replace("_", ".")
    assert seen["tls"]["alert"] is None
    assert seen["tls"]["server"] == {
        "hello": True,
        "verified": True,
        "verify_error": None,
        "chain": [pki.server.base64, pki.root.base64],  # OpenSSL's server adds the issuer that it trusts
    }
    assert seen["tls"]["client_certificate"] == {
        "requested": True,
        "acceptable_issuers": [],  # Python's server names none
        "presented": pki.institution.fingerprint,
        "error": None,
    }
    assert (seen["http"]["status"], seen["http"]["server"], seen["http"]["page"]) == (200, "double", None)
    assert seen["http"]["date"] == "Mon, 04 May 2026 07:30:00 GMT"


@pytest.mark.parametrize(
    ("version", "shown", "number", "name", "phase"),
    [
        (TLS_1_2, None, 40, "handshake_failure", "handshake"),
        (TLS_1_2, "expired_institution", 45, "certificate_expired", "handshake"),
        (TLS_1_2, "foreign_institution", 48, "unknown_ca", "handshake"),
        (TLS_1_3, None, 116, "certificate_required", "after_handshake"),
        (TLS_1_3, "expired_institution", 45, "certificate_expired", "after_handshake"),
        (TLS_1_3, "foreign_institution", 48, "unknown_ca", "after_handshake"),
    ],
)
def test_a_refusal_is_told_by_its_alert_and_by_when_it_came(
    version: ssl.TLSVersion,
    shown: str | None,
    number: int,
    name: str,
    phase: str,
    demanding: Callable[[ssl.TLSVersion], int],
    look: Callable[..., Json],
    pki: Pki,
) -> None:
    certificate = getattr(pki, shown) if shown else None

    seen = look(demanding(version), shown=certificate)

    assert seen["tls"]["alert"] == {"number": number, "name": name, "phase": phase}
    assert seen["tls"]["completed"] is (phase == "after_handshake")
    assert seen["tls"]["server"]["verified"] is True, "the server itself was right"
    assert seen["tls"]["client_certificate"]["requested"] is True
    assert seen["tls"]["client_certificate"]["presented"] == (certificate.fingerprint if certificate else None)
    broken = seen["http"] if phase == "after_handshake" else seen["tls"]
    assert broken["error"]["stack"] == "openssl"
    assert "ALERT" in broken["error"]["code"]


def test_a_client_that_is_refused_under_tls_1_3_has_not_yet_sent_its_request(
    serve: Callable[[Handler], int], look: Callable[..., Json], pki: Pki, tmp_path: Path
) -> None:
    """A request on its way to a server that closes is answered by a reset, which can destroy the alert unread."""
    context = tls_context(tmp_path, pki.server, version=TLS_1_3, client_issuer=pki.root)
    behind_the_alert: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def refuse(connection: socket.socket) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = context.wrap_bio(incoming, outgoing, server_side=True)
        incoming.write(connection.recv(65536))
        with pytest.raises(ssl.SSLWantReadError):
            server.do_handshake()
        connection.sendall(outgoing.read())
        incoming.write(connection.recv(65536))
        threading.Event().wait(0.05)  # a server that looks the certificate up before it says no
        with pytest.raises(ssl.SSLError):
            server.do_handshake()
        connection.sendall(outgoing.read())
        data = b""
        while piece := connection.recv(4096):
            data += piece
        behind_the_alert.put(data)

    seen = look(serve(refuse))

    assert seen["tls"]["alert"]["number"] == 116
    assert len(behind_the_alert.get(timeout=5)) < 100, "the end of the handshake perhaps, but no request"


@BOTH
def test_a_raw_endpoint_that_refuses_is_seen_without_a_word_of_ours(
    version: ssl.TLSVersion, demanding: Callable[[ssl.TLSVersion], int], look: Callable[..., Json]
) -> None:
    seen = look(demanding(version), protocol="raw")

    assert seen["tls"]["alert"]["number"] == (40 if version is TLS_1_2 else 116)
    assert seen["http"] is None
    if version is TLS_1_3:
        assert seen["raw"]["closed"] is True
        assert seen["raw"]["received"] == 0


@BOTH
def test_a_server_that_asks_for_no_certificate_is_seen_not_to_ask(
    version: ssl.TLSVersion, serve: Callable[[Handler], int], look: Callable[..., Json], pki: Pki, tmp_path: Path
) -> None:
    port = serve(in_tls(tls_context(tmp_path, pki.server, version=version), answering("200 OK")))

    seen = look(port, shown=pki.institution)

    assert seen["tls"]["client_certificate"]["requested"] is False
    assert seen["tls"]["client_certificate"]["presented"] is None
    assert seen["http"]["status"] == 200


def test_a_key_that_does_not_fit_is_told_and_the_rest_is_still_looked_at(
    serve: Callable[[Handler], int], look: Callable[..., Json], pki: Pki, tmp_path: Path
) -> None:
    port = serve(in_tls(tls_context(tmp_path, pki.server), answering("200 OK")))
    mixed = type("Mixed", (), {"pem": pki.institution.pem, "key_pem": pki.expired_institution.key_pem})

    seen = look(port, shown=mixed)

    assert seen["tls"]["client_certificate"]["error"]["code"] == "KEY_VALUES_MISMATCH"
    assert seen["tls"]["completed"] is True
    assert seen["http"]["status"] == 200


def test_certificates_stay_readable_where_openssl_would_compress_them() -> None:
    assert tls.uncompressed((3, 5, 0, 0, 0)) == 0x3_0000_0000
    assert tls.uncompressed((3, 0, 19, 0, 0)) == 0, "older ones know no such option"


def test_a_key_of_another_type_does_not_fit_either(
    serve: Callable[[Handler], int], look: Callable[..., Json], pki: Pki, tmp_path: Path
) -> None:
    other = issue("E01620K", pki.root, key=rsa.generate_private_key(65537, 2048))
    port = serve(in_tls(tls_context(tmp_path, pki.server), answering("200 OK")))

    seen = look(port, shown=type("Mixed", (), {"pem": pki.institution.pem, "key_pem": other.key_pem}))

    assert seen["tls"]["client_certificate"]["error"]["text"].startswith("the key does not fit the certificate")


def test_a_certificate_below_openssls_security_level_never_reaches_the_server(
    serve: Callable[[Handler], int], look: Callable[..., Json], pki: Pki, tmp_path: Path
) -> None:
    weak = issue("E01620K", pki.root, key=rsa.generate_private_key(65537, 1024))
    port = serve(in_tls(tls_context(tmp_path, pki.server), answering("200 OK")))

    seen = look(port, shown=weak)

    assert seen["tls"]["client_certificate"]["error"]["code"] == "EE_KEY_TOO_SMALL"
    assert seen["tls"]["client_certificate"]["presented"] is None


def test_files_on_the_host_are_shown_with_their_chain(
    serve: Callable[[Handler], int], look: Callable[..., Json], pki: Pki, tmp_path: Path
) -> None:
    shown = issue("E01620K", pki.intermediate)
    certificate, key = shown.write(tmp_path, "institution")
    chain = tmp_path / "chain.pem"
    chain.write_text(f"friendlyName: Tanúsítvány ő\n{pki.intermediate.pem}", encoding="utf-8")
    received: list[bytes | None] = []

    def speak(connection: ssl.SSLSocket) -> None:
        received.append(connection.getpeercert(binary_form=True))
        answering("200 OK")(connection)

    port = serve(in_tls(tls_context(tmp_path, pki.server, client_issuer=pki.root), speak))
    entry = {
        "institution": "E01620K",
        "source": "files",
        "certificate": str(certificate),
        "key": str(key),
        "chain": str(chain),
    }

    seen = look(port, request={"client_certificates": [entry]})

    assert seen["tls"]["client_certificate"]["presented"] == shown.fingerprint
    assert received == [shown.der], "the server could build the chain to its root"
    assert seen["http"]["status"] == 200


@pytest.mark.parametrize("missing", ["certificate", "key"])
def test_a_missing_file_is_told_by_its_errno(
    missing: str, demanding: Callable[[ssl.TLSVersion], int], look: Callable[..., Json], pki: Pki, tmp_path: Path
) -> None:
    certificate, key = pki.institution.write(tmp_path, "institution")
    {"certificate": certificate, "key": key}[missing].unlink()
    entry = {
        "institution": "E01620K",
        "source": "files",
        "certificate": str(certificate),
        "key": str(key),
        "chain": None,
    }

    seen = look(demanding(TLS_1_3), request={"client_certificates": [entry]})

    error = seen["tls"]["client_certificate"]["error"]
    assert (error["stack"], error["code"]) == ("errno", 2)
    assert seen["tls"]["alert"]["number"] == 116


def test_a_promised_secret_that_did_not_come_is_told(
    demanding: Callable[[ssl.TLSVersion], int], look: Callable[..., Json]
) -> None:
    entry = {"institution": "E01620K", "source": "memory", "certificate": None, "key": None, "chain": None}

    seen = look(demanding(TLS_1_3), request={"client_certificates": [entry]})

    assert seen["tls"]["client_certificate"]["error"]["code"] == "no_secret"


def test_an_encrypted_key_asks_nobody_for_a_password(
    demanding: Callable[[ssl.TLSVersion], int], look: Callable[..., Json], pki: Pki
) -> None:
    shown = type("Locked", (), {"pem": pki.institution.pem, "key_pem": pki.institution.encrypted_key_pem("árvíztűrő")})

    seen = look(demanding(TLS_1_3), shown=shown)

    assert seen["tls"]["client_certificate"]["error"]["code"] == "key_encrypted"


_written: list[str] = []
_watching = False


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching and event == "open":
        path, _mode, flags = arguments
        if isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and not isinstance(path, int):
            _written.append(str(path))


@pytest.fixture
def written() -> Iterator[list[str]]:
    """Paths that Python opens for writing from now on (an audit hook sees them all; it cannot be taken away again)."""
    global _watching
    if not hasattr(sys, "_eeszt_watch"):
        sys.addaudithook(_watch)
        sys._eeszt_watch = True  # type: ignore[attr-defined]
    _written.clear()
    _watching = True
    yield _written
    _watching = False


def test_a_key_in_memory_touches_no_disk_and_leaves_no_descriptor(
    demanding: Callable[[ssl.TLSVersion], int],
    look: Callable[..., Json],
    pki: Pki,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    written: list[str],
) -> None:
    port = demanding(TLS_1_3)
    before = sorted(path.name for path in tmp_path.iterdir())
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    written.clear()  # the server's own files

    seen = look(port, shown=pki.institution)

    assert seen["tls"]["client_certificate"]["presented"] == pki.institution.fingerprint
    assert written == []
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert not [link for link in _open_files() if "memfd:" in link]


def _open_files() -> list[str]:
    found = []
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found.append(str(link.readlink()))
    return found


@BOTH
def test_the_issuers_that_a_server_accepts_are_read_from_its_request(
    version: ssl.TLSVersion, look: Callable[..., Json], pki: Pki, tmp_path: Path
) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl command as the server")
    certificate, key = pki.server.write(tmp_path, "server")
    accepted = tmp_path / "accepted.pem"
    accepted.write_text(pki.root.pem + pki.foreign_root.pem)
    command = [openssl, "s_server", "-accept", "127.0.0.1:0", "-cert", str(certificate), "-key", str(key), "-www"]
    command += ["-CAfile", str(accepted), "-Verify", "1", "-verify_return_error"]
    command += ["-tls1_2" if version is TLS_1_2 else "-tls1_3"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        announced = next(line for line in server.stdout if line.startswith("ACCEPT"))

        limits = {"dns": 1, "connect": 1, "handshake": 2, "answer": 0.3, "section": 8}  # s_server knows no HEAD
        port = int(announced.rsplit(":", 1)[1])
        seen = look(port, shown=pki.institution, request={"limits": limits})

        server.kill()
    issuers = seen["tls"]["client_certificate"]["acceptable_issuers"]
    assert sorted(issuers) == sorted([pki.root.subject_base64, pki.foreign_root.subject_base64])
    assert seen["tls"]["client_certificate"]["presented"] == pki.institution.fingerprint


def test_a_raw_endpoint_that_speaks_is_counted_in_bytes(
    serve: Callable[[Handler], int], look: Callable[..., Json], pki: Pki, tmp_path: Path
) -> None:
    context = tls_context(tmp_path, pki.server, client_issuer=pki.root)
    port = serve(in_tls(context, lambda connection: connection.sendall(b"220 ready\r\n")))

    seen = look(port, shown=pki.institution, protocol="raw")

    assert seen["raw"]["received"] == 11
    assert seen["tls"]["alert"] is None


def test_a_raw_endpoint_that_says_nothing_stays_open_and_proves_nothing(
    serve: Callable[[Handler], int], look: Callable[..., Json], pki: Pki, tmp_path: Path
) -> None:
    context = tls_context(tmp_path, pki.server, client_issuer=pki.root)
    port = serve(in_tls(context, until_closed))
    limits = {"dns": 1, "connect": 1, "handshake": 2, "answer": 0.3, "section": 8}

    seen = look(port, shown=pki.institution, protocol="raw", request={"limits": limits})

    assert seen["raw"] | {"seconds": 0} == {"received": 0, "closed": False, "error": None, "seconds": 0}
    assert 0.3 <= seen["raw"]["seconds"] < 1


def test_a_server_that_hangs_up_after_the_handshake_is_not_an_http_error(
    serve: Callable[[Handler], int], look: Callable[..., Json], pki: Pki, tmp_path: Path
) -> None:
    context = tls_context(tmp_path, pki.server, client_issuer=pki.root)

    def hang_up(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(1)
            secured.unwrap()

    seen = look(serve(hang_up), shown=pki.institution)

    assert seen["tls"]["completed"] is True
    assert seen["tls"]["alert"] is None
    assert seen["http"]["status"] is None
    assert (seen["http"]["error"]["stack"], seen["http"]["error"]["code"]) in {
        ("probe", "closed"),
        ("errno", 104),
        ("openssl", "UNEXPECTED_EOF_WHILE_READING"),
    }


def test_nginx_refuses_in_http_and_its_page_is_fetched_with_get(
    serve: Callable[[Handler], int], look: Callable[..., Json], pki: Pki, tmp_path: Path
) -> None:
    page = "<html><head><title>400 No required SSL certificate was sent</title></head>" + "x" * 4000
    requests: list[str] = []
    port = serve(in_tls(tls_context(tmp_path, pki.server), answering("400 Bad Request", page, requests)))

    seen = look(port, path="/health")

    assert (seen["http"]["method"], seen["http"]["status"], seen["http"]["reason"]) == ("HEAD", 400, "Bad Request")
    assert seen["http"]["page"] == page[:2048]
    assert [request.splitlines()[:2] for request in requests] == [
        ["HEAD /health HTTP/1.1", f"Host: {NAME}:{port}"],
        ["GET /health HTTP/1.1", f"Host: {NAME}:{port}"],
    ]
