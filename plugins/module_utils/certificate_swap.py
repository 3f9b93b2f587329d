# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# System calls are meant here, one by one: tests interrupt after each.
# ruff: noqa: PTH104, PTH108, PTH120
"""Let several files take their places together: see the promises in certificate_files."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass

from . import certificate_files as files


@dataclass
class Move:
    """One file that changes. ``early``: where its new content lies ready; None: the file goes away.

    ``seal``: the certificate, without which the others of its set mean nothing.
    """

    path: str
    present: bool
    early: str | None = None
    seal: bool = False


def discard(paths: Iterable[str]) -> None:
    """Remove files of ours that may be gone already."""
    for path in paths:
        with contextlib.suppress(OSError):
            os.unlink(path)


def _step_aside(moves: list[Move], aside: dict[str, str]) -> None:
    """Take the old files away, the seal first; ``aside`` learns where each one is, in that order."""
    for move in sorted(moves, key=lambda one: not one.seal):
        if move.present:
            old = files.temporary(os.path.dirname(move.path))
            os.rename(move.path, old)
            aside[move.path] = old


def _step_back(placed: list[str], aside: dict[str, str]) -> None:
    """Undo: new files away, old ones back, the seal last."""
    discard(path for path in placed if path not in aside)
    for path in reversed(list(aside)):
        os.rename(aside[path], path)


def swap(moves: list[Move]) -> None:
    """Make all moves, in their order; the seal must be the last. Raises OSError with everything as it was before."""
    aside: dict[str, str] = {}
    placed: list[str] = []
    with files.signals_held():
        try:
            if len(moves) > 1 and any(move.seal and move.present for move in moves):
                _step_aside(moves, aside)
            for move in moves:
                if move.early is not None:
                    os.rename(move.early, move.path)
                    placed.append(move.path)
                elif move.path not in aside:
                    os.unlink(move.path)
        except OSError:
            _step_back(placed, aside)
            raise
        discard(aside.values())
    for directory in sorted({os.path.dirname(move.path) for move in moves}):
        files.sync(directory)
