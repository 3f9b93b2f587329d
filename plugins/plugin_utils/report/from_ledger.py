# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the place of a ledger to the report on it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from ..contract.catalogue import Catalogue
from ..ledger import Ledger, LedgerError, Result, open_ledger
from .build import build_report
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
    return build_report(results, catalogue, now, ledger.warnings())


def _results(ledger: Ledger, run_id: str | None, hosts: Collection[str] | None) -> list[Result]:
    if run_id is None:
        return list(ledger.latest_per_host(hosts).values())
    results = ledger.results_of_run(run_id)
    if not results:
        known = ", ".join(ledger.runs(dry_runs=True)[-5:]) or "none"
        raise LedgerError(f"the ledger has no run {run_id}; its newest are: {known}")
    return [result for host, result in sorted(results.items()) if hosts is None or host in hosts]
