"""The fleet as a whole: the verbs of the command line, for Python."""

import json
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from lab import cgroup, clean, forward, hosts, images, keys, limits, net, pki, proxy, record
from lab import spec as specs
from lab.errors import LabError
from lab.kinds import HostKind
from lab.paths import CHECKOUT, NETNS_DIR
from lab.preflight import require
from lab.run import write_file
from lab.services import Forwarder, PackageServer
from lab.windows import light
from lab.windows import pki as winrm_pki
from lab.windows.verbs import WinrmVerbs

WORKERS = 8


class Fleet(WinrmVerbs):
    """A fleet with its verbs; every verb raises LabError with one sentence."""

    @property
    def _blocks(self) -> net.Blocks:
        return net.Blocks(self.paths.netns, images.base(images.GATEWAY_RELEASE).path / "root")

    @property
    def _packages(self) -> PackageServer:
        return PackageServer(self.paths)

    # -- up -----------------------------------------------------------------------------------------

    def up(self) -> list[str]:
        """Make the fleet what its file says; returns what was done, empty when all stood already."""
        require()
        with record.locked(self.paths, self.progress):
            record.check_owner(self.paths)
            self._forget()
            self.spec = self._wanted()
            machines = self.machines
            releases = sorted({host.release for host in self.spec.of_kind(specs.LINUX)})
            windows = self.spec.of_kind(specs.WINDOWS)
            if self.spec.left_out:
                names = ", ".join(self.spec.left_out)
                self.progress(f"left out {len(self.spec.left_out)} Windows doubles ({names}): {self.spec.why_left_out}")
            kinds = {"windows": bool(windows), "proxied": bool(self.spec.proxy)}
            done = [f"built {name}" for name in images.ensure(releases, self.progress, **kinds)]
            done += self._prepare()
            done += self._each(machines, "host", lambda one: one.ensure())
            if self._packages.ensure({*releases, images.GATEWAY_RELEASE}):
                done.append("package server started")
            if Forwarder(self.paths).ensure(windows):
                done.append("way to the Windows doubles")
            if light.LightServer(self.paths).ensure(self.spec.of_kind(specs.WINDOWS_LIGHT)):
                done.append("light Windows doubles")
            done += self._apply_blocks()
            done += self._each(self.workstations, "card", self._apply_card)
            if done:
                self.progress("waiting until every host answers ...")
            self.wait_ready()
            if self.gateway.set_tls("both"):
                done.append("gateway offers TLS 1.2 and 1.3 again")
            if self.gateway.set_centre(up=True):
                done.append("the centre takes connections again")
        self.progress(f"fleet {self.paths.fleet}: {'up' if done else 'was up, nothing changed'}, {len(machines)} hosts")
        return done

    def _prepare(self) -> list[str]:
        """Record, keys, certificates, bridge; hosts that are no longer wanted go."""
        done = []
        self.paths.root.mkdir(parents=True, exist_ok=True, mode=0o755)
        origin = {"owner": str(CHECKOUT), "origin": self._origin}
        about = json.dumps({**origin, "spec": self.spec.to_json()}, indent=1, ensure_ascii=False)
        if not self.paths.record.exists() or self.paths.record.read_text() != about:
            write_file(self.paths.record, about)
        self.paths.ssh.mkdir(exist_ok=True, mode=0o700)
        with_ssh = [one.host for one in self.machines if one.host.kind != specs.WINDOWS_LIGHT]
        if keys.ensure(self.paths.ssh, with_ssh, self.paths.fleet):
            done.append("ssh keys")
        made = pki.ensure(self.paths.pki, self.spec)
        made += self._winrm_certificates()
        if self.spec.proxy == specs.ACCOUNT and proxy.ensure_account(self.paths.pki):
            made.append("the proxy's account")
        if made:
            done.append(f"certificates: {', '.join(made)}")
        wanted = {one.host.name for one in self.machines}
        for name in clean.host_names(self.paths):
            if name not in wanted:
                clean.remove_host(self.paths, name)
                done.append(f"{name} removed")
        if raised := limits.ensure(len(with_ssh)):
            done.append(raised)
        if net.ensure_bridge(self.paths.netns):
            done.append("bridge")
        link = self.paths.root / "netns"
        if not link.is_symlink():
            link.symlink_to(NETNS_DIR / self.paths.netns)
        for line in done:
            self.progress(line)
        return done

    def _winrm_certificates(self) -> list[str]:
        fleet = self.paths.fleet
        names: dict[str, list[str]] = {}
        for host in self.spec.of_kind(specs.WINDOWS):
            names[host.name] = [host.name, host.address, forward.address(fleet, host.number)]
        made = winrm_pki.ensure(self.paths.pki, names) if names else []
        if places := light.places(self.paths, self.spec.of_kind(specs.WINDOWS_LIGHT)):
            made += winrm_pki.ensure_one(self.paths.pki, light.certificate_stem(places), [*places, *places.values()])
        return made

    def _each(self, them: Sequence[HostKind], what: str, act: Callable[[HostKind], str]) -> list[str]:
        """Act on many hosts at once; returns "<what> <name> <what was done>" for those that changed."""
        with ThreadPoolExecutor(WORKERS) as pool:
            answers = list(pool.map(act, them))
        done = [f"{what} {one.host.name} {answer}" for one, answer in zip(them, answers, strict=True) if answer]
        for line in done[:20]:
            self.progress(line)
        return done

    def _apply_card(self, host: HostKind) -> str:
        card = self.card(host.host.name)
        if host.host.card:
            return "inserted" if card.insert() else ""
        return "removed" if card.remove() else ""

    def _apply_blocks(self) -> list[str]:
        wanted = {(host.address, port) for host in self.spec.hosts for port in host.blocked}
        if self._blocks.read() == wanted:
            return []
        self._blocks.write(wanted)
        return ["upstream blocks set"]

    # -- the other verbs -------------------------------------------------------------------------------

    def down(self) -> bool:
        """Remove everything of the fleet but the images; returns whether there was anything."""
        with record.locked(self.paths, self.progress):
            record.check_owner(self.paths)
            found = clean.remove_fleet(self.paths)
            self._forget()
        self.progress(f"fleet {self.paths.fleet} {'is down' if found else 'was not up, nothing changed'}")
        return found

    def status(self) -> dict[str, Any]:
        """State of the fleet: {fleet, up, owner, netns, tls, left_out, why_left_out, hosts: [{name, address, ...}]}."""
        known = record.read(self.paths)
        blocked = (self._blocks.read() if known else None) or set()
        return {
            "fleet": self.paths.fleet,
            "up": known is not None,
            "owner": known["owner"] if known else "",
            "netns": self.paths.netns,
            "tls": self.gateway.tls() if known and self.gateway.state() != hosts.ABSENT else "",
            "left_out": list(self.spec.left_out),
            "why_left_out": self.spec.why_left_out,
            "hosts": [self._host_status(one, blocked) for one in self.machines],
        }

    def _host_status(self, one: HostKind, blocked: set[tuple[str, int]]) -> dict[str, Any]:
        host = one.host
        card = "none" if one is self.gateway else "inserted" if self.card(host.name).inserted() else "absent"
        return {
            "name": host.name,
            "address": host.address,
            "kind": host.kind,
            "release": host.release,
            "state": one.state(),
            "serves": list(host.serves),
            "card": card,
            "blocked": sorted(port for address, port in blocked if address == host.address),
        }

    def host_action(self, action: str, name: str) -> None:
        """One of stop, start, reboot, freeze, thaw; start and reboot return when the host answers."""
        self._require_up()
        one = self.machine(name)
        with record.locked(self.paths, self.progress):
            verbs: dict[str, Callable[[], object]] = {
                "stop": one.stop,
                "start": one.ensure,
                "reboot": one.reboot,
                "freeze": lambda: one.freeze(True),
                "thaw": lambda: one.freeze(False),
            }
            verbs[action]()
            if action in ("start", "reboot"):
                self.wait_ready(names=[name])

    def card_action(self, action: str, name: str) -> bool:
        """`insert` (waits until a running host's pcscd has seen it) or `remove`; returns whether it changed."""
        self._require_up()
        card = self.card(name)
        with record.locked(self.paths, self.progress):
            if action == "remove":
                return card.remove()
            changed = card.insert()
            if self.machine(name).state() == hosts.RUNNING:
                card.wait()
            return changed

    def block(self, name: str, port: int, on: bool = True) -> bool:
        """Close (or open again) a port for a host, upstream of it; returns whether that changed something."""
        self._require_up()
        if not 0 < port < 65536:
            raise LabError(f"{port} is not a port.")
        pair = (self.spec.host(name).address, port)
        with record.locked(self.paths, self.progress):
            now = self._blocks.read() or set()
            wanted = now | {pair} if on else now - {pair}
            if wanted != now:
                self._blocks.write(wanted)
            return wanted != now

    def gateway_tls(self, version: str) -> bool:
        """Make the gateway offer TLS 1.2, 1.3 or both; `up` restores both."""
        self._require_up()
        with record.locked(self.paths, self.progress):
            return self.gateway.set_tls(version)

    def centre(self, up: bool) -> bool:
        """Let the centre's double take connections, or refuse all; returns whether that changed something."""
        self._require_up()
        with record.locked(self.paths, self.progress):
            return self.gateway.set_centre(up)

    def execute(self, name: str, argv: Sequence[str], stdin: str | None = None) -> "subprocess.CompletedProcess[str]":
        """Run a command in a host without ssh."""
        self._require_up()
        return self.machine(name).execute(argv, stdin)

    def controller_command(self, argv: Sequence[str]) -> list[str]:
        """The command line that runs `argv` as part of the fleet: `down` ends workers that outlive a killed Ansible."""
        self._require_up()
        return cgroup.Scope(f"{self.paths.fleet}/controller").command(argv)

    def ssh_options(self) -> list[str]:
        """Options with which plain ssh reaches the hosts from any shell."""
        return [
            *("-i", str(self.paths.ssh / "id_ed25519")),
            *("-o", f"ProxyCommand=nsenter --net={NETNS_DIR / self.paths.netns} socat - TCP:%h:%p"),
            *("-o", f"UserKnownHostsFile={self.paths.ssh / 'known_hosts'}"),
            *("-o", "StrictHostKeyChecking=yes", "-o", "IdentitiesOnly=yes"),
        ]

    def ssh_command(self, name: str, argv: Sequence[str] = ()) -> list[str]:
        """The command line that runs `argv` (or a shell) in a host over ssh."""
        self._require_up()
        return ["ssh", *self.ssh_options(), f"root@{self.machine(name).host.address}", *argv]
