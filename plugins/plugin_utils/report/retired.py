# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts out of service: listed apart, with the proof that their certificates are gone, and counted nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .model import Retired


def is_retired(result: Mapping[str, Any]) -> bool:
    """Whether the whole host is out of service and nothing of its certificates was left; else it counts as before."""
    mark = _mark(result)
    return mark.get("host") is True and not mark.get("left") and not result["failed_roles"]


def collect_retired(results: Iterable[Mapping[str, Any]]) -> tuple[Retired, ...]:
    """One entry a retired host, by name."""
    return tuple(sorted((_retired(each) for each in results if is_retired(each)), key=lambda each: each.host))


def _retired(result: Mapping[str, Any]) -> Retired:
    site = result["site"] or {}
    return Retired(
        host=result["host"],
        site=str(site.get("name") or site.get("id") or ""),
        institutions=tuple(str(each) for each in _mark(result).get("institutions") or ()),
        seen=_mark(result).get("seen") is True,
        run_id=result["run_id"],
        finished_at=result["finished_at"],
    )


def _mark(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """The ledger reads it without its schema, so it may be anything."""
    mark = result.get("retired")
    return mark if isinstance(mark, Mapping) else {}
