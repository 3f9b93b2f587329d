# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of dependencies, on checks made by hand."""

from __future__ import annotations

from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.catalogue import load_catalogue
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.records import Check
from ansible_collections.eeszt.connect.plugins.plugin_utils.judge.builder import HOST, Builder, Subject
from ansible_collections.eeszt.connect.plugins.plugin_utils.judge.dependencies import resolve

CATALOGUE = load_catalogue()
BUILD = Builder(CATALOGUE)
FIRST, SECOND = Subject("gateway.example:443"), Subject("gateway.example:4443")
OF_ONE = Subject("gateway.example:443", "E000301")


def settled(*checks: Check) -> dict[tuple[str, str, str], Check]:
    return {(check.id, check.target, check.institution): check for check in resolve(CATALOGUE, checks).checks}


def status(found: dict[tuple[str, str, str], Check], check_id: str, subject: Subject = HOST) -> str:
    return found[(check_id, subject.target, subject.institution)].status


def test_what_stands_on_a_failure_was_not_tested_and_says_on_which() -> None:
    found = settled(
        BUILD.fail("endpoints.tcp", ["tcp_timeout"], FIRST),
        BUILD.ok("endpoints.tls", FIRST),
    )
    blocked = found[("endpoints.tls", FIRST.target, "")]
    assert blocked.status == "not_tested"
    assert blocked.reason == "endpoints.tcp of gateway.example:443 failed (tcp_timeout)"
    assert blocked.causes == ()
    assert blocked.remedy.en == ""


def test_a_failure_blocks_only_its_own_target() -> None:
    found = settled(
        BUILD.fail("endpoints.tcp", ["tcp_timeout"], FIRST),
        BUILD.ok("endpoints.tcp", SECOND),
        BUILD.ok("endpoints.tls", FIRST),
        BUILD.ok("endpoints.tls", SECOND),
    )
    assert status(found, "endpoints.tls", FIRST) == "not_tested"
    assert status(found, "endpoints.tls", SECOND) == "ok"


def test_a_failure_without_institution_blocks_every_institution_of_the_target() -> None:
    found = settled(
        BUILD.fail("endpoints.server_certificate", ["tls_intercepted"], FIRST),
        BUILD.ok("mtls.client_certificate", OF_ONE),
    )
    assert status(found, "mtls.client_certificate", OF_ONE) == "not_tested"


def test_one_institution_does_not_block_another() -> None:
    other = Subject(FIRST.target, "E000302")
    found = settled(
        BUILD.fail("mtls.client_certificate", ["client_cert_expired"], OF_ONE),
        BUILD.ok("mtls.client_certificate", other),
        BUILD.ok("mtls.http", OF_ONE),
        BUILD.ok("mtls.http", other),
    )
    assert status(found, "mtls.http", OF_ONE) == "not_tested"
    assert status(found, "mtls.http", other) == "ok"


def test_a_blocked_check_hands_the_failure_on() -> None:
    found = settled(
        BUILD.fail("endpoints.dns", ["dns_not_found"], FIRST),
        BUILD.not_tested("endpoints.tcp", "no address", FIRST),
        BUILD.not_tested("endpoints.tls", "no connection", FIRST),
    )
    assert found[("endpoints.tls", FIRST.target, "")].reason.startswith("endpoints.dns of")


def test_lack_of_input_and_what_does_not_apply_block_nothing() -> None:
    found = settled(
        BUILD.not_tested("reader.device", "no USB bus"),
        BUILD.not_applicable("reader.driver", "not here"),
        BUILD.ok("reader.visible"),
    )
    assert status(found, "reader.visible") == "ok"


def test_where_scopes_differ_every_instance_must_fail() -> None:
    held, free = Subject("Reader A"), Subject("Reader B")
    one = settled(
        BUILD.fail("reader.available", ["reader_held"], held),
        BUILD.ok("reader.available", free),
        BUILD.ok("card.present"),
    )
    both = settled(
        BUILD.fail("reader.available", ["reader_held"], held),
        BUILD.fail("reader.available", ["reader_held"], free),
        BUILD.ok("card.present"),
    )
    assert status(one, "card.present") == "ok"
    assert status(both, "card.present") == "not_tested"


def test_what_does_not_apply_stays_so() -> None:
    found = settled(
        BUILD.fail("connection.probe", ["probe_failed"]),
        BUILD.not_applicable("client.installed", "mobile_token"),
        BUILD.ok("clock.offset"),
    )
    assert status(found, "client.installed") == "not_applicable"
    assert status(found, "clock.offset") == "not_tested"


def test_a_warning_blocks_nothing() -> None:
    found = settled(
        BUILD.warn("endpoints.tcp", ["tcp_reset"], FIRST),
        BUILD.ok("endpoints.tls", FIRST),
    )
    assert status(found, "endpoints.tls", FIRST) == "ok"


def test_order_is_the_catalogues_then_target_then_institution() -> None:
    checks = [
        BUILD.ok("clock.offset"),
        BUILD.ok("mtls.http", Subject("b", "2")),
        BUILD.ok("mtls.http", Subject("b", "1")),
        BUILD.ok("mtls.http", Subject("a", "3")),
        BUILD.ok("connection.probe"),
    ]
    found = [(check.id, check.target, check.institution) for check in resolve(CATALOGUE, checks).checks]
    assert found == [
        ("connection.probe", "", ""),
        ("mtls.http", "a", "3"),
        ("mtls.http", "b", "1"),
        ("mtls.http", "b", "2"),
        ("clock.offset", "", ""),
    ]
