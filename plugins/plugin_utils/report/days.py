# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Days of a plan."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

AHEAD_OF_UTC = timedelta(hours=2)
"""A plan's days are Hungary's, which begin up to so much before those of UTC: its today must not be a future day."""


def as_day(value: object) -> date | None:
    """Read 2026-11-25; None for what is no day, whatever it is."""
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def day_of(now: datetime) -> date:
    """The day in Hungary at ``now`` (aware)."""
    return (now.astimezone(UTC) + AHEAD_OF_UTC).date()
