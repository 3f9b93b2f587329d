# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests on what a failed task said of its connection."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.eeszt.connect.plugins.plugin_utils.readiness.connection import classify_windows


def connection_lost(message: object) -> bool:
    """Whether the line broke, and not the work that went over it. winrm and psrp let a task fail in both cases."""
    found = classify_windows(str(message), connected=True, speaker="connection").failure
    return found.check_id == "connection.transport"


class TestModule:
    """The tests as Ansible finds them."""

    __test__ = False  # not one of pytest's

    def tests(self) -> dict[str, Callable[..., bool]]:
        """Give them to Ansible."""
        return {"connection_lost": connection_lost}
