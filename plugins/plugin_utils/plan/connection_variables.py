# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a connection to the variables by which Ansible makes it; docs/windows-connections.md lists them.

Names are those of the plugins `ansible.builtin.winrm` (with pywinrm's own options behind them),
`ansible.builtin.psrp` and `ansible.builtin.ssh`. A host variable of the plan's `vars` comes after these, so that
each can be overruled.
"""

from __future__ import annotations

import shlex

from .connections import OPERATION_TIMEOUT, READ_TIMEOUT, Connection
from .pins import pin_path

# A listener that is off refuses at once; one that restarts is back within seconds.
PSRP_RETRIES, PSRP_BACKOFF, PSRP_CONNECT_TIMEOUT = 2, 2, 15


def connection_variables(connection: Connection | None, system: str | None, jump_host: str | None) -> dict[str, object]:
    """Return the variables of a host; a connection that nobody chose is Ansible's own default, ssh."""
    found: dict[str, object] = {}
    if connection is None or connection.kind == "ssh":
        found |= _ssh(connection, system, jump_host)
    if connection is None:
        return found
    found |= {"ansible_connection": connection.type, "ansible_port": connection.port, "ansible_user": connection.user}
    if connection.kind == "winrm":
        found |= _winrm(connection)
        # None is a value here: no proxy, not even the environment's.
        return {name: value for name, value in found.items() if value is not None or name == "ansible_winrm_proxy"}
    if connection.kind == "psrp":
        found |= _psrp(connection)
    return {name: value for name, value in found.items() if value is not None}


def _ssh(connection: Connection | None, system: str | None, jump_host: str | None) -> dict[str, object]:
    found: dict[str, object] = {}
    if jump_host:
        found["ansible_ssh_common_args"] = shlex.join(["-o", f"ProxyJump={jump_host}"])
    if connection is not None and system == "windows":
        found["ansible_shell_type"] = "powershell"
    return found


def _winrm(connection: Connection) -> dict[str, object]:
    return {
        "ansible_winrm_scheme": connection.scheme,
        "ansible_winrm_transport": connection.authentication,
        "ansible_winrm_ca_trust_path": _pin(connection),
        "ansible_winrm_cert_pem": connection.client_certificate,
        "ansible_winrm_cert_key_pem": connection.client_key,
        "ansible_winrm_proxy": connection.proxy,
        "ansible_winrm_operation_timeout_sec": connection.operation_timeout or OPERATION_TIMEOUT,
        "ansible_winrm_read_timeout_sec": connection.read_timeout or READ_TIMEOUT,
    }


def _psrp(connection: Connection) -> dict[str, object]:
    return {
        "ansible_psrp_protocol": connection.scheme,
        "ansible_psrp_auth": connection.authentication,
        "ansible_psrp_ca_cert": _pin(connection),
        "ansible_psrp_certificate_pem": connection.client_certificate,
        "ansible_psrp_certificate_key_pem": connection.client_key,
        "ansible_psrp_proxy": connection.proxy,
        "ansible_psrp_ignore_proxy": None if connection.proxy else True,
        "ansible_psrp_operation_timeout": connection.operation_timeout or OPERATION_TIMEOUT,
        "ansible_psrp_read_timeout": connection.read_timeout or READ_TIMEOUT,
        "ansible_psrp_connection_timeout": PSRP_CONNECT_TIMEOUT,
        "ansible_psrp_reconnection_retries": connection.retries or PSRP_RETRIES,
        "ansible_psrp_reconnection_backoff": PSRP_BACKOFF,
    }


def _pin(connection: Connection) -> str | None:
    if connection.certificate is None:
        return None
    return str(pin_path(connection.field_at["certificate"], connection.certificate))
