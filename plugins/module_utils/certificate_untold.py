# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Note beside a certificate that services are still to be told of it, lest a run that breaks off leaves them untold.

The note is there before the first file of a set changes, and goes when the caller says that the services were told. So
a kill leaves the old certificate or the note; a note beside an old one is harmless, services are told once more.
"""

from __future__ import annotations

import os

from .certificate_delivery import Renewal
from .certificate_files import Wanted
from .certificate_plan import Change, Finding
from .certificate_renewal import main_of, own_file
from .observe.renewal import untold_path


class Telling:
    """Around a renewal; None: nothing but the notes changes. ``services``: there are some to tell, else notes go.

    ``untold``: the files that hold the certificates of which services are to be told after this run.
    """

    def __init__(self, renewal: Renewal | None, services: bool) -> None:
        self.renewal, self.services = renewal, services
        self.mains: list[Wanted] = []
        self.untold: list[Wanted] = []

    def wish(self, sets: list[list[Wanted]]) -> list[list[Wanted]]:
        """The renewal's; notes are looked for beside every set."""
        self.mains = [main_of(one) for one in sets]
        return [] if self.renewal is None else self.renewal.wish(sets)

    def changes(self, found: list[list[Finding]]) -> list[Change]:
        """The renewal's, and the notes that go."""
        changes = [] if self.renewal is None else self.renewal.changes(found)
        gone = [] if self.services else [one for one in self.mains if self._noted(one)]
        return changes + [Change(main, "told", "", remove=[untold_path(main.path)]) for main in gone]

    def notes(self, found: list[list[Finding]]) -> list[Wanted]:
        """The renewal's, and one beside each set that changes."""
        notes = [] if self.renewal is None else self.renewal.notes(found)
        if not self.services:
            return notes
        changing = {main_of([one.wanted for one in each]).path for each in found if any(one.reasons for one in each)}
        self.untold = [one for one in self.mains if one.path in changing or self._noted(one)]
        new = [one for one in self.untold if not self._noted(one)]
        return notes + [own_file(untold_path(main.path), main.institution, {}) for main in new]

    @staticmethod
    def _noted(main: Wanted) -> bool:
        return os.path.lexists(untold_path(main.path))
