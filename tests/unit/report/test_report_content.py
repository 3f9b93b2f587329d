# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report says of a fleet: totals, sites, obstacles and why each host is not ready."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import jsonschema
import pytest

from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.catalogue import load_catalogue
from ansible_collections.eeszt.connect.plugins.plugin_utils.report import (
    Report,
    build_report,
    schema,
    to_document,
    to_json,
)
from ansible_collections.eeszt.connect.plugins.plugin_utils.report.model import HostReport
from tests.unit.ledger.results import NOW, check, failing, observation, result
from tests.unit.report.fleets import fleet


def report_on(*results: dict[str, Any]) -> Report:
    return build_report(results, load_catalogue(), NOW)


def only_host(**fields: Any) -> HostReport:
    (host,) = report_on(result(**fields)).hosts
    return host


@pytest.fixture(scope="module")
def whole() -> Report:
    return report_on(*fleet())


class TestFleet:
    def test_the_totals_count_hosts_and_sites(self, whole: Report) -> None:
        totals = whole.totals
        assert (totals.hosts, totals.ready, totals.not_ready, totals.unreachable) == (12, 6, 5, 1)
        assert (totals.sites, totals.sites_ready) == (3, 1)
        assert (totals.doubles, totals.certificates_to_renew) == (9, 2)

    def test_sites_stand_by_their_id_and_hosts_of_none_come_last(self, whole: Report) -> None:
        assert [(site.id, site.ready_count, len(site.hosts)) for site in whole.sites] == [
            ("budapest-1", 4, 4),
            ("miskolc-1", 0, 2),
            ("szeged-2", 1, 4),
            ("", 1, 2),
        ]

    def test_in_a_site_the_hosts_that_need_work_come_first(self, whole: Report) -> None:
        szeged = whole.sites[2]
        assert [host.host for host in szeged.hosts] == ["szeged-ws1", "szeged-ws2", "szeged-ws3", "szeged-ws4"]

    def test_what_blocks_most_hosts_comes_first(self, whole: Report) -> None:
        first = whole.obstacles[0]
        assert (first.check_id, first.cause, first.hosts) == (
            "endpoints.tcp",
            "path_blocked",
            ("szeged-ws1", "szeged-ws2"),
        )
        assert sum(len(each.hosts) for each in whole.obstacles) == 6

    def test_dry_runs_are_named_and_do_not_count(self) -> None:
        report = report_on(result("ws-1"), result("ws-2", dry_run=True))
        assert [host.host for host in report.hosts] == ["ws-1"]
        assert report.dry_runs == (("ws-2", "20261125T070000Z-ab12"),)

    def test_an_empty_ledger_gives_an_empty_report(self) -> None:
        assert report_on().totals.hosts == 0
        jsonschema.validate(to_document(report_on()), schema())


class TestHost:
    def test_the_first_failing_check_keeps_its_evidence(self) -> None:
        evidence = [{"stack": "errno", "code": 110, "text": "Connection timed out"}]
        host = only_host(checks=[failing("endpoints.tcp", "tcp_timeout", target="x:443", evidence=evidence)])
        assert host.blocker is not None
        assert (host.blocker.id, host.blocker.evidence) == ("endpoints.tcp", tuple(evidence))
        assert host.root_failures == (host.blocker,)

    def test_a_host_that_was_not_reached_is_told_apart(self) -> None:
        assert only_host(checks=[failing("connection.login", "auth_failed")]).state == "unreachable"

    def test_without_a_failure_the_required_check_that_nobody_made_is_the_reason(self) -> None:
        excused = check("card.present", "not_tested", reason="nobody there")
        required = check("mtls.client_certificate", "not_tested", reason="no evidence of acceptance")
        host = only_host(checks=[excused, required], ready=False)
        assert host.blocker is not None
        assert host.blocker.id == "mtls.client_certificate"

    def test_a_check_that_the_policy_ignores_is_never_the_reason(self) -> None:
        ignored = check("card.pace", "not_tested", reason="no CAN")
        missing = check("card.present", "not_tested", reason="the last proof is too old")
        host = only_host(checks=[ignored, missing], ready=False)
        assert host.blocker is not None
        assert host.blocker.id == "card.present"

    def test_an_excused_failure_is_never_the_reason(self) -> None:
        excused = failing("card.present", "no_card", target="Reader 1")
        missing = check("card.present", "not_tested", target="Reader 2", reason="held")
        host = only_host(checks=[excused, missing], ready=False, first_failing=None, root_failures=[])
        assert host.blocker is not None
        assert host.blocker.target == "Reader 2"

    def test_a_result_that_names_nothing_still_gets_a_line(self) -> None:
        host = only_host(checks=[], ready=False, failed_roles=[{"role": "waf_certificate", "message": "boom"}])
        assert host.blocker is not None
        assert host.blocker.reason == "failed roles: waf_certificate"

    def test_checks_stand_in_the_order_of_the_catalogue(self) -> None:
        host = only_host(checks=[check("clock.offset"), check("card.present"), check("connection.login")])
        assert [line.id for line in host.checks] == ["connection.login", "card.present", "clock.offset"]

    def test_a_check_of_another_version_keeps_its_id_as_title(self) -> None:
        unknown = {**failing("card.present", "no_card"), "id": "card.novel", "causes": ["new_word"]}
        host = only_host(checks=[unknown])
        assert host.blocker is not None
        assert host.blocker.title.en == "card.novel"

    def test_a_missing_remedy_comes_from_the_catalogue(self) -> None:
        host = only_host(checks=[failing("card.present", "no_card", remedy={"en": "", "hu": ""})])
        assert host.blocker is not None
        assert host.blocker.remedy.hu.startswith("Az olvasó működik")

    def test_the_age_is_in_whole_days(self) -> None:
        assert only_host(finished_at=NOW - timedelta(days=41, hours=23)).age_days == 41

    def test_a_result_from_a_clock_ahead_of_ours_is_new(self) -> None:
        assert only_host(finished_at=NOW + timedelta(minutes=5)).age_days == 0

    def test_only_a_probe_that_says_so_is_a_double(self) -> None:
        assert only_host(observation=observation(double=True)).double
        assert not only_host(observation=observation()).double
        assert not only_host(observation=None).double


class TestCertificates:
    def test_the_same_certificate_on_many_hosts_is_one_line(self) -> None:
        seen = observation(certificates=[("E000301", NOW + timedelta(days=90))])
        (row,) = report_on(result("b", observation=seen), result("a", observation=seen)).certificates
        assert (row.institution.id, row.institution.name) == ("E000301", "Alfa Egészségház")
        assert row.hosts == ("a", "b")

    @pytest.mark.parametrize(
        ("days", "state", "left"),
        [(-3, "expired", -3), (0.5, "expires_soon", 0), (29.9, "expires_soon", 29), (30.1, "valid", 30)],
    )
    def test_the_state_follows_the_day_it_ends(self, days: float, state: str, left: int) -> None:
        seen = observation(certificates=[("E000301", NOW + timedelta(days=days))])
        (row,) = report_on(result(observation=seen)).certificates
        assert (row.state, row.days_left) == (state, left)

    def test_a_certificate_of_tomorrow_is_not_valid_yet(self) -> None:
        seen = observation(certificates=[("E000301", NOW + timedelta(days=366))])
        (row,) = report_on(result(observation=seen)).certificates
        assert row.state == "not_yet_valid"

    def test_the_first_to_end_comes_first(self, whole: Report) -> None:
        assert [row.state for row in whole.certificates] == ["expired", "expires_soon", "valid"]

    @pytest.mark.parametrize("encoded", [None, "", "no base64!", "AAAA", 3])
    def test_what_is_no_certificate_is_left_to_the_checks(self, encoded: object) -> None:
        seen = observation()
        seen["sections"]["certificates"]["targets"] = [{"institution": "E000301", "certificate": encoded}]
        assert report_on(result(observation=seen)).certificates == ()


class TestJson:
    def test_it_keeps_its_schema(self, whole: Report) -> None:
        jsonschema.validate(json.loads(to_json(whole)), schema())

    def test_the_same_report_is_the_same_text(self, whole: Report) -> None:
        assert to_json(whole) == to_json(report_on(*reversed(fleet())))

    def test_users_requests_and_observations_stay_in_the_ledger(self) -> None:
        secretive = result(
            users=[{"name": "Dr. Minta Mária"}],
            request={"client_certificates": ["held"]},
            observation=observation(certificates=[("E000301", NOW)]),
        )
        text = to_json(report_on(secretive))
        assert "Minta" not in text
        assert "client_certificates" not in text
        assert "sections" not in text

    def test_an_auditor_finds_policy_run_and_versions(self, whole: Report) -> None:
        document = to_document(whole)
        assert [policy["name"] for policy in document["policies"]] == ["production"]
        assert all(len(policy["sha256"]) == 64 for policy in document["policies"])
        assert document["runs"] == [{"run_id": "20261125T070000Z-ab12", "hosts": 12}]
        assert document["collection_versions"] == ["0.1.0"]
