# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Valid results for tests, built in words: a host, a run, what it fails on."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.catalogue import load_catalogue
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.policy import load_policy

NOW = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
RUN = "20261125T070000Z-ab12"


def utc(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def check(check_id: str, status: str = "ok", *, causes: Sequence[str] = (), **fields: Any) -> dict[str, Any]:
    """A check record; the remedy is the catalogue's for the first cause."""
    spec = load_catalogue()[check_id]
    remedy = spec.causes[causes[0]].to_dict() if causes else {"en": "", "hu": ""}
    return {
        "id": check_id,
        "layer": spec.layer,
        "target": "",
        "institution": "",
        "account": "",
        "status": status,
        "causes": list(causes),
        "reason": "",
        "expected": "",
        "observed": "",
        "evidence": [],
        "remedy": remedy,
        "observed_at": utc(NOW - timedelta(minutes=30)),
        **fields,
    }


def failing(check_id: str, *causes: str, **fields: Any) -> dict[str, Any]:
    return check(check_id, "fail", causes=causes, **fields)


def headline(record: dict[str, Any]) -> dict[str, Any]:
    names = ("id", "layer", "target", "institution", "account", "causes", "remedy")
    return {name: record[name] for name in names}


def result(
    host: str = "ws-1",
    run_id: str = RUN,
    *,
    checks: Sequence[dict[str, Any]] | None = None,
    finished_at: datetime = NOW - timedelta(minutes=30),
    **fields: Any,
) -> dict[str, Any]:
    """A result of schemas/result.schema.json: ready unless a check fails; any field can be given."""
    records = list(checks) if checks is not None else [check("connection.transport"), check("card.present")]
    failures = [headline(each) for each in records if each["status"] == "fail"]
    policy = load_policy("production")
    return {
        "schema_version": 1,
        "collection_version": "0.1.0",
        "run_id": run_id,
        "host": host,
        "kind": "rollout",
        "dry_run": False,
        "started_at": utc(finished_at - timedelta(seconds=40)),
        "finished_at": utc(finished_at),
        "ring": 1,
        "site": {"id": "budapest-1", "name": "Alfa Rendelő", "ring": 1},
        "institutions": [{"id": "E000301", "name": "Alfa Egészségház"}],
        "users": [],
        "system": "linux",
        "purpose": "workstation",
        "login_methods": ["eid_card"],
        "policy": {"name": policy.name, "sha256": policy.sha256},
        "request": None,
        "observation": None,
        "checks": records,
        "ready": not failures,
        "first_failing": failures[0] if failures else None,
        "root_failures": failures,
        "work": [],
        "changed": [],
        "failed_roles": [],
        **fields,
    }


def observation(*, double: bool = False, certificates: Sequence[tuple[str, datetime]] = ()) -> dict[str, Any]:
    """As much of an observation as a report reads: (institution, end) of each certificate, and the double's mark."""
    targets = [
        {"institution": institution, "certificate": certificate(institution, end)} for institution, end in certificates
    ]
    return {
        "probe": {"name": "probe", "version": "0.1.0", "double": double},
        "sections": {"certificates": {"error": None, "targets": targets}},
    }


@cache
def certificate(institution: str, end: datetime) -> str:
    """A certificate (DER in base64) of a year that ends at ``end``."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, institution)])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test CA")]))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(end - timedelta(days=365))
        .not_valid_after(end)
        .sign(key, hashes.SHA256())
    )
    return base64.b64encode(built.public_bytes(Encoding.DER)).decode()
