# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build what the probe is asked (schemas/probe_request.schema.json) from a host's variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from ..contract.documents import ContractError, schema, validate
from ..contract.policy import Policy
from ..firewall.proxied import needed_ports

SECTIONS = ("readers", "client", "firewall", "certificates", "endpoints", "proxy_settings", "clock")

ENDPOINT_DEFAULTS: Mapping[str, Any] = {
    "protocol": "http",
    "path": None,
    "server_name": None,
    "mutual_tls": True,
    "institution": None,
}


@dataclass(frozen=True)
class Subject:
    """What the variables say of one host; the names are those of design section 3 without ``eeszt_``."""

    institutions: Sequence[Mapping[str, Any]] = ()
    endpoints: Sequence[Mapping[str, Any]] = ()
    control_endpoint: Mapping[str, Any] | None = None
    certificate_targets: Sequence[Mapping[str, Any]] = ()
    trust_anchors: str | None = None
    proxy: Mapping[str, Any] | None = None
    held_certificates: frozenset[str] = field(default_factory=frozenset)
    """Institutions whose certificate the controller can lend to the probe for the time of a handshake."""

    @property
    def institution_ids(self) -> list[str]:
        return institution_ids(self.institutions)


def institution_ids(institutions: Sequence[Mapping[str, Any]]) -> list[str]:
    """Ids of a host's institutions; ContractError when one has none."""
    for place, institution in enumerate(institutions):
        if not institution.get("id"):
            raise ContractError(
                f"eeszt_institutions.{place}: has no id; write the EESZT institution id, E or P and six characters"
            )
    return [str(each["id"]) for each in institutions]


def build_request(subject: Subject, policy: Policy, observe: Sequence[str] = SECTIONS) -> dict[str, Any]:
    """Make the request; ContractError names the variable and the place where it breaks the schema."""
    shown = [_shown_certificate(subject, each) for each in subject.institution_ids]
    request: dict[str, Any] = {
        "schema_version": 1,
        "observe": list(observe),
        "ports": list(policy.ports),
        "certificate_targets": [_for_probe(each) for each in subject.certificate_targets],
        "endpoints": _expand(subject),
        "control_endpoint": _control(subject.control_endpoint),
        "client_certificates": [each for each in shown if each is not None],
        "trust_anchors": subject.trust_anchors,
        "proxy": None if subject.proxy is None else {"exceptions": [], **subject.proxy},
        "client": {"packages": list(policy.client_packages), "executables": list(policy.client_executables)},
        "limits": dict(policy.limits),
    }
    validate("probe_request", request, "eeszt_* variables of this host")
    return {**request, "ports": needed_ports(policy.ports, request["proxy"], request["endpoints"])}


def complete_request(part: Mapping[str, Any], policy: Policy) -> dict[str, Any]:
    """Fill what a request leaves out with nothing to look at, and its ports and limits from the policy."""
    request = {**build_request(Subject(), policy, observe=()), **part}
    request["endpoints"] = [{**ENDPOINT_DEFAULTS, **endpoint} for endpoint in request["endpoints"]]
    validate("probe_request", request, "request")
    return request


def _expand(subject: Subject) -> list[dict[str, Any]]:
    """One entry an institution of the host, since each shows its own certificate."""
    expanded = []
    for endpoint in subject.endpoints:
        full = {**ENDPOINT_DEFAULTS, **endpoint}
        owners: list[Any] = [full["institution"]] if full["institution"] else subject.institution_ids or [None]
        served = [each for each in owners if each is None or each in subject.institution_ids]
        expanded += [{**full, "institution": each} for each in served]
    return expanded


def _control(endpoint: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if not endpoint else {"name": "control", "server_name": None, **endpoint}


def _for_probe(target: Mapping[str, Any]) -> dict[str, Any]:
    """What the probe gets of a target: the schema's own properties, and not what else its role needs (a password)."""
    return {name: value for name, value in target.items() if name in _target_properties()}


@cache
def _target_properties() -> frozenset[str]:
    return frozenset(schema("probe_request")["$defs"]["target"]["properties"])


def _shown_certificate(subject: Subject, institution: str) -> dict[str, Any] | None:
    """The host's own, from a Windows store or from files in PEM; else the controller's, in memory; else none."""
    own = [each for each in subject.certificate_targets if each.get("institution") == institution]
    nothing: dict[str, Any] = {"institution": institution, "certificate": None, "key": None, "chain": None}
    for target in own:
        if target.get("type") == "windows_store":
            place = {"location": target.get("location") or "LocalMachine", "store": target.get("store") or "My"}
            return {**nothing, "source": "store", **place, "fingerprint": target.get("fingerprint")}
    for target in own:
        if target.get("type") == "pem_files":
            paths = {name: target.get(name) for name in ("certificate", "key", "chain")}
            return {"institution": institution, "source": "files", **paths}
    return {**nothing, "source": "memory"} if institution in subject.held_certificates else None
