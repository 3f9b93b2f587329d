"""What a fleet is made of: the part of `Fleet` that its verbs stand on."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

from lab import hosts, net, powershell, record
from lab import spec as specs
from lab.errors import LabError
from lab.gateway import NAME as GATEWAY_NAME
from lab.gateway import Gateway
from lab.kinds import HostKind, make
from lab.paths import FleetPaths
from lab.run import Progress, wait_until
from lab.services import Card


class Plan:
    """One fleet.  `file`: name of its fleet file (by default its own); `hosts`: make up so many of a `kind` instead.

    A fleet that is up is described by its record, so the verbs other than `up` act on what runs,
    whatever the fleet file says by now.
    """

    def __init__(
        self,
        name: str = "demo",
        hosts: int | None = None,
        progress: Progress | None = None,
        file: str | None = None,
        kind: str | None = None,
    ) -> None:
        self.paths = FleetPaths(specs.check_fleet_name(name))
        self.progress = progress or Progress(quiet=True)
        self._origin: dict[str, Any] = {"hosts": hosts, "file": file, "kind": kind}

    @cached_property
    def spec(self) -> specs.FleetSpec:
        """What runs, or what the fleet file would make run."""
        known = record.read(self.paths)
        return specs.from_json(known["spec"]) if known else self._wanted()

    def _wanted(self) -> specs.FleetSpec:
        """What `up` aims at; without a word about it, the same as at the last `up`."""
        known = record.read(self.paths)
        if known and not any(self._origin.values()):
            self._origin = {**self._origin, **known.get("origin", {})}
        name, count, file = self.paths.fleet, self._origin["hosts"], self._origin["file"]
        if count is None:
            loaded = specs.load(name, file=str(file or name))
        else:
            loaded = specs.generated(name, int(count), self._origin["kind"] or specs.LINUX)
        why = powershell.absent() if loaded.of_kind(specs.WINDOWS) else ""
        return loaded.without([specs.WINDOWS], why) if why else loaded

    def _forget(self) -> None:
        for name in ("spec", "gateway", "workstations"):
            self.__dict__.pop(name, None)

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

    def wait_ready(self, seconds: float = hosts.BOOT_SECONDS, names: Sequence[str] | None = None) -> None:
        """Return when the hosts (all, or those named) answer and their pcscd has seen the cards inserted."""
        machines = [one for one in self.machines if names is None or one.host.name in names]
        # The light ones answer all or none, so one of them is enough to ask.
        light = [one for one in machines if one.host.kind == specs.WINDOWS_LIGHT]
        machines = [one for one in machines if one not in light[1:]]

        def wait(one: HostKind) -> None:
            log = self.paths.host(one.host.name) / "console.log"
            wait_until(f"{one.host.name} to answer (its console: {log})", seconds, one.ready, pause=0.05)
            if one is not self.gateway and (card := self.card(one.host.name)).inserted():
                card.wait()

        # Threads of a pool of its own: a thread that has entered a namespace never leaves it.
        with ThreadPoolExecutor(len(machines), initializer=net.enter, initargs=(self.paths.netns,)) as pool:
            list(pool.map(wait, machines))

    def _require_up(self) -> None:
        record.check_owner(self.paths)
        if record.read(self.paths) is None:
            raise LabError(
                f"The fleet {self.paths.fleet} is not up; start it with `lab up --fleet {self.paths.fleet}`."
            )
