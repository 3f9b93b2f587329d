# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""portable_request: what a probe that is carried to this host would be asked. No host is touched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.eeszt.connect.plugins.plugin_utils.carried.subject import portable_subject
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.documents import ContractError
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.policy import load_policy
from ansible_collections.eeszt.connect.plugins.plugin_utils.controller.verify_action import SITE_FIELDS, SUBJECT_OPTIONS
from ansible_collections.eeszt.connect.plugins.plugin_utils.readiness.request import build_request

OPTIONS: dict[str, dict[str, Any]] = {
    **SUBJECT_OPTIONS,
    "site": {"type": "dict"},
}


class ActionModule(ActionBase):
    """The request holds no secret: a carried probe shows the certificate that is in place on the host."""

    _requires_connection = False

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Give this host's part of a package, or fail with what its variables lack."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = self.validate_argument_spec(OPTIONS)[1]
        try:
            return {**result, "changed": False, "portable": _part(options, task_vars or {})}
        except ContractError as fault:
            raise AnsibleActionFail(str(fault)) from fault


def _part(options: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
    site = options["site"]
    if not site or not site.get("id"):
        raise ContractError("eeszt_site: has no id, and a package is made for a site")
    subject, warnings = portable_subject(options)
    host, address = str(task_vars["inventory_hostname"]), str(task_vars.get("ansible_host", ""))
    return {
        "host": host,
        "system": options["system"] or "linux",
        "names": sorted({name for name in (host, address) if name and not name.replace(".", "").isdigit()}),
        "site": {name: site[name] for name in SITE_FIELDS if name in site},
        "request": build_request(subject, load_policy(options["policy"])),
        "warnings": list(warnings),
    }
