# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""eid_verify: the narrower view on reader, card and client; it records nothing."""

from __future__ import annotations

from ansible_collections.eeszt.connect.plugins.plugin_utils.controller.verify_action import VerifyAction


class ActionModule(VerifyAction):
    """What the identity card needs on the host."""

    SECTIONS = ("readers", "client")
    LAYERS = ("connection", "reader", "card", "client")
