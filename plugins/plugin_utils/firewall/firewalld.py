# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our objects where firewalld rules: a policy of our own where a policy denies, direct rules where direct rules deny.

firewalld guards its table, so nothing but a reload brings them into the kernel; and a reload forgets what others
changed in the running rules alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from . import xtables
from .nftables import CHAIN, OwnedObject, parse_networks, written

POLICY = "eeszt-connect"
POLICY_CHAIN = f"filter_OUT_policy_{POLICY}_allow"
TABLE = "firewalld"
PRIORITY = -32000  # before whatever else is there; the least that firewalld takes is -32768

_ELEMENT = re.compile(r"[ \t]*<(?:chain|rule)\b[^>]*(?:/>|>[^<]*</rule>)[ \t]*\n?")
_IPV: Mapping[str, str] = {"ip": "ipv4", "ip6": "ipv6"}
# A reload keeps them, and lists say of running zones alone that they are active.
_RUNNING_ONLY = re.compile(r" \([a-z, ]+\)$")
_INTERFACES = "interfaces:"


def wanted_objects(
    chains: Iterable[Mapping[str, str]], ports: Iterable[int], destinations: Iterable[str]
) -> list[OwnedObject]:
    """Give the objects that open ``ports`` towards ``destinations`` (none: any) in every chain that denies."""
    denying = list(chains)
    sorted_ports = sorted({int(port) for port in ports})
    networks = parse_networks(destinations)
    groups: list[tuple[str, ...]] = [(written(each),) for each in networks] if networks else [()]
    wanted: list[OwnedObject] = []
    if any(chain["table"] == TABLE for chain in denying):
        wanted.append(OwnedObject("inet", TABLE, POLICY_CHAIN, "chain"))
        for group in groups:
            wanted += [OwnedObject("inet", TABLE, POLICY_CHAIN, "rule", (port,), group) for port in sorted_ports]
    direct = [chain for chain in denying if chain["table"] != TABLE]
    return wanted + xtables.wanted_objects(direct, sorted_ports, destinations, xtables.IPTABLES)


def direct_text(text: str, wanted: Sequence[OwnedObject]) -> str:
    """Give ``direct.xml`` with what is wanted of ours and nothing else; what others put there stays byte for byte."""
    ours = [_element(each) for each in wanted if each.family in _IPV]
    found = [match.group().strip() for match in _ELEMENT.finditer(text) if CHAIN in match.group()]
    if sorted(found) == sorted(ours):
        return text
    others = _ELEMENT.sub(lambda match: "" if CHAIN in match.group() else match.group(), text)
    if not ours:
        return others
    head, end, tail = others.rpartition("</direct>")
    if not end:
        raise xtables.KeptError("it has no element <direct> that ours could be put into")
    return "".join([head, *(f"  {each}\n" for each in ours), end, tail])


def runtime_only(running: Sequence[str], permanent: Sequence[str]) -> list[str]:
    """Name what a reload would change for others: lines of what firewall-cmd lists, of the running and permanent rules.

    Texts in pairs. Ours, and which interfaces are in use, do not count.
    """
    found: list[str] = []
    for now, kept in zip(running, permanent, strict=True):
        found += sorted(_lines(now) ^ _lines(kept))
    return found


def _lines(text: str) -> set[str]:
    """Each line under the name of its zone or policy."""
    found: set[str] = set()
    name = ""
    for line in text.splitlines():
        if line and not line[0].isspace():
            name = _RUNNING_ONLY.sub("", line)
        if name == POLICY or CHAIN in line or not line.strip() or line.strip().startswith(_INTERFACES):
            continue
        found.add(name if not line[0].isspace() else f"{name} {_in_order(line)}")
    return found


def _in_order(line: str) -> str:
    """The values of a setting come in any order."""
    first, *rest = line.split()
    return " ".join([first, *(sorted(rest) if first.endswith(":") else rest)])


def _element(each: OwnedObject) -> str:
    place = f'ipv="{_IPV[each.family]}" table="{each.table}"'
    if each.kind == "chain":
        return f'<chain {place} chain="{CHAIN}"/>'
    if each.kind == "jump":
        return f'<rule {place} chain="{each.chain}" priority="{PRIORITY}">-j {CHAIN}</rule>'
    words = xtables.rule_line(each).removeprefix(f"-A {CHAIN} ")
    return f'<rule {place} chain="{CHAIN}" priority="0">{words}</rule>'
