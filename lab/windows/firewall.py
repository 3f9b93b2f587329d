"""The host's side of the stand-in for Windows' firewall: its wishes as rules of nftables.

Runs in the host as a script on the system's python3, without the rest of the package.  The wishes come in the file
`firewall.json` of the double's state folder, whose form is in standins/README.md; `firewall.applied` answers.
"""

import ctypes
import ipaddress
import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

STATE = Path("/opt/wine/drive_c/eeszt-double/state")
WISHES, APPLIED = "firewall.json", "firewall.applied"
CLOSED: Mapping[str, Any] = {"generation": 0, "enabled": True, "default_outbound": "block", "rules": []}
_CLOSE_WRITE, _MOVED_TO = 0x8, 0x80

# The last three lines of the head are what the lab itself needs of any host: DNS and packages, and that a session
# which is older than these rules, and so unknown to connection tracking, does not hang.
_HEAD = """\
table inet filter {
}
delete table inet filter
table inet filter {
	chain input {
		type filter hook input priority filter; policy accept;
		iif != "lo" tcp dport 35963-35964 drop
	}
	chain output {
		type filter hook output priority filter; policy %s;
		ct state established,related accept
		oif "lo" accept
		ip daddr 10.77.0.2 meta l4proto { tcp, udp } th dport 53 accept
		ip daddr 10.77.0.1 tcp dport 8080 accept
		tcp sport { 22, 5985, 5986 } accept
		ip protocol icmp accept
		meta l4proto ipv6-icmp accept
"""
_FOOT = "\t}\n}\n"


def ruleset(wishes: Mapping[str, Any]) -> str:
    """The whole table as nft reads it, in one transaction.  Raises ValueError or KeyError for what is no wish.

    As on Windows a block wins over an allow and either over the default; what is blocked vanishes.
    """
    if not wishes["enabled"]:
        return _HEAD % "accept" + _FOOT
    unknown = {str(rule["action"]) for rule in wishes["rules"]} - {"block", "allow"}
    if unknown:
        raise ValueError(f"unknown actions: {', '.join(sorted(unknown))}")
    lines = [line for rule in wishes["rules"] if rule["action"] == "block" for line in _rule(rule, "drop")]
    lines += [line for rule in wishes["rules"] if rule["action"] == "allow" for line in _rule(rule, "accept")]
    default = {"block": "drop", "allow": "accept"}[wishes["default_outbound"]]
    return _HEAD % default + "".join(f"\t\t{line}\n" for line in lines) + _FOOT


def _rule(rule: Mapping[str, Any], verdict: str) -> Iterator[str]:
    what = _protocol(str(rule["protocol"]), [str(one) for one in rule.get("remote_ports") or []])
    addresses = [_range(str(one)) for one in rule.get("remote_addresses") or []]
    if not addresses:
        yield f"{what}{verdict}"
    for version, word in ((4, "ip"), (6, "ip6")):
        texts = [text for number, text in addresses if number == version]
        if texts:
            yield f"{word} daddr {{ {', '.join(texts)} }} {what}{verdict}"


def _protocol(protocol: str, ports: Sequence[str]) -> str:
    name = {"6": "tcp", "17": "udp"}.get(protocol, protocol)
    if name not in ("tcp", "udp"):
        return "" if name == "any" else f"meta l4proto {int(name)} "
    if not ports:
        return f"meta l4proto {name} "
    for port in ports:
        if not all(0 <= int(end) < 65536 for end in port.split("-")):
            raise ValueError(f"{port} is no port")
    return f"{name} dport {{ {', '.join(ports)} }} "


def _range(text: str) -> tuple[int, str]:
    """IP version and nft's form of an address, a network or a range."""
    first, dash, last = text.partition("-")
    if dash:
        ends = ipaddress.ip_address(first.strip()), ipaddress.ip_address(last.strip())
        return ends[0].version, f"{ends[0]}-{ends[1]}"
    network = ipaddress.ip_network(text.strip(), strict=False)
    return network.version, str(network)


def apply(state: Path) -> None:
    """Load what the file wants, and say in `firewall.applied` which generation that was and what was wrong."""
    fault, wishes = "", CLOSED
    try:
        wishes = json.loads((state / WISHES).read_text(encoding="utf-8-sig"))
        rules = ruleset(wishes)
    except FileNotFoundError:
        rules = ruleset(CLOSED)
    except (ValueError, KeyError, TypeError, AttributeError) as caught:
        fault = f"{WISHES} cannot be read: {caught!r}"
    if not fault:
        done = subprocess.run(["nft", "-f", "-"], input=rules, capture_output=True, text=True, check=False)
        if done.returncode:
            fault = " ".join(done.stderr.split()) or f"nft ended with status {done.returncode}"
    generation = wishes.get("generation", 0) if isinstance(wishes, dict) else 0
    new = state / f"{APPLIED}.new"
    new.write_text(f"{generation}\n{fault}\n" if fault else f"{generation}\n", encoding="utf-8")
    new.replace(state / APPLIED)


def changes(state: Path) -> Iterator[None]:
    """Once at the start, and whenever the file of wishes is written or renamed into place."""
    libc = ctypes.CDLL(None, use_errno=True)
    handle = libc.inotify_init1(os.O_CLOEXEC)
    if handle < 0 or libc.inotify_add_watch(handle, os.fsencode(state), _CLOSE_WRITE | _MOVED_TO) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(state))
    yield
    while True:
        if WISHES in names(os.read(handle, 65536)):
            yield


def names(events: bytes) -> set[str]:
    """File names in a block of struct inotify_event."""
    found, at = set(), 0
    while at + 16 <= len(events):
        length = struct.unpack_from("iIII", events, at)[3]
        found.add(events[at + 16 : at + 16 + length].rstrip(b"\0").decode(errors="replace"))
        at += 16 + length
    return found


def _tell_systemd() -> None:
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as talk:
            talk.sendto(b"READY=1", address.replace("@", "\0", 1))


def main(argv: Sequence[str]) -> None:
    """Apply at the start and at each change, for ever.  Argument: the state folder (by default the double's)."""
    state = Path(argv[0]) if argv else STATE
    for _ in changes(state):
        apply(state)
        _tell_systemd()


if __name__ == "__main__":
    main(sys.argv[1:])
