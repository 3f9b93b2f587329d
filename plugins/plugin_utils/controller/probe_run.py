# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the probe that fits the host, once, and give its observation or the reason why there is none."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase

from ..contract.documents import ContractError, validate
from ..judge import ConnectionFailure
from ..readiness.connection import Classified, classify, classify_windows
from ..readiness.listener import decide
from ..readiness.result import utc
from .deadline import DeadlineReached, deadline
from .listener_look import ask, way_of
from .secret_channel import secret_channel

LINUX_PROBE, WINDOWS_PROBE = "eeszt.connect.probe", "eeszt.connect.win_probe"
WINDOWS_SHELLS = ("powershell", "cmd")
WINDOWS_CONNECTIONS = ("winrm", "psrp")
PROBE_SECONDS = 600
"""Each part of a probe has a limit of its own; what is longer hangs."""


def on_windows(action: ActionBase) -> bool:
    """Whether the connection leads to Windows, as its shell tells."""
    return str(action._connection._shell.SHELL_FAMILY) in WINDOWS_SHELLS


def run_probe(
    action: ActionBase,
    task_vars: Mapping[str, Any],
    request: Mapping[str, Any],
    secrets: Mapping[str, Mapping[str, str]],
    seconds: float = PROBE_SECONDS,
    proxy_account: str = "",
) -> dict[str, Any] | ConnectionFailure:
    """Execute one module on the host, and once more on a new connection when the first one dropped.

    A probe changes nothing, so a second one is safe. ``secrets`` maps institutions to PEM texts that the probe may
    show in a handshake, ``proxy_account`` is as readiness/proxy_account.py gives it; they travel only where no file is
    written on the way. After ``seconds`` a probe is given up.
    Raises AnsibleError when such a way cannot be had, and ContractError when the probe answers with what is no
    observation.
    """
    arguments: dict[str, Any] = {"request": request}
    if secrets:
        arguments["secrets"] = secrets_for_windows(secrets) if on_windows(action) else secrets
    if proxy_account:
        arguments["proxy_account"] = proxy_account
    if secrets or proxy_account:
        secret_channel(action, "private key" if secrets else "proxy's password")
    seen = _run_once(action, task_vars, arguments, seconds)
    if isinstance(seen, ConnectionFailure) and seen.cause == "dropped":
        # What a reset fails with, the next attempt fails with too, and says.
        with contextlib.suppress(Exception):
            action._connection.reset()
        seen = _run_once(action, task_vars, arguments, seconds)
    return seen


def secrets_for_windows(secrets: Mapping[str, Mapping[str, str | None]]) -> str:
    """Write lines of institution, name and the PEM text in base64, with tabs between.

    One text, because Ansible hides nothing but texts on Windows; and no JSON, because what PowerShell parses it with is
    written to the event log where a policy asks for it.
    """
    return "\n".join(
        f"{institution}\t{name}\t{base64.b64encode(pem.encode()).decode('ascii')}"
        for institution, texts in secrets.items()
        for name, pem in texts.items()
        if pem
    )


def _run_once(
    action: ActionBase, task_vars: Mapping[str, Any], arguments: dict[str, Any], seconds: float
) -> dict[str, Any] | ConnectionFailure:
    module = WINDOWS_PROBE if on_windows(action) else LINUX_PROBE
    sent_at = datetime.now(UTC)
    try:
        with deadline(seconds):
            answer = action._execute_module(module_name=module, module_args=arguments, task_vars=task_vars)
    except DeadlineReached:
        text = f"The probe was given up after {seconds:.0f} s."
        return ConnectionFailure(check_id="connection.probe", cause="probe_hung", text=text)
    except AnsibleError as failure:
        return _failure(action, failure)
    except Exception as failure:
        # winrm and psrp let what their libraries raise in the middle of an execution pass as it is.
        if action._connection.transport not in WINDOWS_CONNECTIONS:
            raise
        return _failure(action, failure)
    if answer.get("failed") or "observation" not in answer:
        if on_windows(action):
            return classify_windows(_words(answer), connected=True, speaker="module").failure
        return classify(_words(answer), connected=True)
    return _received(answer["observation"], sent_at, datetime.now(UTC))


def _failure(action: ActionBase, failure: Exception) -> ConnectionFailure:
    connected = not isinstance(failure, AnsibleConnectionFailure)
    if action._connection.transport in WINDOWS_CONNECTIONS:
        text = str(failure) or f"{type(failure).__name__} without a text"
        # The number of a quota that MSFT_WmiError carries, which pywinrm keeps out of its text.
        if number := getattr(failure, "wmierror_code", None):
            text += f" ('wmierror_code': {number})"
        return _looked(action, classify_windows(text, connected, speaker="connection"))
    return classify(str(failure) if connected else _reason(action, str(failure)), connected)


def _looked(action: ActionBase, classified: Classified) -> ConnectionFailure:
    """Ask the listener itself where the library's words leave it open."""
    way = way_of(action._connection) if classified.look else None
    if way is None:
        return classified.failure
    return decide(classified.failure, way.authentication, way.account, ask(way), datetime.now(UTC))


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
