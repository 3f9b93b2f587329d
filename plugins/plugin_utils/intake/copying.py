# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stable place for the PKCS#12 files, so that the folder of downloads can be emptied."""

from __future__ import annotations

from pathlib import Path

from ..ledger.writing import make_folder, write_whole
from .matching import Candidate

MODE = 0o600


def place_of(candidate: Candidate, folder: Path | None) -> Path:
    """Where the file is for Ansible: where it was found, or in ``folder`` under a name that follows from its content.

    A renewed certificate gets another name, so that the old path and its password fit each other until the end.
    """
    if folder is None:
        return candidate.opened.download.path
    suffix = candidate.opened.download.path.suffix.lower()
    name = f"{candidate.institution.id}-{candidate.opened.bundle.pkcs12_sha256[:16]}{suffix}"
    return folder.absolute() / name


def copy(candidate: Candidate, folder: Path) -> Path:
    """Copy the file, readable by its owner only. Raises OSError."""
    place = place_of(candidate, folder)
    make_folder(place.parent)
    write_whole(place, candidate.opened.download.data, MODE)
    return place
