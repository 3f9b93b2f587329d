# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the judge takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from ..contract.policy import Policy
from ..contract.records import Check
from ..contract.tables import EvidenceTable, ReaderTable
from .builder import Builder

Facts = Mapping[str, Any]
"""A part of an observation or request, in the form of its schema."""

Outcome = Literal["proven", "refused", "pending"]

ProofKey = tuple[str, str, str]
"""Check id, target, institution."""


@dataclass(frozen=True)
class ExpectedCertificate:
    """What the controller holds for an institution.

    Digests are hexadecimal in small letters. With ``certificate`` (DER) and ``chain`` (DER each) the judge can read
    the rest itself; without them it has the dates only. ``pkcs12_sha256`` is of the file that was or would be sent.
    """

    fingerprint_sha256: str
    pkcs12_sha256: str | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    certificate: bytes | None = None
    chain: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class ConnectionFailure:
    """Why the host was not reached: a ``cause`` of the check ``check_id`` (connection.*), and the fault's text.

    ``also`` are causes of the same check that the evidence cannot tell from the first.
    """

    cause: str
    check_id: str
    text: str = ""
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Context:
    """What is known of the host beside the observation.

    ``now`` (UTC, aware) is the time to judge by; the judge has no clock. ``proofs`` gives when each check was last
    seen good. ``request`` is the probe request as it was sent, None when it is not known. ``proven`` are the ids of
    acceptance results that a real Windows has given (``proof`` of evidence.yml). ``machine_before`` is the hashed
    machine id that an earlier run saw under this name. ``anchors_sha256`` is of the trust anchors that the controller
    has for this host's file, None where it has none.
    """

    now: datetime
    system: str | None = None
    purpose: str | None = None
    login_methods: tuple[str, ...] = ()
    institutions: tuple[str, ...] = ()
    request: Facts | None = None
    expected_certificates: Mapping[str, ExpectedCertificate] = field(default_factory=dict)
    proofs: Mapping[ProofKey, datetime] = field(default_factory=dict)
    connection_failure: ConnectionFailure | None = None
    proven: frozenset[str] = frozenset()
    machine_before: str | None = None
    anchors_sha256: str | None = None


@dataclass(frozen=True)
class Renewal:
    """One institution's certificate that took another's place; ``causes`` are those of a refusal."""

    institution: str
    fingerprint: str
    outcome: Outcome
    causes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Plain data that JSON can hold; ``refusal`` as results name what a role could not do."""
        said = f"{self.institution}: the centre refused the new certificate ({', '.join(self.causes)})"
        return {
            "institution": self.institution,
            "fingerprint": self.fingerprint,
            "outcome": self.outcome,
            "causes": list(self.causes),
            "refusal": {"role": "waf_certificate", "message": said} if self.outcome == "refused" else None,
        }


@dataclass(frozen=True)
class Verdict:
    """The judge's answer.

    ``checks`` stand in the catalogue's order, then by target and institution. ``root_failures`` are the failures that
    no other caused and that keep the host from being ready; ``first_failing`` is the first of them. A host that is
    not ready without any has something untested: the reasons stand in the checks. ``work`` names roles. ``excused``
    are the checks that are not good now and whose last good proof stands in for them. ``renewals`` are the
    certificates that wait for the centre's word.
    """

    checks: tuple[Check, ...]
    ready: bool
    first_failing: Check | None
    root_failures: tuple[Check, ...]
    work: tuple[str, ...]
    excused: tuple[Check, ...] = ()
    renewals: tuple[Renewal, ...] = ()


@dataclass(frozen=True)
class Case:
    """One host before the judge: everything that the layers read, and the builder that they write with."""

    observation: Facts | None
    policy: Policy
    context: Context
    build: Builder
    evidence: EvidenceTable
    readers: ReaderTable

    def section(self, name: str) -> Facts | None:
        """Give a section of the observation, None when it was not filled."""
        if self.observation is None:
            return None
        # A probe of an earlier version knows fewer sections.
        section: Facts | None = self.observation["sections"].get(name)
        return section

    def why_missing(self, name: str) -> str:
        """Say why there is nothing to judge in a section: not observed, not asked, empty or given up."""
        if self.observation is None:
            return "there is no observation of this host"
        section = self.section(name)
        if section is None:
            asked = self.context.request is None or name in self.context.request["observe"]
            return f"the probe gave no {name}" if asked else f"the probe was not asked for {name}"
        if section["error"] is not None:
            return f"the probe could not finish {name}: {section['error']['text']}"
        return f"the probe gave nothing of this in {name}"

    def privileged(self) -> bool:
        """Whether the probe ran as root or administrator."""
        return self.observation is not None and bool(self.observation["host"]["privileged"])

    def requested(self, key: str) -> list[Facts]:
        """Give a list of the request, empty when there is no request."""
        return [] if self.context.request is None else list(self.context.request[key])

    @property
    def windows(self) -> bool:
        return self.system == "windows"

    @cached_property
    def system(self) -> str | None:
        """The system as the probe saw it, else as the plan says."""
        if self.observation is None:
            return self.context.system
        system: str = self.observation["host"]["system"]
        return system
