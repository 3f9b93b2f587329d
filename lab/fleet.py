"""The fleet as a whole: the verbs of the command line, for Python."""

import json
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

from lab import cgroup, clean, hosts, images, keys, limits, net, pki, record
from lab import spec as specs
from lab.errors import LabError
from lab.gateway import NAME as GATEWAY_NAME
from lab.gateway import Gateway
from lab.kinds import HostKind, make
from lab.paths import CHECKOUT, NETNS_DIR, FleetPaths
from lab.preflight import require
from lab.run import Progress, wait_until, write_file
from lab.services import Card, PackageServer

WORKERS = 8


class Fleet:
    """One fleet.  `file`: name of its fleet file (its own name by default); `hosts`: make up so many instead.

    Every verb raises LabError with one sentence.  A fleet that is up is described by its record, so
    the verbs other than `up` act on what runs, whatever the fleet file says by now.
    """

    def __init__(
        self,
        name: str = "demo",
        hosts: int | None = None,
        progress: Progress | None = None,
        file: str | None = None,
    ) -> None:
        self.paths = FleetPaths(specs.check_fleet_name(name))
        self.progress = progress or Progress(quiet=True)
        self._origin = {"hosts": hosts, "file": file}

    @cached_property
    def spec(self) -> specs.FleetSpec:
        """What runs, or what the fleet file would make run."""
        known = record.read(self.paths)
        return specs.from_json(known["spec"]) if known else self._wanted()

    def _wanted(self) -> specs.FleetSpec:
        """What `up` aims at; without a word about it, the same as at the last `up`."""
        known = record.read(self.paths)
        if known and self._origin == {"hosts": None, "file": None}:
            self._origin = known.get("origin", self._origin)
        name, hosts, file = self.paths.fleet, self._origin["hosts"], self._origin["file"]
        return specs.load(name, file=str(file or name)) if hosts is None else specs.generated(name, int(hosts))

    @cached_property
    def gateway(self) -> Gateway:
        """The gateway."""
        return Gateway(self.paths, self.spec)

    @cached_property
    def workstations(self) -> list[HostKind]:
        """The hosts of the fleet file, in its order."""
        return [make(self.paths, self.spec, host) for host in self.spec.hosts]

    @property
    def machines(self) -> list[HostKind]:
        """The gateway and all hosts."""
        return [self.gateway, *self.workstations]

    def machine(self, name: str) -> HostKind:
        """The host (or the gateway) called `name`."""
        if name == GATEWAY_NAME:
            return self.gateway
        host = self.spec.host(name)
        return next(one for one in self.workstations if one.host is host)

    def card(self, name: str) -> Card:
        """The card of a host."""
        return Card(self.paths, self.spec.host(name).name)

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
            releases = sorted({host.release for host in self.spec.hosts if host.kind == "linux"})
            done = [f"built {name}" for name in images.ensure(releases, self.progress)]
            done += self._prepare()
            done += self._each(machines, "host", lambda one: one.ensure())
            if self._packages.ensure({*releases, images.GATEWAY_RELEASE}):
                done.append("package server started")
            done += self._apply_blocks()
            done += self._each(self.workstations, "card", self._apply_card)
            if done:
                self.progress("waiting until every host answers ...")
            self.wait_ready()
            if self.gateway.set_tls("both"):
                done.append("gateway offers TLS 1.2 and 1.3 again")
        self.progress(f"fleet {self.paths.fleet}: {'up' if done else 'was up, nothing changed'}, {len(machines)} hosts")
        return done

    def _forget(self) -> None:
        for name in ("spec", "gateway", "workstations"):
            self.__dict__.pop(name, None)

    def _prepare(self) -> list[str]:
        """Record, keys, certificates, bridge; hosts that are no longer wanted go."""
        done = []
        self.paths.root.mkdir(parents=True, exist_ok=True, mode=0o755)
        origin = {"owner": str(CHECKOUT), "origin": self._origin}
        about = json.dumps({**origin, "spec": self.spec.to_json()}, indent=1, ensure_ascii=False)
        if not self.paths.record.exists() or self.paths.record.read_text() != about:
            write_file(self.paths.record, about)
        self.paths.ssh.mkdir(exist_ok=True, mode=0o700)
        if keys.ensure(self.paths.ssh, [one.host for one in self.machines]):
            done.append("ssh keys")
        if made := pki.ensure(self.paths.pki, self.spec):
            done.append(f"certificates: {', '.join(made)}")
        wanted = {one.host.name for one in self.machines}
        for name in clean.host_names(self.paths):
            if name not in wanted:
                clean.remove_host(self.paths, name)
                done.append(f"{name} removed")
        if raised := limits.ensure(len(self.machines)):
            done.append(raised)
        if net.ensure_bridge(self.paths.netns):
            done.append("bridge")
        link = self.paths.root / "netns"
        if not link.is_symlink():
            link.symlink_to(NETNS_DIR / self.paths.netns)
        for line in done:
            self.progress(line)
        return done

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

    def wait_ready(self, seconds: float = hosts.BOOT_SECONDS, names: Sequence[str] | None = None) -> None:
        """Return when the hosts (all, or those named) answer and their pcscd has seen the cards inserted."""
        machines = [one for one in self.machines if names is None or one.host.name in names]

        def wait(one: HostKind) -> None:
            log = self.paths.host(one.host.name) / "console.log"
            wait_until(f"{one.host.name} to answer (its console: {log})", seconds, one.ready, pause=0.05)
            if one is not self.gateway and (card := self.card(one.host.name)).inserted():
                card.wait()

        # Threads of a pool of its own: a thread that has entered a namespace never leaves it.
        with ThreadPoolExecutor(len(machines), initializer=net.enter, initargs=(self.paths.netns,)) as pool:
            list(pool.map(wait, machines))

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
        """State of the fleet: {fleet, up, owner, netns, tls, blocked, hosts: [{name, address, ...}]}."""
        known = record.read(self.paths)
        blocked = (self._blocks.read() if known else None) or set()
        return {
            "fleet": self.paths.fleet,
            "up": known is not None,
            "owner": known["owner"] if known else "",
            "netns": self.paths.netns,
            "tls": self.gateway.tls() if known and self.gateway.state() != hosts.ABSENT else "",
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

    def _require_up(self) -> None:
        record.check_owner(self.paths)
        if record.read(self.paths) is None:
            raise LabError(
                f"The fleet {self.paths.fleet} is not up; start it with `lab up --fleet {self.paths.fleet}`."
            )

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
