# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""import_observations: sort what was carried back, once a play, on the controller; keep acceptance results."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.eeszt.connect.plugins.plugin_utils.carried.acceptance import keep_acceptance
from ansible_collections.eeszt.connect.plugins.plugin_utils.carried.intake import carried_files
from ansible_collections.eeszt.connect.plugins.plugin_utils.carried.packages import PackageStore
from ansible_collections.eeszt.connect.plugins.plugin_utils.carried.sorting import sort_files
from ansible_collections.eeszt.connect.plugins.plugin_utils.ledger import LedgerError

OPTIONS: dict[str, dict[str, Any]] = {
    "path": {"type": "str", "required": True},
    "ledger": {"type": "str", "required": True},
}


class ActionModule(ActionBase):
    """Touches no host; observations are recorded by carried_verify, host by host."""

    BYPASS_HOST_LOOP = True
    _requires_connection = False

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Give the file of each host, and the files that cannot be taken with their reasons."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = self.validate_argument_spec(OPTIONS)[1]
        variables = task_vars or {}
        try:
            paths = carried_files(Path(options["path"]).expanduser())
            found = sort_files(
                paths,
                PackageStore(options["ledger"]),
                _sites(variables["hostvars"], variables["groups"]["all"]),
                frozenset(variables["ansible_play_hosts_all"]),
            )
            kept, left = keep_acceptance(found.acceptance, options["ledger"], bool(self._task.check_mode))
        except (OSError, LedgerError) as fault:
            raise AnsibleActionFail(str(fault)) from fault
        if not paths:
            raise AnsibleActionFail(f"{options['path']}: holds no file that a carried probe wrote")
        return {
            **result,
            "changed": bool(kept),
            "files": {host: str(path) for host, path in found.hosts.items()},
            "acceptance": [str(path) for path in kept],
            "refused": [fault.as_dict(path) for path, fault in (*found.refused, *left)],
        }


def _sites(hostvars: Mapping[str, Any], hosts: list[str]) -> dict[str, str]:
    """The site of each host of the plan; empty for one that has none."""
    return {host: str((hostvars[host].get("eeszt_site") or {}).get("id") or "") for host in hosts}
