# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""waf_certificate: open and check all certificates on the controller, and only then call the host's module."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.delivery import deliver, prepare
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.errors import (
    CertificateError,
    CertificateErrors,
)
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.sources import Rules
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.targets import System
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.windows import deliver_to_windows
from ansible_collections.eeszt.connect.plugins.plugin_utils.controller.probe_run import on_windows
from ansible_collections.eeszt.connect.plugins.plugin_utils.controller.secret_channel import secret_channel

OPTIONS: dict[str, dict[str, Any]] = {
    "institution": {"type": "str"},
    "source": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "institutions": {"type": "list", "elements": "str"},
    "sources": {"type": "dict", "no_log": True},
    "targets": {"type": "list", "elements": "dict", "required": True},
    "state": {"type": "str", "choices": ["present", "absent", "retired", "rolled_back", "told"], "default": "present"},
    "note_untold": {"type": "bool", "default": False},
    "fingerprints": {"type": "dict", "default": {}},
    "reasons": {"type": "dict", "default": {}},
    "retry_refused": {"type": "bool", "default": False},
    "subject_pattern": {"type": "str"},
    "accept_expired": {"type": "bool", "default": False},
    "allow_shared": {"type": "bool", "default": False},
    "test_issuer_words": {"type": "list", "elements": "str", "default": []},
}
CHECKS: dict[str, Any] = {
    "mutually_exclusive": [("institution", "institutions"), ("source", "sources"), ("source", "institutions")],
    "required_one_of": [("institution", "institutions")],
    "required_together": [("source", "password")],
}
RENEWAL = ("note_untold", "fingerprints", "reasons", "retry_refused")
MODULES: Mapping[System, str] = {
    "linux": "eeszt.connect.waf_certificate",
    "windows": "eeszt.connect.win_waf_certificate",
}


def sources_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """The sources in the form of eeszt_certificates, however they were given."""
    if options["source"] is not None:
        return {options["institution"]: {"path": options["source"], "password": options["password"]}}
    return dict(options["sources"] or {})


class ActionModule(ActionBase):
    """Options, one call, exit."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the module's result without any secret."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validated, options = self.validate_argument_spec(OPTIONS, **CHECKS)
        system: System = "windows" if on_windows(self) else "linux"
        words = tuple(options["test_issuer_words"])
        rules = Rules(options["subject_pattern"], options["accept_expired"], options["allow_shared"], words)
        institutions = options["institutions"] or [options["institution"] or ""]
        try:
            delivery = prepare(
                options["state"], institutions, sources_of(options), options["targets"], rules, self._read, system
            )
            if delivery.targets:
                secret_channel(self)
            delivery = replace(delivery, renewal={name: options[name] for name in RENEWAL})
            bring = deliver_to_windows if system == "windows" else deliver
            brought = bring(delivery, lambda given: self._call(MODULES[system], given, task_vars), diff=self._task.diff)
        except CertificateError as fault:
            errors = fault.errors if isinstance(fault, CertificateErrors) else (fault,)
            return {**result, "failed": True, "msg": str(fault), "errors": [one.as_dict() for one in errors]}
        return {**result, **brought}

    def _read(self, path: str) -> bytes:
        return Path(self._loader.path_dwim(path)).read_bytes()

    def _call(self, module: str, arguments: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        answer: dict[str, Any] = self._execute_module(module, arguments, task_vars=task_vars)
        return answer
