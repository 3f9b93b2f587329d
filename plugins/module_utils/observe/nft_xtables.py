# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nft shows of iptables' extensions by their name alone, said in nft's own words.

``iptables-save`` writes the rules of a chain in the kernel's order and with all they match, so each rule of a listing
has its line there. Connection state, port lists and comments are translated; what is not known here stays a bare name.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from .shapes import Json

Place = tuple[str, str]  # table, chain
Option = tuple[bool, str, str]  # negated, name, value
_FAMILIES = {"ip": "iptables", "ip6": "ip6tables"}
_NAMES = {"state": "conntrack"}  # the kernel knows both as one
_NUMBERED = {"--dports": "dport", "--sports": "sport"}


def families_with_extensions(objects: Iterable[Json]) -> list[str]:
    """Families (ip, ip6) whose listing has a match that nft shows by its name alone."""
    rules = [item["rule"] for item in objects if "rule" in item]
    return [
        family for family in _FAMILIES if any(r["family"] == family and any(map(_is_match, r["expr"])) for r in rules)
    ]


def program(family: str) -> str:
    """The program that prints a family's rules; the other variant of iptables knows nothing of nftables."""
    return f"{_FAMILIES[family]}-nft-save"


def translate(objects: Iterable[Json], family: str, saved: str) -> None:
    """Put what ``iptables-save`` printed of a family in the place of the bare names, in chains of equal length."""
    lines = parse(saved)
    rules: dict[Place, list[Json]] = {}
    for item in objects:
        if item.get("rule", {}).get("family") == family:
            rules.setdefault((item["rule"]["table"], item["rule"]["chain"]), []).append(item["rule"])
    for place, listed in rules.items():
        written = lines.get(place, [])
        if len(written) == len(listed):
            for rule, words in zip(listed, written):  # noqa: B905 - Python 3.9
                rule["expr"] = list(_translated(rule["expr"], _modules(words)))


def parse(saved: str) -> dict[Place, list[list[str]]]:
    """The words behind ``-A CHAIN`` of each rule, by table and chain, in their order."""
    found: dict[Place, list[list[str]]] = {}
    table = ""
    for line in saved.splitlines():
        if line.startswith("*"):
            table = line[1:].strip()
        elif line.startswith("-A "):
            words = shlex.split(line)
            found.setdefault((table, words[1]), []).append(words[2:])
    return found


def _modules(words: Sequence[str]) -> list[tuple[str, list[Option]]]:
    """The extensions of a rule in their order, each with its options."""
    found: list[tuple[str, list[Option]]] = []
    negated = False
    for at, word in enumerate(words):
        if word in ("-m", "--match"):
            name = words[at + 1]
            found.append((_NAMES.get(name, name), []))
        elif word in ("-j", "-g"):
            break
        elif word.startswith("--") and found:
            value = words[at + 1] if at + 1 < len(words) else ""
            found[-1][1].append((negated, word, value))
        negated = word == "!"
    return found


def _translated(expressions: Iterable[Any], modules: list[tuple[str, list[Option]]]) -> Iterator[Any]:
    for item in expressions:
        if not _is_match(item):
            yield item
            continue
        name = str(item["xt"].get("name"))
        options = next((options for module, options in modules if module == name), None)
        modules = _behind(modules, name)
        words = _TRANSLATIONS[name](options) if options is not None and name in _TRANSLATIONS else None
        yield from [item] if words is None else words


def _behind(modules: list[tuple[str, list[Option]]], name: str) -> list[tuple[str, list[Option]]]:
    """The modules that follow the first of this name: a rule may use one twice."""
    places = [at for at, (module, _options) in enumerate(modules) if module == name]
    return modules[places[0] + 1 :] if places else modules


def _is_match(item: Any) -> bool:
    return "xt" in item and (item["xt"] or {}).get("type") == "match"


def _states(options: Sequence[Option]) -> list[Json] | None:
    if len(options) != 1 or options[0][1] not in ("--ctstate", "--state"):
        return None
    negated, _name, value = options[0]
    states = [state.lower() for state in value.split(",")]
    return [{"match": {"op": "!=" if negated else "==", "left": {"ct": {"key": "state"}}, "right": {"set": states}}}]


def _port_lists(options: Sequence[Option]) -> list[Json] | None:
    if len(options) != 1 or options[0][1] not in _NUMBERED:
        return None
    negated, name, value = options[0]
    ports = [_port_or_range(part) for part in value.split(",")]
    left = {"payload": {"protocol": "th", "field": _NUMBERED[name]}}
    return [{"match": {"op": "!=" if negated else "==", "left": left, "right": {"set": ports}}}]


def _port_or_range(text: str) -> Any:
    first, colon, last = text.partition(":")
    return {"range": [int(first), int(last)]} if colon else int(first)


def _nothing(_options: Sequence[Option]) -> list[Json]:
    return []


_TRANSLATIONS: Mapping[str, Callable[[Sequence[Option]], list[Json] | None]] = {
    "conntrack": _states,
    "multiport": _port_lists,
    "comment": _nothing,
}
