# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""eeszt-connect queue: who still waits in a rollout."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from .common import existing_ledger, warn


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    make = commands.add_parser("queue", help="say who still waits in a rollout: machines that were off, or that failed")
    make.add_argument("--ledger", required=True, metavar="FOLDER", help="folder of the ledger")
    make.add_argument("--run-id", metavar="ID", help="of the rollout; else the newest")
    make.add_argument(
        "-i", "--inventory", action="append", metavar="PLACE", help="also its hosts whose turn has not come yet"
    )
    make.add_argument("--json", action="store_true", help="as JSON")
    make.set_defaults(work=work)


def work(options: argparse.Namespace) -> None:
    """Print who waits, by ring."""
    from ..rollout.command import planned_rings
    from ..rollout.queue import newest_rollout, queue, table

    ledger = existing_ledger(options.ledger)
    run_id = options.run_id or newest_rollout(ledger)
    planned = planned_rings(options.inventory) if options.inventory else {}
    waiting = queue(ledger, run_id, planned)
    if options.json:
        print(json.dumps({"run_id": run_id, "waiting": [asdict(one) for one in waiting]}, ensure_ascii=False, indent=2))
    else:
        print(table(run_id, waiting), end="")
    warn(ledger.warnings())
