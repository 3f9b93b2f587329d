# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readiness: what the policy asks of each check, and which failures are in the way."""

from __future__ import annotations

from datetime import timedelta

from ..contract.catalogue import Catalogue
from ..contract.policy import IGNORED, WHEN_ATTENDED, Policy
from ..contract.records import Check
from .dependencies import Resolved
from .model import Context, Verdict


def satisfied(check: Check, policy: Policy, context: Context) -> bool:
    """Tell whether a check lets the host be ready: ignored, good now, or well proven lately where that is enough."""
    level = policy.level(check.id)
    if level.level == IGNORED or check.good:
        return True
    return level.level == WHEN_ATTENDED and _proven(check, level.max_age_days, policy, context)


def _proven(check: Check, max_age_days: float | None, policy: Policy, context: Context) -> bool:
    proof = context.proofs.get((check.id, check.target, check.institution))
    if proof is None or max_age_days is None:
        return False
    # A proof from the future never grows old, so it counts only as far as clocks of controllers may differ.
    tolerance = timedelta(seconds=policy.clock_fail_seconds)
    return -tolerance <= context.now - proof <= timedelta(days=max_age_days)


def conclude(resolved: Resolved, catalogue: Catalogue, policy: Policy, context: Context) -> Verdict:
    """Make the verdict of checks that the dependencies have settled.

    A failure that the policy ignores or excuses is a root failure only when it blocks a check that still counts.
    """
    missing = {place for place, check in enumerate(resolved.checks) if not satisfied(check, policy, context)}
    culprits = {id(failure) for place in missing for failure in resolved.blocked_by.get(place, ())}
    roots = tuple(
        check
        for place, check in enumerate(resolved.checks)
        if check.failed and (place in missing or id(check) in culprits)
    )
    return Verdict(
        checks=resolved.checks,
        ready=not missing,
        first_failing=roots[0] if roots else None,
        root_failures=roots,
        work=work_of(roots, catalogue),
    )


def work_of(failures: tuple[Check, ...], catalogue: Catalogue) -> tuple[str, ...]:
    """Name the roles that could mend these failures, each once, in the order of the failures."""
    roles = (catalogue[check.id].repaired_by for check in failures)
    return tuple(dict.fromkeys(role for role in roles if role is not None))
