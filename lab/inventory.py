"""A minimal Ansible inventory of a fleet."""

import shlex
from typing import Any

import yaml

from lab import forward
from lab.fleet import Fleet
from lab.paths import NETNS_DIR, FleetPaths
from lab.spec import LINUX, WINDOWS, WINDOWS_LIGHT, Host
from lab.windows import pki, winrm


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
    hosts = {host.name: {"ansible_host": host.address, **shared} for host in fleet.spec.of_kind(LINUX)}
    hosts |= {host.name: _windows(fleet.paths, host) for host in fleet.spec.of_kind(WINDOWS, WINDOWS_LIGHT)}
    return yaml.safe_dump({"all": {"hosts": hosts}}, sort_keys=False, width=1000)


def _windows(paths: FleetPaths, host: Host) -> dict[str, Any]:
    """How Ansible reaches a Windows double: WinRM over HTTPS, with the CA and the account's password in files."""
    return {
        "ansible_host": forward.address(paths.fleet, host.number),
        "ansible_connection": "winrm",
        "ansible_port": winrm.HTTPS,
        "ansible_winrm_scheme": "https",
        "ansible_winrm_transport": "basic",
        "ansible_winrm_ca_trust_path": str(paths.pki / "ca.pem"),
        "ansible_user": pki.ACCOUNT,
        "ansible_password": f"{{{{ lookup('ansible.builtin.file', '{paths.pki / 'winrm.password'}') }}}}",
        "ansible_become": False,
        # For who asks for ansible_connection=ssh, ansible_port=22 and ansible_shell_type=powershell instead.
        "ansible_ssh_private_key_file": str(paths.ssh / "id_ed25519"),
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={paths.ssh / 'known_hosts'} -o StrictHostKeyChecking=yes",
        "ansible_control_path_dir": str(paths.ssh / "cp"),
    }
