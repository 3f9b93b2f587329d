# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loopback servers for the tests: each takes connections until it is closed and gives every one to its handler."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from observe_pki import Issued

Handler = Callable[[socket.socket], None]
Speaker = Callable[[ssl.SSLSocket], None]


class Server:
    """Listens on 127.0.0.1; a handler's broken connection is the test's intention, so it is not reported."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._closing = threading.Event()
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _peer = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            self._handler(connection)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def tls_context(
    folder: Path,
    server: Issued,
    *,
    version: ssl.TLSVersion | None = None,
    client_issuer: Issued | None = None,
    chain: str = "",
) -> ssl.SSLContext:
    """A server's context; with ``client_issuer`` it insists on a client certificate of that issuer."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*server.write(folder, "server", chain))
    if version is not None:
        context.minimum_version = context.maximum_version = version
    if client_issuer is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=client_issuer.pem)
    return context


def in_tls(context: ssl.SSLContext, speak: Speaker) -> Handler:
    """A handler that runs the handshake, speaks, and closes properly."""

    def handle(connection: socket.socket) -> None:
        with (
            context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as secured,
            socket.socket(fileno=os.dup(secured.fileno())) as bare,
        ):
            try:
                secured.do_handshake()
            except ssl.SSLError:
                # To close with bytes unread would reset the connection, and the alert with it.
                bare.shutdown(socket.SHUT_WR)
                until_closed(bare)
                return
            speak(secured)
            with contextlib.suppress(OSError):
                secured.unwrap()

    return handle


def read_request(connection: socket.socket) -> str:
    """The head of an HTTP request."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(4096)
        if not piece:
            break
        data += piece
    return data.decode()


def answering(status: str, page: str = "", seen: list[str] | None = None) -> Speaker:
    """Speaks HTTP: one answer, its page only to GET, as HTTP wants it."""

    def speak(connection: socket.socket) -> None:
        request = read_request(connection)
        if seen is not None:
            seen.append(request)
        head = (
            f"HTTP/1.1 {status}\r\nServer: double\r\nDate: Mon, 04 May 2026 07:30:00 GMT\r\n"
            f"Content-Length: {len(page)}\r\nConnection: close\r\n\r\n"
        )
        connection.sendall((head + ("" if request.startswith("HEAD") else page)).encode())

    return speak


def until_closed(connection: socket.socket) -> None:
    """Says nothing until the other side goes."""
    while connection.recv(4096):
        pass


def relay(one: socket.socket, other: socket.socket) -> None:
    """Carries bytes both ways until both sides have closed."""

    def carry(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    back = threading.Thread(target=carry, args=(other, one), daemon=True)
    back.start()
    carry(one, other)
    back.join(5)


def proxy(status: str, requests: list[str]) -> Handler:
    """An HTTP proxy: opens the tunnel if ``status`` says 200, else refuses it so."""

    def handle(connection: socket.socket) -> None:
        request = read_request(connection)
        requests.append(request.splitlines()[0])
        if not status.startswith("200"):
            connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
            return
        port = int(request.split()[1].rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port)) as target:
            connection.sendall(f"HTTP/1.1 {status}\r\n\r\n".encode())
            relay(connection, target)

    return handle
