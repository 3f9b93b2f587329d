# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pipelines as JSON and in the summary."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from ansible_collections.eeszt.connect.plugins.plugin_utils.report import schema, summary, to_document, to_json
from tests.unit.ledger.results import result
from tests.unit.report.fleets import fleet
from tests.unit.report.onboarding import COMPLETE, days_until, institution, report_on, user, whole


class TestJson:
    def test_the_document_follows_its_schema(self) -> None:
        jsonschema.validate(to_document(whole()), schema())
        jsonschema.validate(to_document(report_on()), schema())

    def test_an_institution_is_told_in_full(self) -> None:
        document = json.loads(to_json(whole()))["onboarding"]
        first = document["institutions"][0]
        assert (first["id"], first["name"], first["waits_days"]) == ("E000301", "Alfa Egészségház", 308)
        assert first["next"] == [
            {
                "id": "certificate_downloaded",
                "title": {"en": "Certificate downloaded", "hu": "Tanúsítvány letöltve"},
                "todo": {
                    "en": "Downloads the WAF-SSL certificate from the sector portal.",
                    "hu": "Letölti a WAF-SSL tanúsítványt az ágazati portálról.",
                },
                "actor": "administrator",
                "with_card": True,
                "again": False,
                "since": "2026-01-21",
                "waits_days": 308,
            }
        ]
        assert first["steps"][3] == {
            "id": "password_received",
            "title": {"en": "SMS received", "hu": "SMS megjött"},
            "actor": "operator",
            "state": "done",
            "day": "2026-01-20",
        }
        assert document["institutions"][1]["warnings"][0]["hu"].startswith("Visszaigazolás: 2027-01-01 a jövőben")

    def test_users_and_stages_are_told(self) -> None:
        document = to_document(whole())["onboarding"]
        told = [(each["user_name"], each["card_valid_until"], each["institutions"]) for each in document["users"]]
        assert told == [
            ("O1", "2032-08-01", ["E000301"]),
            ("O2", "2026-11-20", ["E000301"]),
            ("S3", "", ["E000301"]),
            ("S4", "", ["E000301"]),
        ]
        assert [(each["id"], each["institutions"]) for each in document["stages"]] == [
            ("declaration_accepted", 1),
            ("certificate_downloaded", 1),
            ("checker_passed", 1),
        ]

    def test_a_plan_without_dates_has_empty_lists(self) -> None:
        assert to_document(report_on(*fleet()))["onboarding"] == {"stages": [], "institutions": [], "users": []}

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda each: each["institutions"][0].pop("next"),
            lambda each: each["institutions"][0]["steps"][0].update(state="perhaps"),
            lambda each: each["institutions"][0]["next"][0].update(actor="nobody"),
            lambda each: each["users"][0].update(name="Dr. Kovács László"),
            lambda each: each["users"][0]["next"][0].update(waits_days=-1),
            lambda each: each["stages"][0].pop("title"),
        ],
    )
    def test_the_schema_refuses_what_is_not_so(self, spoil: Callable[[Any], object]) -> None:
        document = copy.deepcopy(to_document(whole()))
        spoil(document["onboarding"])
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(document, schema())


class TestSummary:
    @pytest.mark.parametrize(
        ("institutions", "english", "hungarian"),
        [
            (
                [institution(f"E{n}", **days_until("certificate_downloaded")) for n in range(3)]
                + [institution("E9", **days_until("checker_passed"))],
                "Onboarding: 3 institutions wait for their administrator, the longest 308 days",
                "Csatlakozás: 3 intézmény vár az adminisztrátorára, a legrégebbi 308 napja",
            ),
            (
                [institution("E1", result_uploaded="2026-11-24")],
                "Onboarding: 1 institution waits for the operator of EESZT, the longest 1 day",
                "Csatlakozás: 1 intézmény vár az EESZT működtetőjére, a legrégebbi 1 napja",
            ),
            (
                [institution("E1"), institution("E2", **COMPLETE)],
                "Onboarding: 1 institution waits for the acceptance of the declaration",
                "Csatlakozás: 1 intézmény vár a nyilatkozat elfogadására",
            ),
        ],
    )
    def test_it_says_in_one_line_for_whom_most_wait(
        self, institutions: list[Any], english: str, hungarian: str
    ) -> None:
        report = report_on(result(institutions=institutions))
        assert [each for each in summary(report).splitlines() if "Onboarding" in each] == [english]
        assert [each for each in summary(report, "hu").splitlines() if "Csatlakozás" in each] == [hungarian]

    @pytest.mark.parametrize(
        "given",
        [
            {"institutions": [institution()]},
            {"institutions": [institution(**COMPLETE)]},
            {"users": [user(registered="2026-01-01")]},
        ],
    )
    def test_it_says_nothing_where_no_institution_waits(self, given: dict[str, Any]) -> None:
        assert "Onboarding" not in summary(report_on(result(**given)))
