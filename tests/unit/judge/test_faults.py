# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of faults, and what of the catalogue it does not show yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.catalogue import load_catalogue
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.documents import FOLDER, read_yaml, validate
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.records import FAIL, Check
from tests.unit.judge.support import FAULTS, Example, changed, judge_case, load_case

HEALTHY = ("healthy_linux", "healthy_windows")
ROWS: list[Mapping[str, Any]] = read_yaml(FAULTS)["faults"]
PAIRS = [(row, base) for row in ROWS for base in row.get("bases", HEALTHY)]
# How many causes no row shows yet. Lower it with the list; it must never grow.
CEILING = 9


def sick(row: Mapping[str, Any], base: str) -> Example:
    return changed(load_case(base), row)


def own(row: Mapping[str, Any], base: str, checks: tuple[Check, ...]) -> Check:
    """The check that the row speaks of."""
    target = row.get("target", "")
    target = target if isinstance(target, str) else target[base]
    key = (row["check"], target, row.get("institution", ""))
    found = [check for check in checks if (check.id, check.target, check.institution) == key]
    assert len(found) == 1, f"{key} stands {len(found)} times"
    return found[0]


@pytest.mark.parametrize(("row", "base"), PAIRS, ids=[f"{row['name']}-{base}" for row, base in PAIRS])
def test_fault_reads_as_the_table_says(row: Mapping[str, Any], base: str) -> None:
    verdict = judge_case(sick(row, base))
    check = own(row, base, verdict.checks)
    assert (check.status, list(check.causes)) == (row.get("status", FAIL), row["causes"]), check
    first = verdict.first_failing.id if verdict.first_failing else None
    assert first == row.get("first", row["check"])
    if check.causes:
        assert check.remedy == load_catalogue().remedy(check.id, check.causes[0])
    for each in verdict.checks:
        validate("check", each.to_dict(), each.id)


@pytest.mark.parametrize(("row", "base"), PAIRS, ids=[f"{row['name']}-{base}" for row, base in PAIRS])
def test_changed_documents_keep_their_schemas(row: Mapping[str, Any], base: str) -> None:
    example = sick(row, base)
    if example.observation is not None:
        validate("observation", example.observation, row["name"])
    validate("probe_request", example.request, row["name"])
    validate("policy", example.policy, row["name"])


def test_names_are_unique() -> None:
    names = [row["name"] for row in ROWS]
    assert sorted(set(names)) == sorted(names)


def catalogued() -> Iterator[tuple[str, str]]:
    for spec in load_catalogue().checks.values():
        for cause in spec.causes:
            yield spec.id, cause


def test_list_of_what_is_not_produced_is_the_truth() -> None:
    shown = {(row["check"], cause) for row in ROWS for cause in row["causes"]}
    listed = {
        (check, cause)
        for check, causes in read_yaml(FOLDER / "not_yet_produced.yml")["not_yet_produced"].items()
        for cause in causes
    }
    assert set(catalogued()) - shown == listed
    assert len(listed) <= CEILING
