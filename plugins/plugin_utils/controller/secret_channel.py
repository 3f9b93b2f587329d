# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make sure that a module's secret arguments never touch a disk on their way to the host."""

from __future__ import annotations

import contextlib

from ansible import constants as C
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase


def secret_channel(action: ActionBase, what: str = "private key") -> None:
    """Switch on pipelining for this execution; AnsibleActionFail where it cannot be had. ``what`` is the secret.

    Without pipelining Ansible copies the module with its arguments into a temporary file on the host.
    """
    if C.DEFAULT_KEEP_REMOTE_FILES:
        raise AnsibleActionFail(
            f"ANSIBLE_KEEP_REMOTE_FILES would leave the {what} in a file on the host; unset it for this task."
        )
    if C.DEFAULT_DEBUG:
        # It prints every argument of a module, no_log or not.
        raise AnsibleActionFail(f"ANSIBLE_DEBUG would print the {what}; unset it for this task.")
    connection = action._connection
    # Connections that always pipeline (winrm, psrp) know no such option.
    with contextlib.suppress(KeyError):
        connection.set_option("pipelining", True)
    if not connection.is_pipelining_enabled():
        raise AnsibleActionFail(
            f"The {what} would pass through a temporary file on the host: neither connection "
            f"{connection.transport!r} nor its become method can pipeline. "
            "Use sudo with an account that needs no terminal."
        )
