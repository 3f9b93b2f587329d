"""Control groups: what the lab starts runs in a group of its own, so nothing is ever lost.

A group answers "does it run?" and "end it" without process ids on disk, which kill -9 makes stale.
Two layouts are known: pure v2 (`/sys/fs/cgroup` is cgroup2) and hybrid (`unified` holds v2 without
controllers, `systemd` is the v1 hierarchy in which nspawn and the hosts' systemd keep their units).
"""

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lab.errors import LabError

TOP = "eeszt-connect-lab"
FS_ROOT = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Layout:
    """The v2 root, and the v1 roots in which a group is made beside it."""

    unified: Path
    others: tuple[Path, ...]

    @property
    def roots(self) -> tuple[Path, ...]:
        """All hierarchies, v2 first."""
        return (self.unified, *self.others)


def layout(root: Path = FS_ROOT) -> Layout:
    """Find the machine's layout; raises LabError for one that hosts cannot live in."""
    if (root / "cgroup.controllers").exists():
        return Layout(root, ())
    unified, named = root / "unified", root / "systemd"
    if not (unified / "cgroup.controllers").exists():
        raise LabError(f"No cgroup v2 hierarchy is mounted at {root} or {unified}.")
    if not (named / "cgroup.procs").exists():
        raise LabError(f"The hybrid cgroup layout lacks {named}, in which systemd keeps its units.")
    return Layout(unified, (named,))


@dataclass(frozen=True)
class Scope:
    """One group, in every hierarchy: `<root>/eeszt-connect-lab/<name>`."""

    name: str

    @property
    def path(self) -> Path:
        """Its folder in the v2 hierarchy."""
        return layout().unified / TOP / self.name

    def folders(self) -> list[Path]:
        """Its folder in each hierarchy."""
        return [root / TOP / self.name for root in layout().roots]

    def pids(self) -> list[int]:
        """Processes in it and below it, in no particular order."""
        found: list[int] = []
        for file in _procs_files(self.path):
            try:
                found += [int(word) for word in file.read_text().split()]
            except OSError:
                continue
        return found

    def alive(self) -> bool:
        """Whether any process is in it or below it."""
        return self._event("populated")

    def frozen(self) -> bool:
        """Whether all of it is frozen."""
        return self._event("frozen")

    def _event(self, word: str) -> bool:
        try:
            return f"{word} 1" in (self.path / "cgroup.events").read_text()
        except OSError:
            return False

    def freeze(self, on: bool) -> None:
        """Freeze or thaw all processes; returns when the kernel says it is done."""
        (self.path / "cgroup.freeze").write_text("1" if on else "0")
        self._wait(lambda: self.frozen() == on, "freeze" if on else "thaw")

    def kill(self) -> None:
        """End every process of it with SIGKILL and wait until they are gone."""
        switch = self.path / "cgroup.kill"
        if not switch.exists():
            return
        switch.write_text("1")
        self._wait(lambda: not self.alive(), "end")

    def _wait(self, done: Callable[[], bool], what: str, seconds: float = 10) -> None:
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                raise LabError(f"The processes of {self.name} did not {what} within {seconds:.0f} s.")
            time.sleep(0.01)

    def remove(self) -> None:
        """Kill what is left and delete the groups, depth first, in every hierarchy."""
        self.kill()
        for folder in self.folders():
            _rmdir_tree(folder)

    def command(self, argv: Sequence[str]) -> list[str]:
        """A command line that enters the group before it becomes `argv`.

        A shell does it, because a function between fork and exec is unsafe in a threaded Python.
        """
        for folder in self.folders():
            folder.mkdir(parents=True, exist_ok=True)
        enter = "".join(f"echo $$ >'{folder}/cgroup.procs' && " for folder in self.folders())
        return ["/bin/sh", "-c", enter + 'exec "$@"', "sh", *argv]

    def start(
        self,
        argv: Sequence[str],
        log: IO[bytes] | int,
        env: Mapping[str, str] | None = None,
        cwd: Path = Path("/"),
    ) -> "subprocess.Popen[bytes]":
        """Start a process in it, detached from the terminal, that outlives this one; it is in the group on return."""
        child = subprocess.Popen(
            self.command(argv),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=dict(env) if env is not None else None,
            cwd=cwd,
            start_new_session=True,
        )
        while child.poll() is None and child.pid not in self.pids():
            time.sleep(0.001)
        return child


def scopes(under: str = "") -> list[str]:
    """Names of the groups directly below `under`, in any hierarchy."""
    names: set[str] = set()
    for root in layout().roots:
        folder = root / TOP / under
        if folder.is_dir():
            names |= {entry.name for entry in folder.iterdir() if entry.is_dir()}
    return sorted(names)


def leader(scope: Scope) -> int | None:
    """The process that is PID 1 of a container in the group, or None."""
    for pid in scope.pids():
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            continue
        levels = next((line.split()[1:] for line in lines if line.startswith("NSpid:")), [])
        if len(levels) > 1 and levels[-1] == "1":
            return pid
    return None


def command_name(pid: int) -> str:
    """A process's short name, empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _procs_files(folder: Path) -> list[Path]:
    return [Path(where) / "cgroup.procs" for where, _, _ in os.walk(folder)]


def _rmdir_tree(folder: Path) -> None:
    for where, _, _ in os.walk(folder, topdown=False):
        deadline = time.monotonic() + 5
        while True:
            try:
                Path(where).rmdir()
            except FileNotFoundError:
                break
            except OSError as fault:
                # EBUSY for a moment after the last process died.
                if time.monotonic() > deadline:
                    raise LabError(f"The control group {where} cannot be removed: {fault.strerror}.") from fault
                time.sleep(0.01)
            else:
                break
