# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""mtls_verify: the narrower view on the certificate and the way to the centre; it records nothing."""

from __future__ import annotations

from ansible_collections.eeszt.connect.plugins.plugin_utils.controller.verify_action import VerifyAction


class ActionModule(VerifyAction):
    """What mutual TLS with the centre needs; firewall and clock explain what fails."""

    SECTIONS = ("firewall", "certificates", "endpoints", "proxy_settings", "clock")
    LAYERS = ("connection", "firewall", "certificate", "endpoints", "mtls", "clock")
