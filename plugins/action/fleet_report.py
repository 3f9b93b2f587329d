# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""fleet_report: make the report from the ledger, once a play, on the controller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.catalogue import load_catalogue
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.documents import ContractError
from ansible_collections.eeszt.connect.plugins.plugin_utils.ledger import LedgerError
from ansible_collections.eeszt.connect.plugins.plugin_utils.report import (
    FORMATS,
    LANGUAGES,
    publish,
    report_on_ledger,
    summary,
)

OPTIONS: dict[str, dict[str, Any]] = {
    "ledger": {"type": "str", "required": True},
    "dest": {"type": "str", "required": True},
    "formats": {"type": "list", "elements": "str", "choices": list(FORMATS), "default": list(FORMATS)},
    "language": {"type": "str", "choices": list(LANGUAGES), "default": "en"},
    "run_id": {"type": "str"},
    "hosts": {"type": "list", "elements": "str"},
}


class ActionModule(ActionBase):
    """Touches no host; in check mode it says what it would write."""

    BYPASS_HOST_LOOP = True
    _requires_connection = False

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Write the report's files and give its totals and summary."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = self.validate_argument_spec(OPTIONS)[1]
        try:
            result.update(_report(options, dry_run=bool(self._task.check_mode)))
        except (ContractError, LedgerError) as fault:
            raise AnsibleActionFail(str(fault)) from fault
        except OSError as fault:
            raise AnsibleActionFail(f"the report cannot be written: {fault}") from fault
        return result


def _report(options: Mapping[str, Any], dry_run: bool) -> dict[str, Any]:
    report = report_on_ledger(
        options["ledger"], load_catalogue(), datetime.now(UTC), run_id=options["run_id"], hosts=options["hosts"]
    )
    folder = Path(options["dest"]).expanduser()
    written = publish(report, folder, options["formats"], options["language"], dry_run=dry_run)
    paths = [str(each.path) for each in written]
    changed = [str(each.path) for each in written if each.changed]
    done = "would write" if dry_run else "wrote"
    return {
        "changed": bool(changed),
        "msg": f"{done} {', '.join(changed)}" if changed else "the report says the same as before",
        "paths": paths,
        "written": changed,
        "totals": asdict(report.totals),
        "summary": summary(report, options["language"], paths=paths).splitlines(),
        "warnings": list(report.warnings),
    }
