# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""eeszt-connect report."""

from __future__ import annotations

import argparse
import shutil
from datetime import UTC, datetime
from pathlib import Path

from .common import LANGUAGES, existing_ledger, warn

FORMATS = ("html", "json")


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    make = commands.add_parser("report", help="make the fleet report from the ledger and print its summary")
    make.add_argument("--ledger", required=True, metavar="FOLDER", help="folder of the ledger")
    make.add_argument(
        "--dest", metavar="FOLDER", help="write the report's files here; without it print the summary only"
    )
    make.add_argument("--format", action="append", choices=FORMATS, help="write this form only (may be repeated)")
    make.add_argument("--language", choices=LANGUAGES, default="en", help="of the summary, and shown first in HTML")
    make.add_argument("--run-id", metavar="ID", help="report on this run only")
    make.add_argument("--host", action="append", metavar="NAME", help="report on this host only (may be repeated)")
    make.set_defaults(work=work)


def work(options: argparse.Namespace) -> None:
    """Write the report's files and print the summary; without a folder print the summary only."""
    from ..contract.catalogue import load_catalogue
    from ..report import publish, report_on_ledger, summary

    existing_ledger(options.ledger)
    made = report_on_ledger(
        options.ledger,
        load_catalogue(),
        datetime.now(UTC),
        run_id=options.run_id,
        hosts=options.host,
    )
    paths = []
    if options.dest is not None:
        formats = options.format or list(FORMATS)
        written = publish(made, Path(options.dest).expanduser(), formats, options.language)
        paths = [each.path for each in written]
    print(summary(made, options.language, shutil.get_terminal_size((100, 24)).columns, paths), end="")
    warn(made.warnings)
