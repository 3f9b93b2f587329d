# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readiness: what the policy asks of each check, and which failures are in the way."""

from __future__ import annotations

from datetime import timedelta

from ..contract.catalogue import Catalogue
from ..contract.policy import IGNORED, WHEN_ATTENDED, Policy
from ..contract.records import WARN, Check
from .dependencies import Resolved
from .model import Context, Verdict


def counts(check: Check, policy: Policy) -> bool:
    """Tell whether a check, as it stands, keeps the host from being ready unless a proof excuses it."""
    return not check.good and policy.level(check.id).level != IGNORED


def _proven(check: Check, policy: Policy, context: Context) -> bool:
    """Tell whether the last good proof of a when_attended check is young enough to stand in for it."""
    level = policy.level(check.id)
    proof = context.proofs.get((check.id, check.target, check.institution))
    if level.level != WHEN_ATTENDED or proof is None or level.max_age_days is None:
        return False
    # A proof from the future never grows old, so it counts only as far as clocks of controllers may differ.
    tolerance = timedelta(seconds=policy.clock_fail_seconds)
    return -tolerance <= context.now - proof <= timedelta(days=level.max_age_days)


def conclude(resolved: Resolved, catalogue: Catalogue, policy: Policy, context: Context) -> Verdict:
    """Make the verdict of checks that the dependencies have settled.

    A failure that the policy ignores or a proof excuses is a root failure only when it blocks a check that counts.
    """
    places = [place for place, check in enumerate(resolved.checks) if counts(check, policy)]
    excused = {place for place in places if _proven(resolved.checks[place], policy, context)}
    missing = [place for place in places if place not in excused]
    culprits = {id(failure) for place in missing for failure in resolved.blocked_by.get(place, ())}
    culprits |= {id(resolved.checks[place]) for place in missing}
    roots = tuple(check for check in resolved.checks if check.failed and id(check) in culprits)
    return Verdict(
        checks=resolved.checks,
        ready=not missing,
        first_failing=roots[0] if roots else None,
        root_failures=roots,
        work=work_of(resolved.checks, roots, catalogue, policy),
        excused=tuple(resolved.checks[place] for place in sorted(excused)),
    )


def work_of(
    checks: tuple[Check, ...], roots: tuple[Check, ...], catalogue: Catalogue, policy: Policy
) -> tuple[str, ...]:
    """Name the roles that could mend the root failures among these checks, or what they warn of, each once."""
    wrong = (check for check in checks if check in roots or _warns_of_work(check, catalogue, policy))
    # To bring what the centre refused once again would mend nothing.
    mendable = (check for check in wrong if "rolled_back" not in check.causes)
    roles = (catalogue[check.id].repaired_by for check in mendable)
    return tuple(dict.fromkeys(role for role in roles if role is not None))


def _warns_of_work(check: Check, catalogue: Catalogue, policy: Policy) -> bool:
    """Tell whether a role mends what this check only warns of, and the policy cares."""
    repaired = catalogue[check.id].repairs_warnings
    return check.status == WARN and repaired and policy.level(check.id).level != IGNORED
