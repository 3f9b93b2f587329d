"""A host of kind `linux`: real systemd in a container."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from lab import images, mounts, net, pki
from lab.cgroup import Scope, command_name, leader
from lab.errors import LabError
from lab.paths import FILES, FleetPaths
from lab.run import run, wait_until, write_file
from lab.spec import GATEWAY, FleetSpec, Host

# An orphan runs without nspawn or without keeper, and would be doubled by a start.
ABSENT, STOPPED, RUNNING, FROZEN, ORPHAN = "absent", "stopped", "running", "frozen", "orphan"
# systemd's private signals for PID 1: power off, reboot.
POWER_OFF, REBOOT = signal.SIGRTMIN + 4, signal.SIGRTMIN + 5
VPCD_PORT = 35963
BOOT_SECONDS = 90


@dataclass
class LinuxHost:
    """One container; everything about its state is read from the kernel, never from a pid file."""

    paths: FleetPaths
    spec: FleetSpec
    host: Host

    @property
    def scope(self) -> Scope:
        """The group of nspawn and of the host itself."""
        return Scope(f"{self.paths.fleet}/host-{self.host.name}")

    @property
    def keeper(self) -> Scope:
        """The group of the process that starts it again after a reboot."""
        return Scope(f"{self.paths.fleet}/keep-{self.host.name}")

    @property
    def port(self) -> net.Port:
        """Its place on the bridge."""
        return net.Port(self.paths.machine(self.host.name), self.host.number, self.addresses())

    @property
    def root(self) -> Path:
        """Its root file system as seen from outside."""
        return self.paths.rootfs(self.host.name)

    @property
    def disk(self) -> Path:
        """The tmpfs with what it writes."""
        return self.paths.disk(self.host.name)

    def addresses(self) -> tuple[str, ...]:
        """Its IPv4 addresses, the main one first."""
        return (self.host.address,)

    def layers(self) -> list[Path]:
        """Its read-only layers, uppermost first."""
        return [images.base(self.host.release).path / "root"]

    def ports(self) -> set[int]:
        """TCP ports that must be open before it is called ready."""
        return {22, VPCD_PORT}

    def binds(self) -> list[tuple[Path, str]]:
        """Folders of the machine that it sees, read-only, with their place in it."""
        return []

    def state(self) -> str:
        """See kinds.HostKind."""
        if not self.scope.alive():
            return STOPPED if (self.disk / "definition").exists() else ABSENT
        if self.scope.frozen():
            return FROZEN
        names = {command_name(pid) for pid in self.scope.pids()}
        return RUNNING if "systemd-nspawn" in names and self.keeper.alive() else ORPHAN

    def ensure(self) -> str:
        """See kinds.HostKind."""
        state, thawed = self.state(), ""
        if state == FROZEN:
            self.freeze(False)
            state, thawed = self.state(), "thawed"
        fits = self._fits()
        if state == RUNNING and fits:
            return "joined again" if net.attach(self.paths.netns, self.port) else thawed
        self.end()
        if not fits:
            self._create()
        net.attach(self.paths.netns, self.port)
        self._start()
        return "started" if state == STOPPED and fits else "created" if state == ABSENT else "repaired"

    def _fits(self) -> bool:
        try:
            found = (self.disk / "definition").read_text()
        except OSError:
            return False
        return found == self.definition() and mounts.complete(self.disk, self.root)

    def definition(self) -> str:
        """All that a host is made from; a host that was made from something else is made anew."""
        about = {
            **asdict(self.host),
            "card": None,
            "blocked": None,
            "layers": [str(one) for one in self.layers()],
        }
        keys = [self.paths.pki / "ca.pem", self.paths.ssh / "id_ed25519.pub"]
        about["keys"] = [hashlib.sha256(file.read_bytes()).hexdigest() for file in keys]
        return json.dumps(about, sort_keys=True)

    def _create(self) -> None:
        self.erase()
        mounts.make(self.disk, self.root, self.layers())
        self.prepare()
        # Written last: without it the host counts as never made.
        write_file(self.disk / "definition", self.definition())

    def prepare(self) -> None:
        """Write into the new root what is this host's own."""
        name, root = self.host.name, self.root
        write_file(root / "etc/hostname", f"{name}\n")
        write_file(root / "etc/hosts", f"127.0.0.1\tlocalhost\n127.0.1.1\t{name}\n")
        (root / "etc/resolv.conf").unlink(missing_ok=True)
        write_file(root / "etc/resolv.conf", f"nameserver {GATEWAY}\n")
        # The same at every `up`, so that the host stays the same machine to whoever recorded it.
        identity = uuid.uuid5(uuid.NAMESPACE_DNS, self.paths.machine(name)).hex
        write_file(root / "etc/machine-id", f"{identity}\n", 0o444)
        host_key = self.paths.ssh / "hosts" / name
        write_file(root / "etc/ssh/ssh_host_ed25519_key", host_key.read_bytes(), 0o600)
        write_file(root / "root/.ssh/authorized_keys", (self.paths.ssh / "id_ed25519.pub").read_bytes(), 0o600)
        write_file(root / "etc/eeszt-demo/ca.pem", (self.paths.pki / "ca.pem").read_bytes())
        if self.host.seed_certificate:
            self._seed(self.host.seed_certificate)

    def _seed(self, institution: str) -> None:
        folder = self.root / "etc/eeszt-demo/waf" / institution
        folder.mkdir(parents=True)
        folder.parent.chmod(0o755)
        folder.chmod(0o750)
        for name, (content, mode) in pki.seed_files(self.paths.pki, institution).items():
            write_file(folder / name, content, mode)

    def _start(self) -> None:
        machine = self.paths.machine(self.host.name)
        nspawn = [
            "systemd-nspawn",
            "--quiet",
            f"--directory={self.root}",
            f"--machine={machine}",
            f"--hostname={self.host.name}",
            "--boot",
            "--register=no",
            "--keep-unit",
            f"--network-namespace-path=/run/netns/{machine}",
            "--capability=CAP_NET_ADMIN,CAP_NET_RAW",
            "--resolv-conf=off",
            "--timezone=off",
            "--link-journal=no",
            "--console=pipe",
            "--kill-signal=SIGRTMIN+4",
            *(f"--bind-ro={source}:{place}" for source, place in self.binds()),
        ]
        argv = ["/bin/sh", str(FILES / "keep.sh"), machine, str(self.root), *self.scope.command(nspawn)]
        with (self.paths.host(self.host.name) / "console.log").open("ab") as log:
            self.keeper.start(argv, log)

    def stop(self) -> None:
        """See kinds.HostKind; a host that does not obey is killed."""
        pid = leader(self.scope)
        if pid is not None and self.state() == RUNNING:
            os.kill(pid, POWER_OFF)
            with contextlib.suppress(LabError):
                wait_until(f"{self.host.name} to power off", 20, lambda: not self.scope.alive())
        self.end()

    def end(self) -> None:
        """Kill it; its disk stays."""
        self.keeper.remove()
        self.scope.remove()

    def reboot(self) -> None:
        """See kinds.HostKind."""
        if self.state() != RUNNING:
            raise LabError(f"{self.host.name} is {self.state()}, not running; it cannot be rebooted.")
        old = self.pid()
        os.kill(old, REBOOT)
        wait_until(f"{self.host.name} to reboot", BOOT_SECONDS, lambda: leader(self.scope) not in (None, old))

    def freeze(self, on: bool) -> None:
        """See kinds.HostKind."""
        if self.state() not in (RUNNING, FROZEN):
            raise LabError(f"{self.host.name} is {self.state()}; only a running host can be frozen or thawed.")
        self.scope.freeze(on)

    def erase(self) -> None:
        """Forget its disk."""
        mounts.release(self.paths.host(self.host.name))
        run(["rm", "-rf", self.paths.host(self.host.name)])

    def pid(self) -> int:
        """The outer process id of its PID 1; raises LabError when it does not run."""
        pid = leader(self.scope)
        if pid is None:
            raise LabError(f"{self.host.name} is not running.")
        return pid

    def ready(self) -> bool:
        """See kinds.HostKind."""
        pid = leader(self.scope)
        return pid is not None and self.ports() <= net.listening(pid) and net.ssh_banner(self.host.address)

    def execute(self, argv: Sequence[str], stdin: str | None = None) -> "subprocess.CompletedProcess[str]":
        """Run a command inside, not through ssh: also the way back into a host that locked itself out."""
        words = ["nsenter", "-t", str(self.pid()), "-a", "--", *argv]
        env = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "HOME": "/root",
        }
        return subprocess.run(words, input=stdin, capture_output=True, text=True, check=False, env=env)
