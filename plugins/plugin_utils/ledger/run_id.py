# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The id of a run: a name that sorts by time and is safe as a folder."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime

from .interface import LedgerError

RUN_ID_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def default_run_id(now: datetime) -> str:
    """Make an id such as 20261125T021500Z-ab12; ``now`` must be aware.

    The four random digits part two runs that begin in the same second.
    """
    if now.tzinfo is None:
        raise ValueError("the time of a run needs a time zone")
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


def check_run_id(run_id: str) -> str:
    """Give ``run_id`` back when it is a safe folder name; LedgerError says what is allowed."""
    if not RUN_ID_FORM.fullmatch(run_id):
        raise LedgerError(
            f"{run_id!r} is no run id: it has 1 to 64 letters without accents, digits, '-', '_' and '.', "
            "and begins with a letter or a digit"
        )
    return run_id
