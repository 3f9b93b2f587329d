# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Follows one new outbound TCP connection through an nftables ruleset, without sending it.

Every base chain of hook output must let it pass, in the order of priority; the first that denies is final. A rule whose
match cannot be told leaves two roads open, and both are followed: the answer is the set of all ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .nft_match import Packet, bare, contains, match, names_address, names_port
from .shapes import Chain, Outbound

Expression = Mapping[str, Any]
_CONTINUE = "continue"
_DEPTH = 64  # nftables itself refuses deeper jumps
# No rule names them, and all that speak of everything have them.
_NO_PORT, _NO_ACCOUNT = -1, -1
_PRIORITIES = {"raw": -300, "mangle": -150, "dstnat": -100, "filter": 0, "security": 50, "srcnat": 100}
_XT_VERDICTS = {"REJECT": "reject", "DROP": "drop", "ACCEPT": "accept"}
_XT_HARMLESS = ("LOG", "NFLOG", "CONNMARK", "MARK", "CLASSIFY", "TCPMSS", "SECMARK", "CONNSECMARK", "TRACE", "CT")
_XT_REDIRECTIONS = ("DNAT", "REDIRECT")
_NAT = ("dnat", "snat", "masquerade", "redirect")


@dataclass(frozen=True)
class End:
    """Where one road ends: accept, drop, reject, depends (handed to a program) or continue; ``by`` whom."""

    verdict: str
    by: str = ""
    explicit: bool = False


@dataclass
class Rule:
    handle: int
    expressions: list[Expression]


@dataclass
class RuleChain:
    family: str
    table: str
    name: str
    handle: int
    hook: str | None = None
    priority: int = 0
    policy: str = "accept"
    rules: list[Rule] = field(default_factory=list)

    @property
    def title(self) -> str:
        return f"{self.family} {self.table} {self.name}"


@dataclass
class Ruleset:
    """A ruleset as ``nft -j list ruleset`` gives it; dormant tables are left out, as the kernel does."""

    chains: dict[tuple[str, str, str], RuleChain] = field(default_factory=dict)
    sets: dict[tuple[str, str], dict[str, list[Any]]] = field(default_factory=dict)
    tables: int = 0

    @classmethod
    def parse(cls, objects: Iterable[Mapping[str, Any]]) -> Ruleset:
        """From the list under ``nftables``. Raises KeyError or TypeError for what is no such list."""
        ruleset, dormant = cls(), set()
        for item in objects:
            for kind, value in item.items():
                if kind == "table":
                    ruleset.tables += 1
                    if "dormant" in value.get("flags", []):
                        dormant.add((value["family"], value["name"]))
                elif kind == "chain":
                    ruleset._add_chain(value)
                elif kind in ("set", "map"):
                    named = ruleset.sets.setdefault((value["family"], value["table"]), {})
                    named[value["name"]] = value.get("elem", [])
                elif kind == "rule":
                    chain = ruleset.chains[(value["family"], value["table"], value["chain"])]
                    chain.rules.append(Rule(value["handle"], value["expr"]))
        ruleset.chains = {key: chain for key, chain in ruleset.chains.items() if key[:2] not in dormant}
        return ruleset

    def _add_chain(self, value: Mapping[str, Any]) -> None:
        chain = RuleChain(value["family"], value["table"], value["name"], value["handle"])
        chain.hook, chain.policy = value.get("hook"), value.get("policy", "accept")
        chain.priority = _priority(value.get("prio", 0))
        self.chains[(chain.family, chain.table, chain.name)] = chain

    def outbound_chains(self, version: int | None = None) -> list[RuleChain]:
        """Base chains that an outbound packet of an IP version (null: of any) passes, in their order."""
        families = {None: ("ip", "ip6", "inet"), 4: ("ip", "inet"), 6: ("ip6", "inet")}[version]
        chains = [chain for chain in self.chains.values() if chain.hook == "output" and chain.family in families]
        return sorted(chains, key=lambda chain: chain.priority)


def outbound(ruleset: Ruleset, packet: Packet) -> Outbound:
    """What becomes of the connection; ``by`` names every deciding rule or policy, joined by "or" where it depends."""
    denied: list[End] = []
    passed = [End("accept", "no output chain")]
    for chain in ruleset.outbound_chains(packet.version):
        ends = _chain_ends(ruleset, chain, packet)
        denied += [end for end in ends if end.verdict != "accept"]
        accepted = [end for end in ends if end.verdict == "accept"]
        if not accepted:
            passed = []
            break
        # A chain that merely lets things pass says less than one with a rule for this port.
        if any(end.explicit for end in accepted) or not any(end.explicit for end in passed):
            passed = accepted
    ends = denied + passed
    address = str(packet.address) if packet.address is not None else None
    verdicts = {end.verdict for end in ends}
    if verdicts <= {"drop", "reject"} or len(verdicts) == 1:
        return Outbound(packet.port, address, ends[0].verdict, ends[0].by, ends[0].explicit)
    by = " or ".join(dict.fromkeys(f"{end.verdict} by {end.by}" for end in ends))
    return Outbound(packet.port, address, "depends", by, any(end.explicit for end in ends))


def denying_chains(ruleset: Ruleset) -> list[Chain]:
    """Base output chains that deny what no rule speaks of, themselves or in a chain that they jump to."""
    return [
        Chain(chain.family, chain.table, chain.name, chain.policy)
        for chain in ruleset.outbound_chains()
        if _denies_by_default(ruleset, chain)
    ]


def _denies_by_default(ruleset: Ruleset, chain: RuleChain) -> bool:
    nobodys = Packet(_NO_PORT, None, _NO_ACCOUNT, ordinary=True)
    return all(end.verdict in ("drop", "reject") for end in _chain_ends(ruleset, chain, nobodys))


def redirects(ruleset: Ruleset) -> bool | None:
    """Whether the host may send outbound connections elsewhere than to their address: null if it may, else false."""
    chains = ruleset.chains.values()
    items = (item for chain in chains for rule in chain.rules for item in rule.expressions)
    found = any("dnat" in item or "redirect" in item or _xt_name(item) in _XT_REDIRECTIONS for item in items)
    return None if found else False


def _chain_ends(ruleset: Ruleset, chain: RuleChain, packet: Packet) -> list[End]:
    ends = _walk(ruleset, chain, packet, False, 0)
    policy = End(chain.policy, f"{chain.title} policy {chain.policy}")
    return list(dict.fromkeys(policy if end.verdict == _CONTINUE else end for end in ends))


def _walk(ruleset: Ruleset, chain: RuleChain, packet: Packet, special: bool, depth: int) -> list[End]:
    """All ends of the roads through a chain; ``continue`` is one of them if the packet may fall out at its end."""
    if depth > _DEPTH:
        return [End("depends", f"{chain.title}: jumps too deep")]
    ends: list[End] = []
    for rule in chain.rules:
        found, certain = _rule_ends(ruleset, chain, rule, packet, special, depth)
        ends += [end for end in found if end.verdict not in (_CONTINUE, "leave")]
        if any(end.verdict == "leave" for end in found):
            ends.append(End(_CONTINUE))
        if certain and not any(end.verdict == _CONTINUE for end in found):
            return ends
    return [*ends, End(_CONTINUE)]


def _rule_ends(
    ruleset: Ruleset, chain: RuleChain, rule: Rule, packet: Packet, special: bool, depth: int
) -> tuple[list[End], bool]:
    """The ends of one rule, and whether it surely applies. ``leave``: the chain is left without a verdict."""
    sets = ruleset.sets.get((chain.family, chain.table), {})
    certain = True
    by = f"{chain.title} handle {rule.handle}"
    for item in rule.expressions:
        if "match" in item:
            truth = match(item["match"], packet, sets)
            if truth is False or (truth is None and packet.ordinary):
                return [End(_CONTINUE)], True
            certain = certain and truth is True
            special = special or names_port(item["match"]) or names_address(item["match"])
        elif _is_xt(item, "match") or "limit" in item or "quota" in item:
            if packet.ordinary:
                return [End(_CONTINUE)], True
            certain = False
        elif "vmap" in item:
            return _map_ends(ruleset, chain, item["vmap"], packet, special, depth, by), certain
        else:
            ends = _verdict_ends(ruleset, chain, item, packet, special, depth, by)
            if ends:
                return ends, certain
    return [End(_CONTINUE)], True


def _map_ends(
    ruleset: Ruleset, chain: RuleChain, vmap: Expression, packet: Packet, special: bool, depth: int, by: str
) -> list[End]:
    sets = ruleset.sets.get((chain.family, chain.table), {})
    data = vmap["data"]
    pairs = sets.get(data[1:], []) if isinstance(data, str) else data["set"]
    named = special or names_port({"left": vmap["key"], "op": "=="})
    ends: list[End] = []
    for key, verdict in pairs:
        truth = contains(vmap["key"], bare(key), packet, sets)
        if truth is False or (truth is None and packet.ordinary):
            continue
        ends += _verdict_ends(ruleset, chain, verdict, packet, named, depth, by) or [End(_CONTINUE)]
        if truth:
            return ends
    return [*ends, End(_CONTINUE)]


def _verdict_ends(
    ruleset: Ruleset, chain: RuleChain, item: Expression, packet: Packet, special: bool, depth: int, by: str
) -> list[End]:
    """The ends of one statement; none if it decides nothing (counter, log)."""
    verdict = _statement(item)
    if verdict in ("accept", "drop", "reject", "depends"):
        return [End(verdict, by, special)]
    if verdict == "return":
        return [End("leave")]
    if verdict in ("jump", "goto"):
        target = ruleset.chains.get((chain.family, chain.table, item[verdict]["target"]))
        if target is None:
            return [End("depends", f"{by}: jump to an unknown chain")]
        ends = _walk(ruleset, target, packet, special, depth + 1)
        # After a goto the packet does not come back to the rule behind it, but leaves this chain as well.
        return [End("leave") if verdict == "goto" and end.verdict == _CONTINUE else end for end in ends]
    return []


def _statement(item: Expression) -> str | None:
    """What a statement does to the packet; null for what decides nothing."""
    for word in ("accept", "drop", "reject", "return", "jump", "goto"):
        if word in item:
            return word
    if any(word in item for word in _NAT):
        return "accept"
    if "queue" in item or "synproxy" in item or "tproxy" in item:
        return "depends"
    if _is_xt(item, "target"):
        name = _xt_name(item)
        return _XT_VERDICTS.get(name, None if name in _XT_HARMLESS else "depends")
    return None


def _is_xt(item: Expression, kind: str) -> bool:
    """An iptables extension that nft shows by its name alone (an old nft shows not even that)."""
    return "xt" in item and (item["xt"] or {}).get("type", "target") == kind


def _xt_name(item: Expression) -> str:
    return str((item.get("xt") or {}).get("name", ""))


def _priority(value: int | str) -> int:
    return value if isinstance(value, int) else _PRIORITIES.get(value, 0)
