# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Good proofs: what was seen to work, and when, so that it still counts while nobody sits at the machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ..contract.records import OK, WARN
from .documents import moment
from .interface import Key, Result

PROVING = frozenset({OK, WARN})
"""not_applicable lets a host be ready but proves nothing."""


def newest_proofs(results: Iterable[Result]) -> Mapping[Key, datetime]:
    """Give when each check was last seen good in ``results`` of one host; dry runs prove nothing."""
    newest: dict[Key, datetime] = {}
    for result in results:
        for check in [] if result["dry_run"] else result["checks"]:
            if check["status"] in PROVING:
                key = (check["id"], check["target"], check["institution"])
                seen = _seen_at(check, result)
                newest[key] = max(seen, newest.get(key, seen))
    return newest


def _seen_at(check: Mapping[str, Any], result: Result) -> datetime:
    """The check's own time; the result's when it has none or one that cannot be read."""
    try:
        return moment(check["observed_at"])
    except ValueError:
        return moment(result["finished_at"])
