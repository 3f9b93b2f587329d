# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a host was not reached, when the connection itself says little."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure

from ansible_collections.eeszt.connect.plugins.plugin_utils.controller.probe_run import run_probe

BROKEN = (
    "Data could not be sent to remote host '192.0.2.1'. Make sure it can be reached over SSH: [Errno 32] Broken pipe"
)


class Refusing:
    """An action whose connection breaks while the module is sent, and says ``asked_again`` to a plain order."""

    def __init__(self, asked_again: str) -> None:
        shell = SimpleNamespace(SHELL_FAMILY="sh")
        self._connection = SimpleNamespace(_shell=shell, transport="ssh", exec_command=self.exec_command)
        self.asked_again = asked_again

    def _execute_module(self, **_arguments: object) -> dict[str, object]:
        raise AnsibleConnectionFailure(BROKEN)

    def exec_command(self, _command: str, **_options: bool) -> tuple[int, bytes, bytes]:
        if self.asked_again:
            raise AnsibleConnectionFailure(self.asked_again)
        return 0, b"", b""


class Answering(Refusing):
    """An action of a host with this shell, which keeps what its modules were given in ``sent``."""

    def __init__(self, shell: str) -> None:
        super().__init__("")
        self.sent: list[dict[str, object]] = []
        self._connection._shell.SHELL_FAMILY = shell
        self._connection.is_pipelining_enabled = lambda: True
        self._connection.set_option = lambda *_option: None

    def _execute_module(self, module_args: dict[str, object], **_arguments: object) -> dict[str, object]:
        self.sent.append(module_args)
        return {"failed": True, "msg": "seen"}


@pytest.mark.parametrize(
    ("asked_again", "cause"),
    [
        ("Failed to connect to the host via ssh: root@192.0.2.1: Permission denied (publickey).", "auth_failed"),
        ("Failed to connect to the host via ssh: Connection timed out during banner exchange", "timeout"),
        ("", "dropped"),
    ],
)
def test_a_connection_that_broke_while_sending_is_asked_for_its_reason(asked_again, cause):
    assert run_probe(Refusing(asked_again), {}, {}, {}).cause == cause


@pytest.mark.parametrize(("shell", "form"), [("sh", dict), ("powershell", str), ("cmd", str)])
def test_secrets_travel_in_the_form_that_the_host_s_ansible_can_hide(shell, form):
    action = Answering(shell)
    run_probe(action, {}, {}, {"E000301": {"key": "k"}})
    assert isinstance(action.sent[-1]["secrets"], form)


@pytest.mark.parametrize("shell", ["sh", "powershell"])
def test_a_proxys_account_travels_beside_the_request_and_through_pipes_alone(shell):
    action = Answering(shell)
    action._connection.is_pipelining_enabled = lambda: False
    with pytest.raises(AnsibleActionFail, match="proxy's password would pass through a temporary file"):
        run_probe(action, {}, {}, {}, proxy_account="S2F0aTpoOg==")
    action._connection.is_pipelining_enabled = lambda: True
    run_probe(action, {}, {"proxy": {"host": "proxy.example"}}, {}, proxy_account="S2F0aTpoOg==")
    assert action.sent == [{"request": {"proxy": {"host": "proxy.example"}}, "proxy_account": "S2F0aTpoOg=="}]
    run_probe(action, {}, {}, {})
    assert "proxy_account" not in action.sent[-1]
