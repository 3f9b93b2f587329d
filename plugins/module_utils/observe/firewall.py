# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's firewall for outbound connections: what it would do to each port, what of it is ours, and if it lasts."""

from __future__ import annotations

import concurrent.futures
import contextlib
import fnmatch
import hashlib
import ipaddress
import json
import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import nft_rulers, nft_xtables, route
from .evidence import of_exception
from .nft_match import Packet, elements
from .nft_rulers import OWN_CHAIN, POLICY_CHAIN
from .nft_ruleset import Ruleset, denying_chains, outbound, redirects
from .shapes import Evidence, Firewall, Json, Outbound, Owned, Persistence
from .system import find, read_text, run, units

_OWN_FILE = Path("/etc/eeszt-connect/outbound.nft")
_MAIN_FILE = Path("/etc/nftables.conf")
_INCLUDE = re.compile(r'^\s*include\s+["\']([^"\']+)["\']', re.MULTILINE)
_FLAGS = re.compile(r"^\tflags (.*)$", re.MULTILINE)  # of the table: what lies deeper is a set's
_WIDEST_RANGE = 1024  # ports of one range that are listed one by one


def observe_firewall(request: Json) -> Firewall:
    """For ``request["ports"]`` and the addresses of the endpoints on them. Without nftables the backend is ``none``.

    Else it is who rules the outbound traffic: all of them are nf_tables to the kernel. ``unknown`` with its evidence
    where nft cannot be asked (it needs root).
    """
    states = units(*nft_rulers.UNITS)
    seen = Firewall(persistence=_persistence(states))
    nft = find("nft")
    ports = list(dict.fromkeys(request["ports"]))
    if nft is None and _rules_without_nft():
        seen.error = Evidence(
            "nft", None, "this host filters packets, and without the nft program its rules cannot be read"
        )
        seen.outbound = [Outbound(port, None, "unknown", "nft is not installed", False) for port in ports]
        return seen
    if nft is None:
        seen.backend, seen.outbound = "none", [_open(port, "nft is not installed") for port in ports]
        return seen
    ruleset, seen.error = _ruleset(str(nft))
    if ruleset is None:
        seen.outbound = [Outbound(port, None, "unknown", "the ruleset cannot be read", False) for port in ports]
        return seen
    if not ruleset.tables:
        seen.backend, seen.outbound = "none", [_open(port, "the ruleset is empty") for port in ports]
        return seen
    redirected = redirects(ruleset)
    seen.outbound = [outbound(ruleset, replace(each, redirected=redirected)) for each in _packets(request, ports)]
    seen.chains, seen.owned = denying_chains(ruleset), owned(ruleset)
    seen.backend = nft_rulers.ruler(ruleset, seen.chains)
    if seen.backend not in (nft_rulers.NFTABLES, nft_rulers.SEVERAL):
        seen.persistence = nft_rulers.persistence(seen.backend, [*seen.chains, *seen.owned], states)
    return seen


def _rules_without_nft() -> bool:
    """Whether the kernel filters although nft is absent: tables of the old iptables, or nf_tables in use."""
    old = any(read_text(f"/proc/net/{family}_tables_names") for family in ("ip", "ip6"))
    modules = (read_text("/proc/modules") or "").splitlines()
    return old or any(line.split()[0] == "nf_tables" and line.split()[2] != "0" for line in modules)


def owned(ruleset: Ruleset) -> list[Owned]:
    """Our own chain, the jumps into it and its rules, in every table that has one."""
    found = []
    for chain in ruleset.chains.values():
        ours = chain.name in (OWN_CHAIN, POLICY_CHAIN)
        if ours and chain.hook is None:
            found.append(Owned(chain.family, chain.table, chain.name, chain.handle, "chain"))
        for rule in chain.rules:
            jumps = any(_target(item) == OWN_CHAIN for item in rule.expressions)
            if jumps or ours:
                entry = Owned(chain.family, chain.table, chain.name, rule.handle, "jump" if jumps else "rule")
                sets = ruleset.sets.get((chain.family, chain.table), {})
                entry.ports = _ports(_right_sides(rule.expressions, "dport", sets))
                entry.destinations = [_as_text(item) for item in _right_sides(rule.expressions, "daddr", sets)]
                found.append(entry)
    return found


def _target(item: Any) -> str | None:
    target = item.get("jump") or item.get("goto") or {}
    return target.get("target") if isinstance(target, dict) else None


def _right_sides(expressions: list[Any], field: str, sets: Any) -> list[Any]:
    found = []
    for item in expressions:
        left = item.get("match", {}).get("left", {})
        if isinstance(left, dict) and left.get("payload", {}).get("field") == field:
            found += elements(item["match"]["right"], sets)
    return found


def _ports(right_sides: list[Any]) -> list[int]:
    ports: list[int] = []
    for item in right_sides:
        if isinstance(item, int):
            ports.append(item)
        elif isinstance(item, dict) and "range" in item and item["range"][1] - item["range"][0] < _WIDEST_RANGE:
            ports += range(item["range"][0], item["range"][1] + 1)
    return ports


def _as_text(element: Any) -> str:
    """An address, prefix or range the way nft writes it."""
    if isinstance(element, dict) and "prefix" in element:
        return f"{element['prefix']['addr']}/{element['prefix']['len']}"
    if isinstance(element, dict) and "range" in element:
        return f"{element['range'][0]}-{element['range'][1]}"
    return str(element)


def _open(port: int, why: str) -> Outbound:
    return Outbound(port, None, "accept", why, False)


def _ruleset(nft: str) -> tuple[Ruleset | None, Evidence | None]:
    try:
        answer = run([nft, "-j", "list", "ruleset"])
        if answer.returncode != 0:
            return None, Evidence("nft", answer.returncode, answer.stderr.strip()[:500])
        objects = json.loads(answer.stdout)["nftables"]
        _mend_flags(nft, objects)
        _name_extensions(objects)
        return Ruleset.parse(objects), None
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError) as error:
        return None, of_exception(error)


def _mend_flags(nft: str, objects: list[Json]) -> None:
    """Debian 12's nft 1.0.6 prints another string where a table's flags belong; its plain text has them right.

    Tables with flags are rare, so asking again costs nothing on most hosts.
    """
    for table in (item["table"] for item in objects if "flags" in item.get("table", {})):
        text = run([nft, "list", "table", table["family"], table["name"]]).stdout
        table["flags"] = [flag for line in _FLAGS.findall(text) for flag in re.split(r"[,\s]+", line.strip())]


def _name_extensions(objects: list[Json]) -> None:
    """Where iptables cannot be asked, or answers strangely, its extensions stay what cannot be told."""
    for family in nft_xtables.families_with_extensions(objects):
        program = find(nft_xtables.program(family))
        answer = run([program]) if program else None
        if answer is not None and answer.returncode == 0:
            with contextlib.suppress(ValueError, IndexError):
                nft_xtables.translate(objects, family, answer.stdout)


def _packets(request: Json, ports: list[int]) -> list[Packet]:
    """One connection for each port and address that matters; a port without a known address stands for any."""
    ways = [way for endpoint in request["endpoints"] if (way := route.way_to(endpoint, request["proxy"]))[1] in ports]
    addresses = _resolved(sorted({host for host, _port in ways}), request["limits"]["dns"])
    local_ports = _local_ports()
    packets = []
    for port in ports:
        wanted = [host for host, leaving in ways if leaving == port]
        known = dict.fromkeys(address for host in wanted for address in addresses[host])
        for address in known or [None]:
            number = None if address is None else ipaddress.ip_address(address.split("%")[0])
            packets.append(Packet(port, number, os.geteuid(), local_ports))
    return packets


def _resolved(hosts: list[str], seconds: float) -> dict[str, list[str]]:
    if not hosts:
        return {}
    with concurrent.futures.ThreadPoolExecutor(max_workers=min(16, len(hosts))) as pool:
        answers = pool.map(lambda host: route.resolve(host, seconds).addresses, hosts)
        return dict(zip(hosts, answers))  # noqa: B905 - Python 3.9


def _local_ports() -> tuple[int, int]:
    """Where new connections take their source port from (ip-sysctl, ip_local_port_range)."""
    words = (read_text("/proc/sys/net/ipv4/ip_local_port_range") or "").split()
    return (int(words[0]), int(words[1])) if len(words) == 2 else (32768, 60999)


def _persistence(states: dict[str, dict[str, str]]) -> Persistence:
    present = _OWN_FILE.is_file()
    try:
        digest = hashlib.sha256(_OWN_FILE.read_bytes()).hexdigest() if present else None
    except OSError:
        digest = None
    service = states.get("nftables.service")
    return Persistence(
        present=present,
        included=_included(read_text(_MAIN_FILE)),
        service_enabled=None if service is None else service.get("UnitFileState") == "enabled",
        sha256=digest,
    )


def _included(text: str | None) -> bool | None:
    """Whether the file that the service loads takes ours in, null without one; nft looks for relative paths in /etc."""
    if text is None:
        return None
    patterns = _INCLUDE.findall(text)
    return any(fnmatch.fnmatch(str(_OWN_FILE), str(_MAIN_FILE.parent / pattern)) for pattern in patterns)
