"""Hosts of kind `windows_light`: WinRM addresses without a system, for fleets of hundreds.

One process answers for all of a fleet from recordings.  It listens on the machine's loopback itself, so such a host
has no namespace, no card, no firewall and nothing to run a command in.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab import forward, net
from lab.cgroup import Scope
from lab.errors import LabError
from lab.hosts import ABSENT, RUNNING
from lab.paths import FleetPaths
from lab.run import last_words, write_file
from lab.spec import FleetSpec, Host
from lab.windows import pki, winrm

DOUBLE = Path(__file__).resolve().parent
# Two listeners a host, and what the clients hold open: as many files as the machine allows.
_RAISED = 'ulimit -n "$(ulimit -Hn)" && exec "$@"'


def scope(paths: FleetPaths) -> Scope:
    """The group of the process that answers."""
    return Scope(f"{paths.fleet}/light")


def places(paths: FleetPaths, hosts: Sequence[Host]) -> dict[str, str]:
    """Host name to loopback address."""
    return {host.name: forward.address(paths.fleet, host.number) for host in hosts}


class LightHost:
    """One of them (see kinds.HostKind)."""

    def __init__(self, paths: FleetPaths, spec: FleetSpec, host: Host) -> None:
        self.paths, self.spec, self.host = paths, spec, host

    def state(self) -> str:
        """See kinds.HostKind."""
        return RUNNING if self._listens() else ABSENT

    def ensure(self) -> str:
        """See kinds.HostKind; the process is `LightServer`'s."""
        return "WinRM mended" if self.trouble([]) else ""

    def stop(self) -> None:
        """See kinds.HostKind."""
        raise self._refusal()

    def reboot(self) -> None:
        """See kinds.HostKind."""
        raise self._refusal()

    def freeze(self, on: bool) -> None:
        """See kinds.HostKind."""
        del on
        raise self._refusal()

    def ready(self) -> bool:
        """See kinds.HostKind; raises LabError when the process that should answer has ended."""
        if self._listens():
            return True
        if not scope(self.paths).alive():
            said = last_words(self.paths.root / "light/wsman.log")
            raise LabError(f"The light Windows doubles do not answer: {said}")
        return False

    def _listens(self) -> bool:
        here = (forward.address(self.paths.fleet, self.host.number), winrm.HTTPS)
        return any(here in net.listeners(pid) for pid in scope(self.paths).pids()[:1])

    def execute(self, argv: Sequence[str], stdin: str | None = None) -> "subprocess.CompletedProcess[str]":
        """See kinds.HostKind."""
        del argv, stdin
        raise self._refusal()

    def trouble(self, troubles: Sequence[winrm.Trouble]) -> bool:
        """Tell its WinRM what to do wrong from now on; returns whether that changed something."""
        file = self.paths.root / "light/control.json"
        old = json.loads(file.read_text())["faults"] if file.exists() else []
        new = [one for one in old if one.get("host") != self.host.name]
        new += [{**one, "host": self.host.name} for one in troubles]
        if new == old:
            return False
        write_file(file, winrm.control(new))
        return True

    def _refusal(self) -> LabError:
        return LabError(f"{self.host.name} is a light Windows double: it has no system to act on, only WinRM.")


class LightServer:
    """The process that answers for all of them."""

    def __init__(self, paths: FleetPaths) -> None:
        self._paths = paths
        self._folder = paths.root / "light"

    def ensure(self, hosts: Sequence[Host]) -> bool:
        """Answer for exactly these hosts; returns whether something was missing."""
        config, own = self._folder / "wsman.json", scope(self._paths)
        wanted = json.dumps(self._configuration(places(self._paths, hosts)), indent=1) if hosts else ""
        running = own.alive()
        if running and config.exists() and config.read_text() == wanted:
            return False
        own.remove()
        if not hosts:
            return running
        password = (self._paths.pki / "winrm.password").read_text()
        write_file(self._folder / "users", f"{pki.ACCOUNT}:{password}\n", 0o600)
        write_file(config, wanted)
        python = [sys.executable, "-S", "-m", "wsman", "--config", str(config)]
        with (self._folder / "wsman.log").open("ab") as log:
            environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "PYTHONDONTWRITEBYTECODE": "1"}
            own.start(["/bin/sh", "-c", _RAISED, "sh", *python], log, environment, cwd=DOUBLE)
        return True

    def _configuration(self, addresses: dict[str, str]) -> dict[str, Any]:
        """The file of the WinRM double (lab/windows/README.md)."""
        stem = certificate_stem(addresses)
        return {
            "listen": [{"address": address, "host": name} for name, address in addresses.items()],
            "users": "users",
            "tls": {"certificate": f"../pki/{stem}.pem", "key": f"../pki/{stem}.key", "client_ca": "../pki/ca.pem"},
            "subjects": [pki.ACCOUNT],
            "control": "control.json",
            "backend": "recorded",
            "recordings": str(DOUBLE / "recordings"),
        }


def certificate_stem(addresses: dict[str, str]) -> str:
    """The file name of the one certificate that stands for all these hosts."""
    return f"winrm-light-{hashlib.sha256(json.dumps(addresses).encode()).hexdigest()[:12]}"
