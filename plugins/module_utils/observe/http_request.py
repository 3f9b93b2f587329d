# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request in HTTP/1.1 on a connection that stands: status, headers, and the page of a refusal."""

from __future__ import annotations

import http.client
import io
import time
from typing import cast

from .endpoint_shapes import Http
from .evidence import of_exception, timed_out
from .route import Deadline, bracketed, elapsed, read_head
from .shapes import Evidence
from .tls import TlsSession

_PAGE = 2048  # characters of a refusal that are kept
_LARGEST_PAGE = 16 * 1024  # bytes that are read for them
_CLOSED = Evidence("probe", "closed", "the connection was closed without an answer")


class _Recorded:
    """What http.client needs of a socket, over an answer that has already been read within its limit."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


def request(session: TlsSession, method: str, authority: str, path: str, seconds: float) -> Http:
    """Sends one request and reads its answer within ``seconds``. Never raises."""
    seen = Http(method=method)
    if session.closed and not session.early:  # the server had its last word before we had our first
        seen.error = session.error or _CLOSED
        return seen
    start = time.monotonic()
    try:
        _read_answer(session, seen, _message(method, authority, path), Deadline(seconds))
    except TimeoutError as error:
        seen.error = of_exception(error) if error.errno else timed_out("HTTP answer", seconds)
    except (OSError, UnicodeError) as error:
        seen.error = of_exception(error)
    seen.seconds = elapsed(start)
    return seen


def authority_of(host: str, port: int) -> str:
    """What the Host header says."""
    return bracketed(host) if port == 443 else f"{bracketed(host)}:{port}"


def _message(method: str, authority: str, path: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {authority}", "User-Agent: eeszt.connect", "Accept: */*"]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("ascii")


def _read_answer(session: TlsSession, seen: Http, message: bytes, deadline: Deadline) -> None:
    write_error: OSError | None = None
    try:
        session.socket.settimeout(deadline.left(3600))
        session.socket.sendall(message)
    except OSError as error:
        write_error = error  # the reason may still be waiting to be read: an alert, or even a page
    try:
        data = read_head(session.socket, deadline, session.early)
        if seen.method != "HEAD":
            data = _read_page(session, data, deadline)
    except OSError as error:
        raise (write_error or error) if session.log.alert is None else error from None
    if not data:
        if write_error is not None:
            raise write_error
        seen.error = _CLOSED
        return
    _parse(seen, data)


def _read_page(session: TlsSession, data: bytes, deadline: Deadline) -> bytes:
    """Goes on until the page is whole. One that breaks off in the middle is kept as far as it came."""
    try:
        while len(data) < _LARGEST_PAGE and not _is_whole(data):
            session.socket.settimeout(deadline.left(3600))
            piece = session.socket.recv(4096)
            if not piece:
                break
            data += piece
    except OSError:
        return data
    return data


def _is_whole(data: bytes) -> bool:
    head, _blank, body = data.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n")[1:]:
        name, _colon, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return len(body) >= int(value)
    return False


def _parse(seen: Http, data: bytes) -> None:
    answer = http.client.HTTPResponse(cast("http.client.socket", _Recorded(data)), method=seen.method)  # type: ignore[name-defined]
    try:
        answer.begin()
    except (http.client.HTTPException, ValueError):
        first = data.split(b"\r\n", 1)[0][:200].decode("latin-1")
        seen.error = Evidence("http", "bad_answer", first)
        return
    seen.status, seen.reason = answer.status, answer.reason
    seen.server, seen.date = answer.getheader("Server"), answer.getheader("Date")
    if seen.method != "HEAD":
        seen.page = _page_text(answer)


def _page_text(answer: http.client.HTTPResponse) -> str:
    try:
        page = answer.read(_LARGEST_PAGE)
    except http.client.IncompleteRead as error:
        page = error.partial
    return page.decode("utf-8", errors="replace")[:_PAGE]
