# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Not trusted, expired and none at all are three different causes, whatever the version of TLS."""

from __future__ import annotations

import json

import pytest

PLAYBOOK = "tests/integration/road/playbooks/mtls_causes.yml"


@pytest.fixture(scope="module", params=["1.2", "1.3"])
def judged(request, story, road, tmp_path_factory):
    road.fleet.gateway_tls(request.param)
    answer = tmp_path_factory.mktemp("mtls") / "judged.json"
    run = road.play(PLAYBOOK, answer=str(answer))
    road.fleet.gateway_tls("both")
    assert run.status == 0, run.explained
    return request.param, json.loads(answer.read_text("utf-8"))


@pytest.mark.parametrize(
    ("shown", "status", "cause"),
    [
        ("good", "ok", None),
        ("expired", "fail", "client_cert_expired"),
        ("untrusted", "fail", "client_cert_unknown_issuer"),
        ("none", "fail", "client_cert_missing"),
    ],
)
def test_the_cause_is_told(judged, shown, status, cause):
    _, checks = judged
    found = [check for check in checks[shown] if check["id"] == "mtls.client_certificate"]
    assert [(check["status"], (check["causes"] or [None])[0]) for check in found] == [(status, cause)]


def test_the_version_was_the_one_that_the_server_offers(judged):
    version, checks = judged
    tls = next(check for check in checks["good"] if check["id"] == "endpoints.tls")
    assert f"TLSv{version}" in tls["observed"]
