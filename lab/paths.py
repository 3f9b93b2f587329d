"""Where the lab keeps what it makes, and what its namespaces and machines are called."""

import os
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
FILES = Path(__file__).resolve().parent / "files"
FLEET_FILES = Path(__file__).resolve().parent / "fleets"
NETNS_DIR = Path("/run/netns")
PREFIX = "eeszt"


def state_parent() -> Path:
    """Folder that holds one folder a fleet."""
    return Path(os.environ.get("EESZT_LAB_STATE", "/run/eeszt-connect-lab"))


def cache_dir() -> Path:
    """Folder that holds base images and packages, shared by all fleets."""
    return Path(os.environ.get("EESZT_LAB_CACHE", "/var/cache/eeszt-connect-lab"))


@dataclass(frozen=True)
class FleetPaths:
    """Every path and kernel name of one fleet."""

    fleet: str

    @property
    def root(self) -> Path:
        """The fleet's run folder."""
        return state_parent() / self.fleet

    @property
    def record(self) -> Path:
        """JSON: who owns the fleet and what it is made of."""
        return self.root / "fleet.json"

    @property
    def ssh(self) -> Path:
        """Key and known_hosts."""
        return self.root / "ssh"

    @property
    def pki(self) -> Path:
        """Certificates of the double."""
        return self.root / "pki"

    @property
    def apt(self) -> Path:
        """What the hosts' package server serves."""
        return self.root / "apt"

    @property
    def netns(self) -> str:
        """Name of the namespace that holds the bridge."""
        return f"{PREFIX}-{self.fleet}"

    @property
    def lock(self) -> Path:
        """Lock file.

        Outside the run folder: a lock that `down` removes would let two commands hold two locks.
        """
        return Path("/run/lock") / f"eeszt-connect-lab-{self.fleet}.lock"

    def machine(self, host: str) -> str:
        """Name of a host's machine and of its network namespace.

        The dot, which no fleet name has, keeps fleet "a" apart from the hosts of a fleet "a-b".
        """
        return f"{PREFIX}-{self.fleet}.{host}"

    def host(self, host: str) -> Path:
        """A host's run folder."""
        return self.root / "hosts" / host

    def disk(self, host: str) -> Path:
        """Mount point of the tmpfs that holds what a host writes."""
        return self.host(host) / "disk"

    def rootfs(self, host: str) -> Path:
        """Mount point of a host's root file system, as seen from outside."""
        return self.host(host) / "root"
