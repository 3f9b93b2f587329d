# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewall: the host's own lets the ports out, and goes on doing so. It explains and gates nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..contract.records import Check
from ..firewall.proxied import needed_ports
from .builder import Subject, evidence
from .model import Case, Facts

OUTBOUND = "firewall.outbound"
PERSISTENCE = "firewall.persistence"
DENIALS = frozenset({"drop", "reject"})
ACCEPTED, DENIED, UNKNOWN = "accepted", "denied", "unknown"


def checks(case: Case) -> list[Check]:
    """One check for each port of the policy and for the proxy's, and one for the survival of our rules."""
    needed = needed_of(case)
    ports = dict.fromkeys([*case.policy.ports, *needed])
    return [*(_outbound(case, port, port in needed) for port in ports), _persistence(case)]


def needed_of(case: Case) -> list[int]:
    """Ports that the host must be let out to; what was asked decides where the ways lead."""
    request = case.context.request
    if request is None:
        return list(case.policy.ports)
    return needed_ports(case.policy.ports, request["proxy"], request["endpoints"])


def way_port(case: Case, endpoint: Facts) -> int | None:
    """The port by which the way to an endpoint leaves the host: its own, or the proxy's; None where nobody knows it."""
    if endpoint["route"] == "direct":
        return int(endpoint["port"])
    proxy = case.context.request and case.context.request["proxy"]
    return int(proxy["port"]) if proxy else None


def verdict(case: Case, port: int, addresses: Collection[str] = ()) -> str:
    """What the rules alone say: accepted, denied or unknown (also when nobody looked).

    Of the port towards ``addresses``; without any, towards all that the probe asked about.
    """
    section = case.section("firewall")
    if section is None:
        return UNKNOWN
    rows = _rows(section, port)
    if addresses:
        rows = [each for each in rows if each["address"] is None or each["address"] in addresses]
    if any(each["verdict"] in DENIALS for each in rows):
        return DENIED
    if section["backend"] == "none" or (rows and all(each["verdict"] == "accept" for each in rows)):
        return ACCEPTED
    return UNKNOWN


def _outbound(case: Case, port: int, needed: bool) -> Check:
    subject, section = Subject(f"{port}/tcp"), case.section("firewall")
    routes = [way_port(case, each) for each in _endpoints(case) if each["port"] == port]
    if not needed or (routes and set(routes) == {None}):
        return case.build.not_applicable(OUTBOUND, "this port is reached through the proxy", subject)
    rows = [] if section is None else _rows(section, port)
    observed = "; ".join(f"{each['verdict']} by {each['by']}" for each in rows)
    if _proven_open(case, port):
        return case.build.ok(OUTBOUND, subject, observed=f"connected ({observed})" if observed else "connected")
    found = verdict(case, port)
    if found == DENIED:
        return case.build.fail(OUTBOUND, _denials(rows), subject, expected="accept", observed=observed)
    if found == ACCEPTED:
        return case.build.ok(OUTBOUND, subject, observed=observed or "no firewall rules")
    reason = f"the rules do not settle it: {observed}" if rows else case.why_missing("firewall")
    said = evidence(None if section is None else section["error"])
    return case.build.not_tested(OUTBOUND, reason, subject, evidence=said)


def _rows(section: Facts, port: int) -> list[Facts]:
    """The verdicts on a port; those towards the centre's addresses where they are known, else that on any."""
    rows = [each for each in section["outbound"] if each["port"] == port]
    return [each for each in rows if each["address"] is not None] or rows


def _denials(rows: Sequence[Facts]) -> list[str]:
    denied = [each for each in rows if each["verdict"] in DENIALS]
    explicit = ["outbound_blocked_by_rule"] if any(each["explicit"] for each in denied) else []
    default = [] if all(each["explicit"] for each in denied) else ["outbound_default_deny"]
    return explicit + default


def _endpoints(case: Case) -> list[Facts]:
    section = case.section("endpoints")
    return [] if section is None else list(section["endpoints"])


def _proven_open(case: Case, port: int) -> bool:
    """A connection that stood proves more than any reading of rules; through a proxy it is the one to the proxy."""
    asked = [each for each in _endpoints(case) if way_port(case, each) == port]
    return bool(asked) and all(each["tcp"] is not None and each["tcp"]["connected"] for each in asked)


def _persistence(case: Case) -> Check:
    section = case.section("firewall")
    if section is None or (section["error"] is not None and not section["owned"]):
        return case.build.not_tested(PERSISTENCE, case.why_missing("firewall"))
    if not section["owned"]:
        return case.build.not_applicable(PERSISTENCE, "no rule of ours is on this host")
    facts = {name: section["persistence"][name] for name in ("present", "included", "service_enabled")}
    lacking = [name for name, value in facts.items() if value is False]
    if lacking:
        return case.build.fail(PERSISTENCE, ["rules_not_persistent"], observed="not " + ", not ".join(lacking))
    # Windows keeps every rule by itself, so its probe has nothing to say here.
    if section["backend"] == "windows" or all(facts.values()):
        return case.build.ok(PERSISTENCE)
    return case.build.not_tested(PERSISTENCE, "the probe could not tell how the rules are kept")
