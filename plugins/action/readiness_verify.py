# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""readiness_verify: one probe, the whole judge, and the only writer of results."""

from __future__ import annotations

from ansible_collections.eeszt.connect.plugins.plugin_utils.controller.verify_action import VerifyAction


class ActionModule(VerifyAction):
    """Every section, every layer, recorded in the ledger."""

    RECORDS = True
