# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load the golden fixtures, change them as the table of faults says, and judge them."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.documents import FOLDER, read_yaml
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.policy import Policy
from ansible_collections.eeszt.connect.plugins.plugin_utils.judge import (
    ConnectionFailure,
    Context,
    ExpectedCertificate,
    Verdict,
    judge,
)

FIXTURES = FOLDER / "fixtures"
CASES = ("healthy_linux", "healthy_windows", "broken_linux")
FAULTS = Path(__file__).with_name("faults.yml")


@dataclass(frozen=True)
class Example:
    """One host to judge: the documents as a session would have them."""

    request: dict[str, Any] | None
    observation: dict[str, Any] | None
    policy: dict[str, Any]
    context: dict[str, Any]


@cache
def certificates() -> Mapping[str, str]:
    found: Mapping[str, str] = json.loads((FIXTURES / "certificates.json").read_text("utf-8"))
    return found


@cache
def _read_case(name: str) -> Example:
    folder = FIXTURES / name
    return Example(
        request=json.loads((folder / "request.json").read_text("utf-8")),
        observation=json.loads((folder / "observation.json").read_text("utf-8")),
        policy=dict(read_yaml(FIXTURES / "policy.yml")),
        context=dict(read_yaml(FIXTURES / "context.yml")),
    )


def load_case(name: str) -> Example:
    """Give fresh copies of a fixture's documents, with the policy and the context of all fixtures."""
    return copy.deepcopy(_read_case(name))


def judge_case(example: Example) -> Verdict:
    """Judge an example, and hold that the judge changed none of its input."""
    before = copy.deepcopy(example)
    policy = Policy.from_document(example.policy, "policy of the fixtures")
    verdict = judge(example.observation, policy, context_of(example))
    assert before == example, "the judge changed its input"
    return verdict


def context_of(example: Example) -> Context:
    """Make a Context of the document in context.yml."""
    given = example.context
    failure = given.get("connection_failure")
    return Context(
        now=_time(given["now"]),
        system=given.get("system"),
        purpose=given.get("purpose"),
        login_methods=tuple(given.get("login_methods", ())),
        institutions=tuple(given.get("institutions", ())),
        request=example.request,
        expected_certificates={institution: _expected(each) for institution, each in given.get("expected", {}).items()},
        proofs={
            (each["check"], each.get("target", ""), each.get("institution", "")): _time(each["at"])
            for each in given.get("proofs", ())
        },
        machine_before=given.get("machine_before"),
        anchors_sha256=given.get("anchors_sha256"),
        connection_failure=ConnectionFailure(**failure) if failure else None,
    )


def changed(example: Example, row: Mapping[str, Any]) -> Example:
    """Apply a row of the table of faults to a copy.

    ``change`` maps a path in the observation (keys and indices with slashes) to its new value; ``request``,
    ``policy`` and ``context`` do so for those documents. A text "@name" is a certificate of certificates.json,
    "#name" its SHA-256. ``observation: null`` takes the observation away.
    """
    found = copy.deepcopy(example)
    for part, document in (
        ("change", found.observation),
        ("request", found.request),
        ("policy", found.policy),
        ("context", found.context),
    ):
        for path, value in (row.get(part) or {}).items():
            assert document is not None
            put(document, path, value)
    return replace(found, observation=None) if "observation" in row else found


def put(document: dict[str, Any], path: str, value: Any) -> None:
    """Set one value; KeyError or IndexError for a path that leads nowhere, save a new key in a mapping."""
    *parents, last = path.split("/")
    place: Any = document
    for key in parents:
        place = place[int(key)] if isinstance(place, list) else place[key]
    if isinstance(place, list):
        place[int(last)] = _value(value)
    else:
        place[last] = _value(value)


def _value(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in {"@", "#"}:
        text = certificates()[value[1:]]
        return text if value[0] == "@" else hashlib.sha256(base64.b64decode(text)).hexdigest()
    if isinstance(value, list):
        return [_value(each) for each in value]
    if isinstance(value, dict):
        return {key: _value(each) for key, each in value.items()}
    return value


def _expected(given: Mapping[str, Any]) -> ExpectedCertificate:
    certificate = base64.b64decode(certificates()[given["certificate"]])
    return ExpectedCertificate(
        fingerprint_sha256=hashlib.sha256(certificate).hexdigest(),
        pkcs12_sha256=given.get("pkcs12_sha256"),
        certificate=certificate,
        chain=tuple(base64.b64decode(certificates()[name]) for name in given.get("chain", ())),
    )


def _time(text: str | datetime) -> datetime:
    return text if isinstance(text, datetime) else datetime.fromisoformat(text)
