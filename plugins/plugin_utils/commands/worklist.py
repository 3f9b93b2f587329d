# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""eeszt-connect worklist: whose certificate ends when, and letters to the administrators."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from .common import SOURCE_OPTIONS, CannotDoError, existing_ledger, plan_sources, warn
from .intake import add_vault_arguments

if TYPE_CHECKING:
    from ..intake.held import Held
    from ..intake.worklist import Row

LETTER_DAYS = 30


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    make = commands.add_parser("worklist", help="list the institutions by the end of their certificates; write letters")
    make.add_argument("--ledger", metavar="FOLDER", help="folder of the ledger: what the hosts hold")
    make.add_argument("--certificates", metavar="FILE", help="file that intake wrote: what the controller holds")
    make.add_argument("--plan", metavar="PLAN", help="list its institutions, also those without a certificate")
    make.add_argument("--within", type=int, metavar="DAYS", help="only what ends within so many days")
    make.add_argument(
        "--letters", metavar="FOLDER", help=f"write a letter to each administrator (within {LETTER_DAYS} days)"
    )
    make.add_argument("--template", metavar="FILE", help="of the letter, in Jinja2; without it the shipped one")
    make.add_argument("--sender", default="", metavar="TEXT", help="who signs the letter")
    add_vault_arguments(make)
    make.set_defaults(work=work)


def work(options: argparse.Namespace) -> None:
    """Print the list, and write the letters if they are asked for."""
    from ..intake.problems import printable
    from ..intake.worklist import ordered, to_table

    if options.ledger is None and options.certificates is None:
        raise CannotDoError("say where the certificates are: --ledger FOLDER or --certificates FILE, or both")
    now = datetime.now(UTC)
    within = LETTER_DAYS if options.letters and options.within is None else options.within
    rows = ordered(_rows(options, now).values(), within)
    if not rows:
        print("no certificate ends in that time" if within is not None else "no certificate is known")
    else:
        print("\n".join(printable(line) for line in to_table(rows)))
    if options.letters:
        _write_letters(options, rows)


def _rows(options: argparse.Namespace, now: datetime) -> dict[str, Row]:
    from ..intake.worklist import rows_of_results, with_held, with_plan
    from ..plan.load import load_plan

    rows: dict[str, Row] = {}
    if options.ledger is not None:
        ledger = existing_ledger(options.ledger)
        rows = rows_of_results(list(ledger.latest_per_host().values()), now)
        warn(ledger.warnings())
    if options.certificates is not None:
        rows = with_held(rows, _held(options), now, alone=options.ledger is None)
    if options.plan is not None:
        plan, warnings = load_plan(plan_sources(options.plan), SOURCE_OPTIONS)
        warn(warnings)
        rows = with_plan(rows, plan.institutions)
    return rows


def _held(options: argparse.Namespace) -> dict[str, Held]:
    from ..intake.held import open_held
    from ..intake.variables import read_variables
    from ..intake.vault import open_vault

    path = Path(options.certificates).expanduser()
    if not path.is_file():
        raise CannotDoError(f"{path}: there is no such file; name the one that intake wrote")
    entries = read_variables(path).entries
    held = open_held(entries, open_vault(options.vault_password_file, options.vault_id, is_new=False))
    warn(f"{each}: {one.why}" for each, one in held.items() if one.bundle is None)
    return held


def _write_letters(options: argparse.Namespace, rows: Sequence[Row]) -> None:
    from ..intake.letters import TEMPLATE, write_letters

    template = Path(options.template).expanduser() if options.template else TEMPLATE
    folder = Path(options.letters).expanduser()
    letters = write_letters(rows, folder, datetime.now().date(), template=template, sender=options.sender)
    new = [each for each in letters if each.is_new]
    print(f"\nletters written to {folder}: {len(new)}; there already, and left as they are: {len(letters) - len(new)}")
    for each in new:
        print(f"  {each.path.name}  {each.row.person.administrator.email or 'no e-mail address is known'}")
