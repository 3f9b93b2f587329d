"""What is known of fleets that are up: a record a fleet, and the lock that keeps two commands apart.

Standard library only: `lab preflight` reads records.
"""

import fcntl
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab import cgroup
from lab.errors import LabError
from lab.paths import CHECKOUT, FleetPaths


def read(paths: FleetPaths) -> dict[str, Any] | None:
    """The fleet's record, or None when the fleet is not up."""
    try:
        data: dict[str, Any] = json.loads(paths.record.read_text())
    except FileNotFoundError:
        return None
    except ValueError as fault:
        raise LabError(f"{paths.record} is damaged; remove that file and run `lab down`.") from fault
    return data


def foreign_owner(paths: FleetPaths) -> str:
    """The other checkout that the fleet belongs to; "": ours or nobody's.

    A fleet is nobody's when its checkout is gone, or when nothing of it runs: the machine was started anew, or all of
    it was killed.
    """
    data = read(paths)
    owner = str(data["owner"]) if data else ""
    foreign = owner and owner != str(CHECKOUT) and Path(owner).is_dir()
    return owner if foreign and cgroup.Scope(paths.fleet).alive() else ""


def check_owner(paths: FleetPaths) -> None:
    """Raise LabError when the fleet belongs to another checkout."""
    owner = foreign_owner(paths)
    if owner:
        raise LabError(
            f"The fleet {paths.fleet} belongs to the checkout {owner}; take it down there, or use another --fleet name."
        )


@contextmanager
def locked(paths: FleetPaths, waiting: Callable[[str], None]) -> Iterator[None]:
    """Hold the fleet's lock; it ends with the process, however that ends."""
    paths.lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = paths.lock.open("w")
    except PermissionError as fault:
        raise LabError("The lab needs root.") from fault
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting(f"waiting for another lab command on the fleet {paths.fleet} ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
