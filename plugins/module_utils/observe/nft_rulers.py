# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which program rules the host's outbound traffic, told by its chains in the kernel; and where it keeps its rules.

nftables' own rules, those of iptables, ufw and firewalld are all nf_tables to the kernel. What writes them at the next
start is what an opening has to be given to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .nft_ruleset import RuleChain, Ruleset
from .shapes import Chain, Owned, Persistence
from .system import read_text

NFTABLES, IPTABLES, UFW, FIREWALLD, SEVERAL = "nftables", "iptables", "ufw", "firewalld", "several"
OWN_CHAIN = "eeszt_connect"  # what the role outbound_firewall puts into a denying chain's table
POLICY_CHAIN = "filter_OUT_policy_eeszt-connect_allow"  # firewalld's, of the policy that the role gives it
_ROOT = Path("/etc")
_ENABLED = re.compile(r"^\s*ENABLED\s*=\s*[\"']?yes\b", re.MULTILINE | re.IGNORECASE)
Units = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Kept:
    """A file, relative to /etc, from which a unit loads the rules of a family."""

    family: str
    file: str
    unit: str


# The first of a family that exists is the host's.
_SAVED = (
    Kept("ip", "iptables/rules.v4", "netfilter-persistent.service"),
    Kept("ip6", "iptables/rules.v6", "netfilter-persistent.service"),
    Kept("ip", "sysconfig/iptables", "iptables.service"),
    Kept("ip6", "sysconfig/ip6tables", "ip6tables.service"),
)
_UFW = (Kept("ip", "ufw/before.rules", "ufw.service"), Kept("ip6", "ufw/before6.rules", "ufw.service"))
_FIREWALLD = (
    Kept("inet", "firewalld/policies/eeszt-connect.xml", "firewalld.service"),
    Kept("ip", "firewalld/direct.xml", "firewalld.service"),
    Kept("ip6", "firewalld/direct.xml", "firewalld.service"),
)
UNITS = ("nftables.service", *dict.fromkeys(each.unit for each in (*_SAVED, *_UFW, *_FIREWALLD)))


def ruler(ruleset: Ruleset, denying: Iterable[Chain]) -> str:
    """The one whose chains deny, or ``several``; where none denies, the first that has any."""
    deniers = {_of(ruleset, chain.family, chain.table, chain.name) for chain in denying}
    if len(deniers) > 1:
        return SEVERAL
    present = {_of(ruleset, chain.family, chain.table, chain.name) for chain in ruleset.outbound_chains()}
    return next((each for each in (FIREWALLD, UFW, IPTABLES) if each in (deniers or present)), NFTABLES)


def _of(ruleset: Ruleset, family: str, table: str, name: str) -> str:
    if table == "firewalld":
        return FIREWALLD
    if (table, name) != ("filter", "OUTPUT") or family not in ("ip", "ip6"):
        return NFTABLES
    if _jumps_to(ruleset.chains[(family, table, name)], "ufw-before-output", "ufw6-before-output"):
        return UFW
    # firewalld's direct rules are iptables' in the kernel; only its file tells that they are its own.
    runs = any(chain.table == "firewalld" for chain in ruleset.chains.values())
    return FIREWALLD if runs and _has("firewalld/direct.xml", 'chain="OUTPUT"') else IPTABLES


def _jumps_to(chain: RuleChain, *names: str) -> bool:
    items = (item for rule in chain.rules for item in rule.expressions)
    targets = (item["jump"]["target"] for item in items if "jump" in item)
    return any(target in names for target in targets)


def persistence(name: str, found: Iterable[Chain | Owned], states: Units) -> Persistence:
    """How iptables, ufw or firewalld keeps rules for the tables of ``found`` (``states``: of UNITS)."""
    families = dict.fromkeys(each.family for each in found)
    kept = [each for each in (_kept(name, family) for family in families) if each is not None]
    if not kept:
        return Persistence()
    present = all(_has(each.file, "eeszt-connect" if each.family == "inet" else OWN_CHAIN) for each in kept)
    enabled = all(states.get(each.unit, {}).get("UnitFileState") == "enabled" for each in kept)
    if name == UFW:
        enabled = enabled and _ENABLED.search(_text("ufw/ufw.conf")) is not None
    return Persistence(present, present, enabled if states else None)


def _kept(name: str, family: str) -> Kept | None:
    choices: Mapping[str, tuple[Kept, ...]] = {IPTABLES: _SAVED, UFW: _UFW, FIREWALLD: _FIREWALLD}
    found = [each for each in choices[name] if each.family == family]
    return next((each for each in found if (_ROOT / each.file).is_file()), found[0] if found else None)


def _text(file: str) -> str:
    return read_text(_ROOT / file) or ""


def _has(file: str, word: str) -> bool:
    return word in _text(file)
