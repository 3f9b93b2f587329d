"""The lab's own processes beside the hosts: virtual cards, the package server, the way to Windows doubles."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from lab import forward, images, net
from lab.cgroup import Scope
from lab.hosts import VPCD_PORT
from lab.paths import CHECKOUT, NETNS_DIR, FleetPaths
from lab.run import wait_until, write_file
from lab.spec import CONTROLLER, Host

CARD_SECONDS = 30


class Card:
    """The card of one host: inserted while its process runs."""

    def __init__(self, paths: FleetPaths, host: str) -> None:
        self.host = host
        self.scope = Scope(f"{paths.fleet}/card-{host}")
        self.mark = paths.root / "cards" / host
        self._netns = paths.machine(host)

    def inserted(self) -> bool:
        """Whether its process runs."""
        return self.scope.alive()

    def seen(self) -> bool:
        """Whether the host's pcscd has switched it on."""
        return self.mark.exists()

    def insert(self) -> bool:
        """Start its process; returns False when it runs already."""
        if self.inserted():
            return False
        self.mark.parent.mkdir(parents=True, exist_ok=True)
        self.mark.unlink(missing_ok=True)
        # -S: the card needs the standard library only and starts twice as fast without site-packages.
        python = [sys.executable, "-S", "-m", "lab.card", "--port", str(VPCD_PORT), "--mark", str(self.mark)]
        _start(self.scope, self._netns, python)
        return True

    def remove(self) -> bool:
        """End its process; returns False when there is none."""
        if not self.inserted():
            return False
        self.scope.remove()
        self.mark.unlink(missing_ok=True)
        return True

    def wait(self) -> None:
        """Return when pcscd has seen it."""
        wait_until(f"the card of {self.host} to be seen by its pcscd", CARD_SECONDS, self.seen)


class PackageServer:
    """Serves Debian packages to the hosts, on the bridge only."""

    def __init__(self, paths: FleetPaths) -> None:
        self._paths = paths
        self.scope = Scope(f"{paths.fleet}/packages")

    def ensure(self, releases: set[str]) -> bool:
        """Serve the repositories of these releases; returns whether something was missing."""
        changed = False
        self._paths.apt.mkdir(parents=True, exist_ok=True)
        for release in sorted(releases):
            changed |= _link(self._paths.apt / release, images.repository(release).path)
        if self.listens():
            return changed
        self.scope.remove()
        serve = [
            "-m",
            "http.server",
            str(images.APT_PORT),
            "--bind",
            CONTROLLER,
            "--directory",
            str(self._paths.apt),
        ]
        _start(self.scope, self._paths.netns, [sys.executable, "-S", *serve])
        wait_until("the hosts' package server to listen", 15, self.listens)
        return True

    def listens(self) -> bool:
        """Whether it runs and has its port open."""
        return any(images.APT_PORT in net.listening(pid) for pid in self.scope.pids()[:1])


class Forwarder:
    """Leads from the machine's loopback to hosts that are not reached over ssh (see `forward.py`)."""

    def __init__(self, paths: FleetPaths) -> None:
        self._paths = paths
        self._config = paths.root / "forward.json"
        self.scope = Scope(f"{paths.fleet}/forward")

    def ensure(self, hosts: Sequence[Host]) -> bool:
        """Lead to exactly these hosts; returns whether something was missing."""
        pairs = {forward.address(self._paths.fleet, host.number): host.address for host in hosts}
        wanted = json.dumps(pairs)
        running = self.scope.alive()
        if running and self._config.exists() and self._config.read_text() == wanted:
            return False
        self.scope.remove()
        if not pairs:
            return running
        write_file(self._config, wanted)
        where = ["--netns", str(NETNS_DIR / self._paths.netns), "--config", str(self._config)]
        argv = [sys.executable, "-S", "-m", "lab.forward", *where]
        with (self._paths.root / "forward.log").open("ab") as log:
            self.scope.start(argv, log, {"PATH": os.environ.get("PATH", "/usr/bin:/bin")}, cwd=CHECKOUT)
        return True


def _link(link: Path, target: Path) -> bool:
    if link.is_symlink() and link.readlink() == target:
        return False
    link.unlink(missing_ok=True)
    link.symlink_to(target)
    return True


def _start(scope: Scope, netns: str, python: list[str]) -> None:
    argv = ["nsenter", f"--net={NETNS_DIR / netns}", *python]
    with Path(os.devnull).open("wb") as sink:
        scope.start(argv, sink, {"PATH": os.environ.get("PATH", "/usr/bin:/bin")}, cwd=CHECKOUT)
