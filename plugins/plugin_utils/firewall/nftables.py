# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our objects in an nftables rule set: a chain of our own beside each chain that denies, and a jump to it.

The words are those of the probe's firewall section (schemas/observation.schema.json, ``owned``).
"""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

CHAIN = "eeszt_connect"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

ALL_FAMILIES = frozenset({4, 6})
ADDRESS_FAMILIES: Mapping[str, frozenset[int]] = {"ip": frozenset({4}), "ip6": frozenset({6}), "inet": ALL_FAMILIES}


class DestinationError(ValueError):
    """A destination that is no address or network."""


@dataclass(frozen=True)
class OwnedObject:
    """One object of ours. Ports ascend; destinations are networks in canonical form, IPv4 before IPv6."""

    family: str
    table: str
    chain: str
    kind: str
    ports: tuple[int, ...] = ()
    destinations: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "ports": list(self.ports), "destinations": list(self.destinations)}


def wanted_objects(
    chains: Iterable[Mapping[str, str]], ports: Iterable[int], destinations: Iterable[str]
) -> list[OwnedObject]:
    """Give the objects that open ``ports`` towards ``destinations`` (none: any) in every chain that denies."""
    sorted_ports = tuple(sorted({int(port) for port in ports}))
    networks = parse_networks(destinations)
    wanted: list[OwnedObject] = []
    for chain in chains:
        family, table = chain["family"], chain["table"]
        own = OwnedObject(family, table, CHAIN, "chain")
        if own not in wanted:
            rules = [
                OwnedObject(family, table, CHAIN, "rule", sorted_ports, group)
                for group in _groups(networks, ADDRESS_FAMILIES.get(family, ALL_FAMILIES))
            ]
            wanted += [own, *rules]
        wanted.append(OwnedObject(family, table, chain["name"], "jump"))
    return wanted


def is_current(owned: Sequence[Mapping[str, Any]], wanted: Sequence[OwnedObject]) -> bool:
    """Whether the running rule set holds just what is wanted of ours, whatever the order and the handles."""
    return sorted(map(_key, map(_from_probe, owned))) == sorted(map(_key, wanted))


def parse_networks(destinations: Iterable[str]) -> tuple[Network, ...]:
    """Read addresses, networks and ranges, merged as nft merges them; DestinationError names what is none."""
    networks = list(itertools.chain.from_iterable(map(_read, destinations)))
    merged: list[Network] = []
    merged += ipaddress.collapse_addresses(each for each in networks if isinstance(each, ipaddress.IPv4Network))
    merged += ipaddress.collapse_addresses(each for each in networks if isinstance(each, ipaddress.IPv6Network))
    return tuple(merged)


def _read(destination: str) -> Iterable[Network]:
    """An address, a network, or a range, into which nft merges what lies side by side."""
    first, dash, last = destination.partition("-")
    try:
        if dash:
            return ipaddress.summarize_address_range(ipaddress.ip_address(first), ipaddress.ip_address(last))
        return [ipaddress.ip_network(destination, strict=False)]
    except (TypeError, ValueError) as fault:
        raise DestinationError(f"{destination!r} is no IPv4 or IPv6 address or network") from fault


def _groups(networks: Sequence[Network], versions: frozenset[int]) -> list[tuple[str, ...]]:
    """One rule an address family, since an nftables set holds one kind of address; one without any for no networks."""
    if not networks:
        return [()]
    by_version = [tuple(written(each) for each in networks if each.version == version) for version in sorted(versions)]
    return [group for group in by_version if group]


def written(network: Network) -> str:
    """As nft itself prints it: a single address without its prefix length."""
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)


def _from_probe(row: Mapping[str, Any]) -> OwnedObject:
    return OwnedObject(
        family=row["family"],
        table=row["table"],
        chain=row["chain"],
        kind=row["kind"],
        ports=tuple(sorted(row["ports"])),
        destinations=tuple(written(each) for each in parse_networks(row["destinations"])),
    )


def _key(each: OwnedObject) -> tuple[str, ...]:
    return (each.family, each.table, each.chain, each.kind, str(each.ports), str(each.destinations))
