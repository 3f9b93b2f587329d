# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rests on documentation alone says so, until an acceptance result proves it; its status is the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.policy import Policy
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.records import FAIL, Check
from ansible_collections.eeszt.connect.plugins.plugin_utils.judge import judge
from tests.unit.judge.support import changed, context_of, load_case

LOOK = "sections/endpoints/endpoints/3"
REFUSED = {
    f"{LOOK}/http": None,
    f"{LOOK}/tls/completed": False,
    f"{LOOK}/tls/error": {"stack": "schannel", "code": "0x80090328", "text": "Lejárt"},
}


def _judged(proven: frozenset[str], alert: int | None = None) -> Check:
    seen = {"number": alert, "name": None, "phase": "handshake"} if alert else None
    example = changed(load_case("healthy_windows"), {"change": {**REFUSED, f"{LOOK}/tls/alert": seen}})
    context = replace(context_of(example), proven=proven)
    verdict = judge(example.observation, Policy.from_document(example.policy, "policy"), context)
    (check,) = [
        each
        for each in verdict.checks
        if each.id == "mtls.client_certificate" and each.target == "gateway.example:5443"
    ]
    return check


@pytest.mark.parametrize(
    ("proven", "alert", "reason"),
    [
        (frozenset(), None, "not proven on Windows (schannel.cert_expired)"),
        (frozenset({"schannel.cert_expired"}), None, ""),
        (frozenset({"schannel.untrusted_root"}), None, "not proven on Windows (schannel.cert_expired)"),
        (frozenset(), 45, ""),
    ],
)
def test_reason(proven: frozenset[str], alert: int | None, reason: str) -> None:
    check = _judged(proven, alert)
    assert (check.status, check.causes, check.reason) == (FAIL, ("client_cert_expired",), reason)
