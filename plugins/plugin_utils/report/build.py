# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the report from results of the ledger, and from nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any

from ..contract.catalogue import Catalogue
from ..ledger.collector import paused_collector
from .certificates import collect_certificates
from .lines import find_blocker, full_line, in_catalogue_order, make_line
from .model import (
    EXPIRED,
    EXPIRES_SOON,
    NOT_READY,
    READY,
    UNREACHABLE,
    Carried,
    Certificate,
    HostReport,
    Line,
    Named,
    Obstacle,
    PolicyUsed,
    Report,
    SiteReport,
    Totals,
)
from .pipelines import collect_onboarding
from .retired import collect_retired, is_retired


def build_report(
    results: Iterable[Mapping[str, Any]],
    catalogue: Catalogue,
    now: datetime,
    warnings: Sequence[str] = (),
    replaced_cards: Mapping[str, date] = MappingProxyType({}),
) -> Report:
    """Report on ``results`` (result.schema.json), one a host, at ``now`` (aware).

    Dry runs are named and left out, retired hosts listed apart. ``warnings`` are what the ledger could not read,
    ``replaced_cards`` the days on which it first saw a card newer than its user's activation, by EESZT user name.
    """
    given = list(results)
    real = [result for result in given if not result["dry_run"]]
    counted = [result for result in real if not is_retired(result)]
    with paused_collector():
        hosts = [_host(result, catalogue, now) for result in counted]
    sites = _sites(hosts, _site_names(counted))
    certificates = collect_certificates(counted, now)
    return Report(
        generated_at=now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        totals=_totals(hosts, sites, certificates),
        obstacles=_obstacles(hosts),
        sites=sites,
        certificates=certificates,
        dry_runs=tuple(sorted((each["host"], each["run_id"]) for each in given if each["dry_run"])),
        warnings=tuple(warnings),
        onboarding=collect_onboarding(counted, now, replaced_cards),
        retired=collect_retired(real),
    )


def _host(result: Mapping[str, Any], catalogue: Catalogue, now: datetime) -> HostReport:
    checks = in_catalogue_order([make_line(each, catalogue) for each in result["checks"]], catalogue)
    blocker = find_blocker(result, checks, catalogue)
    probe = (result["observation"] or {}).get("probe") or {}
    carried = _carried(result.get("carried"))
    return HostReport(
        host=result["host"],
        state=_state(result),
        site=_named(result["site"]) if result["site"] else None,
        ring=result["ring"],
        system=result["system"] or "",
        purpose=result["purpose"] or "",
        institutions=tuple(_named(each) for each in result["institutions"]),
        double=probe.get("double") is True,
        blocker=blocker,
        root_failures=tuple(full_line(each, checks, catalogue) for each in result["root_failures"]),
        checks=checks,
        changed=tuple(result["changed"]),
        failed_roles=tuple({"role": each["role"], "message": each["message"]} for each in result["failed_roles"]),
        run_id=result["run_id"],
        kind=result["kind"],
        started_at=result["started_at"],
        finished_at=result["finished_at"],
        # What was carried is as old as the look at the host, however late it was imported.
        age_days=_age(carried.observed_at if carried else result["finished_at"], now),
        collection_version=result["collection_version"],
        policy=PolicyUsed(result["policy"]["name"], result["policy"]["sha256"]),
        carried=carried,
    )


def _carried(mark: Any) -> Carried | None:
    """A mark in the form of result.schema.json; None for what is none, for the ledger reads it without its schema."""
    names = [each.name for each in fields(Carried)]
    if not isinstance(mark, Mapping) or not all(isinstance(mark.get(name), str | None) for name in names):
        return None
    return Carried(**{name: mark[name] or "" for name in names}) if mark.get("observed_at") else None


def _age(time: str, now: datetime) -> int:
    return max(0, (now - datetime.fromisoformat(time)).days)


def _state(result: Mapping[str, Any]) -> str:
    if result["ready"]:
        return READY
    first = result["first_failing"]
    return UNREACHABLE if first is not None and first["layer"] == "connection" else NOT_READY


def _named(record: Mapping[str, Any]) -> Named:
    return Named(str(record.get("id") or ""), str(record.get("name") or ""))


def _site_names(results: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Names of the sites by id; when results disagree, because one was renamed, the newest is right."""
    by_age = sorted(results, key=lambda each: datetime.fromisoformat(each["finished_at"]))
    named = [_named(each["site"]) for each in by_age if each["site"]]
    return {site.id: site.name for site in named}


def _sites(hosts: Iterable[HostReport], names: Mapping[str, str]) -> tuple[SiteReport, ...]:
    """Sites by id, those without a site last; in each the hosts that need work first."""
    members: dict[str, list[HostReport]] = {}
    for host in hosts:
        members.setdefault(host.site.id if host.site else "", []).append(host)
    ordered = sorted(members.items(), key=lambda item: (item[0] == "", item[0]))
    return tuple(
        SiteReport(site, names.get(site, ""), tuple(sorted(those, key=lambda each: (each.ready, each.host))))
        for site, those in ordered
    )


def _obstacles(hosts: Iterable[HostReport]) -> tuple[Obstacle, ...]:
    """What blocks most hosts comes first."""
    blocked: dict[tuple[str, str, str, str], list[HostReport]] = {}
    for host in hosts:
        line = host.blocker
        if line is not None:
            key = (line.id, line.status, line.causes[0] if line.causes else "", _without_remedy(line))
            blocked.setdefault(key, []).append(host)
    obstacles = [_obstacle(key[2], those) for key, those in blocked.items()]
    return tuple(sorted(obstacles, key=lambda each: (-len(each.hosts), each.check_id, each.cause)))


def _without_remedy(line: Line) -> str:
    """What stands in for the remedy of a check that could not be made; of no interest where there is a remedy."""
    return "" if line.remedy.en else line.reason


def _obstacle(cause: str, hosts: Sequence[HostReport]) -> Obstacle:
    line = next(host.blocker for host in hosts if host.blocker is not None)
    return Obstacle(
        check_id=line.id,
        layer=line.layer,
        title=line.title,
        status=line.status,
        cause=cause,
        remedy=line.remedy,
        reason=line.reason,
        hosts=tuple(sorted(host.host for host in hosts)),
        sites=tuple(sorted({host.site.id for host in hosts if host.site})),
    )


def _totals(hosts: Sequence[HostReport], sites: Sequence[SiteReport], certificates: Sequence[Certificate]) -> Totals:
    def in_state(state: str) -> int:
        return sum(host.state == state for host in hosts)

    real_sites = [site for site in sites if site.id]
    return Totals(
        hosts=len(hosts),
        ready=in_state(READY),
        not_ready=in_state(NOT_READY),
        unreachable=in_state(UNREACHABLE),
        sites=len(real_sites),
        sites_ready=sum(site.ready for site in real_sites),
        doubles=sum(host.double for host in hosts),
        certificates_to_renew=sum(each.state in (EXPIRED, EXPIRES_SOON) for each in certificates),
    )
