# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pipelines of institutions: what is done, what is next, who must do it, how long it has waited."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.model import ONBOARDING_STEPS, USER_DATES
from ansible_collections.eeszt.connect.plugins.plugin_utils.report import pipelines, steps
from ansible_collections.eeszt.connect.plugins.plugin_utils.report.days import day_of
from ansible_collections.eeszt.connect.plugins.plugin_utils.report.onboarding import NO_ONBOARDING
from ansible_collections.eeszt.connect.plugins.plugin_utils.report.steps import (
    actors,
    card_login_methods,
    institution_steps,
    user_steps,
)
from tests.unit.ledger.results import NOW, result
from tests.unit.report.onboarding import (
    COMPLETE,
    days_until,
    institution,
    open_steps,
    pipeline_of,
    report_on,
    said,
    states,
)

ALL_STEPS = [*institution_steps(), *user_steps()]


class TestData:
    def test_every_date_of_the_plan_has_its_step_in_the_same_order(self) -> None:
        assert tuple(each.id for each in institution_steps()) == ONBOARDING_STEPS
        planned = [each.id for each in user_steps() if each.id != "new_card"]
        assert [*planned, "card_valid_until"] == list(USER_DATES)

    @pytest.mark.parametrize("specs", [institution_steps(), user_steps()])
    def test_what_a_step_needs_stands_before_it(self, specs: Any) -> None:
        names = [each.id for each in specs]
        for place, each in enumerate(specs):
            assert set(each.needs) <= set(names[:place])

    @pytest.mark.parametrize("step", ALL_STEPS, ids=lambda each: each.id)
    def test_every_step_has_an_actor_and_words_in_both_languages(self, step: Any) -> None:
        assert step.actor in actors()
        for text in (step.title, step.todo, actors()[step.actor].name, actors()[step.actor].wait_for):
            assert text.en
            assert text.hu
            assert text.en != text.hu

    def test_the_operators_text_says_who_acts(self) -> None:
        assert {each.id: each.actor for each in institution_steps()} == {
            "declaration_accepted": "institution",
            "administrator_registered": "operator",
            "certificate_issued": "operator",
            "password_received": "operator",
            "administrator_activated": "administrator",
            "certificate_downloaded": "administrator",
            "checker_passed": "vendor",
            "result_uploaded": "administrator",
            "receipt": "operator",
        }
        cards = {each.id for each in ALL_STEPS if each.with_card}
        assert cards == {"administrator_activated", "certificate_downloaded", "activated"}
        assert card_login_methods() == {"eid_card", "phone_reader"}


ACTIVATION = ("administrator_activated", "administrator", 310)


class TestNext:
    @pytest.mark.parametrize(
        ("step", "expected"),
        [
            ("declaration_accepted", [("declaration_accepted", "institution", None)]),
            ("certificate_issued", [("certificate_issued", "operator", 317), ACTIVATION]),
            ("password_received", [("password_received", "operator", 310), ACTIVATION]),
            ("administrator_activated", [ACTIVATION]),
            ("certificate_downloaded", [("certificate_downloaded", "administrator", 308)]),
            ("checker_passed", [("checker_passed", "vendor", 307)]),
            ("result_uploaded", [("result_uploaded", "administrator", 306)]),
            ("receipt", [("receipt", "operator", 306)]),
        ],
    )  # fmt: skip
    def test_what_is_next_waits_since_the_newest_step_before_it(self, step: str, expected: list[Any]) -> None:
        assert open_steps(pipeline_of(**days_until(step))) == expected

    def test_operator_registers_and_issues_at_the_same_time(self) -> None:
        pipeline = pipeline_of(declaration_accepted="2026-11-20")
        assert open_steps(pipeline) == [
            ("administrator_registered", "operator", 5),
            ("certificate_issued", "operator", 5),
        ]

    def test_whoever_has_every_step_behind_waits_for_nobody(self) -> None:
        pipeline = pipeline_of(**COMPLETE)
        assert pipeline.next == ()
        assert set(states(pipeline).values()) == {"done"}
        assert pipeline.waits_days is None

    def test_the_card_is_said_where_it_takes_one(self) -> None:
        (step,) = pipeline_of(**days_until("certificate_downloaded")).next
        assert (step.with_card, step.again, step.since) == (True, False, "2026-01-21")

    def test_an_earlier_step_without_a_date_lacks_the_date_only(self) -> None:
        pipeline = pipeline_of(certificate_downloaded="2026-11-01")
        assert states(pipeline) == {
            "declaration_accepted": "date_missing",
            "administrator_registered": "date_missing",
            "certificate_issued": "date_missing",
            "password_received": "next",
            "administrator_activated": "date_missing",
            "certificate_downloaded": "done",
            "checker_passed": "later",
            "result_uploaded": "later",
            "receipt": "later",
        }

    def test_nobody_knows_how_long_where_no_step_before_has_a_date(self) -> None:
        assert open_steps(pipeline_of(certificate_downloaded="2026-11-01")) == [("password_received", "operator", None)]

    def test_what_happened_today_has_waited_no_day(self) -> None:
        assert open_steps(pipeline_of(result_uploaded="2026-11-25"))[0] == ("receipt", "operator", 0)


class TestDoubts:
    def test_a_day_to_come_is_a_warning_and_no_step_done(self) -> None:
        pipeline = pipeline_of(**days_until("receipt"), receipt="2026-11-26")
        assert open_steps(pipeline) == [("receipt", "operator", 306)]
        assert said(pipeline) == ["Receipt: 2026-11-26 lies in the future and does not count"]
        assert pipeline.steps[-1].day == ""

    def test_days_out_of_order_are_named_with_both_steps(self) -> None:
        pipeline = pipeline_of(**COMPLETE | {"checker_passed": "2026-01-05"})
        assert said(pipeline) == [
            "Checker passed (2026-01-05) lies before SMS received (2026-01-20)",
            "Checker passed (2026-01-05) lies before Certificate downloaded (2026-01-22)",
        ]
        assert pipeline.warnings[0].hu == "Ellenőrző sikeres (2026-01-05) korábbi, mint ez: SMS megjött (2026-01-20)"

    def test_steps_without_a_date_between_two_hide_no_disorder(self) -> None:
        assert said(pipeline_of(declaration_accepted="2026-05-01", receipt="2026-04-01")) == [
            "Receipt (2026-04-01) lies before Declaration accepted (2026-05-01)"
        ]

    def test_the_same_day_and_steps_side_by_side_are_in_order(self) -> None:
        assert said(pipeline_of(**COMPLETE | {"administrator_registered": "2026-01-20"})) == []

    @pytest.mark.parametrize("value", ["secret-7", 20260112, ["2026-01-12"], {"day": 1}, True, "2026-02-30"])
    def test_what_is_no_day_is_told_without_its_content(self, value: object) -> None:
        pipeline = pipeline_of(declaration_accepted=value)
        assert said(pipeline) == ["Declaration accepted: this is no day such as 2026-03-31"]
        assert open_steps(pipeline) == [("declaration_accepted", "institution", None)]

    @pytest.mark.parametrize("value", ["", None])
    def test_an_empty_day_is_none_and_no_fault(self, value: object) -> None:
        assert said(pipeline_of(declaration_accepted=value)) == []

    @pytest.mark.parametrize(
        ("moment", "today"),
        [("2026-11-25T21:59:59Z", "2026-11-25"), ("2026-11-25T22:00:00Z", "2026-11-26")],
    )
    def test_today_is_hungarys(self, moment: str, today: str) -> None:
        assert day_of(datetime.fromisoformat(moment)).isoformat() == today


class TestFromResults:
    def test_an_institution_of_many_hosts_is_one_pipeline(self) -> None:
        shared = institution(**COMPLETE)
        report = report_on(*(result(f"ws-{n}", institutions=[shared]) for n in range(3)))
        assert [each.id for each in report.onboarding.institutions] == ["E000301"]

    def test_the_newest_result_speaks_in_whatever_order_results_come(self) -> None:
        old = result("ws-a", institutions=[institution(**COMPLETE)], finished_at=NOW - timedelta(days=2))
        new = result("ws-b", institutions=[institution(name="Alfa 2", receipt="2026-11-24")])
        for results in ((old, new), (new, old)):
            (pipeline,) = report_on(*results).onboarding.institutions
            assert (pipeline.name, pipeline.steps[0].state) == ("Alfa 2", "date_missing")

    def test_times_are_compared_and_not_their_text(self) -> None:
        early = result("ws-a", institutions=[institution(name="early", receipt="2026-11-24")])
        late = result("ws-b", institutions=[institution(name="late", receipt="2026-11-24")])
        early["finished_at"], late["finished_at"] = "2026-11-25T08:30:00+02:00", "2026-11-25T07:00:00Z"
        assert report_on(late, early).onboarding.institutions[0].name == "late"

    def test_a_dry_run_says_nothing(self) -> None:
        report = report_on(result(institutions=[institution(**COMPLETE)], dry_run=True))
        assert report.onboarding == NO_ONBOARDING

    @pytest.mark.parametrize("given", [[], [institution()], [{"id": "E000301", "name": "Alfa"}], [{"onboarding": 3}]])
    def test_without_a_date_there_is_no_onboarding(self, given: list[Any]) -> None:
        assert report_on(result(institutions=given)).onboarding == NO_ONBOARDING

    @pytest.mark.parametrize("other", [{"id": "E000301", "name": "Alfa"}, {"id": "E000301", "onboarding": "x"}])
    def test_a_role_without_a_plan_says_nothing_of_steps(self, other: dict[str, Any]) -> None:
        old = result("ws-a", institutions=[institution(**COMPLETE)], finished_at=NOW - timedelta(days=2))
        (pipeline,) = report_on(old, result("ws-b", institutions=[other])).onboarding.institutions
        assert pipeline.next == ()

    def test_whoever_waits_longest_stands_first_and_who_is_through_last(self) -> None:
        given = [
            institution("E1", **COMPLETE),
            institution("E2"),
            institution("E3", result_uploaded="2026-11-20"),
            institution("E4", result_uploaded="2026-10-20"),
            institution("E5", certificate_issued="2026-11-22", administrator_registered="2026-09-01"),
        ]
        onboarding = report_on(result(institutions=given)).onboarding
        assert [each.id for each in onboarding.institutions] == ["E5", "E4", "E3", "E2", "E1"]

    def test_stages_count_each_institution_once(self) -> None:
        given = [
            institution("E1", **COMPLETE),
            institution("E2", declaration_accepted="2026-11-01"),
            institution("E3", declaration_accepted="2026-11-05"),
            institution("E4", result_uploaded="2026-11-20"),
        ]
        onboarding = report_on(result(institutions=given)).onboarding
        rows = [(each.id, each.actor, each.institutions, each.waits_days) for each in onboarding.stages]
        assert rows == [("administrator_registered", "operator", 2, 24), ("receipt", "operator", 1, 5)]

    def test_for_an_actor_an_institution_counts_once_with_its_longest_wait(self) -> None:
        given = [
            institution("E1", certificate_issued="2026-11-22", administrator_registered="2026-11-01"),
            institution("E2", declaration_accepted="2026-11-05", certificate_issued="2026-11-20"),
            institution("E3", **days_until("checker_passed")),
        ]
        waiting = report_on(result(institutions=given)).onboarding.waiting_for()
        assert waiting == (("operator", 2, 20), ("vendor", 1, 307), ("administrator", 1, 24))

    def test_however_many_hosts_name_an_institution_its_steps_are_looked_at_once(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looked = []
        monkeypatch.setattr(pipelines, "standing_of", lambda *given: looked.append(given) or steps.standing_of(*given))
        given = [institution(f"E{n:06}", **days_until("receipt")) for n in range(1000)]
        report = report_on(*(result(f"ws-{n}", institutions=given[n : n + 20]) for n in range(981)))
        assert len(report.onboarding.institutions) == len(looked) == 1000
