# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter outbound_rules: what the running rule set should hold of ours, and whether it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.eeszt.connect.plugins.plugin_utils.firewall.nftables import (
    DestinationError,
    is_current,
    wanted_objects,
)


def outbound_rules(section: Mapping[str, Any], ports: Sequence[int], destinations: Sequence[str]) -> dict[str, Any]:
    """Compare the probe's firewall section with what the ports and destinations ask for."""
    try:
        wanted = wanted_objects(section["chains"], ports, destinations)
    except DestinationError as fault:
        raise AnsibleFilterError(f"outbound_rules: {fault}") from fault
    return {"wanted": [each.to_dict() for each in wanted], "current": is_current(section["owned"], wanted)}


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"outbound_rules": outbound_rules}
