# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""eeszt-connect rollout: playbooks/site.yml as one command, with an exit code for a pause."""

from __future__ import annotations

import argparse
import sys


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    make = commands.add_parser(
        "rollout",
        help="roll out, verify and report, or go on with it; exit code 75 when the centre is down",
        epilog="Exit code: that of ansible-playbook, but 75 when the rollout paused because the centre is down.",
    )
    make.add_argument(
        "-i", "--inventory", action="append", required=True, metavar="PLACE", help="the site plan's inventory"
    )
    make.add_argument("-l", "--limit", metavar="PATTERN", help="these hosts only")
    make.add_argument("-C", "--check", action="store_true", help="change nothing, say what would be changed")
    make.add_argument("--resume", action="store_true", help="leave alone what is done already: empty the queue")
    make.add_argument("--run-id", metavar="ID", help="with --resume: of the rollout to go on with; else the newest")
    make.add_argument("words", nargs="*", metavar="-- WORDS", help="whatever else ansible-playbook understands")
    make.set_defaults(work=work)


def work(options: argparse.Namespace) -> int:
    """Run it to its end, and say who still waits."""
    from ..rollout.command import roll_out

    status, said = roll_out(playbook_words(options))
    if said:
        print(said, file=sys.stderr)
    return status


def playbook_words(options: argparse.Namespace) -> list[str]:
    """The words for ``ansible-playbook``."""
    words = [word for place in options.inventory for word in ("--inventory", place)]
    words += ["--limit", options.limit] if options.limit else []
    words += ["--check"] if options.check else []
    words += ["--extra-vars", "eeszt_resume=true"] if options.resume else []
    words += ["--extra-vars", f"eeszt_run_id={options.run_id}"] if options.run_id else []
    return [*words, *options.words]
