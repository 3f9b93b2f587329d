# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections of an observation: which target each belongs to, and how far the TLS handshake came."""

from __future__ import annotations

from collections.abc import Container, Mapping

from .model import Case, Facts


def target_of(endpoint: Facts) -> str:
    """Give the name of an endpoint in reports: host:port."""
    return f"{endpoint['host']}:{endpoint['port']}"


def institution_of(endpoint: Facts) -> str:
    """Give whose certificate is shown, empty for nobody's."""
    return endpoint["institution"] or ""


def observed(case: Case) -> list[Facts]:
    """Every connection that the probe tried, without the control's."""
    section = case.section("endpoints")
    return [] if section is None else list(section["endpoints"])


def control(case: Case) -> Facts | None:
    """The connection to the unrelated host, None when none is configured or it was not tried."""
    section = case.section("endpoints")
    return None if section is None else section["control"]


def by_target(case: Case) -> Mapping[str, list[Facts]]:
    """The connections of each host:port; several institutions may share one."""
    groups: dict[str, list[Facts]] = {}
    for each in observed(case):
        groups.setdefault(target_of(each), []).append(each)
    return groups


def request_of(case: Case, endpoint: Facts) -> Facts | None:
    """What was asked for this connection."""
    key = (endpoint["name"], target_of(endpoint), institution_of(endpoint))
    asked = case.requested("endpoints")
    return next((each for each in asked if (each["name"], target_of(each), institution_of(each)) == key), None)


def addresses_of(endpoint: Facts) -> list[str]:
    """Give the addresses that the name resolved to."""
    return [] if endpoint["dns"] is None else list(endpoint["dns"]["addresses"])


def connected(endpoint: Facts) -> bool:
    """The way to the server stands: by TCP, or through the proxy's tunnel (its own TCP proves nothing)."""
    part = endpoint["proxy"] if endpoint["route"] == "proxy" else endpoint["tcp"]
    return part is not None and part["connected"]


def negotiated(tls: Facts) -> bool:
    """Version and cipher were agreed upon: the server had shown its certificate, so what failed came after."""
    server = tls["server"]
    return tls["completed"] or bool(server["chain"]) or server["verified"] is not None


def client_alert(tls: Facts, numbers: Container[int]) -> bool:
    """Tell whether the server ended it with an alert about our certificate; ``numbers`` are those of refusals.yml.

    Alert 40 (handshake_failure) is also how a server says that there is no common cipher; after it has shown its
    own certificate it can only mean ours.
    """
    alert = tls["alert"]
    if alert is None or alert["number"] not in numbers:
        return False
    return alert["number"] != 40 or negotiated(tls)


def alert_of(case: Case, endpoint: Facts) -> Facts | None:
    """The server's alert: as it was seen, else as SChannel's code tells it once the server had shown its certificate.

    A server speaks of ours only after it has shown its own, and the same codes mean other things before. An alert of
    which the wire showed the number needs no code.
    """
    tls = endpoint["tls"]
    if tls is None or tls["alert"] is not None:
        return None if tls is None else tls["alert"]
    if not negotiated(tls):
        return None
    late = [part["error"] for part in (endpoint["http"], endpoint["raw"]) if part is not None]
    for each in (tls["error"], *late):
        number = case.evidence.word("client_alert", each)
        if number is not None:
            phase = "after_handshake" if tls["completed"] else "handshake"
            return {"number": int(number), "name": None, "phase": phase}
    return None


def told(case: Case, endpoint: Facts) -> Facts:
    """The connection with `alert_of` in its place."""
    if endpoint["tls"] is None:
        return endpoint
    return {**endpoint, "tls": {**endpoint["tls"], "alert": alert_of(case, endpoint)}}
