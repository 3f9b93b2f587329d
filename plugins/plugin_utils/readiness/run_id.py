# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run id for all workers of one command, without asking anybody for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

MARKER = "eeszt_run_id"


def shared_run_id(folder: Path, make: Callable[[], str]) -> str:
    """Give the id that the first worker made; ``folder`` is one that all workers of a command share and no other.

    Ansible's own local temporary folder is such a folder: made before the workers are, removed with the command.
    """
    marker = folder / MARKER
    mine = folder / f"{MARKER}.{os.getpid()}"
    mine.write_text(make(), "utf-8")
    try:
        # A link to a whole file either exists or not: no worker can read half an id.
        os.link(mine, marker)
    except FileExistsError:
        pass
    finally:
        mine.unlink()
    return marker.read_text("utf-8")
