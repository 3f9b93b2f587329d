# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The groups of a plan's inventory."""

from __future__ import annotations

import re
import unicodedata

from .findings import Findings, Location
from .model import Plan

RING_GROUPS = tuple(f"ring_{number}" for number in range(1, 10))
_GROUP_OF_PURPOSE = {
    "workstation": "workstations",
    "server": "servers",
    "terminal_server": "terminal_servers",
}
_GROUPS_ALWAYS_THERE = (*RING_GROUPS, *_GROUP_OF_PURPOSE.values(), "windows", "linux")
_NAMES_OF_ANSIBLE = ("all", "ungrouped", "localhost")


def group_name(kind: str, name: str) -> str:
    """Return a name that Ansible takes for a group: ``group_name("site", "Győr-2")`` is ``site_Gyor_2``."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return f"{kind}_{re.sub(r'[^A-Za-z0-9_]', '_', bare)}"


def group_members(plan: Plan) -> dict[str, list[str]]:
    """Return the hosts of each group, in the order of the plan.

    The groups of rings, purposes and systems are there even when empty, so that no play's pattern misses its
    group.
    """
    groups: dict[str, list[str]] = {name: [] for name in _GROUPS_ALWAYS_THERE}
    groups |= {group_name("institution", name): [] for name in plan.institutions}
    groups |= {group_name("site", name): [] for name in plan.sites}
    for host in plan.hosts.values():
        names = [group_name("institution", reference.name) for reference in host.serves]
        if host.site:
            names += [group_name("site", host.site.name), f"ring_{plan.sites[host.site.name].ring}"]
        if host.system:
            names.append(host.system)
        for name in (*names, _GROUP_OF_PURPOSE[host.purpose]):
            groups[name].append(host.name)
    return groups


def refuse_group_clashes(plan: Plan, findings: Findings) -> None:
    """Refuse two names that become one group, and hosts that are named like a group."""
    taken: dict[str, str] = {}
    named: list[tuple[str, str, Location]] = [("institution", i.id, i.at) for i in plan.institutions.values()]
    named += [("site", site.id, site.at) for site in plan.sites.values()]
    for kind, name, at in named:
        group = group_name(kind, name)
        if taken.setdefault(group, name) != name:
            findings.error(
                at,
                f'{kind}s "{taken[group]}" and "{name}" both become the group {group}',
                "rename one of them",
            )
    for host in plan.hosts.values():
        if host.name in taken or host.name in _GROUPS_ALWAYS_THERE or host.name in _NAMES_OF_ANSIBLE:
            findings.error(host.at, f"{host.name} is the name of a group as well", "rename the host")
