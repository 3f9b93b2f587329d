# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the probe that fits the host, once, and give its observation or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase

from ..contract.documents import ContractError, validate
from ..judge import ConnectionFailure
from ..readiness.connection import classify
from ..readiness.result import utc
from .secret_channel import secret_channel

PROBES: Mapping[str, str] = {"powershell": "eeszt.connect.win_probe"}
LINUX_PROBE = "eeszt.connect.probe"


def run_probe(
    action: ActionBase,
    task_vars: Mapping[str, Any],
    request: Mapping[str, Any],
    secrets: Mapping[str, Mapping[str, str]],
) -> dict[str, Any] | ConnectionFailure:
    """Execute one module on the host.

    ``secrets`` maps institutions to PEM texts that the probe may show in a handshake; they travel only where no
    file is written on the way. Raises AnsibleError when such a way cannot be had, and ContractError when the
    probe answers with what is no observation.
    """
    module = PROBES.get(str(action._connection._shell.SHELL_FAMILY), LINUX_PROBE)
    arguments: dict[str, Any] = {"request": request}
    if secrets:
        arguments["secrets"] = secrets
        secret_channel(action)
    sent_at = datetime.now(UTC)
    try:
        answer = action._execute_module(module_name=module, module_args=arguments, task_vars=task_vars)
    except AnsibleConnectionFailure as failure:
        return classify(_reason(action, str(failure)), connected=False)
    except AnsibleError as failure:
        return classify(str(failure), connected=True)
    if answer.get("failed") or "observation" not in answer:
        return classify(_words(answer), connected=True)
    return _received(answer["observation"], sent_at, datetime.now(UTC))


def _reason(action: ActionBase, text: str) -> str:
    """Why there was no connection. One that ended while the probe was still being sent does not say; an order
    without any input is refused in words.
    """
    if "Broken pipe" in text:
        try:
            action._connection.exec_command("true", sudoable=False)
        except AnsibleError as failure:
            return str(failure)
    return text


def _received(observation: dict[str, Any], sent_at: datetime, received_at: datetime) -> dict[str, Any]:
    observation = {**observation, "exchange": {"sent_at": utc(sent_at), "received_at": utc(received_at)}}
    try:
        validate("observation", observation, "the probe's observation")
    except ContractError as fault:
        raise ContractError(f"{fault}\nThe probe on the host and this controller are of different versions.") from fault
    return observation


def _words(answer: Mapping[str, Any]) -> str:
    """What a module that did not do its work says, shortened to what a person reads."""
    parts = [str(answer.get(name, "")).strip() for name in ("msg", "module_stderr", "module_stdout", "exception")]
    return "\n".join(part for part in parts if part)[:2000]
