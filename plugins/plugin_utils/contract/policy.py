# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies: what is asked of a host, as data apart from looking and judging."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .catalogue import load_catalogue
from .documents import FOLDER, ContractError, read_yaml, validate

REQUIRED = "required"
WHEN_ATTENDED = "when_attended"
IGNORED = "ignored"


@dataclass(frozen=True)
class Level:
    """How much a check counts; ``max_age_days`` is how long a good proof of a when_attended check holds."""

    level: str = REQUIRED
    max_age_days: float | None = None


@dataclass(frozen=True)
class Policy:
    """A policy, typed. ``limits`` are seconds; ``sha256`` identifies its content in results."""

    name: str
    sha256: str
    ports: tuple[int, ...]
    levels: Mapping[str, Level]
    expires_soon_days: float
    subject_pattern: str | None
    test_issuer_words: tuple[str, ...]
    clock_warn_seconds: float
    clock_fail_seconds: float
    client_packages: tuple[str, ...]
    client_executables: tuple[str, ...]
    client_minimum_version: str | None
    limits: Mapping[str, float]

    def level(self, check_id: str) -> Level:
        """What is asked of a check; one that the policy does not name is required."""
        return self.levels.get(check_id, Level())

    @classmethod
    def from_document(cls, document: Mapping[str, Any], where: str) -> Policy:
        """Make a policy of its document; ContractError names ``where``, the place and the fault."""
        validate("policy", document, where)
        _refuse_unknown_checks(document["checks"], where)
        _refuse_ageless_proofs(document["checks"], where)
        pattern = document["certificate"]["subject_pattern"]
        if pattern is not None:
            _refuse_bad_pattern(pattern, where)
        canonical = json.dumps(document, sort_keys=True, ensure_ascii=False).encode()
        return cls(
            name=document["name"],
            sha256=hashlib.sha256(canonical).hexdigest(),
            ports=tuple(document["ports"]),
            levels={check: Level(**level) for check, level in document["checks"].items()},
            expires_soon_days=document["certificate"]["expires_soon_days"],
            subject_pattern=pattern,
            test_issuer_words=tuple(document["certificate"]["test_issuer_words"]),
            clock_warn_seconds=document["clock"]["warn_seconds"],
            clock_fail_seconds=document["clock"]["fail_seconds"],
            client_packages=tuple(document["client"]["packages"]),
            client_executables=tuple(document["client"]["executables"]),
            client_minimum_version=document["client"]["minimum_version"],
            limits=document["limits"],
        )


def load_policy(name: str) -> Policy:
    """Load a shipped policy by its name, or another by its path (it has a slash or ends in .yml or .yaml)."""
    is_path = "/" in name or name.endswith((".yml", ".yaml"))
    path = Path(name).expanduser() if is_path else FOLDER / "policies" / f"{name}.yml"
    if not is_path and not path.is_file():
        shipped = ", ".join(sorted(each.stem for each in (FOLDER / "policies").glob("*.yml")))
        raise ContractError(f"there is no policy {name!r}; shipped ones are {shipped}, or give the path of a file")
    return Policy.from_document(read_yaml(path), str(path))


def _refuse_unknown_checks(levels: Mapping[str, Any], where: str) -> None:
    unknown = sorted(set(levels) - set(load_catalogue().checks))
    if unknown:
        raise ContractError(f"{where}: checks: the catalogue has no {', '.join(unknown)}")


def _refuse_ageless_proofs(levels: Mapping[str, Any], where: str) -> None:
    for check, level in levels.items():
        if level["level"] == WHEN_ATTENDED and "max_age_days" not in level:
            raise ContractError(
                f"{where}: checks.{check}: when_attended needs max_age_days, or no proof would ever count"
            )


def _refuse_bad_pattern(pattern: str, where: str) -> None:
    try:
        re.compile(pattern.replace("{institution}", "E000000"))
    except re.error as fault:
        raise ContractError(f"{where}: certificate.subject_pattern: is no regular expression: {fault}") from fault
