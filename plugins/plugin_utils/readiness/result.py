# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put together what the ledger keeps of a host after a run (schemas/result.schema.json)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ...module_utils.version import COLLECTION_VERSION
from ..contract.policy import Policy
from ..judge import Verdict


@dataclass(frozen=True)
class Circumstances:
    """Who and when: what a result says beside the checks. Times are aware and in UTC."""

    run_id: str
    host: str
    kind: str
    dry_run: bool
    started_at: datetime
    finished_at: datetime
    ring: int | None
    site: Mapping[str, Any] | None
    institutions: Sequence[Mapping[str, Any]]
    users: Sequence[Mapping[str, Any]]
    system: str | None
    purpose: str | None
    login_methods: Sequence[str]
    changed_roles: Sequence[str] = ()
    failed_roles: Sequence[Mapping[str, str]] = ()
    machine_before: str | None = None
    retired: Mapping[str, Any] | None = None


def build_result(
    circumstances: Circumstances,
    policy: Policy,
    request: Mapping[str, Any],
    observation: Mapping[str, Any] | None,
    verdict: Verdict,
) -> dict[str, Any]:
    """Make the result document, plain data that JSON can hold."""
    return {
        "schema_version": 1,
        "collection_version": COLLECTION_VERSION,
        "run_id": circumstances.run_id,
        "host": circumstances.host,
        "kind": circumstances.kind,
        "dry_run": circumstances.dry_run,
        "started_at": utc(circumstances.started_at),
        "finished_at": utc(circumstances.finished_at),
        "ring": circumstances.ring,
        "site": None if circumstances.site is None else dict(circumstances.site),
        "institutions": [dict(each) for each in circumstances.institutions],
        "users": [dict(each) for each in circumstances.users],
        "system": circumstances.system,
        "purpose": circumstances.purpose,
        "login_methods": list(circumstances.login_methods),
        "policy": {"name": policy.name, "sha256": policy.sha256},
        "request": dict(request),
        "observation": None if observation is None else dict(observation),
        **verdict_fields(verdict),
        "changed": list(circumstances.changed_roles),
        "failed_roles": [dict(each) for each in circumstances.failed_roles],
        "machine_before": circumstances.machine_before,
        "retired": circumstances.retired,
    }


def verdict_fields(verdict: Verdict) -> dict[str, Any]:
    """The judge's part of a result, which the verifying modules return too."""
    return {
        "checks": [check.to_dict() for check in verdict.checks],
        "ready": verdict.ready,
        "first_failing": None if verdict.first_failing is None else verdict.first_failing.headline(),
        "root_failures": [check.headline() for check in verdict.root_failures],
        "work": list(verdict.work),
    }


def utc(moment: datetime) -> str:
    """Write an aware time as the contract does: UTC, ISO 8601, milliseconds, Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
