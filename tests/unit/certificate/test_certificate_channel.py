# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets travel to Windows only where Ansible sends a module by standard input, by its own connection plugins."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import become_loader, connection_loader, init_plugin_loader

from ansible_collections.eeszt.connect.plugins.plugin_utils.controller.probe_run import on_windows
from ansible_collections.eeszt.connect.plugins.plugin_utils.controller.secret_channel import secret_channel

CONNECTIONS = ("ansible.builtin.winrm", "ansible.builtin.psrp", "ansible.builtin.ssh")


@pytest.fixture(scope="module", autouse=True)
def plugins() -> None:
    init_plugin_loader()


@pytest.fixture(params=CONNECTIONS)
def action(request: pytest.FixtureRequest) -> Any:
    """An action on a Windows host, with what secret_channel looks at."""
    context = PlayContext()
    context.shell = "powershell"
    connection = connection_loader.get(request.param, context)
    variables = {"ansible_shell_type": "powershell", "ansible_remote_tmp": "C:\\tmp"}
    connection.set_options(var_options=variables)
    return SimpleNamespace(_connection=connection)


def test_every_way_to_windows_pipes(action: Any) -> None:
    assert on_windows(action)
    secret_channel(action)
    assert action._connection.is_pipelining_enabled()


def test_another_account_on_windows_gets_it_by_a_pipe_too(action: Any) -> None:
    action._connection.set_become_plugin(become_loader.get("ansible.builtin.runas"))
    secret_channel(action)


@pytest.mark.parametrize("option", ["DEFAULT_KEEP_REMOTE_FILES", "DEFAULT_DEBUG"])
def test_what_would_write_it_down_is_refused(action: Any, option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, option, True)
    with pytest.raises(AnsibleActionFail):
        secret_channel(action)
