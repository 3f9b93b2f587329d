# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters outbound_ports and outbound_destinations: what a host has to be let out to, behind a proxy or without one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.eeszt.connect.plugins.plugin_utils.firewall import proxied

_FORM = "give a proxy as {host: ..., port: ..., exceptions: [...]}, and endpoints that each have host and port"


def outbound_ports(
    ports: Sequence[int], proxy: Mapping[str, Any] | None, endpoints: Sequence[Mapping[str, Any]]
) -> list[int]:
    """Give the ports of the centre, or the proxy's and those of the proxy's exceptions."""
    try:
        return proxied.needed_ports(ports, proxy or None, endpoints)
    except (AttributeError, KeyError, TypeError, ValueError) as fault:
        raise AnsibleFilterError(f"outbound_ports: {_FORM} ({type(fault).__name__}: {fault})") from fault


def outbound_destinations(proxy: Mapping[str, Any] | None, endpoints: Sequence[Mapping[str, Any]]) -> list[str]:
    """Give the proxy's host where every endpoint is reached through it, else nothing, which means any."""
    try:
        return proxied.needed_destinations(proxy or None, endpoints)
    except (AttributeError, KeyError, TypeError, ValueError) as fault:
        raise AnsibleFilterError(f"outbound_destinations: {_FORM} ({type(fault).__name__}: {fault})") from fault


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"outbound_ports": outbound_ports, "outbound_destinations": outbound_destinations}
