# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three-valued matching of nftables expressions (libnftables-json(5)) against one new outbound TCP connection.

``True`` and ``False`` are certain; ``None`` means that the probe cannot tell, and the judgement must then say so. What
is not known here (marks, limits, xtables extensions, other interfaces) is ``None`` by design, never a guess.
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Optional, Union

# Python 3.9 cannot make a union of types by | at run time.
Truth = Optional[bool]  # noqa: UP045
Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]  # noqa: UP007
Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]  # noqa: UP007
Sets = Mapping[str, Iterable[Any]]
Compare = Callable[[Any], Truth]

# The payload of another transport is never in a TCP packet, and nft hides the match on the protocol that this implies.
_OTHER_TRANSPORTS = ("udp", "udplite", "icmp", "icmpv6", "igmp", "sctp", "dccp", "esp", "ah", "comp", "gre", "arp")
_TCP = (6, "6", "tcp")


@dataclass(frozen=True)
class Packet:
    """The first packet of the connection. ``address``: null = any; ``local_ports``: the span of its source port.

    ``ordinary``: stands for what no special rule fits, so what cannot be told counts as not fitting. ``redirected``:
    whether the host itself sends it elsewhere (null: it may).
    """

    port: int
    address: Address | None
    uid: int
    local_ports: tuple[int, int] = (32768, 60999)
    ordinary: bool = False
    redirected: Truth = False

    @property
    def version(self) -> int:
        """IP version; a target without an address counts as IPv4, the family that every site has."""
        return self.address.version if self.address is not None else 4

    @property
    def loopback(self) -> bool:
        return self.address is not None and self.address.is_loopback


def match(expression: Mapping[str, Any], packet: Packet, sets: Sets) -> Truth:
    """The truth of one ``match`` expression; ``sets``: elements of the table's named sets."""
    left = expression["left"]
    never = _never(left, packet)
    if never is not None:
        return never
    truth = contains(left, expression["right"], packet, sets)
    return negate(truth) if expression["op"] == "!=" else (truth if expression["op"] in ("==", "in") else None)


def contains(left: Mapping[str, Any], right: Any, packet: Packet, sets: Sets) -> Truth:
    """Whether the packet's field ``left`` is the value ``right`` or one of the set ``right``."""
    compare = _field(left, packet)
    if compare is None:
        return None
    return any_of(compare(element) for element in elements(right, sets))


def names_port(expression: Mapping[str, Any]) -> bool:
    """Whether a match speaks of this very port."""
    payload = expression["left"].get("payload", {}) if isinstance(expression["left"], dict) else {}
    return payload.get("field") == "dport" and expression["op"] in ("==", "in")


def names_address(expression: Mapping[str, Any]) -> bool:
    """Whether a match speaks of certain addresses (not: of all but some)."""
    payload = expression["left"].get("payload", {}) if isinstance(expression["left"], dict) else {}
    return payload.get("field") == "daddr" and expression["op"] in ("==", "in")


def elements(right: Any, sets: Sets) -> list[Any]:
    """The single values, ranges and prefixes of a right side; an unknown set is one element that cannot be told."""
    if isinstance(right, str) and right.startswith("@"):
        return [bare(element) for element in sets[right[1:]]] if right[1:] in sets else [_UNKNOWN]
    if isinstance(right, dict) and "set" in right:
        content = right["set"]
        return [bare(element) for element in (content if isinstance(content, list) else [content])]
    if isinstance(right, list):  # flags, as ct state has them
        return right
    return [right]


def bare(element: Any) -> Any:
    """A set's element without its counter, timeout or comment."""
    return element["elem"]["val"] if isinstance(element, dict) and "elem" in element else element


def any_of(truths: Iterable[Truth]) -> Truth:
    found: Truth = False
    for truth in truths:
        if truth:
            return True
        found = None if truth is None else found
    return found


def negate(truth: Truth) -> Truth:
    return None if truth is None else not truth


_UNKNOWN = object()


def _never(left: Any, packet: Packet) -> Truth:
    """False where the packet has no such field at all, whatever the operator says."""
    if not isinstance(left, dict) or "payload" not in left:
        return None
    protocol = left["payload"].get("protocol")
    if protocol in _OTHER_TRANSPORTS:
        return False
    return False if (protocol, packet.version) in (("ip", 6), ("ip6", 4)) else None


def _field(left: Any, packet: Packet) -> Compare | None:
    """How to compare an element with a field of the packet; null for a field that is not known."""
    if not isinstance(left, dict):
        return None
    if "payload" in left:
        return _payload(left["payload"], packet)
    if "meta" in left:
        return _meta(left["meta"]["key"], packet)
    if "ct" in left:
        return _conntrack(left["ct"]["key"], packet)
    masked = left.get("&")
    if isinstance(masked, list) and masked[0] == {"payload": {"protocol": "tcp", "field": "flags"}}:
        return _flags(masked[1])
    return None


def _payload(payload: Mapping[str, Any], packet: Packet) -> Compare | None:
    protocol, name = payload.get("protocol"), payload.get("field")
    if protocol in ("tcp", "th") and name == "dport":
        return lambda element: _number(element, packet.port)
    if protocol in ("tcp", "th") and name == "sport":
        return lambda element: _within(element, packet.local_ports)
    if protocol in ("ip", "ip6") and name == "daddr":
        return lambda element: _address(element, packet.address)
    if (protocol, name) in (("ip", "protocol"), ("ip6", "nexthdr")):
        return lambda element: None if element is _UNKNOWN else element in _TCP
    return None


def _meta(key: str, packet: Packet) -> Compare | None:
    if key == "l4proto":
        return lambda element: None if element is _UNKNOWN else element in _TCP
    if key == "nfproto":
        return lambda element: None if element is _UNKNOWN else element == f"ipv{packet.version}"
    if key == "protocol":
        return lambda element: None if element is _UNKNOWN else element == ("ip" if packet.version == 4 else "ip6")
    if key in ("oif", "oifname"):
        return lambda element: _interface(element, packet)
    if key == "skuid":
        return lambda element: _number(element, packet.uid)
    return None


def _conntrack(key: str, packet: Packet) -> Compare | None:
    if key == "status":
        return lambda element: packet.redirected if element == "dnat" else None
    known = {"state": "new", "direction": "original"}.get(key)
    if known is None:
        return None
    return lambda element: None if element is _UNKNOWN else element == known


def _flags(mask: Any) -> Compare:
    """The first packet has SYN alone; under a mask without SYN nothing is left of it."""
    masked = "syn" if "syn" in (mask if isinstance(mask, list) else [mask]) else 0
    return lambda element: element == masked if isinstance(element, (str, int)) else None


def _interface(element: Any, packet: Packet) -> Truth:
    """Only the loopback interface is known; which other one the packet leaves by is the routing's affair."""
    if element == "lo":
        return packet.loopback
    if element == "*":
        return True
    return False if packet.loopback and isinstance(element, str) and not element.endswith("*") else None


def _number(element: Any, value: int) -> Truth:
    bounds = _bounds(element)
    return None if bounds is None else bounds[0] <= value <= bounds[1]


def _within(element: Any, span: tuple[int, int]) -> Truth:
    """A value somewhere in ``span``: certain only if the element covers all of it or none."""
    bounds = _bounds(element)
    if bounds is None:
        return None
    if bounds[1] < span[0] or bounds[0] > span[1]:
        return False
    return True if bounds[0] <= span[0] and span[1] <= bounds[1] else None


def _bounds(element: Any) -> tuple[int, int] | None:
    with contextlib.suppress(TypeError, ValueError):
        if isinstance(element, dict) and "range" in element:
            return int(element["range"][0]), int(element["range"][1])
        if element is not _UNKNOWN:
            return int(element), int(element)
    return None


def _address(element: Any, address: Address | None) -> Truth:
    span = address_span(element)
    if span is None:
        return None
    first, last = span
    if address is None:
        everything = int(first) == 0 and int(last) == 2**first.max_prefixlen - 1
        return True if everything else None
    return first.version == address.version and int(first) <= int(address) <= int(last)


def address_span(element: Any) -> tuple[Address, Address] | None:
    """First and last address of an element: address, prefix or range; null for anything else."""
    with contextlib.suppress(TypeError, ValueError, KeyError):
        if isinstance(element, dict) and "prefix" in element:
            prefix = element["prefix"]
            network: Network = ipaddress.ip_network(f"{prefix['addr']}/{prefix['len']}", strict=False)
            return network[0], network[-1]
        if isinstance(element, dict) and "range" in element:
            first, last = element["range"]
            return ipaddress.ip_address(first), ipaddress.ip_address(last)
        if isinstance(element, str):
            network = ipaddress.ip_network(element, strict=False)
            return network[0], network[-1]
    return None
