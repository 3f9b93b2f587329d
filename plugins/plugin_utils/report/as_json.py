# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as JSON, in the form of fleet_report.schema.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from .model import HostReport, Line, Obstacle, Report, SiteReport
from .onboarding import Onboarding, Pipeline

SCHEMA_VERSION = 1


@cache
def schema() -> dict[str, Any]:
    """Give the JSON Schema of what ``to_json`` writes."""
    path = Path(__file__).resolve().parent / "fleet_report.schema.json"
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return document


def to_json(report: Report) -> str:
    """Write the report; same report, same text."""
    return json.dumps(to_document(report), ensure_ascii=False, indent=1) + "\n"


def to_document(report: Report) -> dict[str, Any]:
    """The report as plain data. Requests, observations and, but for user names and days, users stay in the ledger."""
    return {
        "schema_version": SCHEMA_VERSION,
        "generated_at": report.generated_at,
        "totals": asdict(report.totals),
        "obstacles": [_obstacle(each) for each in report.obstacles],
        "sites": [_site(each) for each in report.sites],
        "hosts": [_host(each) for each in report.hosts],
        "certificates": [{**asdict(each), "hosts": list(each.hosts)} for each in report.certificates],
        "policies": [{**asdict(each), "hosts": count} for each, count in report.policies.items()],
        "runs": [{"run_id": each, "hosts": count} for each, count in report.runs.items()],
        "collection_versions": list(report.collection_versions),
        "dry_runs": [{"host": host, "run_id": run_id} for host, run_id in report.dry_runs],
        "warnings": list(report.warnings),
        "retired": [{**asdict(each), "institutions": list(each.institutions)} for each in report.retired],
        "onboarding": _onboarding(report.onboarding),
    }


def _onboarding(onboarding: Onboarding) -> dict[str, Any]:
    return {
        "stages": [asdict(each) for each in onboarding.stages],
        "institutions": [{"id": each.id, "name": each.name, **_pipeline(each)} for each in onboarding.institutions],
        "users": [
            {
                "user_name": each.id,
                "institutions": list(each.institutions),
                "card_valid_until": each.card_valid_until,
                **_pipeline(each),
            }
            for each in onboarding.users
        ],
    }


def _pipeline(pipeline: Pipeline) -> dict[str, Any]:
    return {
        "waits_days": pipeline.waits_days,
        "next": [asdict(each) for each in pipeline.next],
        "steps": [asdict(each) for each in pipeline.steps],
        "warnings": [each.to_dict() for each in pipeline.warnings],
    }


def _obstacle(obstacle: Obstacle) -> dict[str, Any]:
    return {**asdict(obstacle), "hosts": list(obstacle.hosts), "sites": list(obstacle.sites)}


def _site(site: SiteReport) -> dict[str, Any]:
    return {
        "id": site.id,
        "name": site.name,
        "rings": list(site.rings),
        "ready": site.ready,
        "hosts": len(site.hosts),
        "hosts_ready": site.ready_count,
    }


def _host(host: HostReport) -> dict[str, Any]:
    return {
        "host": host.host,
        "state": host.state,
        "ready": host.ready,
        "site": host.site.id if host.site else "",
        "ring": host.ring,
        "system": host.system,
        "purpose": host.purpose,
        "institutions": [asdict(each) for each in host.institutions],
        "double": host.double,
        "blocker": None if host.blocker is None else _line(host.blocker),
        "root_failures": [_line(each) for each in host.root_failures],
        "checks": [_line(each) for each in host.checks],
        "changed": list(host.changed),
        "failed_roles": [dict(each) for each in host.failed_roles],
        "run_id": host.run_id,
        "kind": host.kind,
        "started_at": host.started_at,
        "finished_at": host.finished_at,
        "age_days": host.age_days,
        "collection_version": host.collection_version,
        "policy": {"name": host.policy.name, "sha256": host.policy.sha256},
        "carried": None if host.carried is None else asdict(host.carried),
    }


def _line(line: Line) -> Mapping[str, Any]:
    # By hand and not by asdict, which copies deeply: forty thousand lines take four seconds with it.
    return {
        "id": line.id,
        "layer": line.layer,
        "title": line.title.to_dict(),
        "status": line.status,
        "target": line.target,
        "institution": line.institution,
        "account": line.account,
        "causes": list(line.causes),
        "reason": line.reason,
        "expected": line.expected,
        "observed": line.observed,
        "evidence": [dict(each) for each in line.evidence],
        "remedy": line.remedy.to_dict(),
        "observed_at": line.observed_at,
    }
