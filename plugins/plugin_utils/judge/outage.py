# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Endpoints and mTLS: a centre that is down, or a site that is cut off, seen from one host.

The decisions:
- Every host:port of the centre must fail at the same check with the same cause, of a kind that an outage makes
  (`OUTAGE`). Proxy answers, version and cipher faults and certificates are no outage. A name that does not exist is
  none either, for a mistyped name looks the same; only when the control's name is gone too, the site is cut off.
- The host's own firewall denying one of the ports: neither.
- A control that answers: centre_down. One that fails too: site_cut_off. None, or one whose port the host's own
  firewall denies: both are named.
- One configured address cannot fail "alone": then the raw cause comes first and the outage after it, unless the
  control fails as well, which is a second witness.
- HTTP 5xx is the centre's own word: it needs no control, and the site is not cut off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ..contract.records import FAIL, Check
from . import firewall
from .links import addresses_of, by_target, connected, control
from .model import Case, Facts

DNS, TCP, TLS, HTTP = "endpoints.dns", "endpoints.tcp", "endpoints.tls", "mtls.http"
CENTRE_DOWN, SITE_CUT_OFF = "centre_down", "site_cut_off"
OUTAGE: Mapping[str, frozenset[str]] = {
    DNS: frozenset({"dns_timeout", "dns_not_found"}),
    TCP: frozenset({"tcp_timeout", "tcp_refused", "tcp_unreachable", "tcp_reset"}),
    TLS: frozenset({"handshake_timeout", "tcp_reset"}),
}


def explained(case: Case, checks: Sequence[Check]) -> list[Check]:
    """Name the outage in the checks of endpoints.dns, .tcp and .tls that show it, before or after the raw cause."""
    first = _first_failures(checks)
    targets = by_target(case)
    if len(first) != len(targets) or len({(each.id, each.causes) for each in first.values()}) != 1:
        return list(checks)
    sample = next(iter(first.values()))
    if not OUTAGE.get(sample.id, frozenset()).issuperset(sample.causes) or _own_doing(case, targets):
        return list(checks)
    causes = _causes(case, sample, alone=len(targets) == 1)
    return [_named(case, each, causes) if each in first.values() else each for each in checks]


def explained_http(case: Case, checks: Sequence[Check]) -> list[Check]:
    """Name centre_down where every HTTP endpoint that answered or failed gave 5xx (checks: those of mtls.http)."""
    asked = [each for each in checks if each.target and each.status != "not_applicable"]
    failed = [each for each in asked if each.status == FAIL and each.observed.startswith("5")]
    if not failed or len(failed) != len(asked):
        return list(checks)
    alone = len({each.target for each in asked}) == 1
    return [
        _named(case, each, _order([CENTRE_DOWN], each.causes, alone)) if each in failed else each for each in checks
    ]


def _first_failures(checks: Iterable[Check]) -> dict[str, Check]:
    """The first failed check of each target, for the targets that have one."""
    found: dict[str, Check] = {}
    for check in checks:
        if check.status == FAIL:
            found.setdefault(check.target, check)
    return found


def _own_doing(case: Case, targets: Mapping[str, Sequence[Facts]]) -> bool:
    return any(_verdict(case, each) == firewall.DENIED for group in targets.values() for each in group)


def _verdict(case: Case, endpoint: Facts) -> str:
    """Of the port by which the way leaves the host, which is the proxy's where it leads through one."""
    port = firewall.way_port(case, endpoint)
    return firewall.UNKNOWN if port is None else firewall.verdict(case, port, addresses_of(endpoint))


def _causes(case: Case, sample: Check, alone: bool) -> tuple[str, ...]:
    answers = _control_answers(case, sample.id)
    if "dns_not_found" in sample.causes:
        return (SITE_CUT_OFF, *sample.causes) if answers is False else sample.causes
    if sample.id == TLS:
        # Without the control's word a filter at the site looks the same, so the outage is only the second guess.
        return sample.causes if answers is False else _order([CENTRE_DOWN], sample.causes, alone or not answers)
    if answers is None:
        return _order([CENTRE_DOWN, SITE_CUT_OFF], sample.causes, alone)
    if answers:
        return _order([CENTRE_DOWN], sample.causes, alone)
    return (SITE_CUT_OFF, *sample.causes)


def _order(outage: Sequence[str], raw: Sequence[str], alone: bool) -> tuple[str, ...]:
    return (*raw, *outage) if alone else (*outage, *raw)


def _control_answers(case: Case, check_id: str) -> bool | None:
    """Tell whether the control came past the check; None when there is none or our own firewall may stop it."""
    found = control(case)
    if found is None:
        return None
    return True if _passes(found, check_id) else (None if _may_be_denied(case, found) else False)


def _may_be_denied(case: Case, found: Facts) -> bool:
    """A firewall that opens the centre only stops the control as well: its silence then says nothing."""
    section = case.section("firewall")
    if section is None or found["route"] == "proxy":
        return False
    verdict = _verdict(case, found)
    return verdict == firewall.DENIED or (verdict == firewall.UNKNOWN and bool(section["chains"]))


def _passes(found: Facts, check_id: str) -> bool:
    if check_id == DNS:
        return connected(found) or bool(found["dns"] and found["dns"]["addresses"])
    if check_id == TCP:
        return connected(found)
    return found["tls"] is not None and (found["tls"]["completed"] or found["tls"]["server"]["hello"])


def _named(case: Case, check: Check, causes: tuple[str, ...]) -> Check:
    return replace(check, causes=causes, remedy=case.build.catalogue.remedy(check.id, causes[0]))
