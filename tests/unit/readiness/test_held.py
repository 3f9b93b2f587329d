# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets are given the fingerprint of the certificate that the controller holds, and nothing else of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.policy import load_policy
from ansible_collections.eeszt.connect.plugins.plugin_utils.readiness.held import HeldCertificates
from ansible_collections.eeszt.connect.plugins.plugin_utils.readiness.request import Subject, build_request

HELD = HeldCertificates({"E01620K": cast(Any, SimpleNamespace(fingerprint="ab" * 32))}, ())
STORE = {"type": "windows_store", "institution": "E01620K", "location": "LocalMachine", "store": "My", "accounts": None}


def test_a_target_learns_which_certificate_is_meant() -> None:
    assert HELD.with_fingerprints([STORE]) == [{**STORE, "fingerprint": "ab" * 32}]
    assert "fingerprint" not in STORE, "the plan's own target stays as it is"


def test_one_whose_certificate_is_not_here_is_looked_at_by_its_mark() -> None:
    other = {**STORE, "institution": "P000301"}
    nobodys = {key: value for key, value in STORE.items() if key != "institution"}
    assert HELD.with_fingerprints([other, nobodys]) == [other, nobodys]


def test_a_request_carries_it() -> None:
    subject = Subject(
        institutions=[{"id": "E01620K"}], certificate_targets=HELD.with_fingerprints([{**STORE, "exportable": True}])
    )
    request = build_request(subject, load_policy("production"))
    assert request["certificate_targets"][0]["fingerprint"] == "ab" * 32
