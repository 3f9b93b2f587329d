# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""eeszt-connect ledger: look into it."""

from __future__ import annotations

import argparse
import json

from .common import CannotDoError, existing_ledger, warn


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    ledger = commands.add_parser("ledger", help="look into the ledger")
    looks = ledger.add_subparsers(title="commands", metavar="COMMAND", required=True)
    runs = looks.add_parser("runs", help="list the runs")
    runs.set_defaults(work=list_runs)
    show = looks.add_parser("show", help="print a host's newest result as JSON")
    show.add_argument("host", metavar="HOST")
    show.add_argument("--run-id", metavar="ID", help="its result in this run")
    show.set_defaults(work=show_host)
    for each in (runs, show):
        each.add_argument("--ledger", required=True, metavar="FOLDER", help="folder of the ledger")


def list_runs(options: argparse.Namespace) -> None:
    """List the runs, the oldest first, with how many hosts were ready in each."""
    ledger = existing_ledger(options.ledger)
    for run_id in ledger.runs(dry_runs=True):
        results = ledger.results_of_run(run_id).values()
        ready = sum(bool(each["ready"]) for each in results)
        dry = "  check mode" if all(each["dry_run"] for each in results) else ""
        print(f"{run_id}  {ready}/{len(results)} ready{dry}")
    warn(ledger.warnings())


def show_host(options: argparse.Namespace) -> None:
    """Print a host's newest result as JSON."""
    ledger = existing_ledger(options.ledger)
    if options.run_id is None:
        found = ledger.latest_per_host([options.host]).get(options.host)
    else:
        found = ledger.results_of_run(options.run_id).get(options.host)
    warn(ledger.warnings())
    if found is None:
        raise CannotDoError(f"the ledger has no result of host {options.host}")
    print(json.dumps(found, ensure_ascii=False, indent=2))
