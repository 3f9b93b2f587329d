"""Network namespaces: one with the bridge a fleet, one a host, joined by a veth pair each.

The fleet's namespace has no way out of the machine: nothing routes, so hosts reach each other,
the gateway and the controller's addresses on the bridge only.
"""

import ctypes
import json
import os
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.paths import NETNS_DIR
from lab.run import run
from lab.spec import CONTROLLER, NETWORK

BRIDGE = "br0"
CARD = "eth0"
CLONE_NEWNET = 0x40000000
VPCD_PORTS = "35963-35964"


@dataclass(frozen=True)
class Port:
    """Where one host is joined to the bridge: namespace, number, addresses (the first is the main one)."""

    netns: str
    number: int
    addresses: tuple[str, ...]

    @property
    def name(self) -> str:
        """The bridge's side of the pair (at most 15 characters)."""
        return f"h{self.number}"

    @property
    def mac(self) -> str:
        """Fixed by the number: a new MAC on a used address would wait for stale ARP entries."""
        return mac(self.number)


def mac(number: int) -> str:
    """The locally administered MAC of a number."""
    return f"02:77:00:00:{number >> 8:02x}:{number & 255:02x}"


def exists(netns: str) -> bool:
    """Whether a namespace of that name is there and mounted (a kill -9 can leave a bare file)."""
    where = str(NETNS_DIR / netns)
    with Path("/proc/self/mountinfo").open() as table:
        return any(line.split()[4] == where for line in table)


def ensure_bridge(netns: str) -> bool:
    """Make the fleet's namespace and its bridge; returns whether anything was missing."""
    if exists(netns) and _has_address(netns, BRIDGE, CONTROLLER):
        return False
    _renew(netns)
    _batch(
        netns,
        "link set lo up",
        f"link add {BRIDGE} address {mac(1)} type bridge forward_delay 0 mcast_snooping 0",
        f"link set {BRIDGE} up",
        f"addr add {CONTROLLER}/{NETWORK.prefixlen} dev {BRIDGE}",
    )
    return True


def attach(bridge: str, port: Port) -> bool:
    """Join a host's namespace to the bridge; returns whether anything was missing.

    The bridge's side comes up last, so a link with carrier proves that all before it was done.
    """
    if exists(port.netns) and attached(port):
        return False
    if not exists(port.netns):
        _renew(port.netns)
    for netns, link in ((port.netns, CARD), (bridge, port.name)):
        if _link(netns, link) is not None:
            run(["ip", "-n", netns, "link", "del", link])
    _batch(bridge, f"link add {port.name} type veth peer name {CARD} address {port.mac} netns {port.netns}")
    _batch(
        port.netns,
        "link set lo up",
        *(f"addr add {one}/{NETWORK.prefixlen} dev {CARD}" for one in port.addresses),
        f"link set {CARD} up",
        f"route add default via {CONTROLLER}",
    )
    _batch(bridge, f"link set {port.name} master {BRIDGE}", f"link set {port.name} up")
    return True


def attached(port: Port) -> bool:
    """Whether the host's side of the pair is there and has carrier."""
    link = _link(port.netns, CARD)
    return link is not None and link.get("operstate") == "UP"


def delete(netns: str) -> None:
    """Delete a namespace, or the bare file that an interrupted command left."""
    if exists(netns):
        run(["ip", "netns", "del", netns])
    (NETNS_DIR / netns).unlink(missing_ok=True)


def named(prefix: str) -> list[str]:
    """Names of the namespaces that begin with `prefix`."""
    return sorted(entry.name for entry in NETNS_DIR.glob(f"{prefix}*")) if NETNS_DIR.is_dir() else []


def _renew(netns: str) -> None:
    delete(netns)
    run(["ip", "netns", "add", netns])


def _batch(netns: str, *lines: str) -> None:
    run(["ip", "-n", netns, "-batch", "-"], stdin="\n".join(lines) + "\n")


def _link(netns: str, name: str) -> dict[str, object] | None:
    try:
        found = json.loads(run(["ip", "-n", netns, "-j", "link", "show", "dev", name]) or "[]")
    except LabError:
        return None
    return found[0] if found else None


def _has_address(netns: str, name: str, address: str) -> bool:
    try:
        return f"inet {address}/" in run(["ip", "-n", netns, "addr", "show", "dev", name])
    except LabError:
        return False


def enter(netns: str) -> None:
    """Move the calling thread (only) into a namespace; sockets it makes belong there for good."""
    handle = os.open(NETNS_DIR / netns, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(handle, CLONE_NEWNET) != 0:
            raise LabError(f"The namespace {netns} cannot be entered: {os.strerror(ctypes.get_errno())}.")
    finally:
        os.close(handle)


def ssh_banner(address: str) -> bool:
    """Whether an sshd greets at the address; to be called by a thread that has entered the namespace."""
    try:
        with socket.create_connection((address, 22), timeout=1) as conversation:
            return conversation.recv(4) == b"SSH-"
    except OSError:
        return False


def listening(pid: int) -> set[int]:
    """TCP ports that are open in the network namespace of a process."""
    return {int(port, 16) for name in ("tcp", "tcp6") for _, port in _listeners(pid, name)}


def listeners(pid: int) -> set[tuple[str, int]]:
    """IPv4 addresses and TCP ports that are open in the network namespace of a process."""
    found = _listeners(pid, "tcp")
    # The kernel writes the address as a number of the machine's own byte order.
    return {(socket.inet_ntoa(struct.pack("=I", int(address, 16))), int(port, 16)) for address, port in found}


def _listeners(pid: int, table: str) -> list[tuple[str, str]]:
    try:
        lines = Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
    except OSError:
        return []
    places = [words[1].rpartition(":") for words in map(str.split, lines) if words[3] == "0A"]
    return [(address, port) for address, _, port in places]


class Blocks:
    """Ports closed upstream: dropped on the bridge, where the host cannot see it.

    `tools` is a root file system that holds nft (the machine itself may have none).
    """

    def __init__(self, netns: str, tools: Path) -> None:
        self._nft: list[str | Path] = ["nsenter", f"--net={NETNS_DIR / netns}", "chroot", tools, "nft"]

    def read(self) -> set[tuple[str, int]] | None:
        """Pairs of address and port that are dropped now; None when the table is missing."""
        try:
            listing = json.loads(run([*self._nft, "-j", "list", "table", "bridge", "lab"]))
        except LabError:
            return None
        sets = [entry["set"] for entry in listing["nftables"] if "set" in entry]
        pairs = [element["concat"] for entry in sets for element in entry.get("elem", [])]
        return {(str(address), int(port)) for address, port in pairs}

    def write(self, pairs: Iterable[tuple[str, int]]) -> None:
        """Drop exactly these (in one transaction)."""
        elements = ", ".join(f"{address} . {port}" for address, port in sorted(pairs))
        run([*self._nft, "-f", "-"], stdin=_RULES % (f"elements = {{ {elements} }}" if elements else ""))


# A card is inserted from its host's own namespace, which never crosses the bridge.
_RULES = f"""
table bridge lab {{
}}
delete table bridge lab
table bridge lab {{
	set blocked {{
		type ipv4_addr . inet_service
		%s
	}}
	chain forward {{
		type filter hook forward priority 0; policy accept;
		ip saddr . tcp dport @blocked drop
		tcp dport {VPCD_PORTS} drop
	}}
	chain input {{
		type filter hook input priority 0; policy accept;
		ip saddr . tcp dport @blocked drop
	}}
	chain output {{
		type filter hook output priority 0; policy accept;
		tcp dport {VPCD_PORTS} drop
	}}
}}
"""
