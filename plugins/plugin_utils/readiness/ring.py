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
    nobody's failure; but as long as one host of the ring is ready the centre is up, and who saw it down has failed.
    """
    ready = tuple(host for host in hosts if host in results and is_done(results[host]))
    unreachable = tuple(host for host in hosts if host in results and _is_unreachable(results[host]))
    outage = () if ready else tuple(host for host in hosts if host in results and _is_outage(results[host]))
    others = {*ready, *unreachable, *outage}
    failed = tuple(host for host in hosts if host not in others)
    state, message = _decide(
        len(hosts),
        failed,
        unreachable,
        outage,
        failure_budget=failure_budget,
        unreachable_budget=unreachable_budget,
    )
    return RingVerdict(state, message, ready, failed, unreachable, outage)


def _decide(
    hosts: int,
    failed: Sequence[str],
    unreachable: Sequence[str],
    outage: Sequence[str],
    *,
    failure_budget: int | str,
    unreachable_budget: int | str,
) -> tuple[str, str]:
    failures, absences = allowance(failure_budget, hosts), allowance(unreachable_budget, hosts)
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


def _is_unreachable(result: Mapping[str, Any]) -> bool:
    """Switched off or cut off: a refused login or a probe that broke is a failure like any other."""
    return _first_failing(result).get("id") == "connection.transport"


def _is_outage(result: Mapping[str, Any]) -> bool:
    causes = _first_failing(result).get("causes", [])
    return bool(causes) and causes[0] in OUTAGE_CAUSES


def _first_failing(result: Mapping[str, Any]) -> Mapping[str, Any]:
    return {} if result["ready"] else result["first_failing"] or {}
