# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pipelines of users: registered, test passed, activated, and again with each new card."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.catalogue import load_catalogue
from ansible_collections.eeszt.connect.plugins.plugin_utils.ledger import open_ledger
from ansible_collections.eeszt.connect.plugins.plugin_utils.report import Report, report_on_ledger
from ansible_collections.eeszt.connect.plugins.plugin_utils.report.cards import Seen, cards_seen, replaced_on
from ansible_collections.eeszt.connect.plugins.plugin_utils.report.onboarding import NO_ONBOARDING
from tests.unit.ledger.results import NOW, result
from tests.unit.report.onboarding import THROUGH, open_steps, report_on, said, states, user, user_pipeline

OLD, NEW = "2027-05-04", "2032-08-01"


class TestSteps:
    @pytest.mark.parametrize(
        ("days", "expected"),
        [
            ({}, [("registered", "operator", None)]),
            ({"registered": "2026-11-20"}, [("test_passed", "user", 5)]),
            ({"registered": "2026-11-20", "test_passed": "2026-11-23"}, [("activated", "user", 2)]),
            (THROUGH, []),
            ({"test_passed": "2026-11-23"}, [("activated", "user", 2)]),
        ],
    )
    def test_one_comes_after_the_other(self, days: dict[str, str], expected: list[Any]) -> None:
        assert open_steps(user_pipeline(**days)) == expected

    @pytest.mark.parametrize(("method", "card"), [("eid_card", True), ("phone_reader", True), ("mobile_token", False)])
    def test_activation_takes_the_card_where_the_login_does(self, method: str, card: bool) -> None:
        (step,) = user_pipeline(method, registered="2026-11-20", test_passed="2026-11-23").next
        assert step.with_card is card

    def test_a_user_of_many_hosts_is_one_and_the_newest_result_speaks(self) -> None:
        old = result("ws-a", users=[user(**THROUGH)], finished_at=NOW - timedelta(days=1))
        new = result("ws-b", users=[user(registered="2026-11-20")])
        for results in ((old, new), (new, old)):
            (pipeline,) = report_on(*results).onboarding.users
            assert open_steps(pipeline) == [("test_passed", "user", 5)]
            assert (pipeline.id, pipeline.name, pipeline.institutions) == ("O50123", "", ("E000301",))

    @pytest.mark.parametrize(
        "given",
        [
            [],
            [user()],
            [{"user_name": "O1"}],
            [{"user_name": 7, "dates": THROUGH}],
            [{"name": "x", "dates": THROUGH}],
            [{"user_name": "", "dates": THROUGH}],
            ["O1"],
            "O1",
            None,
        ],
    )
    def test_without_a_user_name_or_a_date_there_is_none(self, given: object) -> None:
        assert report_on(result(users=given)).onboarding == NO_ONBOARDING

    @pytest.mark.parametrize("other", [{"user_name": "O50123"}, {"user_name": "O50123", "dates": "x"}])
    def test_a_role_without_a_plan_says_nothing_of_steps(self, other: dict[str, Any]) -> None:
        old = result("ws-a", users=[user(**THROUGH)], finished_at=NOW - timedelta(days=1))
        (pipeline,) = report_on(old, result("ws-b", users=[other])).onboarding.users
        assert pipeline.next == ()
        assert list(cards_seen([result(users=[other])])) == []


class TestCardThatEnds:
    def test_on_its_last_day_it_is_still_a_card(self) -> None:
        pipeline = user_pipeline(**THROUGH, card_valid_until="2026-11-25")
        assert open_steps(pipeline) == [("new_card", "user", 0)]
        assert states(pipeline)["activated"] == "done"

    def test_after_it_new_card_and_activation_are_due_since_that_day(self) -> None:
        pipeline = user_pipeline(**THROUGH, card_valid_until="2026-11-24")
        assert open_steps(pipeline) == [("new_card", "user", 1)]
        assert states(pipeline) == {
            "registered": "done",
            "test_passed": "done",
            "new_card": "next",
            "activated": "later",
        }

    @pytest.mark.parametrize(("last_day", "due"), [("2026-12-24", True), ("2026-12-25", False)])
    def test_it_is_due_thirty_days_ahead(self, last_day: str, due: bool) -> None:
        assert [each.id for each in user_pipeline(**THROUGH, card_valid_until=last_day).next] == ["new_card"] * due

    def test_who_is_not_activated_yet_gets_the_new_card_first(self) -> None:
        pipeline = user_pipeline(registered="2026-11-01", test_passed="2026-11-02", card_valid_until="2026-11-30")
        assert [each.id for each in pipeline.next] == ["new_card"]

    def test_an_ended_card_leaves_the_steps_before_the_activation_behind(self) -> None:
        pipeline = user_pipeline(activated="2026-01-09", card_valid_until="2026-11-24")
        assert states(pipeline)["test_passed"] == "date_missing"

    @pytest.mark.parametrize("replaced", [None, date(2026, 11, 2)])
    def test_who_logs_in_without_a_card_has_none(self, replaced: date | None) -> None:
        pipeline = user_pipeline("mobile_token", replaced, **THROUGH, card_valid_until="2020-01-01")
        assert (pipeline.next, pipeline.card_valid_until, pipeline.warnings) == ((), "", ())

    def test_an_activation_after_the_end_is_a_doubt(self) -> None:
        pipeline = user_pipeline(**THROUGH, card_valid_until="2026-01-08")
        assert said(pipeline) == ["Activated (2026-01-09) lies after the card's last day (2026-01-08)"]
        assert said(user_pipeline(**THROUGH, card_valid_until="2026-01-09")) == []

    def test_an_end_that_is_no_day_is_told(self) -> None:
        assert said(user_pipeline(**THROUGH, card_valid_until="soon")) == [
            "Card valid until: this is no day such as 2026-03-31"
        ]


class TestReplacedCard:
    def test_the_activation_starts_again(self) -> None:
        pipeline = user_pipeline(replaced=date(2026, 11, 2), **THROUGH, card_valid_until=NEW)
        assert open_steps(pipeline) == [("activated", "user", 23)]
        assert (pipeline.next[0].again, pipeline.next[0].since) == (True, "2026-11-02")
        assert states(pipeline)["new_card"] == "done"
        assert pipeline.warnings == ()

    def test_one_that_ends_soon_must_be_replaced_too(self) -> None:
        pipeline = user_pipeline(replaced=date(2026, 11, 2), **THROUGH, card_valid_until="2026-12-01")
        assert states(pipeline) | {"registered": "", "test_passed": ""} == {
            "registered": "",
            "test_passed": "",
            "new_card": "next",
            "activated": "later",
        }

    def test_before_the_first_activation_a_card_is_no_other(self) -> None:
        pipeline = user_pipeline(replaced=date(2026, 11, 2), registered="2026-11-01", card_valid_until=NEW)
        assert states(pipeline) == {"registered": "done", "test_passed": "next", "activated": "later"}

    def test_a_first_activation_is_none_again(self) -> None:
        (step,) = user_pipeline(registered="2026-11-01", test_passed="2026-11-02").next
        assert (step.id, step.again) == ("activated", False)


def story(*told: tuple[str | None, str | None]) -> list[Seen]:
    """What one result a day said, from the 1st of November: day of activation, last day of the card."""

    def day(text: str | None) -> date | None:
        return date.fromisoformat(text) if text else None

    return [
        Seen(datetime(2026, 11, n, 8, tzinfo=UTC), day(activated), day(until))
        for n, (activated, until) in enumerate(told, 1)
    ]


FIRST, SECOND = "2026-01-09", "2026-11-03"


class TestWhatTheLedgerSaw:
    @pytest.mark.parametrize(
        ("told", "expected"),
        [
            ([(FIRST, OLD), (FIRST, NEW)], 2),
            ([(FIRST, OLD), (FIRST, OLD), (FIRST, NEW), (FIRST, NEW)], 3),
            ([(FIRST, OLD), (FIRST, None), (FIRST, NEW)], 3),
            ([(FIRST, None), (FIRST, OLD), (FIRST, NEW)], 3),
            ([(FIRST, OLD), (FIRST, "2030-01-01"), (FIRST, NEW)], 3),
            ([(FIRST, OLD), (FIRST, NEW), (FIRST, OLD), (FIRST, NEW)], 4),
            ([(None, OLD), (FIRST, OLD), (FIRST, NEW)], 3),
            ([], None),
            ([(FIRST, NEW)], None),
            ([(FIRST, OLD), (FIRST, OLD)], None),
            ([(FIRST, OLD), (SECOND, NEW)], None),
            ([(FIRST, OLD), (FIRST, NEW), (SECOND, NEW)], None),
            ([(FIRST, OLD), (None, NEW)], None),
            ([(FIRST, OLD), (None, NEW), (FIRST, NEW)], None),
            ([(None, OLD), (FIRST, NEW)], None),
            ([(FIRST, NEW), (FIRST, OLD)], None),
            ([(FIRST, NEW), (FIRST, OLD), (FIRST, NEW)], None),
            ([(FIRST, None), (FIRST, NEW)], None),
            ([(FIRST, OLD), (FIRST, None)], None),
        ],
    )
    def test_a_card_is_new_when_its_end_moved_on_and_the_activation_did_not(
        self, told: list[tuple[str | None, str | None]], expected: int | None
    ) -> None:
        day = date(2026, 11, expected) if expected else None
        assert replaced_on(story(*told)) == day
        assert replaced_on(story(*told)[::-1]) == day

    def test_dry_runs_and_others_are_left_out(self) -> None:
        results = [
            result("ws-1", users=[user(**THROUGH, card_valid_until=OLD), "x"]),
            result("ws-2", users=[user(**THROUGH, card_valid_until=NEW)], dry_run=True),
            result("ws-3", users=[user("O2", activated="never")]),
        ]
        seen = cards_seen(results)
        assert {name: [(each.activated, each.valid_until) for each in those] for name, those in seen.items()} == {
            "O50123": [(date(2026, 1, 9), date(2027, 5, 4))],
            "O2": [(None, None)],
        }


class TestFromTheLedger:
    FIRST_RUN, SECOND_RUN = "20261101T070000Z-ab12", "20261110T070000Z-ab12"

    @pytest.fixture
    def place(self, tmp_path: Path) -> str:
        """Two runs, between which the plan got the new card's end; the first one's host is named by the first alone."""
        ledger = open_ledger(str(tmp_path))
        old, new = user(**THROUGH, card_valid_until=OLD), user(**THROUGH, card_valid_until=NEW)
        ledger.append(result("ws-1", self.FIRST_RUN, users=[old], finished_at=NOW - timedelta(days=24)))
        ledger.append(result("ws-2", self.SECOND_RUN, users=[new], finished_at=NOW - timedelta(days=15)))
        return str(tmp_path)

    def report(self, place: str, **options: Any) -> Report:
        return report_on_ledger(place, load_catalogue(), NOW, **options)

    def test_a_replaced_card_is_found_in_older_runs(self, place: str) -> None:
        (pipeline,) = self.report(place).onboarding.users
        assert open_steps(pipeline) == [("activated", "user", 15)]

    def test_also_where_the_report_is_on_the_newer_host_alone(self, place: str) -> None:
        (pipeline,) = self.report(place, hosts=["ws-2"]).onboarding.users
        assert open_steps(pipeline) == [("activated", "user", 15)]

    def test_a_report_on_an_older_run_knows_nothing_of_later_ones(self, place: str) -> None:
        (pipeline,) = self.report(place, run_id=self.FIRST_RUN).onboarding.users
        assert (pipeline.next, pipeline.card_valid_until) == ((), OLD)

    def test_the_new_activation_ends_it(self, place: str) -> None:
        activated = user(**THROUGH | {"activated": "2026-11-12"}, card_valid_until=NEW)
        open_ledger(place).append(result("ws-1", "20261113T070000Z-ab12", users=[activated]))
        (pipeline,) = self.report(place).onboarding.users
        assert pipeline.next == ()

    def test_a_fleet_without_cards_is_read_once(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        ledger = open_ledger(str(tmp_path))
        ledger.append(result(users=[user(registered="2026-11-01")]))
        monkeypatch.setattr(type(ledger), "results_of_run", lambda *_: pytest.fail("read again"))
        assert len(self.report(str(tmp_path)).onboarding.users) == 1

    def test_a_ledger_that_is_not_there_has_no_onboarding(self, tmp_path: Path) -> None:
        assert self.report(str(tmp_path / "none")).onboarding == NO_ONBOARDING
