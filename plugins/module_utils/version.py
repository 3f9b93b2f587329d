# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's version, for what runs on hosts: they never see galaxy.yml. A test says that both are equal."""

from __future__ import annotations

COLLECTION_VERSION = "0.1.0"
