# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place where checks are made: layer and remedy come from the catalogue, unknown words are refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..contract.catalogue import Catalogue, Text
from ..contract.records import FAIL, NOT_APPLICABLE, NOT_TESTED, OK, WARN, Check


class Subject(NamedTuple):
    """Of what a check speaks; empty where there is one."""

    target: str = ""
    institution: str = ""
    account: str = ""


HOST = Subject()


def evidence(*items: Mapping[str, Any] | None) -> tuple[Mapping[str, Any], ...]:
    """Give the evidence that there is, each piece once, in the order given."""
    kept: list[Mapping[str, Any]] = []
    for item in items:
        if item is not None and item not in kept:
            kept.append(item)
    return tuple(kept)


@dataclass(frozen=True)
class Builder:
    """Makes check records. ``observed_at`` (UTC, ISO 8601, or empty) goes into each.

    ContractError for a check or a cause that the catalogue lacks. The remedy is the most likely cause's.
    """

    catalogue: Catalogue
    observed_at: str = ""

    def ok(self, check_id: str, subject: Subject = HOST, **said: Any) -> Check:
        return self._check(check_id, OK, subject, **said)

    def warn(self, check_id: str, causes: Iterable[str], subject: Subject = HOST, **said: Any) -> Check:
        return self._check(check_id, WARN, subject, causes=causes, **said)

    def fail(self, check_id: str, causes: Iterable[str], subject: Subject = HOST, **said: Any) -> Check:
        return self._check(check_id, FAIL, subject, causes=causes, **said)

    def not_tested(self, check_id: str, reason: str, subject: Subject = HOST, **said: Any) -> Check:
        return self._check(check_id, NOT_TESTED, subject, reason=reason, **said)

    def not_applicable(self, check_id: str, reason: str, subject: Subject = HOST, **said: Any) -> Check:
        return self._check(check_id, NOT_APPLICABLE, subject, reason=reason, **said)

    def _check(
        self,
        check_id: str,
        status: str,
        subject: Subject,
        *,
        causes: Iterable[str] = (),
        reason: str = "",
        expected: str = "",
        observed: str = "",
        evidence: tuple[Mapping[str, Any], ...] = (),
    ) -> Check:
        words = tuple(dict.fromkeys(causes))
        remedies = [self.catalogue.remedy(check_id, word) for word in words]
        if status in {FAIL, WARN} and not words:
            raise ValueError(f"{check_id}: a failure needs a cause")
        return Check(
            id=check_id,
            layer=self.catalogue[check_id].layer,
            status=status,
            target=subject.target,
            institution=subject.institution,
            account=subject.account,
            causes=words,
            reason=reason,
            expected=expected,
            observed=observed,
            evidence=evidence,
            remedy=remedies[0] if remedies else Text(),
            observed_at=self.observed_at,
        )
