# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger: what is known of each host after each run. ``open_ledger`` is the way in."""

from __future__ import annotations

from .interface import Key, Ledger, LedgerError, Result, is_done
from .opening import open_ledger
from .run_id import RUN_ID_FORM, check_run_id, default_run_id

__all__ = [
    "RUN_ID_FORM",
    "Key",
    "Ledger",
    "LedgerError",
    "Result",
    "check_run_id",
    "default_run_id",
    "is_done",
    "open_ledger",
]
