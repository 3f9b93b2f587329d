# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Good proofs: what was seen to work, and when, so that it still counts while nobody sits at the machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..contract.records import OK, WARN
from .documents import moment
from .interface import Key, Proof, Result

PROVING = frozenset({OK, WARN})
"""not_applicable lets a host be ready but proves nothing."""


def newest_proofs(results: Iterable[Result]) -> Mapping[Key, Proof]:
    """Give the newest good proof of each check in ``results`` of one host; dry runs prove nothing."""
    newest: dict[Key, Proof] = {}
    for result in results:
        for proof in _proofs_of(result):
            key = (proof.check_id, proof.target, proof.institution)
            if key not in newest or _age_order(proof) > _age_order(newest[key]):
                newest[key] = proof
    return newest


def _proofs_of(result: Result) -> list[Proof]:
    if result["dry_run"]:
        return []
    return [
        Proof(
            check_id=check["id"],
            target=check["target"],
            institution=check["institution"],
            status=check["status"],
            observed_at=_observed_at(check["observed_at"], result),
            run_id=result["run_id"],
        )
        for check in result["checks"]
        if check["status"] in PROVING
    ]


def _observed_at(text: str, result: Result) -> str:
    """The check's own time; the result's when it has none or one that cannot be read."""
    try:
        moment(text)
    except ValueError:
        return str(result["finished_at"])
    return text


def _age_order(proof: Proof) -> tuple[float, str]:
    return moment(proof.observed_at).timestamp(), proof.run_id
