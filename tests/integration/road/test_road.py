# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main road on real hosts: roll out, verify, report, and again without harm."""

from __future__ import annotations

import pytest

from tests.integration.road.conftest import HOSTS, STATIONS, WINDOWS
from tests.integration.windows_hosts import WHY_NOT

SEEN = {
    "ws-buda-1": None,
    "ws-buda-2": None,
    "ws-pest-1": None,
    "ws-tisza-1": ("endpoints.tcp", ["path_blocked"]),
    "ws-tisza-2": ("certificate.validity", ["expired"]),
    "ws-tisza-3": ("card.present", ["no_card"]),
    **dict.fromkeys(WINDOWS),
}
SEEDED = "ws-tisza-2"


def test_check_mode_on_a_fresh_fleet_says_that_every_host_would_change(story):
    assert story.check_before.status == 0, story.check_before.explained
    assert all(story.check_before.changed[host] > 0 for host in HOSTS)


def test_check_mode_changes_nothing(story):
    for host in STATIONS:
        assert "eeszt_connect" not in story.untouched[host]
        assert ("/etc/eeszt-demo/waf" in story.untouched[host]) == (host == SEEDED)


def test_what_check_mode_saw_never_counts(story, road):
    assert all(result["dry_run"] for result in road.results("before-check").values())
    assert road.results("before") == {}


def test_the_rollout_ends_well_although_one_site_is_broken(story):
    assert story.first.status == 0, story.first.explained
    assert not any(story.first.failed.values())


def test_the_diff_shows_what_changes(story):
    assert "tcp dport { 443, 4443, 5443 } accept" in story.first.output
    assert "+fingerprint: " in story.first.output


@pytest.mark.parametrize("host", HOSTS)
def test_each_host_is_judged_by_what_is_wrong_with_it(story, road, host):
    result = road.results("first")[host]
    first = result["first_failing"]
    assert (first and (first["id"], first["causes"])) == SEEN[host]
    assert result["ready"] == (SEEN[host] is None)
    assert not result["failed_roles"]


def test_the_roles_that_had_work_are_named(story, road):
    changed = {host: result["changed"] for host, result in road.results("first").items()}
    both = ["outbound_firewall", "waf_certificate"]
    assert changed == {**dict.fromkeys(HOSTS, both), SEEDED: ["outbound_firewall"]}


def test_a_host_of_two_institutions_proves_both_certificates(story, road):
    proven = {
        (check["target"], check["institution"])
        for check in road.results("first")["ws-buda-2"]["checks"]
        if check["id"] == "mtls.client_certificate" and check["status"] == "ok"
    }
    ports = (443, 4443, 5443)
    assert proven == {(f"centre.demo.test:{port}", owner) for port in ports for owner in ("E99901A", "P099002")}


def test_again_changes_nothing_and_costs_one_module_a_host(story):
    assert story.second.status == 0
    assert story.second.changed == dict.fromkeys(HOSTS, 0), story.second.changes
    assert story.second_module_runs == dict.fromkeys(STATIONS, 1)


def test_the_roles_change_nothing_even_when_the_gate_lets_them_run(story, road):
    assert story.gate_off.status == 0
    # The expired certificate is in place already, and bringing it again is refused before the host is touched.
    refused = {host: bool(result["failed_roles"]) for host, result in road.results("gate-off").items()}
    assert refused == {**dict.fromkeys(HOSTS, False), SEEDED: True}
    assert story.gate_off.changed == dict.fromkeys(HOSTS, 0), story.gate_off.changes


def test_check_mode_afterwards_sees_nothing_to_change(story):
    assert story.check_after.changed == dict.fromkeys(HOSTS, 0), story.check_after.changes


def test_the_report_names_each_broken_host_in_both_languages(story, road):
    assert story.document["totals"]["ready"] == 3 + len(WINDOWS)
    for host in ("ws-tisza-1", "ws-tisza-2", "ws-tisza-3"):
        remedy = road.results("second")[host]["first_failing"]["remedy"]
        assert remedy["en"].partition("'")[0] in story.page
        assert remedy["hu"].partition("'")[0] in story.page


def test_the_summary_says_which_sites_are_ready(story):
    assert f"{3 + len(WINDOWS)} of {len(HOSTS)} hosts ready" in story.first.output
    sites = (3, 4) if WINDOWS else (2, 3)
    assert "{} of {} sites ready".format(*sites) in story.first.output


@pytest.mark.skipif(not WINDOWS, reason=WHY_NOT or "-")
def test_doubles_are_called_doubles(story, road):
    assert all(road.results("first")[host]["observation"]["probe"]["double"] for host in WINDOWS)
    assert f"{len(WINDOWS)} hosts are doubles" in story.first.output
