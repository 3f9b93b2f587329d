# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Retired hosts stand apart and count nowhere; one that still holds something is not retired."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from fleets import NOW, fleet

from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.catalogue import load_catalogue
from ansible_collections.eeszt.connect.plugins.plugin_utils.report.as_html import to_html
from ansible_collections.eeszt.connect.plugins.plugin_utils.report.as_json import schema, to_document
from ansible_collections.eeszt.connect.plugins.plugin_utils.report.build import build_report
from ansible_collections.eeszt.connect.plugins.plugin_utils.report.model import Report
from ansible_collections.eeszt.connect.plugins.plugin_utils.report.summary import summary

GONE = {"host": True, "institutions": ["E000301"], "seen": True, "left": []}


def report(mark: Any, **more: Any) -> Report:
    """Twelve hosts, of which the first is retired."""
    first, *others = fleet()
    retired = {**first, "ready": False, "kind": "decommission", "retired": mark, **more}
    return build_report([retired, *others], load_catalogue(), NOW)


def test_a_retired_host_is_listed_apart_and_counts_nowhere() -> None:
    made = report(GONE)
    assert [(each.host, each.seen) for each in made.retired] == [("alfa-ws1", True)]
    assert made.totals.hosts == 11
    assert "alfa-ws1" not in {each.host for each in made.hosts}
    assert not [each for each in made.obstacles if "alfa-ws1" in each.hosts]
    assert not [each for each in made.certificates if "alfa-ws1" in each.hosts]


@pytest.mark.parametrize("language", ["en", "hu"])
def test_every_form_of_the_report_says_so(language: str) -> None:
    made = report({**GONE, "seen": False})
    document = to_document(made)
    jsonschema.validate(document, schema())
    assert document["retired"][0]["host"] == "alfa-ws1"
    page = to_html(made, language)
    assert "Out of service" in page
    assert "vonassa vissza a tanúsítványait" in page
    assert {"en": "1 host out of service", "hu": "1 kivont gép"}[language] in summary(made, language)


@pytest.mark.parametrize(
    ("mark", "more"),
    [
        ({**GONE, "left": ["/etc/eeszt/key.pem"]}, {}),
        ({**GONE, "host": False}, {}),
        (GONE, {"failed_roles": [{"role": "waf_certificate", "message": "no"}]}),
        (None, {}),
        ("text", {}),
    ],
)
def test_what_is_not_wholly_gone_counts_as_before(mark: Any, more: dict[str, Any]) -> None:
    made = report(mark, **more)
    assert made.retired == ()
    assert made.totals.hosts == 12


def test_a_report_without_any_has_no_such_section() -> None:
    assert 'id="retired"' not in to_html(build_report(fleet(), load_catalogue(), NOW))
