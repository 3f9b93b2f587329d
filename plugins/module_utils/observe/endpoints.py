# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The centre's endpoints: name, proxy, TCP, TLS with the institution's certificate, and one request or a short wait.

All endpoints run at once, each in a thread: what hangs is bounded by socket limits, and the whole section runs in a
child that can be killed. Each thread fills its record as it goes, so a cut leaves what was seen until then.
"""

from __future__ import annotations

import concurrent.futures
import socket
import time
from dataclasses import dataclass

from . import http_request, route, tls
from .credentials import Credentials, for_institution
from .endpoint_shapes import Dns, Endpoint, Endpoints, Proxy, Raw, Tcp
from .evidence import of_exception
from .route import Deadline
from .shapes import Evidence, Json
from .tls import TlsSession, Trust

_AT_ONCE = 32
_LONGEST_RAW_WAIT = 2.0  # seconds
_MARGIN = 0.1  # share of the section's time that is kept for handing over


@dataclass(frozen=True)
class _Ask:
    """One endpoint with everything its thread needs."""

    endpoint: Json
    proxy: Json | None
    trust: Trust
    limits: Json
    credentials: Credentials | None
    credentials_error: Evidence | None
    deadline: Deadline
    account: str = ""


def observe_endpoints(request: Json, secrets: Json, account: str = "") -> Endpoints:
    """Looks at ``request["endpoints"]`` and the control endpoint. ``secrets``: by institution, as PEM texts.

    ``account``: for the proxy, see ``route.open_tunnel``.
    """
    deadline = Deadline(request["limits"]["section"] * (1 - _MARGIN))
    asked = [_ask(endpoint, request, secrets, deadline, account) for endpoint in request["endpoints"]]
    control = request["control_endpoint"]
    if control is not None:
        plain = {**control, "protocol": "http", "path": None, "institution": None}
        asked.append(_ask(plain, request, secrets, deadline, account))
    seen = [_blank(ask) for ask in asked]
    pool = concurrent.futures.ThreadPoolExecutor(max_workers=_AT_ONCE)
    futures = [pool.submit(_look, ask, record) for ask, record in zip(asked, seen)]  # noqa: B905 - Python 3.9
    concurrent.futures.wait(futures, timeout=deadline.left(3600) + _MARGIN)
    pool.shutdown(wait=False, cancel_futures=True)
    for record, future in zip(seen, futures):  # noqa: B905
        _account_for(record, future)
    return Endpoints(endpoints=seen[: len(request["endpoints"])], control=seen[-1] if control is not None else None)


def _ask(endpoint: Json, request: Json, secrets: Json, deadline: Deadline, account: str) -> _Ask:
    proxy = request["proxy"] if route.goes_through(request["proxy"], endpoint) else None
    credentials, error = for_institution(request, secrets, endpoint["institution"])
    trust = Trust(request["trust_anchors"])
    return _Ask(endpoint, proxy, trust, request["limits"], credentials, error, deadline, account)


def _blank(ask: _Ask) -> Endpoint:
    asked = ask.endpoint
    record = Endpoint(asked["name"], asked["host"], asked["port"], asked["protocol"], asked["institution"])
    record.route = "direct" if ask.proxy is None else "proxy"
    return record


def _account_for(record: Endpoint, future: concurrent.futures.Future[None]) -> None:
    """An endpoint whose thread broke or had no turn says so in the first step that it did not reach."""
    if future.cancelled() or not future.done():
        trouble = Evidence("probe", "timeout", "the section timed out before this step")
    else:
        error = future.exception()
        if error is None:
            return
        trouble = of_exception(error)
    if record.route == "proxy" and record.proxy is None:
        record.proxy = Proxy(error=trouble)
    elif record.route == "direct" and record.dns is None:
        record.dns = Dns(error=trouble)
    elif record.tcp is None:
        record.tcp = Tcp(error=trouble)


def _look(ask: _Ask, record: Endpoint) -> None:
    connection = _reach(ask, record)
    if connection is None:
        return
    session = _secure(ask, record, connection)
    if session is None:
        return
    try:
        _speak(ask, record, session)
    finally:
        session.socket.close()
    if record.http is not None and (record.http.status or 0) >= 400 and record.tcp is not None:
        record.http.page = _page(ask, record.tcp.address)


def _reach(ask: _Ask, record: Endpoint) -> socket.socket | None:
    """Name and TCP, and the tunnel where there is a proxy; fills dns, tcp and proxy."""
    host, port = (ask.proxy or ask.endpoint)["host"], (ask.proxy or ask.endpoint)["port"]
    dns = route.resolve(host, ask.deadline.left(ask.limits["dns"]))
    if ask.proxy is None:
        record.dns = dns
    if not dns.addresses:
        record.proxy = Proxy(error=dns.error) if ask.proxy else None
        return None
    record.tcp, connection = route.connect(dns.addresses, port, ask.limits["connect"], ask.deadline)
    if ask.proxy is None:
        return connection
    if connection is None:
        record.proxy = Proxy(error=record.tcp.error)
        return None
    record.proxy = _tunnel(ask, connection)
    if not record.proxy.connected:
        connection.close()
        return None
    return connection


def _tunnel(ask: _Ask, connection: socket.socket) -> Proxy:
    seconds = ask.deadline.left(ask.limits["answer"])
    return route.open_tunnel(connection, ask.endpoint["host"], ask.endpoint["port"], seconds, ask.account)


def _secure(ask: _Ask, record: Endpoint, connection: socket.socket) -> TlsSession | None:
    name = ask.endpoint["server_name"] or ask.endpoint["host"].strip("[]")
    seconds = ask.deadline.left(ask.limits["handshake"])
    record.tls, session = tls.handshake(connection, name, ask.trust, ask.credentials, seconds)
    if ask.credentials_error is not None:
        record.tls.client_certificate.error = ask.credentials_error
    return session


def _speak(ask: _Ask, record: Endpoint, session: TlsSession) -> None:
    """One request, or a short wait; alerts that come now are the server's late verdict."""
    answer = ask.deadline.left(ask.limits["answer"])
    if ask.endpoint["protocol"] == "raw":
        record.raw = _wait(session, min(answer, _LONGEST_RAW_WAIT))
    else:
        round_trip = (record.tcp.seconds if record.tcp else None) or 0.0
        tls.await_verdict(session, round_trip, answer)
        record.http = http_request.request(session, "HEAD", _authority(ask), _path(ask), answer)
    if record.tls is not None:
        record.tls.alert = session.log.alert
        record.tls.client_certificate.requested = session.log.requested or record.tls.client_certificate.requested


def _wait(session: TlsSession, seconds: float) -> Raw:
    start = time.monotonic()
    tls.listen(session, seconds, until_data=True)
    return Raw(len(session.early), session.closed, session.error, route.elapsed(start))


def _authority(ask: _Ask) -> str:
    return http_request.authority_of(ask.endpoint["server_name"] or ask.endpoint["host"], ask.endpoint["port"])


def _path(ask: _Ask) -> str:
    return ask.endpoint["path"] or "/"


def _page(ask: _Ask, address: str | None) -> str | None:
    """Why the server refuses, in its own words: HEAD has no body, so the same is asked once more with GET."""
    if address is None or ask.deadline.over:
        return None
    port = (ask.proxy or ask.endpoint)["port"]
    _tcp, connection = route.connect([address], port, ask.limits["connect"], ask.deadline)
    if connection is None:
        return None
    if ask.proxy is not None and not _tunnel(ask, connection).connected:
        connection.close()
        return None
    session = _secure(ask, _blank(ask), connection)
    if session is None:
        return None
    with session.socket:
        seconds = ask.deadline.left(ask.limits["answer"])
        return http_request.request(session, "GET", _authority(ask), _path(ask), seconds).page
