# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where something stands in a plan, and what was found there.

A plan is checked to its end before anybody hears of it: every check adds to one ``Findings``, and only then
does the caller decide. An error stops the plan, a warning (unusual but possible) does not.
"""

from __future__ import annotations

from dataclasses import dataclass, field

MOST_TOLD = 2000
"""Errors and warnings that are kept; a file of another kind has a million, and nobody reads them."""
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Location:
    """A value's place. Places are in the order in which a reader comes to them: sheet by sheet, row by row.

    ``row`` and ``column`` count from 1; ``form`` is how the format's users name a place; ``sheet`` counts the tables of
    a workbook.
    """

    source: str
    row: int
    column: int
    field: str = ""
    form: str = "{source}:{row}:{column}"
    sheet: int = 0

    def __lt__(self, other: Location) -> bool:
        return self._order() < other._order()

    def _order(self) -> tuple[str, int, int, int, str, str]:
        return self.source, self.sheet, self.row, self.column, self.field, self.form

    def __str__(self) -> str:
        place = self.form.format(source=self.source, row=self.row, column=self.column)
        return f"{place}, {self.field}" if self.field else place


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One sentence about one place: what is wrong, and how to mend it."""

    at: Location
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.at}: {self.message} – {self.remedy}"


@dataclass(slots=True)
class Findings:
    """All that was found in one plan; ``untold`` counts the errors beyond ``MOST_TOLD``."""

    errors: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    untold: int = 0

    def error(self, at: Location, message: str, remedy: str) -> None:
        """Note what makes the plan unusable."""
        if len(self.errors) < MOST_TOLD:
            self.errors.append(Finding(at, _bounded(message), _bounded(remedy)))
        else:
            self.untold += 1

    def warn(self, at: Location, message: str, remedy: str) -> None:
        """Note what is unusual but possible."""
        if len(self.warnings) < MOST_TOLD:
            self.warnings.append(Finding(at, _bounded(message), _bounded(remedy)))


def _bounded(text: str) -> str:
    """A sentence may quote a cell, and a cell may hold a book."""
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " …"


class PlanError(Exception):
    """A plan that cannot be used.

    ``findings`` holds every reason in the order of the source; ``details`` has them as lines, ``summary`` counts
    them.
    """

    def __init__(self, findings: Findings) -> None:
        self.findings = sorted(set(findings.errors))
        number = len(self.findings) + findings.untold
        count = "1 error" if number == 1 else f"{number} errors"
        if findings.untold:
            count = f"{count} (of which {len(self.findings)} are told)"
        self.summary = f"{count} in the site plan; nothing of it was used"
        self.details = "\n".join(map(str, self.findings))
        super().__init__(f"{self.summary}:\n{self.details}")
