# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a probe may report within its schema: the judge answers, in full and the same every time."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.catalogue import load_catalogue
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.documents import (
    _validator,
    read_yaml,
    validate,
)
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.records import NOT_TESTED
from tests.unit.judge.support import CASES, FAULTS, certificates, judge_case, load_case

Path = tuple[str | int, ...]
EVIDENCE = [each for each in read_yaml(FAULTS)["define"].values() if isinstance(each, dict) and "stack" in each]
TEXTS = ["", "x", "not base64!", "AAAA", "0000", "0777", "reject", "proxy", "raw", "closed", "1970-01-01T00:00:00Z"]
NUMBERS = [0, 1, 40, 45, 100, 116, 400, 403, 503, 65535, -1]


def places(document: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in a document but its root."""
    items = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


def at(document: Any, path: Path) -> Any:
    for key in path:
        document = document[key]
    return document


def values() -> st.SearchStrategy[Any]:
    return st.one_of(
        st.none(),
        st.booleans(),
        st.sampled_from(TEXTS + list(certificates().values())),
        st.sampled_from(NUMBERS),
        st.just([]),
        st.sampled_from(EVIDENCE),
    )


def mutated(document: dict[str, Any], changes: list[tuple[float, Any]]) -> dict[str, Any]:
    """Apply the changes that keep the schema; the others are left out one by one."""
    found = copy.deepcopy(document)
    for where, value in changes:
        paths = [path for path in places(found) if path[0] != "schema_version"]
        path = paths[int(where * len(paths))]
        before = at(found, path[:-1])[path[-1]]
        at(found, path[:-1])[path[-1]] = copy.deepcopy(value)
        if not _validator("observation").is_valid(found):
            at(found, path[:-1])[path[-1]] = before
    return found


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), values()), min_size=1, max_size=12),
    requested=st.booleans(),
)
def test_never_raises_and_names_every_check(name: str, changes: list[tuple[float, Any]], requested: bool) -> None:
    example = load_case(name)
    assert example.observation is not None
    observation = mutated(example.observation, changes)
    sick = type(example)(example.request if requested else None, observation, example.policy, example.context)
    verdict = judge_case(sick)
    assert {check.id for check in verdict.checks} == set(load_catalogue().checks)
    assert verdict == judge_case(sick)
    for check in verdict.checks:
        assert check.reason or check.status != NOT_TESTED, check
        assert check.causes or check.status not in {"fail", "warn"}, check
    if verdict.root_failures:
        assert not verdict.ready
        assert verdict.first_failing == verdict.root_failures[0]
    for check in {check.id: check for check in verdict.checks}.values():
        validate("check", check.to_dict(), check.id)
