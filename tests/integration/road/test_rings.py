# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A ring that spends its budget stops the next; resume does only what is missing."""

from __future__ import annotations

import pytest

from tests.integration.road.conftest import STATIONS

CANARY = {"ws-buda-1", "ws-buda-2"}


@pytest.fixture(scope="module")
def stopped(story, road):
    road.fleet.block("ws-buda-1", 5443)
    run = road.play("site.yml", eeszt_run_id="canary", eeszt_failure_budget=0)
    road.fleet.block("ws-buda-1", 5443, on=False)
    return run


@pytest.fixture(scope="module")
def resumed(stopped, road):
    before = {host: road.module_runs(host) for host in STATIONS}
    run = road.play("site.yml", eeszt_run_id="canary", eeszt_resume=True)
    return run, {host: road.module_runs(host) - before[host] for host in STATIONS}


def test_the_command_fails_and_says_why(stopped):
    assert stopped.status != 0
    assert "Ring 1: 1 of 2 hosts failed and the budget is 0: ws-buda-1" in stopped.output


def test_the_next_ring_is_untouched(stopped, road, resumed):
    assert "PLAY [Roll out and verify ring 2]" not in stopped.output


def test_the_report_is_there_all_the_same(stopped):
    assert "fleet-report.html" in stopped.output


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"eeszt_policy": "/nowhere/policy.yml"}, "/nowhere/policy.yml: cannot be read"),
        ({"eeszt_users": "{{ 1 // 0 }}"}, "modulo by zero"),
    ],
)
def test_a_host_that_cannot_be_judged_has_its_result_and_no_older_one_speaks_for_it(story, road, wrong, said):
    folder = {"eeszt_ledger": str(road.folder / "other" / "ledger"), "eeszt_report": str(road.folder / "other")}
    good = road.play("audit.yml", "--limit", "ws-buda-1", **folder)
    assert "1 of 1 hosts ready" in good.output
    bad = road.play("audit.yml", "--limit", "ws-buda-1", **{**wrong, **folder})
    assert said in bad.output
    assert "0 of 1 hosts ready" in bad.output
    assert "not_judged" in bad.output


def test_without_a_ledger_nothing_is_begun(story, road):
    before = road.module_runs("ws-buda-1")
    run = road.play("site.yml", "--limit", "ws-buda-1", eeszt_ledger="{{ nowhere }}")
    assert run.status != 0
    assert road.module_runs("ws-buda-1") == before


def test_resume_leaves_ready_hosts_alone_and_does_the_rest(resumed, road):
    run, module_runs = resumed
    assert run.status == 0, run.explained
    assert module_runs == {**dict.fromkeys(STATIONS, 1), "ws-buda-2": 0}
    assert road.results("canary")["ws-buda-1"]["ready"]
    assert set(road.results("canary")) == set(STATIONS)
