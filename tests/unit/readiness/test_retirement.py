# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left of a host's certificates, who stays, and which machine stood behind a name before."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.documents import ContractError, validate
from ansible_collections.eeszt.connect.plugins.plugin_utils.readiness.machine import machine_before
from ansible_collections.eeszt.connect.plugins.plugin_utils.readiness.retirement import (
    left_over,
    read_retirement,
    retired_mark,
    without_institutions,
)
from tests.unit.judge.support import Example, load_case

FIRST, SECOND = "E000301", "E000302"
SEALED = "/etc/eeszt/E000302/certificate.p12"
HOST = {"host": True, "institutions": [FIRST, SECOND]}


def emptied(name: str = "healthy_linux") -> Example:
    """The host after its certificates were taken away."""
    example = load_case(name)
    for target in example.observation["sections"]["certificates"]["targets"]:
        target["certificate"] = None
        for file in target["files"]:
            file["present"] = False
    return example


def left(example: Example, *institutions: str) -> list[str]:
    return left_over(example.request, example.observation, institutions or (FIRST, SECOND))


@pytest.mark.parametrize("name", ["healthy_linux", "healthy_windows"])
def test_what_is_there_is_named_and_what_is_gone_is_not(name: str) -> None:
    assert len(left(load_case(name))) >= 1
    assert left(emptied(name)) == []


def test_of_the_institution_that_leaves_alone() -> None:
    assert left(load_case("healthy_linux"), SECOND) == [SEALED]


def test_a_copy_that_a_renewal_kept_is_left_too() -> None:
    example = emptied()
    kept = {"path": "/etc/eeszt/kept", "renewed_to": None, "certificate": None, "error": None}
    example.observation["sections"]["certificates"]["targets"][0]["kept"] = kept
    assert left(example) == ["/etc/eeszt/kept"]


@pytest.mark.parametrize(
    "section", [None, {"error": {"stack": "probe", "code": "timeout", "text": "hung"}, "targets": []}]
)
def test_where_nobody_could_look_all_may_be_there(section: Any) -> None:
    example = emptied()
    example.observation["sections"]["certificates"] = section
    assert len(left(example)) == 2


def test_a_host_that_was_not_reached_is_retired_only_when_somebody_says_so() -> None:
    request = load_case("healthy_linux").request
    assert retired_mark(read_retirement(HOST), request, None) is None
    mark = retired_mark(read_retirement({**HOST, "unreached": True}), request, None)
    assert mark == {**HOST, "seen": False, "left": []}
    assert retired_mark(read_retirement(HOST), request, emptied().observation) == {**HOST, "seen": True, "left": []}


@pytest.mark.parametrize("wrong", [{"hosts": True}, {"institutions": FIRST}, {"institutions": [1]}])
def test_what_is_no_retirement_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ContractError, match="retire"):
        read_retirement(wrong)


def test_who_stays_is_judged_without_who_leaves() -> None:
    example = load_case("healthy_linux")
    request = without_institutions(example.request, [SECOND])
    seen = without_institutions(example.observation, [SECOND])
    validate("probe_request", request, "request")
    validate("observation", seen, "observation")
    assert {each["institution"] for each in request["certificate_targets"]} == {FIRST}
    assert {each["institution"] for each in seen["sections"]["certificates"]["targets"]} == {FIRST}
    assert SECOND not in {each["institution"] for each in seen["sections"]["endpoints"]["endpoints"]}
    assert example == load_case("healthy_linux"), "the documents themselves stay"


def result(run_id: str = "first", **more: Any) -> dict[str, Any]:
    return {"run_id": run_id, "observation": {"host": {"machine_id_hash": "aa"}}, **more}


def test_the_machine_before_is_that_of_the_run_before() -> None:
    assert machine_before(None, "now") is None
    assert machine_before(result(), "now") == "aa"
    assert machine_before(result("now", machine_before="bb"), "now") == "bb", "a second look hands on"
    assert machine_before(result(observation=None, machine_before="bb"), "now") == "bb", "so does one that saw nothing"
    assert machine_before(result(observation={"host": 7}), "now") is None


def test_after_a_retirement_another_machine_is_expected() -> None:
    assert machine_before(result(retired={"host": True}), "now") is None
    assert machine_before(result(retired={"host": False}), "now") == "aa"
