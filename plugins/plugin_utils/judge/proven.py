# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say of a cause that was read from documentation alone that no real Windows has shown it yet."""

from __future__ import annotations

from dataclasses import replace

from ..contract.records import FAIL, WARN, Check
from .model import Case

NOT_PROVEN = "not proven on Windows"
TOPICS = {"endpoints.tls": ("tls",), "mtls.client_certificate": ("client_alert",)}


def marked(case: Case, check: Check) -> Check:
    """The check, with that in its reason where a row without an accepted proof gave its cause. Its status stays."""
    topics = TOPICS.get(check.id)
    if topics is None or check.status not in {FAIL, WARN} or check.reason:
        return check
    rests_on = frozenset[str]().union(*(case.evidence.proofs(each, topics) for each in check.evidence))
    unproven = sorted(rests_on - case.context.proven)
    # An alert that the wire showed needs no code of SChannel.
    if not unproven or any(each["stack"] == "tls_alert" for each in check.evidence):
        return check
    return replace(check, reason=f"{NOT_PROVEN} ({', '.join(unproven)})")
