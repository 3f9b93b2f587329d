"""A host's root: an overlay over read-only layers, with what the host writes on a tmpfs."""

import os
import time
from pathlib import Path

from lab.errors import LabError
from lab.run import run

DISK_SIZE = "1g"


def mounted(under: Path) -> list[Path]:
    """Mount points at and below `under`, deepest first."""
    prefix = str(under)
    found = []
    with Path("/proc/self/mountinfo").open() as table:
        for line in table:
            where = line.split()[4].encode().decode("unicode_escape")
            if where == prefix or where.startswith(prefix + "/"):
                found.append(where)
    return [Path(where) for where in reversed(found)]


def make(disk: Path, root: Path, layers: list[Path]) -> None:
    """Mount a tmpfs at `disk` and the overlay at `root`; `layers`: uppermost first."""
    disk.mkdir(parents=True, exist_ok=True)
    root.mkdir(exist_ok=True)
    run(["mount", "-t", "tmpfs", "-o", f"size={DISK_SIZE},mode=0755", "eeszt-lab", disk])
    for name in ("up", "work"):
        (disk / name).mkdir()
    lower = ":".join(str(layer) for layer in layers)
    options = f"lowerdir={lower},upperdir={disk / 'up'},workdir={disk / 'work'}"
    run(["mount", "-t", "overlay", "-o", options, "eeszt-lab", root])


def release(under: Path, seconds: float = 10) -> None:
    """Unmount everything at and below `under`; raises LabError when something stays busy."""
    deadline = time.monotonic() + seconds
    while points := mounted(under):
        for point in points:
            try:
                run(["umount", point])
            except LabError as fault:
                # A process that was just killed may hold it for some milliseconds.
                if time.monotonic() > deadline:
                    raise LabError(f"{point} cannot be unmounted: {fault}") from fault
                time.sleep(0.02)
                break


def complete(disk: Path, root: Path) -> bool:
    """Whether both are mounted."""
    return os.path.ismount(disk) and os.path.ismount(root)
