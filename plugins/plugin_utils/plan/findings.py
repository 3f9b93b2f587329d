# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where something stands in a plan, and what was found there.

A plan is checked to its end before anybody hears of it: every check adds to one ``Findings``, and only then
does the caller decide. An error stops the plan, a warning (unusual but possible) does not.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A value's place.

    ``row`` and ``column`` count from 1; ``form`` is how the format's users name a place.
    """

    source: str
    row: int
    column: int
    field: str = ""
    form: str = "{source}:{row}:{column}"

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
    """All that was found in one plan."""

    errors: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)

    def error(self, at: Location, message: str, remedy: str) -> None:
        """Note what makes the plan unusable."""
        self.errors.append(Finding(at, message, remedy))

    def warn(self, at: Location, message: str, remedy: str) -> None:
        """Note what is unusual but possible."""
        self.warnings.append(Finding(at, message, remedy))


class PlanError(Exception):
    """A plan that cannot be used.

    ``findings`` holds every reason in the order of the source; ``details`` has them as lines, ``summary`` counts
    them.
    """

    def __init__(self, findings: Findings) -> None:
        self.findings = sorted(set(findings.errors))
        count = "1 error" if len(self.findings) == 1 else f"{len(self.findings)} errors"
        self.summary = f"{count} in the site plan; nothing of it was used"
        self.details = "\n".join(map(str, self.findings))
        super().__init__(f"{self.summary}:\n{self.details}")
