# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Institutions and users as a plan gives them to results, and reports on them, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.catalogue import load_catalogue
from ansible_collections.eeszt.connect.plugins.plugin_utils.report import Report, build_report
from ansible_collections.eeszt.connect.plugins.plugin_utils.report.onboarding import Pipeline
from tests.unit.ledger.results import NOW, result

COMPLETE = {
    "declaration_accepted": "2026-01-12",
    "administrator_registered": "2026-01-19",
    "certificate_issued": "2026-01-19",
    "password_received": "2026-01-20",
    "administrator_activated": "2026-01-21",
    "certificate_downloaded": "2026-01-22",
    "checker_passed": "2026-01-23",
    "result_uploaded": "2026-01-23",
    "receipt": "2026-01-26",
}

THROUGH = {"registered": "2026-01-05", "test_passed": "2026-01-07", "activated": "2026-01-09"}


def institution(institution_id: str = "E000301", name: str = "Alfa", **days: Any) -> dict[str, Any]:
    return {"id": institution_id, "name": name, "onboarding": days}


def user(user_name: str = "O50123", login_method: str = "eid_card", **days: Any) -> dict[str, Any]:
    return {
        "name": "Dr. Kovács László",
        "user_name": user_name,
        "prefix": user_name[0],
        "profession": "doctor",
        "institutions": ["E000301"],
        "login_method": login_method,
        "dates": days,
    }


def days_until(step: str) -> dict[str, str]:
    """The days of all steps before ``step`` in the plan's order."""
    names = list(COMPLETE)
    return {name: COMPLETE[name] for name in names[: names.index(step)]}


def report_on(*results: Mapping[str, Any], replaced: Mapping[str, date] | None = None) -> Report:
    return build_report(results, load_catalogue(), NOW, (), replaced or {})


def pipeline_of(**days: Any) -> Pipeline:
    """The pipeline of one institution with these days; a second one has a day, so that it shows without any."""
    dated = institution("E999999", "Other", receipt="2026-01-01")
    pipelines = report_on(result(institutions=[institution(**days), dated])).onboarding.institutions
    return next(each for each in pipelines if each.id == "E000301")


def user_pipeline(login_method: str = "eid_card", replaced: date | None = None, **days: Any) -> Pipeline:
    """The pipeline of one user with these days; a second one has a day, so that it shows without any."""
    users = [user("O50123", login_method, **days), user("O1", registered="2026-01-01")]
    cards = {"O50123": replaced} if replaced else {}
    pipelines = report_on(result(users=users), replaced=cards).onboarding.users
    return next(each for each in pipelines if each.id == "O50123")


def states(pipeline: Pipeline) -> dict[str, str]:
    return {step.id: step.state for step in pipeline.steps}


def open_steps(pipeline: Pipeline) -> list[tuple[str, str, int | None]]:
    """What is next: step, actor, days waited."""
    return [(each.id, each.actor, each.waits_days) for each in pipeline.next]


def said(pipeline: Pipeline) -> list[str]:
    return [each.en for each in pipeline.warnings]


def whole() -> Report:
    """Institutions and users at every kind of place."""
    institutions = [
        institution("E000301", "Alfa Egészségház", **days_until("certificate_downloaded")),
        institution("E004410", "Béta Szakrendelő", **days_until("checker_passed") | {"receipt": "2027-01-01"}),
        institution("E000305", "Gamma Kft.", **COMPLETE),
        institution("E000306", "Delta Kft."),
    ]
    users = [
        user("O1", **THROUGH, card_valid_until="2032-08-01"),
        user("O2", **THROUGH, card_valid_until="2026-11-20"),
        user("S3", "mobile_token", registered="2026-11-20"),
        user("S4", **THROUGH),
    ]
    first = result("ws-1", institutions=institutions, users=users)
    return report_on(first, replaced={"O1": date(2026, 11, 2)})
