# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""eeszt-connect intake: from a folder of downloaded certificates to vaulted variables."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from .common import SOURCE_OPTIONS, CannotDoError, plan_sources, warn

if TYPE_CHECKING:
    from ..intake.process import Outcome, Settings

SOMETHING_LEFT = 1


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    make = commands.add_parser("intake", help="take a folder of downloaded certificates into vaulted variables")
    make.add_argument("folder", metavar="FOLDER", help="folder of downloaded PKCS#12 files (.p12, .pfx)")
    make.add_argument(
        "--plan", required=True, metavar="PLAN", help="the site plan, or an inventory source that names it"
    )
    make.add_argument(
        "--dest",
        required=True,
        metavar="FILE",
        help="file of group_vars for eeszt_certificates alone, made or added to",
    )
    make.add_argument("--policy", default="production", metavar="NAME|PATH", help="whose rules count (production)")
    make.add_argument("--passwords", metavar="FILE", help="vaulted YAML with lines FILE NAME: PASSWORD; else it asks")
    add_vault_arguments(make)
    make.add_argument(
        "--institution",
        action="append",
        default=[],
        metavar="FILE=ID",
        help="whose certificate a file holds (may be repeated)",
    )
    make.add_argument("--copy-to", metavar="FOLDER", help="copy the files here and name the copies in the variables")
    make.add_argument(
        "--dates", metavar="FILE.csv", help="write the days to fill into the plan as its table; a new file"
    )
    make.set_defaults(work=work)


def add_vault_arguments(make: argparse.ArgumentParser) -> None:
    """How the vault's password is found; without any it is ANSIBLE_VAULT_PASSWORD_FILE, or asked for."""
    vault = make.add_mutually_exclusive_group()
    vault.add_argument("--vault-password-file", metavar="FILE", help="file or script that gives the vault's password")
    vault.add_argument("--vault-id", metavar="LABEL@FILE", help="the same with a label; LABEL@prompt asks")


def work(options: argparse.Namespace) -> int:
    """Take what can be taken; 1 when something of the folder is left for a person to look at."""
    from ..contract.policy import load_policy
    from ..intake.process import Settings, take_in
    from ..plan.load import load_plan

    dates = _new_file(options.dates)
    plan, warnings = load_plan(plan_sources(options.plan), SOURCE_OPTIONS)
    settings = Settings(
        folder=Path(options.folder).expanduser(),
        plan=plan,
        policy=load_policy(options.policy),
        dest=Path(options.dest).expanduser(),
        now=datetime.now(UTC),
        passwords=_path(options.passwords),
        vault_password_file=options.vault_password_file,
        vault_id=options.vault_id,
        choices=tuple(options.institution),
        copy_to=_path(options.copy_to),
    )
    warn(warnings)
    outcome = take_in(settings)
    _show_files(outcome, settings)
    _show_days(outcome, dates)
    _show_missing(outcome)
    _show_problems(outcome, in_place=settings.copy_to is None)
    return SOMETHING_LEFT if outcome.stopped else 0


def _path(given: str | None) -> Path | None:
    return None if given is None else Path(given).expanduser()


def _new_file(given: str | None) -> Path | None:
    """A path at which nothing is yet: the plan's own table might be mistyped here."""
    path = _path(given)
    if path is not None and path.exists():
        raise CannotDoError(f"{path}: is there already and stays as it is; name a new file")
    return path


def _show_files(outcome: Outcome, settings: Settings) -> None:
    from ..intake.problems import printable
    from ..intake.shown import show_candidate, show_closed, show_unmatched

    paragraphs = {each.opened.download.name: show_candidate(each, settings.now) for each in outcome.matched}
    paragraphs |= {each.download.name: show_unmatched(each, settings.now) for each in outcome.unmatched}
    paragraphs |= {each.download.name: show_closed(each) for each in outcome.closed}
    for _name, paragraph in sorted(paragraphs.items()):
        print(paragraph, end="\n\n")
    if outcome.listing.left:
        print(f"no .p12 or .pfx, left alone: {', '.join(map(printable, outcome.listing.left))}")
    if not outcome.listing.downloads and not outcome.problems:
        print(f"{settings.folder}: there is no .p12 or .pfx file")
    for what, those in (("written to", outcome.written), ("unchanged in", outcome.known)):
        if those:
            print(f"{what} {settings.dest}: {', '.join(sorted(each.institution.id for each in those))}")


def _show_days(outcome: Outcome, dates: Path | None) -> None:
    from ..intake.dates import days_to_fill_in, to_csv, without_password_day
    from ..ledger.writing import write_whole

    taken = [*outcome.written, *outcome.known]
    days = days_to_fill_in(taken)
    if days:
        print("\nto fill into the plan (the day is that of the file):")
        for day in days:
            print(f"  {day}")
    if dates is not None:
        # With its mark, so that Excel reads it as UTF-8.
        write_whole(dates, to_csv(days).encode("utf-8-sig"))
        print(f"written to {dates}, as the plan's table has them: {len(days)}")
    unknown = without_password_day(taken)
    if unknown:
        print(f"the day of the SMS (onboarding.password_received) only its reader knows: {', '.join(unknown)}")


def _show_missing(outcome: Outcome) -> None:
    from ..intake.shown import contact

    if not outcome.missing:
        print("\nevery institution of the plan has a certificate")
        return
    print(f"\nstill without a certificate: {len(outcome.missing)}")
    for each in outcome.missing:
        print(f"  {contact(each)}")


def _show_problems(outcome: Outcome, *, in_place: bool) -> None:
    sys.stdout.flush()
    for each in outcome.problems:
        print(f"{'error' if each.stops else 'warning'}: {each}", file=sys.stderr)
    warn(f"the file of passwords names {each}, which is not in the folder" for each in outcome.unused)
    open_to_others = [each.opened.download.name for each in outcome.written if not each.opened.download.private]
    if open_to_others and in_place:
        warn([f"others may read {', '.join(open_to_others)}; run chmod 600 on them, or give --copy-to"])
