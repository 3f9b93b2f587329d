# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the place of a ledger to the report on it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime

from ..contract.catalogue import Catalogue
from ..ledger import Ledger, LedgerError, Result, open_ledger
from ..ledger.collector import paused_collector
from .build import build_report
from .cards import cards_seen, replaced_on
from .model import Report


def report_on_ledger(
    place: str,
    catalogue: Catalogue,
    now: datetime,
    *,
    run_id: str | None = None,
    hosts: Collection[str] | None = None,
) -> Report:
    """Report on the newest result of each host, or on one run; LedgerError for a ledger or run that cannot be read.

    A ledger that is not there yet gives an empty report: a first run in check mode has none.
    """
    ledger = open_ledger(place)
    results = _results(ledger, run_id, hosts)
    replaced = _replaced_cards(ledger, results)
    return build_report(results, catalogue, now, ledger.warnings(), replaced)


def _results(ledger: Ledger, run_id: str | None, hosts: Collection[str] | None) -> list[Result]:
    if run_id is None:
        return list(ledger.latest_per_host(hosts).values())
    results = ledger.results_of_run(run_id)
    if not results:
        known = ", ".join(ledger.runs(dry_runs=True)[-5:]) or "none"
        raise LedgerError(f"the ledger has no run {run_id}; its newest are: {known}")
    return [result for host, result in sorted(results.items()) if hosts is None or host in hosts]


def _replaced_cards(ledger: Ledger, results: Sequence[Result]) -> dict[str, date]:
    """On which day the ledger first saw a newer card than its user's activation, up to the time of ``results``.

    All runs are read once more for it, so this is left alone where no user has an activation and a card to compare.
    """
    comparable = {name for name, seen in cards_seen(results).items() if any(each.comparable for each in seen)}
    if not comparable:
        return {}
    until = max(datetime.fromisoformat(each["finished_at"]) for each in results)
    with paused_collector():
        seen = cards_seen(_all_until(ledger, until))
    days = {name: replaced_on(seen[name]) for name in sorted(comparable & seen.keys())}
    return {name: day for name, day in days.items() if day is not None}


def _all_until(ledger: Ledger, until: datetime) -> Iterator[Result]:
    for run_id in ledger.runs():
        for result in ledger.results_of_run(run_id).values():
            if datetime.fromisoformat(result["finished_at"]) <= until:
                yield result
