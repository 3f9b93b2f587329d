# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our objects where iptables or ufw rules: the same chain and jump, a rule a port and network, in iptables' own words.

``iptables-restore`` reads them into the kernel as one transaction, and at each start out of the files in which the host
keeps its rules (``/etc/iptables/rules.v4``, ``/etc/ufw/before.rules`` and the like).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .nftables import ADDRESS_FAMILIES, CHAIN, OwnedObject, parse_networks, written

TABLE = "filter"
# Chain that the jump is put into, by family.
IPTABLES: Mapping[str, str] = {"ip": "OUTPUT", "ip6": "OUTPUT"}
UFW: Mapping[str, str] = {"ip": "ufw-before-output", "ip6": "ufw6-before-output"}

_OURS = re.compile(rf"(:{CHAIN}\s|(\[\d+:\d+\]\s*)?-[AI]\s+({CHAIN}\s|.*\s-[jg]\s+{CHAIN}\b))")
_COUNTERS = re.compile(r"^(\[\d+:\d+\]\s*)|(?<=-)\s*\[\d+:\d+\]$")
_RULE = re.compile(r"(\[\d+:\d+\]\s*)?-[AIDR]\s")


class KeptError(ValueError):
    """A file of rules that is not what its name says."""


def wanted_objects(
    chains: Iterable[Mapping[str, str]], ports: Iterable[int], destinations: Iterable[str], entries: Mapping[str, str]
) -> list[OwnedObject]:
    """Give the objects that open ``ports`` towards ``destinations`` (none: any) in each family that denies."""
    sorted_ports = sorted({int(port) for port in ports})
    networks = parse_networks(destinations)
    wanted: list[OwnedObject] = []
    for family in dict.fromkeys(chain["family"] for chain in chains):
        fitting = [written(each) for each in networks if each.version in ADDRESS_FAMILIES[family]]
        groups: list[tuple[str, ...]] = [(each,) for each in fitting] if networks else [()]
        wanted.append(OwnedObject(family, TABLE, CHAIN, "chain"))
        wanted += [OwnedObject(family, TABLE, CHAIN, "rule", (port,), to) for to in groups for port in sorted_ports]
        wanted.append(OwnedObject(family, TABLE, entries[family], "jump"))
    return wanted


def restore_text(owned: Iterable[Mapping[str, Any]], wanted: Sequence[OwnedObject], family: str) -> str:
    """Input of ``iptables-restore --noflush`` that makes what is wanted of what is there; "" for another family."""
    objects = [each for each in wanted if each.family == family]
    if not objects:
        return ""
    jumps = [each["chain"] for each in owned if each["family"] == family and each["kind"] == "jump"]
    lines = [f"*{TABLE}", f":{CHAIN} - [0:0]", *(f"-D {chain} -j {CHAIN}" for chain in jumps)]
    lines += [rule_line(each) for each in objects if each.kind == "rule"]
    lines += [f"-I {each.chain} 1 -j {CHAIN}" for each in objects if each.kind == "jump"]
    return "\n".join([*lines, "COMMIT", ""])


def kept_text(text: str, wanted: Sequence[OwnedObject], family: str) -> str:
    """Give a file of rules with what is wanted of ours and nothing else; the very text where it is so already.

    Lines of others stay byte for byte. KeptError where there is no filter table to put ours into.
    """
    objects = [each for each in wanted if each.family == family]
    lines = text.split("\n")
    ours = [f":{CHAIN} - [0:0]"] if objects else []
    ours += [rule_line(each) for each in objects if each.kind == "rule"]
    jumps = [f"-A {each.chain} -j {CHAIN}" for each in objects if each.kind == "jump"]
    if _is_kept(lines, [*ours, *jumps], jumps):
        return text
    others = [line for line in lines if not _OURS.match(line)]
    if not objects:
        return "\n".join(others)
    place = _place(others)
    return "\n".join([*others[:place], *ours, *jumps, *others[place:]])


def rule_line(each: OwnedObject) -> str:
    """A rule as ``iptables-save`` writes it."""
    towards = "".join(f"-d {ipaddress.ip_network(destination)} " for destination in each.destinations)
    return f"-A {CHAIN} {towards}-p tcp -m tcp --dport {each.ports[0]} -j ACCEPT"


def _is_kept(lines: Iterable[str], wanted: list[str], jumps: list[str]) -> bool:
    """Whether just the wanted lines stand there, and each jump before all other rules of its chain."""
    plain = [_COUNTERS.sub("", line.strip()) for line in lines]
    found = [line for line in plain if _OURS.match(f"{line} ")]
    if sorted(found) != sorted(_COUNTERS.sub("", line) for line in wanted):
        return False
    firsts = {line.split()[1]: line for line in reversed(plain) if line.startswith("-A ")}
    return all(firsts[jump.split()[1]] == jump for jump in jumps)


def _place(lines: Sequence[str]) -> int:
    """Behind the filter table's chains, before its rules."""
    stripped = [line.strip() for line in lines]
    if f"*{TABLE}" not in stripped:
        raise KeptError("it has no filter table, so the rules that close this host come from elsewhere")
    place = start = stripped.index(f"*{TABLE}") + 1
    for at, line in enumerate(stripped[start:], start):
        if line == "COMMIT" or _RULE.match(f"{line} "):
            break
        if line.startswith(":"):
            place = at + 1
    return place
