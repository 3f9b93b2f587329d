"""A minimal Ansible inventory of a fleet."""

import shlex
from typing import Any

import yaml

from lab.fleet import Fleet
from lab.paths import NETNS_DIR


def inventory(fleet: Fleet) -> str:
    """YAML: all workstations with what Ansible needs to reach them from any shell of root."""
    options = {
        "ProxyCommand": f"nsenter --net={NETNS_DIR / fleet.paths.netns} socat - TCP:%h:%p",
        "UserKnownHostsFile": str(fleet.paths.ssh / "known_hosts"),
        "StrictHostKeyChecking": "yes",
        "IdentitiesOnly": "yes",
    }
    words = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
    shared: dict[str, Any] = {
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(fleet.paths.ssh / "id_ed25519"),
        "ansible_ssh_common_args": shlex.join(words),
        # Fleets share addresses, so each keeps its own sockets of kept connections.
        "ansible_control_path_dir": str(fleet.paths.ssh / "cp"),
    }
    hosts = {host.name: {"ansible_host": host.address, **shared} for host in fleet.spec.hosts}
    return yaml.safe_dump({"all": {"hosts": hosts}}, sort_keys=False, width=1000)
