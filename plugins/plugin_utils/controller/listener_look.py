# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a WinRM listener, as a nobody, what it offers: the same way as the connection, and without any secret."""

from __future__ import annotations

import contextlib
import ipaddress
import os
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from ansible.plugins.connection import ConnectionBase

from ..readiness.listener import Answer

CONNECT_SECONDS, READ_SECONDS = 10, 20
_AUTHENTICATION = {"plaintext": "basic", "ssl": "basic"}


@dataclass(frozen=True)
class Way:
    """How a connection reaches its listener.

    ``proxy`` is a URL, None for a direct way, or "environment"; ``trust`` a PEM file, or True for what is usual.
    """

    url: str
    authentication: str
    account: str
    proxy: str | None
    trust: str | bool


def way_of(connection: ConnectionBase) -> Way | None:
    """Read the way from a winrm or psrp connection's options; None for any other connection."""
    if connection.transport == "winrm":
        return _way_of_winrm(connection)
    return _way_of_psrp(connection) if connection.transport == "psrp" else None


def ask(way: Way) -> Answer | None:
    """Send one empty request; None when nothing answered, or when the controller has no `requests`."""
    try:
        import requests
    except ImportError:
        return None
    with requests.Session() as session:
        # It would send the password of a .netrc.
        session.trust_env = False
        try:
            proxies = _proxies(way)
            given = session.post(
                way.url,
                data=b"",
                headers={"Content-Type": "application/soap+xml;charset=UTF-8"},
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                verify=_trust(way),
                proxies=proxies,
            )
        except (requests.RequestException, OSError, ValueError):
            return None
        return _answer(given)


def _way_of_winrm(connection: ConnectionBase) -> Way:
    extras = connection.get_option("_extras") or {}
    port = int(connection.get_option("port"))
    scheme = connection.get_option("scheme") or ("http" if port == 5985 else "https")
    account = str(connection.get_option("remote_user") or "")
    transports = [each for each in connection.get_option("transport") or () if each]
    authentication = transports[-1] if transports else "kerberos" if "@" in account else "basic"
    if authentication == "ssl" and extras.get("ansible_winrm_cert_pem"):
        authentication = "certificate"
    path = str(connection.get_option("path")).lstrip("/")
    trust = extras.get("ansible_winrm_ca_trust_path", "legacy_requests")
    ignored = extras.get("ansible_winrm_server_cert_validation") == "ignore"
    proxy = extras.get("ansible_winrm_proxy", "legacy_requests")
    return Way(
        url=_url(scheme, str(connection.get_option("remote_addr")), port, path),
        authentication=_AUTHENTICATION.get(authentication, authentication),
        account=account,
        proxy="environment" if proxy == "legacy_requests" else proxy,
        trust=False if ignored else True if trust in (None, "legacy_requests") else str(trust),
    )


def _way_of_psrp(connection: ConnectionBase) -> Way:
    port, scheme = connection.get_option("port"), connection.get_option("protocol")
    scheme = scheme or ("http" if port is not None and int(port) == 5985 else "https")
    port = int(port) if port is not None else 5986 if scheme == "https" else 5985
    proxy = connection.get_option("proxy")
    direct = None if connection.get_option("ignore_proxy") else "environment"
    ignored = connection.get_option("cert_validation") == "ignore"
    return Way(
        url=_url(scheme, str(connection.get_option("remote_addr")), port, str(connection.get_option("path"))),
        authentication=str(connection.get_option("auth")),
        account=str(connection.get_option("remote_user") or ""),
        proxy=str(proxy) if proxy else direct,
        trust=False if ignored else connection.get_option("ca_cert") or True,
    )


def _url(scheme: str, host: str, port: int, path: str) -> str:
    with contextlib.suppress(ipaddress.AddressValueError):
        host = f"[{ipaddress.IPv6Address(host)}]"
    return f"{scheme}://{host}:{port}/{path.lstrip('/')}"


def _proxies(way: Way) -> dict[str, str]:
    if way.proxy is None:
        return {}
    if way.proxy == "environment":
        from requests.utils import get_environ_proxies

        return dict(get_environ_proxies(way.url))
    return {"http": way.proxy, "https": way.proxy}


def _trust(way: Way) -> str | bool:
    """Both libraries take these variables for the usual trust."""
    if way.trust is not True:
        return way.trust
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True


def _answer(given: Any) -> Answer:
    # requests joins headers of one name by commas; schemes with parameters have theirs after the first word.
    raw = given.raw.headers.getlist("WWW-Authenticate") if given.raw is not None else ()
    schemes = [part.strip().split(" ")[0] for line in raw for part in _challenges(line)]
    try:
        date = parsedate_to_datetime(given.headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError):
        date = None
    return Answer(
        status=int(given.status_code),
        schemes=tuple(dict.fromkeys(scheme for scheme in schemes if scheme)),
        server=str(given.headers.get("Server", "")),
        content_type=str(given.headers.get("Content-Type", "")),
        via=bool({"via", "proxy-authenticate", "x-cache"} & {name.lower() for name in given.headers}),
        date=date,
    )


def _challenges(line: str) -> list[str]:
    """Split a list of challenges; a part with an equals sign belongs to the challenge before it."""
    found: list[str] = []
    for part in line.split(","):
        if found and "=" in part and " " not in part.strip().split("=")[0]:
            continue
        found.append(part)
    return found
