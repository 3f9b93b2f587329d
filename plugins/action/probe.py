# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""probe: choose the probe that fits the host's system and give its raw observation."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.documents import ContractError
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.policy import load_policy
from ansible_collections.eeszt.connect.plugins.plugin_utils.controller.probe_run import run_probe
from ansible_collections.eeszt.connect.plugins.plugin_utils.judge import ConnectionFailure
from ansible_collections.eeszt.connect.plugins.plugin_utils.readiness.request import complete_request

OPTIONS: dict[str, dict[str, Any]] = {"request": {"type": "dict", "required": True}}


class ActionModule(ActionBase):
    """One trip to the host; it judges nothing and changes nothing."""

    _requires_connection = False

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Give the observation, or fail with what the connection said."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validated, options = self.validate_argument_spec(OPTIONS)
        try:
            request = complete_request(options["request"], load_policy("production"))
            seen = run_probe(self, task_vars or {}, request, {})
        except ContractError as fault:
            raise AnsibleActionFail(str(fault)) from fault
        if isinstance(seen, ConnectionFailure):
            raise AnsibleActionFail(f"{seen.check_id}: {seen.cause}: {seen.text}")
        return {**result, "changed": False, "observation": seen}
