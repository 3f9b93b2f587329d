# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a carried file was not taken."""

from __future__ import annotations

from pathlib import Path

HARMLESS = frozenset({"duplicate", "older", "left_out"})
"""Nobody has to do anything: the ledger knows as much or more. A folder that is imported again and again has them."""


class RefusedError(ValueError):
    """One file that was not taken; ``code`` is the kind of fault, the message a sentence for a person."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code

    @property
    def needs_person(self) -> bool:
        return self.code not in HARMLESS

    def as_dict(self, path: Path) -> dict[str, object]:
        """The form in which the modules return it."""
        return {"file": str(path), "code": self.code, "message": str(self), "needs_person": self.needs_person}
