"""Taking a fleet away whole, whatever state it is in, and telling what is left of the lab.

Nothing here trusts the record or the fleet file: what there is to remove is read from the kernel.
"""

import contextlib
import fcntl
from pathlib import Path

from lab import cgroup, mounts, net
from lab.cgroup import Scope
from lab.paths import PREFIX, FleetPaths, state_parent
from lab.run import run

NSPAWN = Path("/run/systemd/nspawn")
_UNITS = ("host-", "keep-", "card-")


def fleet_names() -> list[str]:
    """Fleets of which a run folder or a control group exists."""
    parent = state_parent()
    folders = {entry.name for entry in parent.iterdir() if entry.is_dir()} if parent.is_dir() else set()
    return sorted(folders | {name for name in cgroup.scopes() if not name.startswith("_")})


def host_names(paths: FleetPaths) -> list[str]:
    """Hosts of which anything exists: groups, namespace or run folder."""
    names = {unit[5:] for unit in cgroup.scopes(paths.fleet) if unit.startswith(_UNITS)}
    prefix = paths.machine("")
    names |= {name.removeprefix(prefix) for name in net.named(prefix)}
    folder = paths.root / "hosts"
    if folder.is_dir():
        names |= {entry.name for entry in folder.iterdir()}
    return sorted(names)


def remove_host(paths: FleetPaths, name: str) -> None:
    """Remove one host with its card."""
    for prefix in ("keep-", "host-", "card-"):
        Scope(f"{paths.fleet}/{prefix}{name}").remove()
    mounts.release(paths.host(name))
    net.delete(paths.machine(name))
    run(["rm", "-rf", paths.host(name), NSPAWN / "propagate" / paths.machine(name)])


def remove_fleet(paths: FleetPaths) -> bool:
    """Remove everything of a fleet; returns whether there was anything."""
    found = paths.root.exists() or bool(cgroup.scopes(paths.fleet)) or bool(_namespaces(paths))
    # One order ends all of it at once; each host's keeper dies before it could start the host again.
    Scope(paths.fleet).remove()
    mounts.release(paths.root)
    for name in _namespaces(paths):
        net.delete(name)
    for entry in (NSPAWN / "propagate").glob(f"{paths.machine('')}*"):
        run(["rm", "-rf", entry])
    _remove_stale_locks()
    run(["rm", "-rf", paths.root])
    _rmdir(state_parent())
    if not cgroup.scopes():
        for root in cgroup.layout().roots:
            _rmdir(root / cgroup.TOP)
    return found


def left_over(fleet: str | None = None) -> list[str]:
    """One line for each thing of the lab (or of one fleet) that is there: empty on a clean machine."""
    lines = []
    parent = state_parent()
    roots = [FleetPaths(fleet).root] if fleet else [parent]
    for root in roots:
        lines += [f"run folder {root}"] if root.exists() else []
        lines += [f"mount {point}" for point in mounts.mounted(root)]
    names = _namespaces(FleetPaths(fleet)) if fleet else net.named(f"{PREFIX}-")
    lines += [f"network namespace {name}" for name in names]
    for group in [fleet] if fleet else cgroup.scopes():
        scope = Scope(group)
        lines += [f"control group {folder}" for folder in scope.folders() if folder.exists()]
        lines += [f"process {pid} ({cgroup.command_name(pid)})" for pid in scope.pids()]
    pattern = f"{PREFIX}-{fleet}.*" if fleet else f"{PREFIX}-*"
    lines += [f"nspawn folder {entry}" for entry in (NSPAWN / "propagate").glob(pattern)]
    return lines


def _namespaces(paths: FleetPaths) -> list[str]:
    own = [name for name in net.named(paths.netns) if name == paths.netns]
    return own + net.named(paths.machine(""))


def _remove_stale_locks() -> None:
    """Remove nspawn's lock files that nobody holds; nspawn copes with a lock file that vanishes."""
    folder = NSPAWN / "locks"
    for entry in folder.iterdir() if folder.is_dir() else ():
        try:
            with entry.open("r+") as handle:
                fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                entry.unlink()
        except OSError:
            continue


def _rmdir(folder: Path) -> None:
    # Another fleet is in it, or it never was.
    with contextlib.suppress(OSError):
        folder.rmdir()
