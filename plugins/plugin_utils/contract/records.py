# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records that travel from the judge to the ledger and the report: checks and results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .catalogue import Text

OK = "ok"
WARN = "warn"
FAIL = "fail"
NOT_TESTED = "not_tested"
NOT_APPLICABLE = "not_applicable"

GOOD = frozenset({OK, WARN, NOT_APPLICABLE})

Evidence = Mapping[str, Any]
"""Raw evidence ``{stack, code, text}`` as the probe gave it."""


@dataclass(frozen=True)
class Check:
    """One check record (design, section 4). Times are UTC in ISO 8601 with Z."""

    id: str
    layer: str
    status: str
    target: str = ""
    institution: str = ""
    account: str = ""
    causes: tuple[str, ...] = ()
    reason: str = ""
    expected: str = ""
    observed: str = ""
    evidence: tuple[Evidence, ...] = ()
    remedy: Text = field(default_factory=Text)
    observed_at: str = ""

    @property
    def good(self) -> bool:
        return self.status in GOOD

    @property
    def failed(self) -> bool:
        return self.status == FAIL

    def to_dict(self) -> dict[str, Any]:
        """The record in the form of schemas/check.schema.json."""
        return {
            **asdict(self),
            "causes": list(self.causes),
            "evidence": [dict(each) for each in self.evidence],
        }

    def headline(self) -> dict[str, Any]:
        """What a summary needs of a failed check."""
        return {
            "id": self.id,
            "layer": self.layer,
            "target": self.target,
            "institution": self.institution,
            "account": self.account,
            "causes": list(self.causes),
            "remedy": self.remedy.to_dict(),
        }
