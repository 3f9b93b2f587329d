# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ring_gate: judge a ring by its results in the ledger, once a play, on the controller."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.eeszt.connect.plugins.plugin_utils.controller.command_run import command_run_id
from ansible_collections.eeszt.connect.plugins.plugin_utils.ledger import LedgerError, open_ledger
from ansible_collections.eeszt.connect.plugins.plugin_utils.readiness.ring import (
    OPEN,
    BudgetError,
    judge_ring,
)
from ansible_collections.eeszt.connect.plugins.plugin_utils.rollout.gates import Gate, note

OPTIONS: dict[str, dict[str, Any]] = {
    "ring": {"type": "int", "required": True},
    "hosts": {"type": "list", "elements": "str"},
    "ledger": {"type": "str", "required": True},
    "run_id": {"type": "str"},
    "failure_budget": {"type": "str", "default": "0"},
    "unreachable_budget": {"type": "str", "default": "10%"},
}


class ActionModule(ActionBase):
    """Fails when the next ring must not begin; in check mode it only says so."""

    BYPASS_HOST_LOOP = True
    _requires_connection = False

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Give the verdict on the hosts of this play."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validated, options = self.validate_argument_spec(OPTIONS)
        hosts = options["hosts"] or (task_vars or {})["ansible_play_hosts_all"]
        run_id = command_run_id(options["run_id"], bool(self._task.check_mode))
        try:
            results = open_ledger(options["ledger"]).results_of_run(run_id)
            verdict = judge_ring(hosts, results, options["failure_budget"], options["unreachable_budget"])
        except (BudgetError, LedgerError) as fault:
            raise AnsibleActionFail(str(fault)) from fault
        stopped = verdict.state != OPEN
        waiting = (*verdict.failed, *verdict.unreachable, *verdict.outage)
        note(Gate(options["ring"], verdict.state, run_id, options["ledger"], waiting))
        result.update(
            changed=False,
            failed=stopped and not self._task.check_mode,
            msg=f"Ring {options['ring']}: {verdict.message}",
            run_id=run_id,
            state=verdict.state,
            ready=list(verdict.ready),
            not_ready=list(verdict.failed),
            not_reached=list(verdict.unreachable),
            outage=list(verdict.outage),
        )
        return result
