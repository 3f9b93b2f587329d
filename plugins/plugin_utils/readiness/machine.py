# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which machine stood behind a host's name before: a replaced one must not pass for drift."""

from __future__ import annotations

from typing import Any

from ..ledger import Result


def machine_before(latest: Result | None, run_id: str) -> str | None:
    """The hashed machine id of the newest earlier run that saw one; None when there is none, or the host was retired.

    ``latest`` is the host's newest result. A second look of the same run, and a look that did not reach the host, hand
    on what they knew.
    """
    if latest is None or (latest.get("retired") or {}).get("host"):
        return None
    handed_on: str | None = latest.get("machine_before")
    if latest["run_id"] == run_id:
        return handed_on
    return machine_of(latest["observation"]) or handed_on


def machine_of(observation: Any) -> str | None:
    """The hashed machine id of an observation; None when it has none (the ledger reads it without its schema)."""
    host = observation.get("host") if isinstance(observation, dict) else None
    found = host.get("machine_id_hash") if isinstance(host, dict) else None
    return found if isinstance(found, str) else None
