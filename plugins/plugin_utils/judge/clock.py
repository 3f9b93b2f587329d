# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clock: the host's against the controller's, and whether something keeps it right. It explains and gates nothing."""

from __future__ import annotations

from datetime import datetime

from ..contract.records import Check
from .builder import evidence
from .model import Case

OFFSET = "clock.offset"
SYNCHRONIZED = "clock.synchronized"


def checks(case: Case) -> list[Check]:
    """Both checks of the clock."""
    return [_offset(case), _synchronized(case)]


def measured(case: Case) -> tuple[float, float] | None:
    """Give the host's clock less the controller's, and the uncertainty, in seconds; None when nobody measured.

    The host's time is held against the middle of the exchange; half of the round trip is the uncertainty.
    """
    section = case.section("clock")
    exchange = None if case.observation is None else case.observation.get("exchange")
    if section is None or exchange is None:
        return None
    times = [parse_time(text) for text in (section["utc"], exchange["sent_at"], exchange["received_at"])]
    host, sent, received = times
    if host is None or sent is None or received is None:
        return None
    half = (received - sent) / 2
    return (host - (sent + half)).total_seconds(), abs(half.total_seconds())


def off_by(case: Case) -> float | None:
    """Seconds by which the clock is surely wrong, signed (positive: ahead), 0 within the uncertainty."""
    found = measured(case)
    if found is None:
        return None
    offset, uncertainty = found
    sure = max(abs(offset) - uncertainty, 0.0)
    return sure if offset > 0 else -sure


def parse_time(text: str) -> datetime | None:
    """Read UTC in ISO 8601 with Z; None for anything else."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo is not None else None


def _offset(case: Case) -> Check:
    found, wrong = measured(case), off_by(case)
    if found is None or wrong is None:
        carried = case.section("clock") is not None
        reason = "nobody held the host's clock against another" if carried else case.why_missing("clock")
        return case.build.not_tested(OFFSET, reason)
    policy = case.policy
    observed = f"{found[0]:+.1f} s (uncertainty {found[1]:.1f} s)"
    expected = f"within {policy.clock_fail_seconds:g} s, better {policy.clock_warn_seconds:g} s"
    if abs(wrong) > policy.clock_fail_seconds:
        return case.build.fail(OFFSET, ["clock_skew"], expected=expected, observed=observed)
    if abs(wrong) > policy.clock_warn_seconds:
        return case.build.warn(OFFSET, ["clock_skew"], expected=expected, observed=observed)
    return case.build.ok(OFFSET, expected=expected, observed=observed)


def _synchronized(case: Case) -> Check:
    section = case.section("clock")
    if section is None or section["synchronized"] is None:
        reason = case.why_missing("clock") if section is None else "the system does not tell"
        said = evidence(None if section is None else section["error"])
        return case.build.not_tested(SYNCHRONIZED, reason, evidence=said)
    source = section["source"] or ""
    if section["synchronized"]:
        return case.build.ok(SYNCHRONIZED, observed=source)
    return case.build.fail(SYNCHRONIZED, ["not_synchronized"], observed=source)
