# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readiness, proofs, login methods, narrow views, and what is said where nothing could be asked."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.catalogue import load_catalogue
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.documents import ContractError
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.policy import Policy
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.records import Check
from ansible_collections.eeszt.connect.plugins.plugin_utils.judge import Verdict, judge, narrow
from tests.unit.judge.support import Example, changed, context_of, judge_case, load_case

NO_CARD = {
    "sections/readers/readers/0/card_present": False,
    "sections/readers/readers/0/state": 0x12,
    "sections/readers/readers/0/connect": None,
}
LINUX_PEM = "/etc/eeszt/E000301/certificate.pem"
SEALED = "/etc/eeszt/E000302/certificate.p12"


def healthy(name: str = "healthy_linux", **row: Any) -> Example:
    return changed(load_case(name), row)


def one(verdict: Verdict, check_id: str, target: str = "", institution: str = "") -> Check:
    found = [
        check
        for check in verdict.checks
        if (check.id, check.target, check.institution) == (check_id, target, institution)
    ]
    assert len(found) == 1
    return found[0]


def statuses(verdict: Verdict, layer: str) -> set[str]:
    return {check.status for check in verdict.checks if check.layer == layer}


def proof(at: str) -> dict[str, Any]:
    return {"proofs": [{"check": "card.present", "at": at}]}


@pytest.mark.parametrize(
    ("at", "ready"),
    [
        ("2026-02-20T08:00:00Z", True),
        ("2026-01-30T07:00:00Z", False),
        ("2026-03-02T08:02:00Z", True),
        ("2027-01-01T00:00:00Z", False),
    ],
    ids=["young", "too old", "clocks differ a little", "from the future"],
)
def test_a_card_in_the_pocket_is_excused_by_a_young_proof(at: str, ready: bool) -> None:
    verdict = judge_case(healthy(change=NO_CARD, context=proof(at)))
    assert verdict.ready is ready
    assert (verdict.first_failing is None) is ready
    assert [check.id for check in verdict.excused] == (["card.present"] if ready else [])


def test_a_required_check_is_not_excused_by_a_proof() -> None:
    policy = {"checks/card.present": {"level": "required"}}
    verdict = judge_case(healthy(change=NO_CARD, context=proof("2026-03-01T08:00:00Z"), policy=policy))
    assert not verdict.ready


def test_an_excused_failure_is_the_root_of_what_it_blocks() -> None:
    policy = {"checks/card.pin": {"level": "required"}}
    verdict = judge_case(healthy(change=NO_CARD, context=proof("2026-03-01T08:00:00Z"), policy=policy))
    assert not verdict.ready
    assert verdict.first_failing is not None
    assert verdict.first_failing.id == "card.present"


def test_an_ignored_failure_is_neither_in_the_way_nor_named() -> None:
    policy = {"checks/client.running": {"level": "ignored"}}
    verdict = judge_case(healthy(change={"sections/client/processes": []}, policy=policy))
    assert one(verdict, "client.running").failed
    assert verdict.ready
    assert verdict.first_failing is None


def test_untested_required_checks_keep_from_ready_without_a_failure() -> None:
    verdict = judge_case(healthy(change={"sections/clock": None}))
    assert not verdict.ready
    assert verdict.first_failing is None


@pytest.mark.parametrize(
    ("purpose", "methods", "reader", "client"),
    [
        ("workstation", ["eid_card"], True, True),
        ("workstation", [], True, True),
        ("workstation", ["mobile_token"], False, False),
        ("workstation", ["phone_reader"], False, True),
        ("workstation", ["mobile_token", "eid_card"], True, True),
        ("server", [], False, False),
        ("server", ["eid_card"], True, True),
        ("terminal_server", [], False, False),
    ],
)
def test_login_methods_decide_what_applies(purpose: str, methods: list[str], reader: bool, client: bool) -> None:
    verdict = judge_case(healthy(context={"purpose": purpose, "login_methods": methods}))
    assert ("not_applicable" not in statuses(verdict, "reader")) is reader
    assert ("not_applicable" not in statuses(verdict, "card")) is reader
    assert ("not_applicable" not in statuses(verdict, "client")) is client
    assert verdict.ready


def test_a_terminal_server_needs_no_usb_reader_of_its_own() -> None:
    change: dict[str, Any] = {"sections/readers/usb_devices": []}
    verdict = judge_case(healthy(change=change, context={"purpose": "terminal_server"}))
    assert one(verdict, "reader.device").status == "not_applicable"
    assert verdict.ready


def test_without_an_observation_everything_says_why() -> None:
    verdict = judge_case(healthy(observation=None))
    assert {check.id for check in verdict.checks} == set(load_catalogue().checks)
    assert all(check.reason for check in verdict.checks if check.status == "not_tested")
    assert not verdict.ready


def test_an_unreachable_host_names_the_connection_everywhere() -> None:
    failure = {"check_id": "connection.login", "cause": "auth_failed"}
    verdict = judge_case(healthy(observation=None, context={"connection_failure": failure}))
    assert one(verdict, "connection.transport").status == "ok"
    assert [check.id for check in verdict.root_failures] == ["connection.login"]
    rest = [check for check in verdict.checks if check.layer != "connection"]
    assert {check.reason for check in rest if check.status == "not_tested"} == {"connection.login failed (auth_failed)"}


def test_unknown_words_of_a_connection_failure_are_refused() -> None:
    for failure in (
        {"check_id": "connection.login", "cause": "moonlight"},
        {"check_id": "reader.device", "cause": "no_reader_device"},
    ):
        with pytest.raises(ContractError):
            judge_case(healthy(observation=None, context={"connection_failure": failure}))


@pytest.mark.parametrize("section", ["readers", "client", "firewall", "certificates", "endpoints", "clock"])
@pytest.mark.parametrize("asked", [True, False])
def test_a_section_that_is_missing_is_said_and_never_good(section: str, asked: bool) -> None:
    observe = ["readers", "client", "firewall", "certificates", "endpoints", "clock"]
    if not asked:
        observe.remove(section)
    verdict = judge_case(healthy(change={f"sections/{section}": None}, request={"observe": observe}))
    words = f"the probe gave no {section}" if asked else f"the probe was not asked for {section}"
    assert any(check.reason == words for check in verdict.checks)


def test_a_section_that_was_cut_off_says_so() -> None:
    error = {"stack": "probe", "code": "timeout", "text": "section timed out"}
    change: dict[str, Any] = {"sections/endpoints/error": error, "sections/endpoints/endpoints": []}
    verdict = judge_case(healthy(change=change))
    check = one(verdict, "endpoints.dns", "gateway.example:4443")
    assert check.reason == "the probe could not finish endpoints: section timed out"
    shown = one(verdict, "mtls.client_certificate", "gateway.example:4443", "E000302")
    assert shown.reason == check.reason


def test_narrow_views_are_ready_by_their_layers_only() -> None:
    example = healthy(change={"sections/client/processes": []})
    policy = Policy.from_document(example.policy, "policy")
    whole = judge(example.observation, policy, context_of(example))
    mtls = narrow(whole, policy, ["endpoints", "mtls"])
    client = judge(example.observation, policy, context_of(example), layers=["client"])
    assert not whole.ready
    assert mtls.ready
    assert {check.layer for check in mtls.checks} == {"endpoints", "mtls"}
    assert not client.ready
    assert client.first_failing == whole.first_failing


def test_narrow_views_keep_what_a_proof_excused() -> None:
    example = healthy(change=NO_CARD, context=proof("2026-03-01T08:00:00Z"))
    policy = Policy.from_document(example.policy, "policy")
    verdict = judge(example.observation, policy, context_of(example), layers=["card"])
    assert verdict.ready


@pytest.mark.parametrize("layers", [[], ["moon"], ["mtls", "moon"]])
def test_unknown_layers_are_refused(layers: list[str]) -> None:
    example = healthy()
    policy = Policy.from_document(example.policy, "policy")
    with pytest.raises(ContractError):
        judge(example.observation, policy, context_of(example), layers=layers)


def test_no_client_in_the_policy_is_said() -> None:
    verdict = judge_case(healthy(policy={"client/packages": [], "client/executables": []}))
    assert one(verdict, "client.installed").status == "not_tested"
    assert "policy describes no client" in one(verdict, "client.running").reason


def test_a_new_policy_cannot_prove_absence_in_an_old_observation() -> None:
    change: dict[str, Any] = {"sections/client/packages": [], "sections/client/processes": []}
    verdict = judge_case(healthy(change=change, policy={"client/packages": ["other-client"]}))
    assert one(verdict, "client.installed").status == "not_tested"


def test_no_planned_certificate_does_not_apply() -> None:
    change: dict[str, Any] = {"sections/certificates/targets": []}
    verdict = judge_case(healthy(change=change, request={"certificate_targets": []}))
    assert statuses(verdict, "certificate") == {"not_applicable"}


def test_a_planned_certificate_that_was_not_looked_at_is_named() -> None:
    verdict = judge_case(healthy(change={"sections/certificates/targets": []}))
    assert one(verdict, "certificate.present", SEALED, "E000302").status == "not_tested"


def test_a_sealed_file_without_the_controllers_copy_is_untested() -> None:
    verdict = judge_case(healthy(context={"expected": {}}))
    for name in ("institution", "current", "key", "validity", "chain", "issuer"):
        check = one(verdict, f"certificate.{name}", SEALED, "E000302")
        assert check.status == "not_tested"
        assert "only its password can tell" in check.reason
    assert one(verdict, "certificate.present", SEALED, "E000302").status == "ok"
    assert one(verdict, "certificate.current", LINUX_PEM, "E000301").status == "not_applicable"


def test_an_open_connection_outweighs_the_reading_of_rules() -> None:
    verdict = judge_case(healthy(change={"sections/firewall/outbound/2/verdict": "drop"}))
    assert one(verdict, "firewall.outbound", "5443/tcp").status == "ok"


@pytest.mark.parametrize("word", ["depends", "unknown"])
def test_an_unsettled_rule_is_untested(word: str) -> None:
    change: dict[str, Any] = {
        "sections/firewall/outbound/2/verdict": word,
        "sections/endpoints/endpoints": [],
    }
    verdict = judge_case(healthy(change=change, request={"endpoints": []}))
    assert one(verdict, "firewall.outbound", "5443/tcp").status == "not_tested"


def test_a_host_without_firewall_is_open() -> None:
    change: dict[str, Any] = {
        "sections/firewall/backend": "none",
        "sections/firewall/outbound": [],
        "sections/firewall/owned": [],
        "sections/endpoints": None,
    }
    verdict = judge_case(healthy(change=change))
    assert statuses(verdict, "firewall") == {"ok", "not_applicable"}


def test_a_port_that_answers_one_of_two_connections_is_a_warning() -> None:
    error = {"stack": "errno", "code": 104, "text": "reset"}
    tcp: dict[str, Any] = {"connected": False, "address": None, "error": error, "seconds": 0.1, "attempts": []}
    change: dict[str, Any] = {
        "sections/endpoints/endpoints/1/tcp": tcp,
        "sections/endpoints/endpoints/1/tls": None,
        "sections/endpoints/endpoints/1/http": None,
    }
    verdict = judge_case(healthy(change=change))
    shared = one(verdict, "endpoints.tcp", "gateway.example:4443")
    assert (shared.status, shared.causes) == ("warn", ("tcp_reset",))
    assert one(verdict, "mtls.client_certificate", "gateway.example:4443", "E000302").status == "ok"
    assert one(verdict, "mtls.client_certificate", "gateway.example:4443", "E000301").status == "not_tested"


def test_a_400_without_a_page_is_no_acceptance() -> None:
    change: dict[str, Any] = {"sections/endpoints/endpoints/3/http/status": 400}
    verdict = judge_case(healthy(change=change))
    assert one(verdict, "mtls.client_certificate", "gateway.example:5443", "E000301").status == "not_tested"


def test_a_raw_endpoint_that_speaks_after_the_handshake_took_the_certificate() -> None:
    change: dict[str, Any] = {
        "sections/endpoints/endpoints/3/protocol": "raw",
        "sections/endpoints/endpoints/3/http": None,
        "sections/endpoints/endpoints/3/raw": {"received": 12, "closed": False, "error": None, "seconds": 0.1},
    }
    verdict = judge_case(healthy(change=change, request={"endpoints/3/protocol": "raw"}))
    assert one(verdict, "mtls.client_certificate", "gateway.example:5443", "E000301").status == "ok"


def silent(*places: int, control: bool | None) -> dict[str, Any]:
    """Only these endpoints are left, and none of them answers."""
    endpoints = load_case("healthy_linux").observation["sections"]["endpoints"]  # type: ignore[index]
    error = {"stack": "probe", "code": "timeout", "text": "connect: timed out after 5.0 s"}
    dead: dict[str, Any] = {"connected": False, "address": None, "error": error, "seconds": 5.0, "attempts": []}
    left = [{**endpoints["endpoints"][place], "tcp": dead, "tls": None, "http": None} for place in places]
    witness = endpoints["control"] if control else {**endpoints["control"], "tcp": dead, "tls": None}
    return {
        "sections/endpoints/endpoints": left,
        "sections/endpoints/control": None if control is None else witness,
    }


@pytest.mark.parametrize(
    ("control", "causes"),
    [
        (True, ("tcp_timeout", "centre_down")),
        (False, ("site_cut_off", "tcp_timeout")),
        (None, ("tcp_timeout", "centre_down", "site_cut_off")),
    ],
)
def test_one_address_alone_puts_the_raw_cause_first(control: bool | None, causes: tuple[str, ...]) -> None:
    asked = load_case("healthy_linux").request
    assert asked is not None
    request = {"endpoints": [asked["endpoints"][3]]}
    verdict = judge_case(healthy(change=silent(3, control=control), request=request))
    assert one(verdict, "endpoints.tcp", "gateway.example:5443").causes == causes


def test_a_firewall_of_the_host_is_no_outage() -> None:
    change = silent(0, 1, 2, 3, control=True) | {
        f"sections/firewall/outbound/{place}/verdict": "drop" for place in range(3)
    }
    verdict = judge_case(healthy(change=change))
    assert one(verdict, "endpoints.tcp", "gateway.example:443").causes == ("tcp_timeout",)


def test_a_control_that_our_own_firewall_may_stop_says_nothing() -> None:
    change = silent(0, 1, 2, 3, control=False) | {
        f"sections/firewall/outbound/{place}/address": "192.0.2.10" for place in range(3)
    }
    verdict = judge_case(healthy(change=change))
    causes = one(verdict, "endpoints.tcp", "gateway.example:443").causes
    assert causes == ("centre_down", "site_cut_off", "tcp_timeout")


def test_a_dual_reader_shows_the_card_in_its_other_slot() -> None:
    observation = load_case("healthy_linux").observation
    assert observation is not None
    alive = observation["sections"]["readers"]["readers"][0]
    mute = {**alive, "name": "Dual Reader 00 00", "card_mute": True, "atr": None}
    verdict = judge_case(healthy(change={"sections/readers/readers": [mute, alive]}))
    assert one(verdict, "card.present").status == "ok"


def test_the_proxy_makes_the_host_firewall_beside_the_point() -> None:
    change: dict[str, Any] = {
        "sections/endpoints/endpoints/3/route": "proxy",
        "sections/endpoints/endpoints/3/dns": None,
        "sections/endpoints/endpoints/3/proxy": {"connected": True, "status": 200, "error": None},
    }
    verdict = judge_case(healthy(change=change))
    assert one(verdict, "firewall.outbound", "5443/tcp").status == "not_applicable"
    assert one(verdict, "endpoints.dns", "gateway.example:5443").status == "not_applicable"
    assert verdict.ready


def test_a_long_round_trip_makes_the_clock_uncertain_not_wrong() -> None:
    exchange = {"sent_at": "2026-03-02T08:00:00Z", "received_at": "2026-03-02T08:02:00Z"}
    verdict = judge_case(healthy(change={"exchange": exchange}))
    assert one(verdict, "clock.offset").status == "ok"


def test_a_carried_observation_has_no_measured_clock() -> None:
    verdict = judge_case(healthy(change={"exchange": None}))
    assert one(verdict, "clock.offset").reason == "nobody held the host's clock against another"


def test_a_missing_library_is_no_fault_of_the_reader() -> None:
    change: dict[str, Any] = {
        "sections/readers/library": False,
        "sections/readers/context": {"established": False, "error": None},
        "sections/readers/readers": [],
    }
    verdict = judge_case(healthy(change=change))
    assert "python3-pyscard" in one(verdict, "reader.permission").reason
    assert not any(check.failed for check in verdict.checks)


def test_a_refused_certificate_that_nobody_knows_leaves_two_words() -> None:
    change: dict[str, Any] = {
        "sections/endpoints/endpoints/3/http/status": 495,
        "sections/endpoints/endpoints/3/tls/client_certificate/presented": "00" * 32,
    }
    verdict = judge_case(healthy(change=change))
    causes = one(verdict, "mtls.client_certificate", "gateway.example:5443", "E000301").causes
    assert causes == ("client_cert_rejected", "client_cert_revoked")


def test_a_running_program_shows_that_the_client_is_installed() -> None:
    policy: dict[str, Any] = {"client/packages": []}
    running = judge_case(healthy(policy=policy))
    stopped = judge_case(healthy(policy=policy, change={"sections/client/processes": []}))
    assert one(running, "client.installed").status == "ok"
    assert one(stopped, "client.installed").status == "not_tested"


def test_a_known_reader_is_one_whatever_driver_has_it() -> None:
    change: dict[str, Any] = {
        "sections/readers/usb_devices/0/driver": "usbhid",
        "sections/readers/readers": [],
    }
    verdict = judge_case(healthy(change=change))
    assert one(verdict, "reader.driver").causes == ("driver_missing",)


def test_a_name_that_nobody_knows_is_no_outage_of_the_centre() -> None:
    endpoints = load_case("healthy_linux").observation["sections"]["endpoints"]  # type: ignore[index]
    error = {"stack": "gai", "code": -2, "text": "EAI_NONAME: Name or service not known"}
    dns = {"addresses": [], "error": error, "seconds": 0.1}
    gone = [{**each, "dns": dns, "tcp": None, "tls": None, "http": None} for each in endpoints["endpoints"]]
    change: dict[str, Any] = {"sections/endpoints/endpoints": gone}
    mistyped = judge_case(healthy(change=change))
    control = {**endpoints["control"], "dns": dns, "tcp": None, "tls": None}
    nothing = judge_case(healthy(change={**change, "sections/endpoints/control": control}))
    assert one(mistyped, "endpoints.dns", "gateway.example:443").causes == ("dns_not_found",)
    assert one(nothing, "endpoints.dns", "gateway.example:443").causes == ("site_cut_off", "dns_not_found")
