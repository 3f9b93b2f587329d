# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to an endpoint: name, TCP, the tunnel through a proxy. Each step has its own limit and evidence."""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import queue
import re
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from .endpoint_shapes import Attempt, Dns, Proxy, Tcp
from .evidence import of_exception, timed_out
from .shapes import Evidence, Json

_LONGEST_HEAD = 64 * 1024
_MOST_SCHEMES = 10
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9-]{0,30})(?:\s+\S.*|\s*)$")
_ATTEMPTS_IN_FULL = 3  # a name with many dead addresses may cost this many connect limits


class Deadline:
    """A moment that must not be passed, and what is left until then."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self, limit: float) -> float:
        """Seconds for a step of at most ``limit``; never zero, which sockets would take for "do not block"."""
        return max(0.001, min(limit, self._end - time.monotonic()))

    @property
    def over(self) -> bool:
        return time.monotonic() >= self._end


def is_address(host: str) -> bool:
    """Whether a host is given as a number."""
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(host.strip("[]"))
        return True
    return False


def resolve(host: str, seconds: float) -> Dns:
    """Addresses in the order in which this system would try them. Never raises.

    getaddrinfo cannot be stopped, so it runs in a thread that is left behind when its time is over.
    """
    if is_address(host):
        return Dns([host.strip("[]")], None, 0.0)
    start = time.monotonic()
    answers: queue.SimpleQueue[Dns] = queue.SimpleQueue()
    threading.Thread(target=lambda: answers.put(_look_up(host)), daemon=True).start()
    try:
        dns = answers.get(timeout=seconds)
    except queue.Empty:
        dns = Dns([], timed_out(f"name service for {host}", seconds))
    dns.seconds = elapsed(start)
    return dns


def _look_up(host: str) -> Dns:
    try:
        rows = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return Dns([], of_exception(error))
    return Dns(list(dict.fromkeys(str(row[4][0]) for row in rows)))


def connect(addresses: Sequence[str], port: int, limit: float, deadline: Deadline) -> tuple[Tcp, socket.socket | None]:
    """Tries the addresses one after another; the first that answers is taken. Never raises."""
    tcp = Tcp()
    start = time.monotonic()
    bound = Deadline(limit * _ATTEMPTS_IN_FULL)
    for address in addresses:
        if bound.over or (tcp.attempts and deadline.over):
            break
        begun = time.monotonic()
        seconds = bound.left(deadline.left(limit))
        try:
            connection = socket.create_connection((address, port), timeout=seconds)
        except TimeoutError as error:
            # The kernel's own ETIMEDOUT has an errno; the probe's limit has none.
            tcp.error = of_exception(error) if error.errno else timed_out(f"connect to {address} port {port}", seconds)
        except OSError as error:
            tcp.error = of_exception(error)
        else:
            tcp.attempts.append(Attempt(address, None, elapsed(begun)))
            tcp.connected, tcp.address, tcp.error, tcp.seconds = True, address, None, elapsed(start)
            return tcp, connection
        tcp.attempts.append(Attempt(address, tcp.error, elapsed(begun)))
    tcp.seconds = elapsed(start)
    return tcp, None


def bypasses_proxy(host: str, exceptions: Sequence[str]) -> bool:
    """Whether a host is one of the proxy's exceptions: ``*``, a name, a domain, an address, a CIDR."""
    name = host.strip("[]").rstrip(".").lower()
    for exception in exceptions:
        rule = exception.strip().lower()
        if rule == "*":
            return True
        with contextlib.suppress(ValueError):
            if is_address(name) and ipaddress.ip_address(name) in ipaddress.ip_network(rule, strict=False):
                return True
        domain = rule.removeprefix("*").lstrip(".")
        if domain and (name == domain or name.endswith(f".{domain}")):
            return True
    return False


def goes_through(proxy: Mapping[str, Any] | None, endpoint: Mapping[str, Any]) -> bool:
    """Whether the way to an endpoint leads through the proxy, whose ``exceptions`` may be left out."""
    return proxy is not None and not bypasses_proxy(str(endpoint["host"]), proxy.get("exceptions") or ())


def way_to(endpoint: Json, proxy: Json | None) -> tuple[str, int]:
    """Host and port to which the way to an endpoint leaves this host: its own, or the proxy's."""
    first = proxy if proxy is not None and goes_through(proxy, endpoint) else endpoint
    return first["host"], first["port"]


def open_tunnel(connection: socket.socket, host: str, port: int, seconds: float, account: str = "") -> Proxy:
    """Asks an HTTP proxy for a tunnel (CONNECT). Never raises; the connection stays the caller's.

    ``account``: user name and password as Basic authentication writes them, empty where there is none.
    """
    proxy = _ask_for_tunnel(connection, host, port, seconds, account)
    proxy.account = bool(account)
    return proxy


def _ask_for_tunnel(connection: socket.socket, host: str, port: int, seconds: float, account: str) -> Proxy:
    authority = f"{bracketed(host)}:{port}"
    known = f"Proxy-Authorization: Basic {account}\r\n" if account else ""
    try:
        connection.settimeout(seconds)
        request = f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n".encode("idna")
        connection.sendall(request + f"{known}\r\n".encode("ascii"))
        head = read_head(connection, Deadline(seconds))
    except (OSError, UnicodeError) as error:
        no_answer = isinstance(error, TimeoutError) and not error.errno
        return Proxy(False, None, timed_out("the proxy's answer", seconds) if no_answer else of_exception(error))
    status = _status(head)
    if status is None:
        return Proxy(
            False,
            None,
            Evidence("http", "bad_answer", _first_line(head) or "the connection was closed without an answer"),
        )
    if status // 100 != 2:
        refused = Evidence("http", status, _first_line(head))
        return Proxy(False, status, refused, schemes=offered_schemes(head.decode("latin-1")))
    return Proxy(True, status)


def offered_schemes(head: str) -> list[str]:
    """Names of the authentication schemes of an answer's head, each once, in its order.

    A scheme begins its field, or stands after a comma without an equals sign, which a parameter has (RFC 9110, 11.6.1).
    """
    found: list[str] = []
    for line in head.splitlines():
        name, _colon, value = line.partition(":")
        if name.strip().lower() == "proxy-authenticate":
            bare = _QUOTED.sub("", value)
            found += [match[1] for part in bare.split(",") if (match := _SCHEME.match(part))]
    return list(dict.fromkeys(found))[:_MOST_SCHEMES]


def read_head(connection: socket.socket, deadline: Deadline, already: bytes = b"") -> bytes:
    """Reads until the blank line of an HTTP answer or its end. Raises OSError (TimeoutError without an errno)."""
    data = already
    while b"\r\n\r\n" not in data and len(data) < _LONGEST_HEAD:
        if deadline.over:
            raise TimeoutError("no whole answer in time")
        connection.settimeout(deadline.left(3600))
        piece = connection.recv(4096)
        if not piece:
            break
        data += piece
    return data


def bracketed(host: str) -> str:
    return f"[{host.strip('[]')}]" if ":" in host else host


def elapsed(start: float) -> float:
    """Seconds since ``start`` (monotonic), to the millisecond."""
    return round(time.monotonic() - start, 3)


def _first_line(head: bytes) -> str:
    return head.split(b"\r\n", 1)[0][:200].decode("latin-1")


def _status(head: bytes) -> int | None:
    parts = _first_line(head).split(" ", 2)
    if len(parts) < 2 or not parts[0].startswith("HTTP/") or not parts[1].isdigit():
        return None
    code = int(parts[1])
    return code if code in http.client.responses or 100 <= code <= 599 else None
