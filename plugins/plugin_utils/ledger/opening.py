# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the value of eeszt_ledger to a ledger."""

from __future__ import annotations

import re
from pathlib import Path

from .files import FileLedger
from .interface import Ledger, LedgerError

URL = re.compile(r"[a-z][a-z0-9+]+:")


def open_ledger(place: str | Path) -> Ledger:
    """Open the ledger in a folder, which need not exist yet; LedgerError for what cannot hold one.

    A relative path begins at the working folder, ``~`` is the home folder. Databases come later by their URL.
    """
    text = str(place)
    if URL.match(text):
        raise LedgerError(
            f"{text.split(':', maxsplit=1)[0]}: a ledger in a database is not supported yet; give the path of a folder"
        )
    if not text.strip():
        raise LedgerError("the ledger needs the path of a folder")
    folder = Path(text).expanduser()
    if folder.exists() and not folder.is_dir():
        raise LedgerError(f"{folder}: is no folder, so it holds no ledger")
    return FileLedger(folder)
