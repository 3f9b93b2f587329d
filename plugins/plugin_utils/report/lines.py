# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From check records to the lines of a report, and to the one that keeps a host from being ready."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from ..contract.catalogue import Catalogue, Text
from ..contract.documents import ContractError
from ..contract.policy import REQUIRED, WHEN_ATTENDED, Policy, load_policy
from ..contract.records import FAIL, NOT_TESTED
from .model import Line, PolicyUsed


def make_line(record: Mapping[str, Any], catalogue: Catalogue) -> Line:
    """Make a line of a check record or a headline; a check that this catalogue lacks keeps its id as its title."""
    check_id = record["id"]
    spec = catalogue.checks.get(check_id)
    causes = tuple(record["causes"])
    remedy = Text(record["remedy"]["en"], record["remedy"]["hu"])
    if not remedy.en and spec is not None and causes and causes[0] in spec.causes:
        remedy = spec.causes[causes[0]]
    return Line(
        id=check_id,
        layer=record["layer"],
        title=spec.title if spec is not None else Text(check_id, check_id),
        status=record.get("status", FAIL),
        target=record["target"],
        institution=record["institution"],
        account=record["account"],
        causes=causes,
        reason=record.get("reason", ""),
        expected=record.get("expected", ""),
        observed=record.get("observed", ""),
        evidence=tuple(record.get("evidence", ())),
        remedy=remedy,
        observed_at=record.get("observed_at", ""),
    )


def full_line(headline: Mapping[str, Any], lines: Sequence[Line], catalogue: Catalogue) -> Line:
    """Give the whole check that a headline of a result speaks of; the headline itself when it has none."""
    wanted = _identity(make_line(headline, catalogue))
    return next((line for line in lines if _identity(line) == wanted), make_line(headline, catalogue))


def find_blocker(result: Mapping[str, Any], lines: Sequence[Line], catalogue: Catalogue) -> Line | None:
    """Say why a host is not ready: its first failing check, else the first that the policy asks for and nobody made.

    A failure that is not the first failing one was excused by a good proof, so only untested checks come after it.
    A result that names neither still gets a line, so that no host is "not ready" without a word.
    """
    if result["ready"]:
        return None
    if result["first_failing"] is not None:
        return full_line(result["first_failing"], lines, catalogue)
    policy = _policy_used(PolicyUsed(result["policy"]["name"], result["policy"]["sha256"]))
    untested = [line for line in lines if line.status == NOT_TESTED]
    for level in (REQUIRED, WHEN_ATTENDED):
        for line in untested:
            if _level(policy, line.id) == level:
                return line
    return _unexplained(result)


def in_catalogue_order(lines: Sequence[Line], catalogue: Catalogue) -> tuple[Line, ...]:
    """Sort as failures are read; unknown checks come last, by id."""
    last = len(catalogue.checks)

    def key(line: Line) -> tuple[int, str, str, str, str]:
        spec = catalogue.checks.get(line.id)
        order = spec.order if spec is not None else last
        return order, line.id, line.target, line.institution, line.account

    return tuple(sorted(lines, key=key))


def _identity(line: Line) -> tuple[str, str, str, str]:
    return line.id, line.target, line.institution, line.account


@cache
def _policy_used(used: PolicyUsed) -> Policy | None:
    """The shipped policy of this name, if its content is still the one that judged."""
    try:
        policy = load_policy(used.name)
    except ContractError:
        return None
    return policy if policy.sha256 == used.sha256 else None


def _level(policy: Policy | None, check_id: str) -> str:
    return REQUIRED if policy is None else policy.level(check_id).level


def _unexplained(result: Mapping[str, Any]) -> Line:
    roles = ", ".join(each["role"] for each in result["failed_roles"])
    return Line(
        id="",
        layer="",
        title=Text(
            "The result says not ready and names no check",
            "Az eredmény szerint nem kész, de egyetlen ellenőrzést sem nevez meg",
        ),
        status=NOT_TESTED,
        target="",
        institution="",
        account="",
        causes=(),
        reason=f"failed roles: {roles}" if roles else "",
        expected="",
        observed="",
        evidence=(),
        remedy=Text("Verify the host again.", "Ellenőrizze újra a gépet."),
        observed_at="",
    )
