# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who still waits in a rollout: machines that were off, that failed, or whose turn has not come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ..commands.table import aligned
from ..ledger import Ledger, LedgerError, is_done
from ..readiness.ring import is_outage, is_unreachable

OFF = "off"
OUTAGE = "outage"
FAILED = "failed"
NOT_BEGUN = "not_begun"
STATES = (OFF, OUTAGE, FAILED, NOT_BEGUN)


@dataclass(frozen=True)
class Waiting:
    """A host that is not done. ``tried_at`` and ``last_good`` are UTC times as ISO text, empty for never.

    ``why`` is the first failing check with its likeliest cause; ``last_good`` is when any check of the host was last
    seen good, in whichever run.
    """

    host: str
    ring: int | None
    site: str
    state: str
    why: str
    tried_at: str
    last_good: str


def newest_rollout(ledger: Ledger) -> str:
    """The run that ``resume`` goes on with. Raises LedgerError when there is none."""
    runs = ledger.runs(kind="rollout")
    if not runs:
        raise LedgerError("the ledger has no rollout")
    return runs[-1]


def queue(ledger: Ledger, run_id: str, planned: Mapping[str, int]) -> tuple[Waiting, ...]:
    """Who waits in a run, by ring, state and name. ``planned``: ring of each host of the inventory, empty if unknown.

    Raises LedgerError when the run has no result at all.
    """
    results = ledger.results_of_run(run_id)
    if not results:
        raise LedgerError(f"the ledger has no run {run_id}")
    tried = [_waiting(result) for result in results.values() if not is_done(result)]
    others = [Waiting(host, ring, "", NOT_BEGUN, "", "", "") for host, ring in planned.items() if host not in results]
    dated = [_with_last_good(one, ledger) for one in (*tried, *others)]
    return tuple(sorted(dated, key=lambda one: (one.ring or 99, STATES.index(one.state), one.host)))


def rings(listing: Mapping[str, Any]) -> dict[str, int]:
    """Ring of each host, from what ``ansible-inventory --list`` prints."""
    return {host: ring for ring in range(1, 10) for host in listing.get(f"ring_{ring}", {}).get("hosts", ())}


def table(run_id: str, waiting: Sequence[Waiting]) -> str:
    """The queue as plain text."""
    if not waiting:
        return f"Run {run_id}: nobody waits.\n"
    heads = ("host", "ring", "site", "state", "why", "tried", "last good")
    lines = aligned([heads, *(_row(one) for one in waiting)])
    noun = "host waits" if len(waiting) == 1 else "hosts wait"
    return "\n".join([f"Run {run_id}: {len(waiting)} {noun}.", "", *lines]) + "\n"


def _row(one: Waiting) -> tuple[str, ...]:
    ring = "" if one.ring is None else str(one.ring)
    return (one.host, ring, one.site, one.state.replace("_", " "), one.why, one.tried_at, one.last_good or "never")


def _waiting(result: Mapping[str, Any]) -> Waiting:
    site, first = result.get("site") or {}, result["first_failing"] or {}
    state = OFF if is_unreachable(result) else OUTAGE if is_outage(result) else FAILED
    failed = [f"role {each['role']}" for each in result["failed_roles"]]
    why = ": ".join([first["id"], *first["causes"][:1]]) if first else ", ".join(failed)
    return Waiting(result["host"], result.get("ring"), site.get("id", ""), state, why, result["finished_at"], "")


def _with_last_good(one: Waiting, ledger: Ledger) -> Waiting:
    seen = ledger.good_proofs(one.host).values()
    return replace(one, last_good=_text(max(seen))) if seen else one


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
