# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report in a real browser: it loads without an error, and the language, the filter and the links work."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.catalogue import load_catalogue
from ansible_collections.eeszt.connect.plugins.plugin_utils.report import build_report, to_html
from ansible_collections.eeszt.connect.plugins.plugin_utils.report.as_html import anchor
from tests.unit.ledger.results import NOW
from tests.unit.report.fleets import fleet

CHROMIUM = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--enable-logging=stderr", "--v=0", "--window-size=1280,2000"),
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: package chromium)"),
]


@dataclass(frozen=True)
class Seen:
    """The page as the browser holds it after its script ran, and what its console said."""

    dom: str
    console: list[str]

    def hidden_hosts(self) -> list[str]:
        return re.findall(r'<details class="host [a-z_]+" id="([^"]+)"[^>]* hidden=""', self.dom)


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "fleet-report.html"
    path.write_text(to_html(build_report(fleet(), load_catalogue(), NOW)), "utf-8")
    return path


def look(page: Path, fragment: str = "") -> Seen:
    """Open ``page`` with a profile of its own and give what is there when it has loaded."""
    assert CHROMIUM is not None
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={page.parent / 'profile'}", "--dump-dom"]
    done = subprocess.run(
        [*command, f"file://{page}{fragment}"], capture_output=True, text=True, timeout=90, check=True
    )
    return Seen(done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line])


def with_script(page: Path, script: str) -> Path:
    """A copy of the page that also does what a user would; its policy is lifted for the added script."""
    html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text("utf-8"))
    driven = page.with_name("driven.html")
    driven.write_text(html.replace("</body>", f"<script>{script}</script></body>"), "utf-8")
    return driven


def test_it_loads_without_a_word_on_the_console(report: Path) -> None:
    seen = look(report)
    assert seen.console == []
    assert '<html lang="en" data-language="en"' in seen.dom
    assert "EESZT fleet report" in seen.dom


def test_an_error_would_be_seen(report: Path) -> None:
    """The test above is worth something only if this one sees what it looks for."""
    assert "boom" in str(look(with_script(report, "throw new Error('boom')")).console)


def test_the_pages_policy_stops_a_script_that_is_not_ours(report: Path) -> None:
    html = report.read_text("utf-8").replace("</body>", "<script>document.title='taken'</script></body>")
    report.write_text(html, "utf-8")
    seen = look(report)
    assert "<title>taken</title>" not in seen.dom
    assert "Content Security Policy" in str(seen.console)


def test_the_filter_appears_with_the_script(report: Path) -> None:
    assert 'id="filter" aria-labelledby' in look(report).dom


@pytest.mark.parametrize(
    ("fragment", "language", "title", "option"),
    [
        ("#hu", "hu", "EESZT flottajelentés", "Minden telephely"),
        ("#en", "en", "EESZT fleet report", "All sites"),
    ],
)
def test_the_address_chooses_the_language(report: Path, fragment: str, language: str, title: str, option: str) -> None:
    seen = look(report, fragment)
    assert f'<html lang="{language}" data-language="{language}"' in seen.dom
    assert f"<title>{title}</title>" in seen.dom
    assert f">{option}</option>" in seen.dom
    assert seen.console == []


def test_the_switch_shows_one_language_and_hides_the_other(report: Path) -> None:
    count = "[...document.querySelectorAll('h2 span[lang=%s]')].filter(e => e.offsetParent).length"
    script = (
        "document.querySelector('label[for=language-hu]').click();"
        f"document.title = document.title + ' | hu ' + {count % 'hu'} + ' en ' + {count % 'en'};"
    )
    assert re.search(r"<title>EESZT flottajelentés \| hu 4 en 0</title>", look(with_script(report, script)).dom)


def test_the_switch_works_without_the_pages_script(report: Path) -> None:
    """Only the style is left; what is visible is counted by a script of ours."""
    html = re.sub(r"<script>.*?</script>", "", report.read_text("utf-8"), flags=re.DOTALL)
    report.write_text(html, "utf-8")
    count = "[...document.querySelectorAll('h2 span[lang=%s]')].filter(e => e.offsetParent).length"
    script = (
        "document.getElementById('language-hu').checked = true;"
        f"document.title = 'hu ' + {count % 'hu'} + ' en ' + {count % 'en'};"
    )
    assert "<title>hu 4 en 0</title>" in look(with_script(report, script)).dom


@pytest.mark.parametrize(
    ("field", "value", "left"),
    [
        ("filter-text", "PATH_blocked szeged", 2),
        ("filter-text", "nothing like this", 0),
        ("filter-status", "unreachable", 1),
        ("filter-site", "1", 4),
    ],
)
def test_the_filter_leaves_what_fits(report: Path, field: str, value: str, left: int) -> None:
    script = (
        f"var field = document.getElementById('{field}'); field.value = '{value}';"
        "field.dispatchEvent(new Event('input', {bubbles: true}));"
    )
    seen = look(with_script(report, script))
    assert len(seen.hidden_hosts()) == 12 - left
    assert f'<output id="filter-count">{left}</output>' in seen.dom


def test_a_link_to_a_host_opens_it(report: Path) -> None:
    name = anchor("szeged-ws1")
    assert re.search(rf'<details class="host not_ready" id="{name}"[^>]* open=""', look(report, f"#{name}").dom)
