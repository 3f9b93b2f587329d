# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge a ring by its results: may the next one begin?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..ledger import is_done

OPEN = "open"
SPENT = "spent"
PAUSED = "paused"

OUTAGE_CAUSES = frozenset({"centre_down"})


class BudgetError(ValueError):
    """A failure budget that is neither a number of hosts nor a percentage."""


@dataclass(frozen=True)
class RingVerdict:
    """``state`` is open, spent (too many failures) or paused (the centre is down). Lists hold host names."""

    state: str
    message: str
    ready: tuple[str, ...]
    failed: tuple[str, ...]
    unreachable: tuple[str, ...]
    outage: tuple[str, ...]


def allowance(budget: int | str, hosts: int) -> int:
    """Turn a budget (``3``, ``"3"`` or ``"10%"``) into a number of hosts, rounded down."""
    found = re.fullmatch(r"\s*(\d+)\s*(%?)\s*", str(budget))
    if found is None or isinstance(budget, bool) or (found[2] and int(found[1]) > 100):
        raise BudgetError(f"a failure budget is a number of hosts (3) or a share of the ring (10%), not {budget!r}")
    return hosts * int(found[1]) // 100 if found[2] else int(found[1])


def judge_ring(
    hosts: Sequence[str],
    results: Mapping[str, Mapping[str, Any]],
    failure_budget: int | str,
    unreachable_budget: int | str,
) -> RingVerdict:
    """Sort the ring's hosts by their results of this run; a host without one has failed.

    Hosts that could not be reached have a budget of their own. The rollout pauses when the centre is down, which is
    nobody's failure; but when a host of the ring has become ready meanwhile, the centre is up, and who saw it down has
    failed. After a resume the ring's other hosts may be ready since days: then so few hosts as the budget allows count
    as failed, or one machine with a trouble of its own would pause the rollout for ever.
    """
    ready = tuple(host for host in hosts if host in results and is_done(results[host]))
    unreachable = tuple(host for host in hosts if host in results and is_unreachable(results[host]))
    cut_off = tuple(host for host in hosts if host in results and is_outage(results[host]))
    others = {*ready, *unreachable}
    failed = tuple(host for host in hosts if host not in others)
    failures, absences = allowance(failure_budget, len(hosts)), allowance(unreachable_budget, len(hosts))
    up = _ready_meanwhile(results, ready, cut_off) or (ready and len(failed) <= failures)
    outage = () if up else cut_off
    failed = tuple(host for host in failed if host not in outage)
    state, message = _decide(len(hosts), failed, unreachable, outage, failures=failures, absences=absences)
    return RingVerdict(state, message, ready, failed, unreachable, outage)


def _decide(
    hosts: int,
    failed: Sequence[str],
    unreachable: Sequence[str],
    outage: Sequence[str],
    *,
    failures: int,
    absences: int,
) -> tuple[str, str]:
    if len(failed) > failures:
        return (
            SPENT,
            f"{len(failed)} of {hosts} hosts failed and the budget is {failures}: {', '.join(failed)}",
        )
    if len(unreachable) > absences:
        names = ", ".join(unreachable)
        return (
            SPENT,
            f"{len(unreachable)} of {hosts} hosts were not reached and the budget is {absences}: {names}",
        )
    if outage:
        return (
            PAUSED,
            f"the centre is down as {len(outage)} of {hosts} hosts saw it: wait for it, then resume",
        )
    return OPEN, f"{len(failed)} failed and {len(unreachable)} not reached, within the budget"


def _ready_meanwhile(results: Mapping[str, Mapping[str, Any]], ready: Sequence[str], cut_off: Sequence[str]) -> bool:
    if not cut_off:
        return False
    since = min(results[host]["started_at"] for host in cut_off)
    return any(results[host]["finished_at"] >= since for host in ready)


def is_unreachable(result: Mapping[str, Any]) -> bool:
    """Switched off or cut off: a refused login or a probe that broke is a failure like any other."""
    return _first_failing(result).get("id") == "connection.transport"


def is_outage(result: Mapping[str, Any]) -> bool:
    """Whether the host is not ready because the centre is down."""
    causes = _first_failing(result).get("causes", [])
    return bool(causes) and causes[0] in OUTAGE_CAUSES


def _first_failing(result: Mapping[str, Any]) -> Mapping[str, Any]:
    return {} if result["ready"] else result["first_failing"] or {}
