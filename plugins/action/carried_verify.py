# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""carried_verify: judge what was carried back from this host, and record it. The host is not touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.eeszt.connect.plugins.plugin_utils.carried.intake import (
    CarriedFile,
    open_carried,
    refuse_known,
    refuse_out_of_plan,
    refuse_untimely,
)
from ansible_collections.eeszt.connect.plugins.plugin_utils.carried.packages import PackageStore
from ansible_collections.eeszt.connect.plugins.plugin_utils.carried.refusals import RefusedError
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.errors import CertificateError
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.documents import ContractError
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.policy import IGNORED, Level, Policy, load_policy
from ansible_collections.eeszt.connect.plugins.plugin_utils.controller.command_run import command_run_id
from ansible_collections.eeszt.connect.plugins.plugin_utils.controller.verify_action import (
    DICTS,
    SUBJECT_OPTIONS,
    VerifyAction,
)
from ansible_collections.eeszt.connect.plugins.plugin_utils.judge import judge
from ansible_collections.eeszt.connect.plugins.plugin_utils.ledger import Ledger, LedgerError, open_ledger
from ansible_collections.eeszt.connect.plugins.plugin_utils.readiness.held import hold_certificates
from ansible_collections.eeszt.connect.plugins.plugin_utils.readiness.request import institution_ids
from ansible_collections.eeszt.connect.plugins.plugin_utils.readiness.result import build_result

NOTHING_DONE: Mapping[str, Any] = {"kind": "carried", "changed_roles": [], "failed_roles": []}
OPTIONS: dict[str, dict[str, Any]] = {
    **SUBJECT_OPTIONS,
    "path": {"type": "str", "required": True},
    "ledger": {"type": "str", "required": True},
    "users": DICTS,
    "site": {"type": "dict"},
    "run_id": {"type": "str"},
}


def without_measured_clock(policy: Policy) -> Policy:
    """Nobody held the host's clock against another, and what nobody can check must not keep a site from ready."""
    return replace(policy, levels={**policy.levels, "clock.offset": Level(IGNORED)})


class ActionModule(VerifyAction):
    """The same judge and the same ledger as readiness_verify; only the observation comes from a file."""

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Record the file's observation. Why it is refused is an answer and no failure: other hosts have theirs."""
        result: dict[str, Any] = ActionBase.run(self, tmp, task_vars)
        options = self.validate_argument_spec(OPTIONS)[1]
        path = Path(options["path"])
        try:
            done = self._take(path, options, str((task_vars or {})["inventory_hostname"]))
        except RefusedError as refused:
            done = {"taken": False, "refused": refused.as_dict(path)}
        except (CertificateError, ContractError, LedgerError) as fault:
            done = {"taken": False, "refused": RefusedError("not_judged", f"cannot be judged: {fault}").as_dict(path)}
        return {**result, "changed": done["taken"], **done}

    def _take(self, path: Path, options: Mapping[str, Any], host: str) -> dict[str, Any]:
        imported_at = datetime.now(UTC)
        carried = open_carried(path, PackageStore(options["ledger"]))
        refuse_out_of_plan(carried, {host: str((options["site"] or {}).get("id") or "")})
        refuse_untimely(carried, imported_at)
        ledger = open_ledger(options["ledger"])
        refuse_known(carried, ledger)
        result = self._judged(carried, options, ledger, imported_at)
        if not result["dry_run"]:
            ledger.append(result)
        return {
            "taken": True,
            "ready": result["ready"],
            "first_failing": result["first_failing"],
            "carried": result["carried"],
            "run_id": result["run_id"],
            "warnings": list(ledger.warnings()),
        }

    def _judged(
        self, carried: CarriedFile, options: Mapping[str, Any], ledger: Ledger, imported_at: datetime
    ) -> dict[str, Any]:
        """The verdict of the moment at which the host was seen; by then its certificates were valid, or were not."""
        host, request, observation = carried.host.name, carried.host.request, carried.observation
        policy = without_measured_clock(load_policy(options["policy"]))
        held = hold_certificates(options["certificates"], institution_ids(options["institutions"]))
        context = self._context(host, options, request, held, ledger, dict(observation))
        verdict = judge(observation, policy, replace(context, now=carried.observed_at))
        run_id = command_run_id(options["run_id"], bool(self._task.check_mode))
        circumstances = self._circumstances(host, run_id, {**NOTHING_DONE, **options}, carried.observed_at)
        result = build_result(circumstances, policy, request, observation, verdict)
        return {**result, "carried": carried.mark(imported_at)}
