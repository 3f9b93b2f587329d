# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The observation's shape for endpoints, in its neutral form; see ``shapes``."""

from __future__ import annotations

from dataclasses import dataclass, field

from .shapes import Evidence


@dataclass
class Dns:
    addresses: list[str] = field(default_factory=list)
    error: Evidence | None = None
    seconds: float | None = None


@dataclass
class Proxy:
    """``connected``: the tunnel stands; ``status``: of the answer to CONNECT; ``account``: one was given.

    ``schemes``: names of the ways to authenticate that the proxy offers.
    """

    connected: bool = False
    status: int | None = None
    error: Evidence | None = None
    account: bool = False
    schemes: list[str] = field(default_factory=list)


@dataclass
class Attempt:
    address: str
    error: Evidence | None
    seconds: float | None


@dataclass
class Tcp:
    """To the endpoint, or to the proxy where the route leads through one."""

    connected: bool = False
    address: str | None = None
    error: Evidence | None = None
    seconds: float | None = None
    attempts: list[Attempt] = field(default_factory=list)


@dataclass
class Alert:
    number: int
    name: str | None
    phase: str


@dataclass
class TlsServer:
    hello: bool = False
    verified: bool | None = None
    verify_error: Evidence | None = None
    chain: list[str] = field(default_factory=list)


@dataclass
class ClientCertificate:
    requested: bool | None = None
    acceptable_issuers: list[str] = field(default_factory=list)
    presented: str | None = None
    error: Evidence | None = None


@dataclass
class Tls:
    completed: bool = False
    version: str | None = None
    cipher: str | None = None
    error: Evidence | None = None
    seconds: float | None = None
    alert: Alert | None = None
    server: TlsServer = field(default_factory=TlsServer)
    client_certificate: ClientCertificate = field(default_factory=ClientCertificate)


@dataclass
class Http:
    method: str = "HEAD"
    status: int | None = None
    reason: str | None = None
    server: str | None = None
    date: str | None = None
    page: str | None = None
    error: Evidence | None = None
    seconds: float | None = None


@dataclass
class Raw:
    received: int = 0
    closed: bool = False
    error: Evidence | None = None
    seconds: float | None = None


@dataclass
class Endpoint:
    name: str
    host: str
    port: int
    protocol: str
    institution: str | None
    route: str = "direct"
    dns: Dns | None = None
    proxy: Proxy | None = None
    tcp: Tcp | None = None
    tls: Tls | None = None
    http: Http | None = None
    raw: Raw | None = None


@dataclass
class ProxyServer:
    """``scheme``: of the traffic that goes there, ``all`` for any; ``address``: as it is written, without account."""

    scheme: str
    address: str


@dataclass
class ProxySetting:
    """One place of the host that sets a proxy; ``account``: whose setting it is, null for everybody's."""

    source: str
    place: str
    account: str | None = None
    servers: list[ProxyServer] = field(default_factory=list)
    exceptions: list[str] = field(default_factory=list)
    pac_url: str | None = None
    auto_detect: bool = False


@dataclass
class ProxySettings:
    error: Evidence | None = None
    settings: list[ProxySetting] = field(default_factory=list)


@dataclass
class Endpoints:
    error: Evidence | None = None
    endpoints: list[Endpoint] = field(default_factory=list)
    control: Endpoint | None = None
