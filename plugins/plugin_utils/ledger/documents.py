# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results as bytes: written after the whole schema, read after the shape that everybody relies on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..contract.documents import ContractError, validate
from .interface import LedgerError, Result

NULL = type(None)

# The whole schema takes a millisecond a result and check; reading a fleet of ten thousand cannot afford that.
RESULT_SHAPE: Mapping[str, type | tuple[type, ...]] = {
    "schema_version": int,
    "collection_version": str,
    "run_id": str,
    "host": str,
    "kind": str,
    "dry_run": bool,
    "started_at": str,
    "finished_at": str,
    "ring": (int, NULL),
    "site": (dict, NULL),
    "institutions": list,
    "system": (str, NULL),
    "purpose": (str, NULL),
    "policy": dict,
    "observation": (dict, NULL),
    "checks": list,
    "ready": bool,
    "first_failing": (dict, NULL),
    "root_failures": list,
    "changed": list,
    "failed_roles": list,
}
CHECK_TEXTS = (
    "id",
    "layer",
    "status",
    "target",
    "institution",
    "account",
    "reason",
    "expected",
    "observed",
    "observed_at",
)


def write_result(result: Result) -> bytes:
    """Turn a valid result into UTF-8 JSON; LedgerError lists each fault against the schemas."""
    where = f"result of host {result.get('host')!r}"
    try:
        validate("result", result, where)
        for place, check in enumerate(result["checks"]):
            validate("check", check, f"{where}, checks.{place}")
        text = json.dumps(result, ensure_ascii=False, indent=1, allow_nan=False)
        _refuse_bad_times(result)
        return (text + "\n").encode()
    except (ContractError, ValueError) as fault:
        raise LedgerError(f"not kept in the ledger: {fault}") from fault


def read_result(content: bytes) -> Result:
    """Read a result; LedgerError says what is wrong with it."""
    try:
        document = json.loads(content)
    # Deep nesting breaks the parser's stack, which is no ValueError.
    except (ValueError, RecursionError) as fault:
        raise LedgerError(f"is no JSON in UTF-8 ({fault})") from fault
    if not isinstance(document, dict):
        raise LedgerError("is no result: it holds no JSON object")
    _refuse_wrong_types(document, RESULT_SHAPE, "")
    if document["schema_version"] != 1:
        raise LedgerError(f"is of schema version {document['schema_version']}, this version reads 1")
    for place, check in enumerate(document["checks"]):
        _refuse_bad_check(check, f"checks.{place}")
    for place, each in enumerate(document["root_failures"]):
        _refuse_bad_headline(each, f"root_failures.{place}")
    if document["first_failing"] is not None:
        _refuse_bad_headline(document["first_failing"], "first_failing")
    _refuse_wrong_types(document["policy"], {"name": str, "sha256": str}, "policy.")
    for place, each in enumerate(document["failed_roles"]):
        _refuse_other_than(dict, each, f"failed_roles.{place}")
        _refuse_wrong_types(each, {"role": str, "message": str}, f"failed_roles.{place}.")
    for name in ("institutions", "changed"):
        for place, each in enumerate(document[name]):
            _refuse_other_than(dict if name == "institutions" else str, each, f"{name}.{place}")
    if document["observation"] is not None:
        _refuse_bad_observation(document["observation"])
    _refuse_bad_times(document)
    return document


def moment(text: str) -> datetime:
    """Read a time of the contract; ValueError when it is none or has no time zone."""
    parsed = datetime.fromisoformat(text)
    if parsed.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return parsed


def _refuse_bad_times(document: Result) -> None:
    for name in ("started_at", "finished_at"):
        try:
            moment(document[name])
        except ValueError as fault:
            raise LedgerError(f"is no result: {name} is no time ({fault})") from fault


def _refuse_bad_check(check: Any, place: str) -> None:
    _refuse_other_than(dict, check, place)
    if not all(isinstance(check.get(name), str) for name in CHECK_TEXTS):
        wrong = next(name for name in CHECK_TEXTS if not isinstance(check.get(name), str))
        raise LedgerError(f"is no result: {place}.{wrong} is missing or no text")
    _refuse_bad_causes(check, place)
    evidence = check.get("evidence")
    if not isinstance(evidence, list) or not all(isinstance(each, dict) for each in evidence):
        raise LedgerError(f"is no result: {place}.evidence is missing or no list of objects")


def _refuse_bad_headline(headline: Any, place: str) -> None:
    _refuse_other_than(dict, headline, place)
    names = ("id", "layer", "target", "institution", "account")
    _refuse_wrong_types(headline, dict.fromkeys(names, str), f"{place}.")
    _refuse_bad_causes(headline, place)


def _refuse_bad_observation(observation: Mapping[str, Any]) -> None:
    """Who it is by and what certificates it saw; of the rest nobody behind the ledger makes use."""
    _refuse_wrong_types(observation, {"probe": dict, "sections": dict}, "observation.")
    certificates = observation["sections"].get("certificates")
    if certificates is not None:
        place = "observation.sections.certificates"
        _refuse_other_than(dict, certificates, place)
        targets = certificates.get("targets")
        if not isinstance(targets, list) or not all(isinstance(each, dict) for each in targets):
            raise LedgerError(f"is no result: {place}.targets is missing or no list of objects")


def _refuse_bad_causes(record: Mapping[str, Any], place: str) -> None:
    causes, remedy = record.get("causes"), record.get("remedy")
    if not isinstance(causes, list) or not all(isinstance(each, str) for each in causes):
        raise LedgerError(f"is no result: {place}.causes is missing or no list of words")
    if not isinstance(remedy, dict) or not all(isinstance(remedy.get(each), str) for each in ("en", "hu")):
        raise LedgerError(f"is no result: {place}.remedy is missing or lacks a language")


def _refuse_wrong_types(document: Mapping[str, Any], shape: Mapping[str, type | tuple[type, ...]], place: str) -> None:
    for name, kind in shape.items():
        if name not in document:
            raise LedgerError(f"is no result: {place}{name} is missing")
        _refuse_other_than(kind, document[name], f"{place}{name}")


def _refuse_other_than(kind: type | tuple[type, ...], value: object, place: str) -> None:
    if not isinstance(value, kind):
        raise LedgerError(f"is no result: {place} is {type(value).__name__}")
