# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Endpoints: a port that is closed between the host and the centre."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..contract.records import FAIL, Check
from . import firewall
from .links import addresses_of, by_target, connected
from .model import Case, Facts

TCP = "endpoints.tcp"
SILENCE = frozenset({"tcp_timeout", "tcp_unreachable", "tcp_refused"})
BLOCKED = "path_blocked"


def explained(case: Case, checks: Sequence[Check]) -> list[Check]:
    """Name `path_blocked` where a port fails while another port of the same host answers.

    With the host's own firewall known to let the port out, it is the cause. With the firewall unknown, the raw cause
    comes first and both are named. A port that the host's own firewall denies keeps its raw cause. Evidence stays.
    """
    groups = by_target(case)
    return [_explained(case, each, groups.get(each.target, [])) for each in checks]


def _explained(case: Case, check: Check, group: Sequence[Facts]) -> Check:
    silent = check.id == TCP and check.status == FAIL and not SILENCE.isdisjoint(check.causes)
    if not silent or not group or group[0]["route"] == "proxy" or not _other_port_answers(case, group[0]):
        return check
    verdict = firewall.verdict(case, group[0]["port"], addresses_of(group[0]))
    if verdict == firewall.DENIED:
        return check
    causes = (BLOCKED,) if verdict == firewall.ACCEPTED else (*check.causes, BLOCKED)
    return replace(check, causes=causes, remedy=case.build.catalogue.remedy(TCP, causes[0]))


def _other_port_answers(case: Case, endpoint: Facts) -> bool:
    return any(
        each["host"] == endpoint["host"] and each["port"] != endpoint["port"] and connected(each)
        for group in by_target(case).values()
        for each in group
    )
