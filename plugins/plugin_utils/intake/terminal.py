# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions to the person at the terminal. They go to stderr or the terminal itself, never into what is piped on."""

from __future__ import annotations

import getpass
import sys
import warnings

from .problems import IntakeError


class NoTerminalError(IntakeError):
    """Nobody is there to be asked."""


def ask_secret(prompt: str) -> str:
    """Ask without echo; empty at the end of input. Raises NoTerminalError rather than show what is typed."""
    _require(prompt)
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(prompt)
        except EOFError:
            return ""
        except getpass.GetPassWarning:
            raise NoTerminalError(f"{prompt.strip()} The terminal cannot hide what is typed.") from None


def ask(prompt: str) -> str:
    """Ask for a line; empty at the end of input. Raises NoTerminalError."""
    _require(prompt)
    print(prompt, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def tell(text: str) -> None:
    """Say what belongs to a question."""
    print(text, file=sys.stderr, flush=True)


def _require(prompt: str) -> None:
    if not sys.stdin.isatty():
        raise NoTerminalError(f"{prompt.strip()} There is no terminal to ask at.")
