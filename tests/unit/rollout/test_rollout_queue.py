# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who still waits in a rollout."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ansible_collections.eeszt.connect.plugins.plugin_utils.ledger import LedgerError
from ansible_collections.eeszt.connect.plugins.plugin_utils.rollout.queue import (
    Waiting,
    newest_rollout,
    queue,
    rings,
    table,
)

DONE = "2026-03-02T10:01:00Z"


def result(host, check="", cause="", ring=2, roles=()):
    return {
        "host": host,
        "ready": not check,
        "first_failing": {"id": check, "causes": [cause]} if check else None,
        "failed_roles": [{"role": role, "message": "no"} for role in roles],
        "ring": ring,
        "site": {"id": "buda"},
        "finished_at": DONE,
    }


RESULTS = (
    result("good"),
    result("late", "connection.transport", "unreachable"),
    result("cut", "endpoints.tcp", "centre_down"),
    result("empty", "card.present", "no_card", ring=1),
    result("broken", roles=["waf_certificate"]),
)


class Ledger:
    """What the queue asks of a ledger."""

    def __init__(self, *results):
        self.results = {each["host"]: each for each in results}

    def runs(self, kind=None):
        return ("audit", "one", "two") if kind is None else ("one", "two") if self.results else ()

    def results_of_run(self, run_id):
        return self.results if run_id == "two" else {}

    def good_proofs(self, host):
        seen = {("clock.offset", "", ""): 3, ("reader.device", "", ""): 4} if host == "late" else {}
        return {key: datetime(2026, 2, day, 8, 30, tzinfo=UTC) for key, day in seen.items()}


def test_a_host_that_is_done_does_not_wait_and_the_others_say_why():
    assert queue(Ledger(*RESULTS), "two", {}) == (
        Waiting("empty", 1, "buda", "failed", "card.present: no_card", DONE, ""),
        Waiting("late", 2, "buda", "off", "connection.transport: unreachable", DONE, "2026-02-04T08:30:00Z"),
        Waiting("cut", 2, "buda", "outage", "endpoints.tcp: centre_down", DONE, ""),
        Waiting("broken", 2, "buda", "failed", "role waf_certificate", DONE, ""),
    )


def test_a_host_of_the_inventory_without_a_result_waits_for_its_turn():
    waiting = queue(Ledger(*RESULTS), "two", {"good": 2, "new": 1, "late": 2})
    assert [(one.host, one.ring, one.state) for one in waiting if one.state == "not_begun"] == [("new", 1, "not_begun")]
    assert [one.host for one in waiting][:2] == ["empty", "new"]


def test_the_newest_rollout_is_the_one_that_goes_on():
    assert newest_rollout(Ledger(*RESULTS)) == "two"
    with pytest.raises(LedgerError, match="no rollout"):
        newest_rollout(Ledger())


def test_a_run_that_is_not_there_is_named():
    with pytest.raises(LedgerError, match="no run three"):
        queue(Ledger(*RESULTS), "three", {})


def test_rings_come_from_the_groups_of_an_inventory():
    listing = {"ring_1": {"hosts": ["a"]}, "ring_9": {"hosts": ["b", "c"]}, "ring_2": {}, "ring_x": {"hosts": ["d"]}}
    assert rings(listing) == {"a": 1, "b": 9, "c": 9}


def test_the_table_has_a_line_a_host():
    lines = table("two", queue(Ledger(*RESULTS), "two", {"new": 3})).splitlines()
    assert lines[0] == "Run two: 5 hosts wait."
    assert lines[2].split() == ["host", "ring", "site", "state", "why", "tried", "last", "good"]
    assert lines[4].split("  ")[0] == "late"
    assert lines[4].endswith("2026-02-04T08:30:00Z")
    assert lines[-1].split() == ["new", "3", "not", "begun", "never"]
    assert table("two", ()) == "Run two: nobody waits.\n"
