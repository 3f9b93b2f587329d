# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a subcommand, and turn what stopped it into words and an exit code."""

from __future__ import annotations

import argparse
import os
import sys

from ..contract.documents import ContractError
from ..intake.problems import IntakeError
from ..ledger import LedgerError
from ..plan.findings import PlanError
from ..rollout.command import InventoryError
from .common import CannotDoError

REASONS = (
    *(CannotDoError, ContractError, ImportError, IntakeError, InventoryError, LedgerError, PlanError),
    UnicodeDecodeError,
)
INTERRUPTED = 130


def run(options: argparse.Namespace) -> int:
    """Do the work; 0 when all is well, 1 when the work says so, 2 when it could not be done."""
    try:
        return options.work(options) or 0
    except BrokenPipeError:
        # The reader (head, less) has seen enough; Python must not complain about it when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print("\neeszt-connect: interrupted", file=sys.stderr)
        return INTERRUPTED
    except OSError as fault:
        return _stop(f"{fault.filename or 'system'}: {fault.strerror or fault}")
    except REASONS as fault:
        return _stop(fault)
    except _ansible_errors() as fault:
        return _stop(str(fault).strip())
    return 0


def _ansible_errors() -> tuple[type[Exception], ...]:
    """Ansible's own, if it was loaded: it may refuse to load at all, over its ansible.cfg."""
    errors = sys.modules.get("ansible.errors")
    return () if errors is None else (errors.AnsibleError,)


def _stop(reason: object) -> int:
    print(f"eeszt-connect: {reason}", file=sys.stderr)
    return 2
