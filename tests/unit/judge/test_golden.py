# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The golden fixtures: valid by their schemas, and judged exactly as checks.json says.

When the judge changes on purpose, write checks.json anew and read the difference:
    python tests/unit/contract/make_fixtures.py --checks
"""

from __future__ import annotations

import json

import pytest

from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.catalogue import load_catalogue
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.documents import validate
from tests.unit.judge.support import CASES, FIXTURES, judge_case, load_case


@pytest.mark.parametrize("name", CASES)
def test_documents_are_valid(name: str) -> None:
    example = load_case(name)
    validate("observation", example.observation, name)
    validate("probe_request", example.request, name)
    validate("policy", example.policy, name)


@pytest.mark.parametrize("name", CASES)
def test_checks_are_exactly_the_golden_ones(name: str) -> None:
    golden = json.loads((FIXTURES / name / "checks.json").read_text("utf-8"))
    found = [check.to_dict() for check in judge_case(load_case(name)).checks]
    assert json.loads(json.dumps(found)) == golden


@pytest.mark.parametrize("name", CASES)
def test_every_check_of_the_catalogue_appears(name: str) -> None:
    assert {check.id for check in judge_case(load_case(name)).checks} == set(load_catalogue().checks)


@pytest.mark.parametrize("name", ["healthy_linux", "healthy_windows"])
def test_healthy_is_ready(name: str) -> None:
    verdict = judge_case(load_case(name))
    assert verdict.ready
    assert verdict.first_failing is None
    assert verdict.root_failures == verdict.excused == ()
    assert verdict.work == ()


def test_broken_names_a_root_on_each_chain_and_the_work() -> None:
    verdict = judge_case(load_case("broken_linux"))
    assert not verdict.ready
    assert [(check.id, check.target) for check in verdict.root_failures] == [
        ("reader.pcsc_service", ""),
        ("client.running", ""),
        ("firewall.outbound", "5443/tcp"),
        ("certificate.current", "/etc/eeszt/E000301/certificate.pem"),
        ("certificate.validity", "/etc/eeszt/E000301/certificate.pem"),
        ("certificate.permissions", "/etc/eeszt/E000301/certificate.pem"),
        ("endpoints.tcp", "gateway.example:5443"),
        ("mtls.client_certificate", "gateway.example:4443"),
    ]
    assert verdict.first_failing == verdict.root_failures[0]
    assert verdict.work == ("reader_driver", "outbound_firewall", "waf_certificate")
