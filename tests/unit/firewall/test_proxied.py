# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host behind a proxy has to be let out to, as the role's defaults ask for it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.eeszt.connect.plugins.filter.outbound_ways import outbound_destinations, outbound_ports

CENTRE = [{"host": "gateway.example", "port": 443}, {"host": "gateway.example", "port": 4443}]
OTHER = {"host": "other.example", "port": 5443}
PROXY = {"host": "proxy.example", "port": 3128, "exceptions": ["other.example"]}
PORTS = [443, 4443, 5443]


@pytest.mark.parametrize(
    ("proxy", "endpoints", "ports", "destinations"),
    [
        ({}, CENTRE, PORTS, []),
        (None, [], PORTS, []),
        (PROXY, CENTRE, [3128], ["proxy.example"]),
        (PROXY, [], [3128], ["proxy.example"]),
        (PROXY, [*CENTRE, OTHER], [5443, 3128], []),
        ({**PROXY, "port": 443}, CENTRE, [443], ["proxy.example"]),
        ({**PROXY, "host": "192.0.2.9"}, CENTRE, [3128], ["192.0.2.9"]),
        ({**PROXY, "host": "2001:db8::9"}, CENTRE, [3128], ["2001:db8::9"]),
        ({**PROXY, "host": "proxy"}, CENTRE, [3128], []),
    ],
)
def test_ports_and_destinations(
    proxy: dict[str, Any] | None, endpoints: list[dict[str, Any]], ports: list[int], destinations: list[str]
) -> None:
    assert outbound_ports(PORTS, proxy, endpoints) == ports
    assert outbound_destinations(proxy, endpoints) == destinations


@pytest.mark.parametrize("proxy", [{"host": "proxy.example"}, {"port": "often 8080"}, "proxy.example:3128"])
def test_what_is_no_proxy_is_refused_in_words(proxy: Any) -> None:
    with pytest.raises(AnsibleFilterError, match=r"give a proxy as \{host"):
        outbound_ports(PORTS, proxy, CENTRE)
