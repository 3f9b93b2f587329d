# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""portable_probe: write a folder to carry for each site, once a play, on the controller."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.eeszt.connect.plugins.plugin_utils.carried.packages import PackageStore
from ansible_collections.eeszt.connect.plugins.plugin_utils.carried.portable import packages_of, write_packages
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.documents import ContractError
from ansible_collections.eeszt.connect.plugins.plugin_utils.ledger import LedgerError

OPTIONS: dict[str, dict[str, Any]] = {
    "parts": {"type": "list", "elements": "dict", "required": True},
    "ledger": {"type": "str", "required": True},
    "dest": {"type": "str", "required": True},
    "valid_days": {"type": "int", "default": 30},
}


class ActionModule(ActionBase):
    """Touches no host; in check mode it only says what it would make."""

    BYPASS_HOST_LOOP = True
    _requires_connection = False

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Make a package and a folder for each site, and keep the packages' keys with the ledger."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = self.validate_argument_spec(OPTIONS)[1]
        dest = Path(options["dest"]).expanduser()
        try:
            packages = packages_of(options["parts"], datetime.now(UTC), options["valid_days"])
            made = [] if self._task.check_mode else write_packages(packages, PackageStore(options["ledger"]), dest)
        except (ContractError, LedgerError) as fault:
            raise AnsibleActionFail(str(fault)) from fault
        sites = ", ".join(each.site_id for each in packages)
        done = f"would make packages for {sites}" if self._task.check_mode else f"made {', '.join(map(str, made))}"
        return {
            **result,
            "changed": True,
            "msg": done,
            "folders": [str(each) for each in made],
            "packages": [
                {"portable_id": each.portable_id, "site": each.site_id, "hosts": [host.name for host in each.hosts]}
                for each in packages
            ],
        }
