# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # What every module of the collection says about itself; a module gives the supports.
    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in check mode and predict what it would change, without changing the host.
  diff_mode:
    description: Shows in diff mode what is changed or would be.
  idempotent:
    description: A second run in the same state changes nothing.
"""
