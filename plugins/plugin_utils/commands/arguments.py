# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: every subcommand with its arguments."""

from __future__ import annotations

import argparse
from typing import NoReturn

from . import intake, ledger, plan, queue, report, rollout, worklist

SUBCOMMANDS = (rollout, queue, report, ledger, plan, intake, worklist)


class Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command; what it gives has ``work``, to be called with it."""
    top = Parser(prog="eeszt-connect", description="What the controller does for a fleet without asking any host.")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for each in SUBCOMMANDS:
        each.register(commands)
    return top
