# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has to be let out to: the centre's ports, or the proxy's where the way leads through one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...module_utils.observe.route import goes_through, is_address

Facts = Mapping[str, Any]


def needed_ports(ports: Sequence[int], proxy: Facts | None, endpoints: Sequence[Facts]) -> list[int]:
    """Of the policy's ports those that are reached directly, and the proxy's own."""
    if proxy is None:
        return list(ports)
    direct = {int(each["port"]) for each in endpoints if not goes_through(proxy, each)}
    return list(dict.fromkeys([*(port for port in ports if port in direct), int(proxy["port"])]))


def needed_destinations(proxy: Facts | None, endpoints: Sequence[Facts]) -> list[str]:
    """The proxy alone where every way leads through it, else anything.

    A name of one label is looked up by each system in its own way, so it does not narrow the rule.
    """
    if proxy is None or not all(goes_through(proxy, each) for each in endpoints):
        return []
    host = str(proxy["host"]).strip("[]")
    return [host] if is_address(host) or "." in host else []
