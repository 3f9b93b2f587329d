# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter outbound_rules: what the running rule set should hold of ours, and whether it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.eeszt.connect.plugins.plugin_utils.firewall import firewalld, nftables, xtables


def outbound_rules(section: Mapping[str, Any], ports: Sequence[int], destinations: Sequence[str]) -> dict[str, Any]:
    """Compare the probe's firewall section with what the ports and destinations ask for."""
    try:
        wanted = _wanted(section, ports, destinations)
    except nftables.DestinationError as fault:
        raise AnsibleFilterError(f"outbound_rules: {fault}") from fault
    return {
        "wanted": [each.to_dict() for each in wanted],
        "current": nftables.is_current(section["owned"], wanted),
        "stale": [each for each in section["owned"] if not _in_use(each, wanted) and not _guarded(each, section)],
        "restore": {family: xtables.restore_text(section["owned"], wanted, family) for family in xtables.IPTABLES},
    }


def _wanted(
    section: Mapping[str, Any], ports: Sequence[int], destinations: Sequence[str]
) -> list[nftables.OwnedObject]:
    chains, ruler = section["chains"], section["backend"]
    if ruler == "firewalld":
        return firewalld.wanted_objects(chains, ports, destinations)
    if ruler in ("iptables", "ufw"):
        entries = xtables.UFW if ruler == "ufw" else xtables.IPTABLES
        return xtables.wanted_objects(chains, ports, destinations, entries)
    return nftables.wanted_objects(chains, ports, destinations)


def _in_use(row: Mapping[str, Any], wanted: Sequence[nftables.OwnedObject]) -> bool:
    return any((each.family, each.table) == (row["family"], row["table"]) for each in wanted)


def _guarded(row: Mapping[str, Any], section: Mapping[str, Any]) -> bool:
    """What firewalld put into the kernel it takes away itself, its direct rules included."""
    direct = row["family"] in xtables.IPTABLES and row["table"] == xtables.TABLE
    return row["table"] == firewalld.TABLE or (section["backend"] == "firewalld" and direct)


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"outbound_rules": outbound_rules}
