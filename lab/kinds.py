"""What the fleet asks of a host, of whatever kind, and the registry of kinds."""

import subprocess
from collections.abc import Callable, Sequence
from typing import Protocol

from lab.errors import LabError
from lab.hosts import LinuxHost
from lab.paths import FleetPaths
from lab.spec import FleetSpec, Host
from lab.windows.host import WindowsHost
from lab.windows.light import LightHost


class HostKind(Protocol):
    """A host; whatever it runs has to be in groups named `host-`, `keep-` or `card-` with its name.

    By those names `down` finds all of it (see `clean.py`), so a kind needs no verb for that.
    """

    host: Host

    def state(self) -> str:
        """One of the states of `hosts.py`, read from the kernel."""

    def ensure(self) -> str:
        """Bring it to running (not yet ready); returns what was done, "" for nothing."""

    def stop(self) -> None:
        """Shut it down; its disk stays."""

    def reboot(self) -> None:
        """Restart it from within; returns when the new system has started (not yet ready)."""

    def freeze(self, on: bool) -> None:
        """Make it hang, or let it go on."""

    def ready(self) -> bool:
        """Whether its services answer; called in a thread of the fleet's network namespace."""

    def execute(self, argv: Sequence[str], stdin: str | None = None) -> "subprocess.CompletedProcess[str]":
        """Run a command inside without its network services."""


# Another kind of host is a class with these methods and an entry here.
KINDS: dict[str, Callable[[FleetPaths, FleetSpec, Host], HostKind]] = {
    "linux": LinuxHost,
    "windows": WindowsHost,
    "windows_light": LightHost,
}


def make(paths: FleetPaths, spec: FleetSpec, host: Host) -> HostKind:
    """The object for a host of the fleet file; raises LabError for a kind that is not known."""
    if host.kind not in KINDS:
        raise LabError(f"Host {host.name} is of the unknown kind {host.kind}; known: {', '.join(sorted(KINDS))}.")
    return KINDS[host.kind](paths, spec, host)
