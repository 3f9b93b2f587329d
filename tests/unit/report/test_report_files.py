# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's files and the summary: written whole, and only when they would say something new."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.catalogue import load_catalogue
from ansible_collections.eeszt.connect.plugins.plugin_utils.ledger import LedgerError, open_ledger
from ansible_collections.eeszt.connect.plugins.plugin_utils.report import (
    FORMATS,
    Report,
    build_report,
    publish,
    report_on_ledger,
    summary,
)
from ansible_collections.eeszt.connect.plugins.plugin_utils.report.words import load_words, word
from tests.unit.ledger.results import NOW, RUN, failing, result
from tests.unit.report.fleets import fleet


def report_at(hours_later: float = 0, **fields: object) -> Report:
    results = [result("ws-1", **fields), result("ws-2")]
    return build_report(results, load_catalogue(), NOW + timedelta(hours=hours_later))


class TestPublish:
    def test_both_forms_are_written_for_their_owner_and_group(self, tmp_path: Path) -> None:
        written = publish(report_at(), tmp_path / "out", FORMATS, "en")
        assert [(each.path.name, each.changed) for each in written] == [
            ("fleet-report.html", True),
            ("fleet-report.json", True),
        ]
        assert {each.path.stat().st_mode & 0o777 for each in written} == {0o640}
        assert sorted(each.name for each in (tmp_path / "out").iterdir()) == [
            "fleet-report.html",
            "fleet-report.json",
        ]

    def test_the_time_of_making_alone_changes_nothing(self, tmp_path: Path) -> None:
        first = publish(report_at(), tmp_path, FORMATS, "en")
        before = [(each.path.read_bytes(), each.path.stat().st_mtime_ns) for each in first]
        second = publish(report_at(hours_later=1), tmp_path, FORMATS, "en")
        assert [each.changed for each in second] == [False, False]
        assert [(each.path.read_bytes(), each.path.stat().st_mtime_ns) for each in second] == before

    def test_a_day_changes_the_ages(self, tmp_path: Path) -> None:
        publish(report_at(), tmp_path, FORMATS, "en")
        assert all(each.changed for each in publish(report_at(hours_later=25), tmp_path, FORMATS, "en"))

    def test_new_results_change_both(self, tmp_path: Path) -> None:
        publish(report_at(), tmp_path, FORMATS, "en")
        news = report_at(checks=[failing("card.present", "no_card")])
        assert all(each.changed for each in publish(news, tmp_path, FORMATS, "en"))
        assert "no_card" in (tmp_path / "fleet-report.html").read_text("utf-8")

    def test_another_language_changes_the_page_only(self, tmp_path: Path) -> None:
        publish(report_at(), tmp_path, FORMATS, "en")
        assert [each.changed for each in publish(report_at(), tmp_path, FORMATS, "hu")] == [True, False]

    @pytest.mark.parametrize("content", [b"", b"\xff", b"{}", b'{"generated_at": 3}', b"<html>"])
    def test_a_file_of_others_is_replaced(self, tmp_path: Path, content: bytes) -> None:
        for name in FORMATS:
            (tmp_path / f"fleet-report.{name}").write_bytes(content)
        assert all(each.changed for each in publish(report_at(), tmp_path, FORMATS, "en"))

    def test_a_dry_run_says_what_it_would_write_and_writes_nothing(self, tmp_path: Path) -> None:
        would = publish(report_at(), tmp_path / "out", FORMATS, "en", dry_run=True)
        assert all(each.changed for each in would)
        assert not (tmp_path / "out").exists()


class TestFromLedger:
    @pytest.fixture
    def ledger(self, tmp_path: Path) -> str:
        ledger = open_ledger(tmp_path)
        for each in (result("ws-1"), result("ws-2"), result("ws-1", "run-2", ring=2, finished_at=NOW)):
            ledger.append(each)
        return str(tmp_path)

    def report(self, ledger: str, **choice: object) -> list[tuple[str, str]]:
        made = report_on_ledger(ledger, load_catalogue(), NOW, **choice)  # type: ignore[arg-type]
        return [(host.host, host.run_id) for host in made.hosts]

    def test_it_takes_the_newest_result_of_each_host(self, ledger: str) -> None:
        assert self.report(ledger) == [("ws-1", "run-2"), ("ws-2", RUN)]

    def test_it_takes_one_run_or_some_hosts_on_request(self, ledger: str) -> None:
        assert self.report(ledger, run_id=RUN) == [("ws-1", RUN), ("ws-2", RUN)]
        assert self.report(ledger, run_id=RUN, hosts=["ws-2"]) == [("ws-2", RUN)]
        assert self.report(ledger, hosts=["ws-2"]) == [("ws-2", RUN)]

    def test_a_run_that_is_not_there_is_refused_with_those_that_are(self, ledger: str) -> None:
        with pytest.raises(LedgerError, match=rf"no run run-3; its newest are: {RUN}, run-2"):
            self.report(ledger, run_id="run-3")

    def test_what_could_not_be_read_stands_in_the_report(self, ledger: str) -> None:
        (Path(ledger) / RUN / "bad.json").write_text("broken")
        report = report_on_ledger(ledger, load_catalogue(), NOW)
        assert "bad.json" in report.warnings[0]


class TestSummary:
    def test_it_says_how_many_are_ready_what_the_others_lack_and_where_the_report_is(self) -> None:
        report = build_report(fleet(), load_catalogue(), NOW)
        said = summary(report, "en", 100, ["out/fleet-report.html"])
        assert said.startswith("EESZT fleet report: 6 of 12 hosts ready, 1 of 3 sites ready\n")
        assert "    - szeged-ws1, szeged-ws2: endpoints.tcp gateway.example:4443 E000301: path_blocked\n" in said
        assert "Have the port opened on the site's router" in said
        assert "2 certificates to renew; 9 hosts are doubles\n" in said
        assert said.endswith("Report: out/fleet-report.html\n")

    def test_it_speaks_hungarian(self) -> None:
        said = summary(build_report(fleet(), load_catalogue(), NOW), "hu", 100)
        assert said.startswith("EESZT flottajelentés: 12 gépből 6 kész, 3 telephelyből 1 kész\n")
        assert "Az olvasó működik, de nincs rajta kártya." in said

    @pytest.mark.parametrize("width", [60, 80, 120])
    def test_its_sentences_keep_the_width(self, width: int) -> None:
        results = [each for each in fleet() if each["site"] is None or "Észak" not in each["site"]["name"]]
        lines = summary(build_report(results, load_catalogue(), NOW), "hu", width).splitlines()
        assert max(map(len, lines)) <= width

    def test_it_stays_on_a_screen_however_much_is_broken(self) -> None:
        broken = [
            result(f"ws-{n}", checks=[failing("card.present", "no_card", target=f"Reader {n}")]) for n in range(300)
        ]
        said = summary(build_report(broken, load_catalogue(), NOW), "en", 100)
        assert len(said.splitlines()) < 50
        assert "and 288 more hosts that are not ready: see the report" in said

    def test_an_empty_ledger_is_said(self) -> None:
        assert summary(build_report([], load_catalogue(), NOW)) == "The ledger holds no result yet\n"


class TestWords:
    def test_every_word_has_both_languages(self) -> None:
        assert [key for key, entry in load_words().items() if not (entry["en"] and entry["hu"])] == []

    def test_one_is_no_plural(self) -> None:
        assert [word("hosts_count", n=n).en for n in (1, 2)] == ["1 host", "2 hosts"]

    @pytest.mark.parametrize("family", ["layer", "status"])
    def test_every_value_of_the_contract_has_a_word(self, family: str) -> None:
        layers = load_catalogue().layers()
        statuses = ["ok", "warn", "fail", "not_tested", "not_applicable"]
        missing = [
            each for each in (layers if family == "layer" else statuses) if f"{family}_{each}" not in load_words()
        ]
        assert missing == []

    def test_a_report_is_plain_data_that_compares(self) -> None:
        assert replace(report_at(), generated_at="x") == replace(report_at(hours_later=1), generated_at="x")
