# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTML report: one file, two languages, nothing from elsewhere, nothing that runs but our script."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest

from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.catalogue import load_catalogue
from ansible_collections.eeszt.connect.plugins.plugin_utils.report import Report, build_report, to_html
from tests.unit.ledger.results import NOW, failing, observation, result
from tests.unit.report.fleets import fleet, good_checks

VOID = {"meta", "link", "input", "br", "img", "hr"}
SECRET = re.compile(r"password|passwd|secret|BEGIN .*KEY|\bPUK\b|token", re.IGNORECASE)
EVIL = '<script>alert("x")</script>'


@dataclass
class Page(HTMLParser):
    """A page as far as these tests look at it; a tag that is closed wrongly is a fault."""

    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    open_tags: list[tuple[str, str]] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        assert len(attributes) == len(attrs), f"an attribute stands twice in <{tag}>"
        self.tags.append((tag, attributes))
        if tag not in VOID:
            above = self.open_tags[-1][1] if self.open_tags else ""
            self.open_tags.append((tag, attributes.get("lang") or above))

    def handle_endtag(self, tag: str) -> None:
        opened, _ = self.open_tags.pop()
        assert opened == tag, f"</{tag}> closes <{opened}>"

    def handle_data(self, data: str) -> None:
        if self.open_tags and self.open_tags[-1][0] not in ("style", "script"):
            language = self.open_tags[-1][1]
            self.texts[language] = self.texts.get(language, "") + data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join(self.texts.values())


def parse(html: str) -> Page:
    page = Page()
    page.feed(html)
    page.close()
    assert page.open_tags == []
    return page


def report_on(results: list[dict[str, object]]) -> Report:
    return build_report(results, load_catalogue(), NOW, ["run/bad.json: is no JSON"])


@pytest.fixture(scope="module")
def html() -> str:
    return to_html(report_on(fleet()))


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return parse(html)


class TestSafety:
    def test_nothing_is_fetched_from_anywhere(self, page: Page) -> None:
        assert not {"link", "img", "iframe", "object", "embed", "base"} & {tag for tag, _ in page.tags}
        addresses = [
            value for _, attributes in page.tags for name in ("src", "href") if (value := attributes.get(name))
        ]
        assert addresses
        assert all(address.startswith("#") for address in addresses)

    def test_no_style_points_elsewhere(self, html: str) -> None:
        assert not re.search(r"url\(|@import|https?://", html)

    def test_the_pages_own_policy_allows_its_script_and_no_connection(self, html: str) -> None:
        (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in html

    def test_no_handler_stands_in_an_attribute(self, page: Page) -> None:
        assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]

    def test_what_a_report_does_not_need_does_not_get_into_it(self) -> None:
        seen = {**observation(), "host": {"account": "kept-back-3"}}
        secretive = result(users=[{"name": "kept-back-1"}], request={"password": "kept-back-2"}, observation=seen)
        assert "kept-back" not in to_html(report_on([secretive]))

    def test_no_field_asks_for_a_secret_or_holds_one(self, page: Page) -> None:
        names = [str(value) for _, each in page.tags for value in each.values()]
        assert not [name for name in names if SECRET.search(name)]

    @pytest.mark.parametrize("field", ["host", "site", "target", "reason", "evidence", "institution", "role"])
    def test_text_of_others_is_only_text(self, field: str) -> None:
        said = failing(
            "card.present",
            "no_card",
            target=EVIL if field == "target" else "",
            reason=EVIL if field == "reason" else "",
            evidence=[{"stack": "pcsc", "code": EVIL if field == "evidence" else None, "text": ""}],
        )
        evil = result(
            EVIL if field == "host" else "ws-1",
            checks=[said],
            site={"id": "s", "name": EVIL if field == "site" else "S"},
            institutions=[{"id": "E000301", "name": EVIL if field == "institution" else "Alfa"}],
            failed_roles=[{"role": EVIL if field == "role" else "r", "message": ""}],
        )
        html = to_html(report_on([evil]))
        assert html.count("<script>") == 1
        assert EVIL in parse(html).text

    def test_a_quote_cannot_leave_an_attribute(self) -> None:
        page = parse(to_html(report_on([result('" onmouseover="x')])))
        assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]


class TestLanguages:
    @pytest.mark.parametrize(
        ("english", "hungarian"),
        [
            ("EESZT fleet report", "EESZT flottajelentés"),
            ("Not ready", "Nem kész"),
            ("Not reached", "Nem elérhető"),
            ("What stands in the way", "Mi akadályoz"),
            ("Certificates", "Tanúsítványok"),
            ("The reader works but there is no card", "Az olvasó működik, de nincs rajta kártya"),
            ("The port answers", "A port válaszol"),
            ("Expired", "Lejárt"),
        ],
    )
    def test_both_stand_in_the_page_under_their_own_language(self, page: Page, english: str, hungarian: str) -> None:
        assert english in page.texts["en"]
        assert hungarian in page.texts["hu"]
        assert hungarian not in page.texts["en"]

    @pytest.mark.parametrize(("language", "title"), [("en", "EESZT fleet report"), ("hu", "EESZT flottajelentés")])
    def test_the_option_chooses_what_is_shown_first(self, language: str, title: str) -> None:
        html = to_html(report_on(fleet()), language)
        page = parse(html)
        assert page.all("html")[0]["lang"] == language
        assert f"<title>{title}</title>" in html
        assert [each["value"] for each in page.all("input") if "checked" in each] == [language]

    def test_another_language_is_a_fault_of_the_program(self) -> None:
        with pytest.raises(ValueError, match="speaks en and hu"):
            to_html(report_on([]), "de")


class TestAccess:
    def test_the_page_has_landmarks_and_one_main_heading(self, page: Page) -> None:
        names = [tag for tag, _ in page.tags]
        assert (names.count("main"), names.count("h1"), names.count("header")) == (1, 1, 1)

    def test_every_header_cell_says_what_it_heads(self, page: Page) -> None:
        assert {each.get("scope") for each in page.all("th")} == {"col", "row"}

    def test_every_field_has_a_label(self, html: str, page: Page) -> None:
        labelled = {each["for"] for each in page.all("label") if "for" in each}
        assert {"language-en", "language-hu"} <= labelled
        for name in ("filter-text", "filter-site", "filter-status"):
            assert re.search(rf"<label><span>[^§]{{0,200}}?id=\"{name}\"", html)

    def test_ids_are_unique_and_every_link_arrives(self, page: Page) -> None:
        ids = [value for _, attributes in page.tags if (value := attributes.get("id"))]
        assert len(ids) == len(set(ids))
        named = [each["href"] for each in page.all("a")]
        named += [f"#{value}" for _, each in page.tags if (value := each.get("aria-labelledby"))]
        assert {target.removeprefix("#") for target in named if target} <= set(ids)

    def test_without_a_script_the_filter_is_not_offered(self, page: Page) -> None:
        assert "hidden" in page.all("form")[0]


class TestContent:
    def test_each_host_has_its_remedy_in_sight_and_its_evidence_inside(self, html: str) -> None:
        host = html[html.index("<strong>szeged-ws1</strong>") : html.index("<strong>szeged-ws2</strong>")]
        shown = host[: host.index("</summary>")]
        assert "Have the port opened on the site&#39;s router" in shown
        assert "errno · 110 · Connection timed out" in host

    def test_an_auditor_finds_what_a_result_stands_on(self, page: Page) -> None:
        policy = result()["policy"]
        for expected in (policy["sha256"], "20261125T070000Z-ab12", "0.1.0", "2026-11-25 07:30 UTC"):
            assert expected in page.text

    def test_unreadable_files_are_named(self, page: Page) -> None:
        assert "run/bad.json: is no JSON" in page.text

    @pytest.mark.parametrize(("doubles", "said"), [(2, "all 2 hosts are doubles"), (1, "One of 2 hosts")])
    def test_doubles_are_said_up_front(self, doubles: int, said: str) -> None:
        hosts = [result(f"ws-{n}", observation=observation(double=n < doubles)) for n in range(2)]
        assert said in parse(to_html(report_on(hosts))).texts["en"]

    def test_an_empty_ledger_has_a_page_too(self) -> None:
        assert "The ledger holds no result yet" in parse(to_html(report_on([]))).text

    def test_a_thousand_hosts_take_seconds(self) -> None:
        many = [
            result(f"ws-{n}", checks=good_checks(), site={"id": f"site-{n // 10}", "name": "S"}) for n in range(1000)
        ]
        began = time.monotonic()
        html = to_html(report_on(many))
        assert time.monotonic() - began < 20
        assert len(html) < 20_000_000
