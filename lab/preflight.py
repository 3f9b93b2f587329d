"""Whether the lab can run on this machine.

Standard library only, in all that it imports: it runs before the virtual environment exists.
"""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab import cgroup, debian, powershell, record
from lab.errors import LabError
from lab.paths import CHECKOUT, FleetPaths, cache_dir, state_parent

OLDEST_PYTHON = (3, 11)
DISK_BYTES = 3 * 1024**3
# The image of Windows doubles, and PowerShell twice.
WINDOWS_DISK_BYTES = 2 * 1024**3
MEMORY_BYTES = 1024**3
STATE_BYTES = 32 * 1024**2
BOOTABLE = ("x86_64", "aarch64")


@dataclass(frozen=True)
class Finding:
    """One question with its answer."""

    what: str
    ok: bool
    answer: str


def check(fleet: str) -> list[Finding]:
    """Answer every question, whatever the others say."""
    questions: dict[str, Callable[[], str]] = {
        "Python": _python,
        "root": _root,
        "processor": _processor,
        "overlay file system": _overlay,
        "control groups": _cgroups,
        "network namespaces": _namespaces,
        "disk": lambda: _disk(cache_dir(), DISK_BYTES + (WINDOWS_DISK_BYTES if _powershell() else 0)),
        "run folder": lambda: _disk(state_parent(), STATE_BYTES),
        "memory": _memory,
        "fleet": lambda: _fleet(fleet),
        "Windows doubles": _windows,
    }
    return [_ask(what, question) for what, question in questions.items()]


def require() -> None:
    """What `lab up` asks each time: root, a usable machine, the Debian packages; raises LabError."""
    _root()
    cgroup.layout()
    absent = debian.missing_programs()
    if absent:
        raise LabError(
            f"Debian packages are missing ({', '.join(absent)}); install them with `lab packages --install`."
        )


def _ask(what: str, question: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, question())
    except LabError as fault:
        return Finding(what, False, str(fault))


def _python() -> str:
    version = platform.python_version()
    if sys.version_info < OLDEST_PYTHON:
        raise LabError(f"Python 3.11 or newer is needed; this is {version}.")
    return version


def _root() -> str:
    if os.geteuid() != 0:
        raise LabError("The lab needs root: it makes namespaces, mounts and control groups.")
    return "yes"


def _processor() -> str:
    machine = platform.machine()
    if machine not in BOOTABLE:
        raise LabError(f"The hosts are Debian for {' or '.join(BOOTABLE)}; this machine is {machine}.")
    return f"{machine}, {os.cpu_count()} cores"


def _overlay() -> str:
    if "\toverlay\n" in Path("/proc/filesystems").read_text():
        return "known to the kernel"
    # It may be a module that nobody has loaded yet.
    modprobe = shutil.which("modprobe", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if modprobe and subprocess.run([modprobe, "overlay"], capture_output=True, check=False).returncode == 0:
        return "module loaded"
    raise LabError("The kernel has no overlay file system, on which the hosts' disks stand.")


def _cgroups() -> str:
    found = cgroup.layout()
    top = found.unified / cgroup.TOP
    existed = top.exists()
    try:
        top.mkdir(exist_ok=True)
        usable = (top / "cgroup.kill").exists() and (top / "cgroup.freeze").exists()
        if not existed:
            top.rmdir()
    except OSError as fault:
        raise LabError(f"A control group cannot be made in {found.unified}: {fault.strerror}.") from fault
    if not usable:
        raise LabError("The kernel's control groups lack cgroup.kill or cgroup.freeze (Linux 5.14 has both).")
    return "hybrid (systemd + unified)" if found.others else "v2"


def _namespaces() -> str:
    done = subprocess.run(["unshare", "--net", "--mount", "true"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"Network namespaces cannot be made: {done.stderr.strip()}.")
    if not shutil.which("ip", path="/usr/sbin:/sbin:/usr/bin:/bin"):
        return "can be made"
    links = "ip link add br0 type bridge && ip link add h1 type veth peer name eth0"
    done = subprocess.run(["unshare", "--net", "sh", "-c", links], capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"The kernel makes no bridge or veth pair: {done.stderr.strip()}.")
    return "can be made, with bridges and veth pairs"


def _disk(folder: Path, needed: int) -> str:
    place = folder
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    # Images that are there already need no room any more.
    if free < needed and not any(folder.glob("base-*")):
        raise LabError(f"{folder} has {_size(free)} free; {_size(needed)} are needed.")
    return f"{_size(free)} free for {folder}"


def _memory() -> str:
    fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines() if ":" in line)
    free = int(fields["MemAvailable"].split()[0]) * 1024
    if free < MEMORY_BYTES:
        raise LabError(f"{_size(free)} of memory are free; {_size(MEMORY_BYTES)} are needed.")
    return f"{_size(free)} free"


def _fleet(fleet: str) -> str:
    paths = FleetPaths(fleet)
    record.check_owner(paths)
    known = record.read(paths)
    if known is None:
        return f"{fleet} is not up"
    gone = known["owner"] != str(CHECKOUT)
    return f"{fleet} is up" + (f", left behind by {known['owner']}" if gone else "")


def _windows() -> str:
    """Never a failure: a fleet without Windows doubles needs none of it, and one with them leaves them out."""
    try:
        return f"PowerShell from {' and '.join(map(str, _given()))}"
    except LabError as fault:
        return f"left out. {fault}"


def _given() -> list[Path]:
    return [powershell.given(build) for build in (powershell.WINDOWS, powershell.LINUX)]


def _powershell() -> bool:
    try:
        return bool(_given())
    except LabError:
        return False


def _size(count: int) -> str:
    return f"{count / 1024**3:.1f} GB" if count >= 1024**3 else f"{count / 1024**2:.0f} MB"
