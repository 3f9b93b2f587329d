# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fleet report says. Times are UTC in ISO 8601 with Z, ages and remaining times whole days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..contract.catalogue import Text
from ..contract.records import Evidence
from .onboarding import NO_ONBOARDING, Onboarding

READY = "ready"
NOT_READY = "not_ready"
UNREACHABLE = "unreachable"

VALID = "valid"
EXPIRES_SOON = "expires_soon"
EXPIRED = "expired"
NOT_YET_VALID = "not_yet_valid"


@dataclass(frozen=True)
class Line:
    """One check of a host as the report shows it."""

    id: str
    layer: str
    title: Text
    status: str
    target: str
    institution: str
    account: str
    causes: tuple[str, ...]
    reason: str
    expected: str
    observed: str
    evidence: tuple[Evidence, ...]
    remedy: Text
    observed_at: str


@dataclass(frozen=True)
class Named:
    """An institution or site: its id and, where the plan gave one, its name."""

    id: str
    name: str


@dataclass(frozen=True)
class PolicyUsed:
    """By which rules a result was judged; the hash identifies their content."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Carried:
    """Where a result comes from that a person carried: the package, the file, and who said which host it is."""

    portable_id: str
    file_sha256: str
    host_chosen_by: str
    hostname: str
    observed_at: str
    imported_at: str


@dataclass(frozen=True)
class HostReport:
    """One host after its newest run. ``blocker`` says why it is not ready; None only when it is."""

    host: str
    state: str
    site: Named | None
    ring: int | None
    system: str
    purpose: str
    institutions: tuple[Named, ...]
    double: bool
    blocker: Line | None
    root_failures: tuple[Line, ...]
    checks: tuple[Line, ...]
    changed: tuple[str, ...]
    failed_roles: tuple[Mapping[str, str], ...]
    run_id: str
    kind: str
    started_at: str
    finished_at: str
    age_days: int
    collection_version: str
    policy: PolicyUsed
    carried: Carried | None = None

    @property
    def ready(self) -> bool:
        return self.state == READY


@dataclass(frozen=True)
class SiteReport:
    """A site and its hosts; ``id`` is empty for hosts that belong to none."""

    id: str
    name: str
    hosts: tuple[HostReport, ...]

    @property
    def ready_count(self) -> int:
        return sum(host.ready for host in self.hosts)

    @property
    def ready(self) -> bool:
        return self.ready_count == len(self.hosts)

    @property
    def rings(self) -> tuple[int, ...]:
        return tuple(sorted({host.ring for host in self.hosts if host.ring is not None}))


@dataclass(frozen=True)
class Obstacle:
    """The same blocker on many hosts: a check and its likeliest cause (empty when it could not be tested)."""

    check_id: str
    layer: str
    title: Text
    status: str
    cause: str
    remedy: Text
    reason: str
    hosts: tuple[str, ...]
    sites: tuple[str, ...]


@dataclass(frozen=True)
class Certificate:
    """One institution's certificate, wherever it lies. ``state`` is one of the four words above."""

    institution: Named
    fingerprint: str
    issuer: str
    not_before: str
    not_after: str
    days_left: int
    state: str
    hosts: tuple[str, ...]


@dataclass(frozen=True)
class Retired:
    """A host out of service. ``seen``: somebody looked and its certificates were gone; else nobody could look."""

    host: str
    site: str
    institutions: tuple[str, ...]
    seen: bool
    run_id: str
    finished_at: str


@dataclass(frozen=True)
class Totals:
    """The fleet in numbers."""

    hosts: int
    ready: int
    not_ready: int
    unreachable: int
    sites: int
    sites_ready: int
    doubles: int
    certificates_to_renew: int


@dataclass(frozen=True)
class Report:
    """The whole report. ``dry_runs`` are (host, run id) of results that were given and do not count."""

    generated_at: str
    totals: Totals
    obstacles: tuple[Obstacle, ...]
    sites: tuple[SiteReport, ...]
    certificates: tuple[Certificate, ...]
    dry_runs: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    onboarding: Onboarding = NO_ONBOARDING
    retired: tuple[Retired, ...] = ()

    @property
    def hosts(self) -> tuple[HostReport, ...]:
        return tuple(host for site in self.sites for host in site.hosts)

    @property
    def policies(self) -> dict[PolicyUsed, int]:
        """Each policy and on how many hosts it was used."""
        return _count(host.policy for host in self.hosts)

    @property
    def runs(self) -> dict[str, int]:
        """Each run id and of how many hosts it is the newest."""
        return _count(host.run_id for host in self.hosts)

    @property
    def collection_versions(self) -> tuple[str, ...]:
        return tuple(sorted({host.collection_version for host in self.hosts}))


def _count(values: Any) -> dict[Any, int]:
    counts: dict[Any, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return counts
