# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found of the files of certificates, and what is to be done about it."""

from __future__ import annotations

from dataclasses import dataclass, field

from .certificate_files import Found, Wanted


@dataclass
class Finding:
    """One file, as wanted and as found. ``reasons``: what is wrong; empty when nothing is.

    absent, unwanted, content, owner, group, mode, accounts. ``opens``: directories of ours that keep its accounts out.
    """

    wanted: Wanted
    before: Found
    reasons: list[str] = field(default_factory=list)
    undecided: bool = False
    opens: list[str] = field(default_factory=list)

    @property
    def rewrites(self) -> bool:
        return "absent" in self.reasons or "content" in self.reasons

    @property
    def removes(self) -> bool:
        return "unwanted" in self.reasons


@dataclass
class Change:
    """What a renewal does beside one set, whose certificate's file is ``main``.

    ``state``: kept, held_back, settled, retired, rolled_back, removed or told. ``fingerprint``: of the certificate that
    came or was to come. ``write`` is there before the first file of the set changes, ``remove`` goes after the last.
    """

    main: Wanted
    state: str
    fingerprint: str
    write: Wanted | None = None
    remove: list[str] = field(default_factory=list)

    @property
    def changes(self) -> bool:
        return self.write is not None or bool(self.remove)


@dataclass
class Report:
    """What was, or in check mode would be, done."""

    sets: list[list[Finding]]
    created: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    renewals: list[Change] = field(default_factory=list)
    notes: list[Wanted] = field(default_factory=list)

    @property
    def findings(self) -> list[Finding]:
        return [finding for one in self.sets for finding in one]

    @property
    def undecided(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.undecided]

    @property
    def changed(self) -> bool:
        return bool(
            self.created
            or self.notes
            or self.removed
            or any(finding.reasons for finding in self.findings)
            or any(one.changes for one in self.renewals)
        )
