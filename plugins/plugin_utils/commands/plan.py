# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""eeszt-connect plan: check one, or begin one."""

from __future__ import annotations

import argparse
from pathlib import Path

from .common import LANGUAGES, SOURCE_OPTIONS, CannotDoError, plan_sources, warn


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    plan = commands.add_parser("plan", help="work on a site plan")
    plans = plan.add_subparsers(title="commands", metavar="COMMAND", required=True)
    check = plans.add_parser("check", help="say all that is wrong with a site plan, at once")
    check.add_argument(
        "file", metavar="FILE", help="a plan (.yml, .xlsx or a folder of .csv), or an inventory source that names one"
    )
    check.set_defaults(work=check_plan)
    make = plans.add_parser("template", help="write a workbook to fill in, with an example and explanations")
    make.add_argument("file", metavar="FILE.xlsx", help="where to write it; a file that is there stays")
    make.add_argument("--language", choices=LANGUAGES, default="en", help="of the heads")
    make.set_defaults(work=make_template)


def check_plan(options: argparse.Namespace) -> None:
    """Read a site plan and say all that is wrong with it at once."""
    from ..plan.load import load_inventory

    loaded = load_inventory(plan_sources(options.file), None, SOURCE_OPTIONS)
    warn(loaded.warnings)
    print(f"{options.file}: {len(loaded.inventory.made)} hosts in {len(loaded.inventory.groups)} groups, no error")


def make_template(options: argparse.Namespace) -> None:
    """Write a workbook to fill in; one that is there stays."""
    from ..plan.template import template

    path = Path(options.file).expanduser()
    if path.suffix.lower() != ".xlsx":
        raise CannotDoError(f"{path}: a template is a workbook; name it .xlsx")
    with path.open("xb") as file:
        template(options.language).save(file)
    print(f"{path}: fill it in, then: eeszt-connect plan check {path}")
