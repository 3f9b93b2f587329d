# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the next ring may begin."""

from __future__ import annotations

import pytest

from ansible_collections.eeszt.connect.plugins.plugin_utils.readiness.ring import BudgetError, allowance, judge_ring

TODAY = {"started_at": "2026-03-02T10:00:00Z", "finished_at": "2026-03-02T10:01:00Z"}
YESTERDAY = {"started_at": "2026-03-01T10:00:00Z", "finished_at": "2026-03-01T10:01:00Z"}
READY = {"ready": True, "first_failing": None, "failed_roles": [], **TODAY}
READY_BEFORE = {**READY, **YESTERDAY}


def not_ready(check="card.present", *causes):
    return {"ready": False, "first_failing": {"id": check, "causes": list(causes)}, "failed_roles": [], **TODAY}


def verdict_on(results, failures="0", absences="0"):
    hosts = sorted({*results, "ws-1", "ws-2", "ws-3", "ws-4"})
    return judge_ring(hosts, results, failures, absences)


@pytest.mark.parametrize(
    ("budget", "hosts", "allowed"),
    [("3", 10, 3), (3, 10, 3), ("10%", 40, 4), ("10%", 9, 0), ("0", 5, 0), ("100%", 7, 7), (" 5 % ", 100, 5)],
)
def test_a_budget_is_a_number_or_a_share(budget, hosts, allowed):
    assert allowance(budget, hosts) == allowed


@pytest.mark.parametrize("budget", ["-1", "101%", "some", "", "1.5", "5%%", True])
def test_anything_else_is_refused_by_name(budget):
    with pytest.raises(BudgetError, match="not "):
        allowance(budget, 10)


def test_a_ring_that_is_ready_opens_the_next():
    assert verdict_on(dict.fromkeys(["ws-1", "ws-2", "ws-3", "ws-4"], READY)).state == "open"


def test_a_host_without_a_result_has_failed():
    verdict = verdict_on(dict.fromkeys(["ws-1", "ws-2", "ws-3"], READY))
    assert (verdict.state, verdict.failed) == ("spent", ("ws-4",))


def test_failures_within_the_budget_do_not_stop():
    results = {**dict.fromkeys(["ws-1", "ws-2", "ws-3"], READY), "ws-4": not_ready()}
    assert verdict_on(results, failures="1").state == "open"
    assert verdict_on(results, failures="24%").state == "spent"


def test_machines_that_are_off_spend_a_budget_of_their_own():
    results = {
        **dict.fromkeys(["ws-1", "ws-2", "ws-3"], READY),
        "ws-4": not_ready("connection.transport", "unreachable"),
    }
    verdict = verdict_on(results, absences="1")
    assert (verdict.state, verdict.failed, verdict.unreachable) == ("open", (), ("ws-4",))
    assert verdict_on(results, failures="4").state == "spent"


def test_an_outage_of_the_centre_pauses_and_is_nobodys_failure():
    results = dict.fromkeys(["ws-1", "ws-2", "ws-3", "ws-4"], not_ready("endpoints.tcp", "centre_down"))
    verdict = verdict_on(results)
    assert (verdict.state, verdict.failed) == ("paused", ())
    assert "resume" in verdict.message


def test_one_site_that_sees_the_centre_down_while_others_are_ready_has_failed():
    results = {**dict.fromkeys(["ws-1", "ws-2", "ws-3"], READY), "ws-4": not_ready("endpoints.tcp", "centre_down")}
    assert verdict_on(results, failures="1").state == "open"
    assert verdict_on(results).failed == ("ws-4",)


def test_an_outage_after_a_resume_pauses_although_hosts_were_ready_before():
    down = dict.fromkeys(["ws-3", "ws-4"], not_ready("endpoints.tcp", "centre_down"))
    results = {**dict.fromkeys(["ws-1", "ws-2"], READY_BEFORE), **down}
    verdict = verdict_on(results)
    assert (verdict.state, verdict.failed, verdict.outage) == ("paused", (), ("ws-3", "ws-4"))
    verdict = verdict_on({**results, "ws-1": READY})
    assert (verdict.state, verdict.failed, verdict.outage) == ("spent", ("ws-3", "ws-4"), ())


def test_one_machine_with_a_trouble_of_its_own_does_not_pause_a_resumed_rollout_for_ever():
    earlier = dict.fromkeys(["ws-1", "ws-2", "ws-3"], READY_BEFORE)
    results = {**earlier, "ws-4": not_ready("endpoints.tcp", "centre_down")}
    assert (verdict_on(results, failures="1").state, verdict_on(results, failures="1").failed) == ("open", ("ws-4",))
    assert verdict_on(results, failures="0").state == "paused"


def test_a_refused_login_or_a_broken_probe_is_a_failure_and_no_absence():
    for check, cause in (("connection.login", "auth_failed"), ("connection.probe", "probe_failed")):
        results = {**dict.fromkeys(["ws-1", "ws-2", "ws-3"], READY), "ws-4": not_ready(check, cause)}
        assert verdict_on(results, absences="4").failed == ("ws-4",)


def test_a_ready_host_on_which_a_role_failed_has_failed():
    broken = {**READY, "failed_roles": [{"role": "waf_certificate", "message": "expired"}]}
    assert verdict_on({**dict.fromkeys(["ws-1", "ws-2", "ws-3"], READY), "ws-4": broken}).failed == ("ws-4",)


def test_a_failure_beside_an_outage_still_counts():
    results = {
        **dict.fromkeys(["ws-1", "ws-2", "ws-3"], not_ready("endpoints.tcp", "centre_down")),
        "ws-4": not_ready("card.present", "no_card"),
    }
    assert verdict_on(results).state == "spent"


def test_a_host_that_is_not_ready_without_any_failure_counts_as_failed():
    results = {**dict.fromkeys(["ws-1", "ws-2", "ws-3"], READY), "ws-4": {**READY, "ready": False}}
    assert verdict_on(results).failed == ("ws-4",)
