# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pipelines on the page, which keeps what every page of ours must."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.eeszt.connect.plugins.plugin_utils.report import to_html, to_json
from tests.unit.ledger.results import result
from tests.unit.report.fleets import fleet
from tests.unit.report.onboarding import COMPLETE, THROUGH, days_until, institution, report_on, user, whole
from tests.unit.report.test_report_html import EVIL, Page, parse


@pytest.fixture(scope="module")
def section() -> str:
    html = to_html(whole())
    start = html.index('<section aria-labelledby="onboarding">')
    return html[start : html.index("</section>", start)]


def rows(section: str, language: str, headed_by: str) -> list[list[str]]:
    """The texts of a table's cells in one language, without what stands in <details>."""
    table = section[section.index(f'<table class="rows {headed_by}') :]
    table = re.sub(r"<details.*?</details>", "", table[: table.index("</table>")], flags=re.DOTALL)
    other = "hu" if language == "en" else "en"
    table = re.sub(rf'<span lang="{other}">.*?</span>', "", table)
    body = table[table.index("<tbody>") :]
    return [
        [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)]
        for row in re.findall(r"<tr>.*?</tr>", body, re.DOTALL)
    ]


class TestPage:
    def test_a_manager_sees_where_the_institutions_are(self, section: str) -> None:
        assert rows(section, "en", "stages") == [
            ["Declaration accepted", "institution", "1 of 4", "unknown"],
            ["Certificate downloaded", "administrator", "1 of 4", "308 days"],
            ["Checker passed", "IT vendor", "1 of 4", "307 days"],
            ["All steps done", "", "1 of 4", ""],
        ]

    def test_a_technician_sees_who_must_do_what_the_longest_waiting_first(self, section: str) -> None:
        assert rows(section, "en", "onboarding institutions") == [
            [
                "Alfa Egészségház E000301",
                "Certificate downloaded Downloads the WAF-SSL certificate from the sector portal.",
                "administrator , with the card",
                "308 days",
            ],
            [
                "Béta Szakrendelő E004410",
                "Checker passed Runs the connection checker (eesztConnect.exe) with the certificate and its password.",
                "IT vendor",
                "307 days",
            ],
            [
                "Delta Kft. E000306",
                "Declaration accepted See to it that the joining declaration is accepted.",
                "institution",
                "unknown",
            ],
        ]

    def test_users_have_their_own_table_by_user_name(self, section: str) -> None:
        assert rows(section, "hu", "onboarding users") == [
            [
                "O1 E000301",
                "Aktiválva ismét, az új igazolványhoz Aktiválja az EESZT-felhasználót az ágazati portálon.",
                "felhasználó , az igazolványával",
                "23 nap",
                "2032-08-01",
            ],
            [
                "O2 E000301",
                "Új igazolvány Új e-Személyi igazolványt szerez be. Azzal ismét aktiválni kell.",
                "felhasználó",
                "5 nap",
                "2026-11-20",
            ],
            [
                "S3 E000301",
                "Teszt sikeres Leteszi a tesztet a központ oktatási oldalán; aktiválni csak utána lehet.",
                "felhasználó",
                "5 nap",
                "",
            ],
        ]

    def test_every_step_stands_in_the_details(self, section: str) -> None:
        (first, *_) = re.findall(r"<details.*?</details>", section, re.DOTALL)
        text = " ".join(re.sub(r'<span lang="hu">.*?</span>|<[^>]+>', " ", first).split())
        assert "Administrator activated : done 2026-01-21 Certificate downloaded : next Checker passed : later" in text

    def test_doubtful_days_are_listed(self, section: str) -> None:
        listed = section[section.index('<ul class="plain doubts">') :]
        assert listed.count("<li>") == 1
        assert "Béta Szakrendelő" in listed
        assert "2027-01-01 lies in the future" in listed
        assert "2027-01-01 a jövőben van" in listed

    def test_who_is_through_is_named_and_missing_days_with_him(self) -> None:
        given = [institution("E1", "Whole", **COMPLETE), institution("E2", "Gaps", receipt="2026-01-26")]
        html = to_html(report_on(result(institutions=given, users=[user(**THROUGH)])))
        through = html[html.index('<details class="evidence through">') :]
        assert through.index("Gaps") > through.index("Whole")
        assert "date missing" in through[through.index("Gaps") :]
        assert "date missing" not in through[: through.index("Gaps")]
        assert 'class="rows onboarding' not in html
        assert "O50123" in through

    @pytest.mark.parametrize("results", [[], fleet(), [result(institutions=[institution()], users=[user()])]])
    def test_a_plan_without_dates_has_no_section(self, results: list[Any]) -> None:
        assert 'id="onboarding' not in to_html(report_on(*results))

    def test_one_list_alone_brings_no_other(self) -> None:
        users_only = to_html(report_on(result(users=[user(**THROUGH)])))
        assert 'id="onboarding-users"' in users_only
        assert 'id="onboarding-where"' not in users_only
        institutions_only = to_html(report_on(result(institutions=[institution(receipt="2026-01-01")])))
        assert 'id="onboarding-users"' not in institutions_only
        assert 'id="onboarding-where"' in institutions_only

    def test_the_page_is_whole_and_each_language_is_marked(self) -> None:
        page = parse(to_html(whole(), "hu"))
        for english, hungarian in [("Onboarding", "Csatlakozás"), ("Waiting", "Várakozás"), ("unknown", "nem tudni")]:
            assert english in page.texts["en"]
            assert hungarian in page.texts["hu"]
            assert hungarian not in page.texts["en"]

    def test_ids_are_unique_links_arrive_and_cells_have_scopes(self) -> None:
        page: Page = parse(to_html(whole()))
        ids = [value for _, attributes in page.tags if (value := attributes.get("id"))]
        assert len(ids) == len(set(ids))
        assert {str(each["aria-labelledby"]) for _, each in page.tags if "aria-labelledby" in each} <= set(ids)
        assert {each.get("scope") for each in page.all("th")} == {"col", "row"}

    @pytest.mark.parametrize("place", ["institution", "id", "user", "institutions"])
    def test_text_of_others_is_only_text(self, place: str) -> None:
        person = user(EVIL if place == "user" else "O1", registered="2026-01-01")
        person["institutions"] = [EVIL if place == "institutions" else "E1"]
        given = institution(
            EVIL if place == "id" else "E1", EVIL if place == "institution" else "A", declaration_accepted="2027-01-01"
        )
        html = to_html(report_on(result(institutions=[given], users=[person])))
        assert html.count("<script>") == 1
        assert EVIL in parse(html).text

    def test_of_persons_only_user_names_and_days_get_into_it(self) -> None:
        person = user(registered="2026-01-01", other="kept-back-1") | {"name": "kept-back-2", "email": "kept-back-3"}
        provider = institution(receipt="2026-01-01", other="kept-back-4")
        provider["administrator"] = {"name": "kept-back-5", "user_name": "kept-back-6", "email": "kept-back-7"}
        report = report_on(result(institutions=[provider], users=[person]))
        assert "O50123" in to_html(report)
        assert "O50123" in to_json(report)
        assert "kept-back" not in to_html(report) + to_json(report)

    def test_a_thousand_institutions_make_no_huge_page(self) -> None:
        given = [institution(f"E{n:06}", **days_until("receipt")) for n in range(1000)]
        html = to_html(report_on(result(institutions=given)))
        assert html.count('<details class="evidence"><summary>') == 1000
        assert len(html) < 6_000_000
