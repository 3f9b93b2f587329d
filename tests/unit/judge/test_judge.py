# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readiness, proofs, login methods, narrow views, and what is said where nothing could be asked."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.catalogue import load_catalogue
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.documents import ContractError, validate
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


DROWSY = {"sections/readers/usb_devices/0/power/control": "auto"}
NOT_STARTED: dict[str, Any] = {"sections/client/autostart": []}


@pytest.mark.parametrize(
    ("change", "name", "work"),
    [
        (DROWSY, "reader.power", ("reader_driver",)),
        (NOT_STARTED, "client.autostart", ("eid_client",)),
        ({**NOT_STARTED, **DROWSY}, "reader.power", ("reader_driver", "eid_client")),
    ],
)
def test_a_warning_that_a_role_mends_is_work_on_a_host_that_is_ready(
    change: dict[str, Any], name: str, work: tuple[str, ...]
) -> None:
    verdict = judge_case(healthy(change=change))
    assert one(verdict, name).status == "warn"
    assert verdict.ready
    assert verdict.work == work


def test_a_narrow_view_names_the_work_of_its_layers_warnings_alone() -> None:
    example = healthy(change={**NOT_STARTED, **DROWSY})
    policy = Policy.from_document(example.policy, "policy")
    assert narrow(judge_case(example), policy, ["client"]).work == ("eid_client",)
    assert narrow(judge_case(example), policy, ["clock"]).work == ()


def test_an_ignored_warning_is_no_work() -> None:
    verdict = judge_case(healthy(change=DROWSY, policy={"checks/reader.power": {"level": "ignored"}}))
    assert verdict.work == ()


def test_a_warning_that_no_role_mends_is_no_work() -> None:
    verdict = judge_case(healthy(context={"machine_before": "0" * 64}))
    assert one(verdict, "connection.login").status == "warn"
    assert verdict.work == ()


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
    assert [one(verdict, f"reader.{each}").status for each in ("device", "driver", "power")] == ["not_applicable"] * 3
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


def test_a_key_out_of_reach_is_no_missing_key_and_the_reason_says_what_to_do() -> None:
    error = {"stack": "win32", "code": -2146893802, "text": "Keyset does not exist"}
    key = {"present": None, "fits": None, "encrypted": False, "error": error}
    change: dict[str, Any] = {"host/privileged": False, "sections/certificates/targets/0/key": key}
    example = healthy("healthy_windows", change=change)
    check = one(judge_case(example), "certificate.key", "LocalMachine\\My", "E000301")
    assert (check.status, check.reason) == (
        "not_tested",
        "only an administrator can see this key: start the probe as administrator",
    )


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


PROXY: dict[str, Any] = {"host": "proxy.example", "port": 3128, "exceptions": []}


def proxied(*places: int, port: int = 3128, connected: bool = True, **proxy: Any) -> dict[str, Any]:
    """A row of which the endpoints at ``places`` are reached, or not, through a proxy."""
    change: dict[str, Any] = {}
    answer = {"connected": connected, "status": 200 if connected else None, "error": None}
    for place in places:
        path = f"sections/endpoints/endpoints/{place}"
        change |= {f"{path}/route": "proxy", f"{path}/dns": None, f"{path}/proxy": answer}
        if not connected:
            timeout = {"stack": "probe", "code": "timeout", "text": "connect: timed out"}
            refused = {"connected": False, "address": None, "seconds": 5.0, "attempts": [], "error": timeout}
            change |= {f"{path}/tcp": refused, f"{path}/tls": None, f"{path}/http": None}
            change[f"{path}/proxy"] = {**answer, "error": timeout}
    return {"change": change, "request": {"proxy": {**PROXY, "port": port, **proxy}}}


def outbound(verdict: Verdict) -> dict[str, str]:
    return {each.target: each.status for each in verdict.checks if each.id == "firewall.outbound"}


def test_behind_a_proxy_its_port_is_the_only_one_that_has_to_be_open() -> None:
    closed = {"port": 3128, "address": "192.0.2.9", "verdict": "drop", "by": "policy drop", "explicit": False}
    elsewhere = dict.fromkeys(["443/tcp", "4443/tcp", "5443/tcp"], "not_applicable")

    row = proxied(0, 1, 2, 3)
    assert outbound(judge_case(healthy(**row))) == {**elsewhere, "3128/tcp": "ok"}

    row = proxied(0, 1, 2, 3, connected=False)
    row["change"]["sections/firewall/outbound"] = [closed]
    verdict = judge_case(healthy(**row))
    assert outbound(verdict) == {**elsewhere, "3128/tcp": "fail"}
    assert verdict.work == ("outbound_firewall",)
    # The host's own doing is no outage of the centre.
    assert one(verdict, "endpoints.tcp", "gateway.example:443").causes == ("tcp_timeout",)


def test_what_is_among_the_proxys_exceptions_needs_its_own_port() -> None:
    row = proxied(1, 2, 3, exceptions=["direct.example"])
    row["change"]["sections/endpoints/endpoints/0/host"] = "direct.example"
    row["request"]["endpoints/0/host"] = "direct.example"
    row["change"]["sections/firewall/outbound/0/verdict"] = "drop"
    row["change"]["sections/endpoints/endpoints/0/tcp/connected"] = False
    found = outbound(judge_case(healthy(**row)))
    assert found == {"443/tcp": "fail", "4443/tcp": "not_applicable", "5443/tcp": "not_applicable", "3128/tcp": "ok"}


def test_a_proxy_on_a_port_of_the_centres_is_one_check() -> None:
    assert outbound(judge_case(healthy(**proxied(0, 1, 2, 3, port=443)))) == {
        "443/tcp": "ok",
        "4443/tcp": "not_applicable",
        "5443/tcp": "not_applicable",
    }


@pytest.mark.parametrize(
    ("schemes", "account", "text"),
    [
        (["Basic"], True, "answer of the proxy; it offers Basic; an account was given"),
        (["NTLM", "Negotiate"], False, "answer of the proxy; it offers NTLM, Negotiate"),
        (None, None, "answer of the proxy"),
    ],
)
def test_the_evidence_of_a_407_says_what_is_offered(schemes: list[str] | None, account: bool | None, text: str) -> None:
    answer: dict[str, Any] = {"connected": False, "status": 407, "error": None}
    if schemes is not None:
        answer |= {"schemes": schemes, "account": account}
    row = proxied(0)
    row["change"] |= {"sections/endpoints/endpoints/0/proxy": answer, "sections/endpoints/endpoints/0/tls": None}
    check = one(judge_case(healthy(**row)), "endpoints.tcp", "gateway.example:443")
    assert check.evidence[0] == {"stack": "http", "code": 407, "text": text}


SET = {"source": "wininet", "place": "HKLM", "account": None, "pac_url": None, "auto_detect": False}


@pytest.mark.parametrize(
    ("address", "exceptions", "status"),
    [
        ("proxy.example:3128", ["<local>", "10.*", "*.praxis.example"], "ok"),
        ("http://PROXY.example:3128/", ["10.0.0.0/8", ".praxis.example"], "ok"),
        ("proxy.example:3128", ["*"], "ok"),
        ("proxy.example:3128", ["10.*"], "warn"),
        ("proxy.example:3128", ["10.1.*", "praxis.example"], "warn"),
        ("proxy.example:8080", ["*"], "warn"),
    ],
)
def test_spellings_of_the_hosts_own_proxy(address: str, exceptions: list[str], status: str) -> None:
    setting = {**SET, "servers": [{"scheme": "all", "address": address}], "exceptions": exceptions}
    row = proxied(0, 1, 2, 3, exceptions=["10.0.0.0/8", ".praxis.example"])
    row["change"]["sections/proxy_settings/settings"] = [setting]
    verdict = judge_case(healthy(**row))
    assert one(verdict, "endpoints.proxy").status == status
    assert verdict.ready


def test_a_proxy_of_http_alone_leads_nothing_of_the_centres() -> None:
    setting = {**SET, "servers": [{"scheme": "http", "address": "proxy.example:3128"}], "exceptions": []}
    verdict = judge_case(healthy(change={"sections/proxy_settings/settings": [setting]}))
    assert one(verdict, "endpoints.proxy").status == "ok"


def test_an_observation_of_before_the_proxy_settings_is_no_worse_for_it() -> None:
    example = healthy()
    assert example.observation is not None
    del example.observation["sections"]["proxy_settings"]
    verdict = judge_case(example)
    assert one(verdict, "endpoints.proxy").status == "not_applicable"
    assert verdict.ready


def test_a_long_round_trip_makes_the_clock_uncertain_not_wrong() -> None:
    exchange = {"sent_at": "2026-03-02T08:00:00Z", "received_at": "2026-03-02T08:02:00Z"}
    verdict = judge_case(healthy(change={"exchange": exchange}))
    assert one(verdict, "clock.offset").status == "ok"


def test_a_carried_observation_has_no_measured_clock() -> None:
    verdict = judge_case(healthy(change={"exchange": None}))
    assert one(verdict, "clock.offset").reason == "nobody held the host's clock against another"


def test_a_carried_observation_proves_no_connection() -> None:
    verdict = judge_case(healthy(change={"exchange": None}))
    assert {check.status for check in verdict.checks if check.layer == "connection"} == {"not_applicable"}


def test_a_missing_library_is_no_fault_of_the_reader() -> None:
    change: dict[str, Any] = {
        "sections/readers/library": False,
        "sections/readers/context": {"established": False, "error": None},
        "sections/readers/readers": [],
    }
    verdict = judge_case(healthy(change=change))
    assert "python3-pyscard" in one(verdict, "reader.permission").reason
    assert not any(check.failed for check in verdict.checks)


def test_a_refused_certificate_that_nobody_knows_may_be_of_any_issuer() -> None:
    change: dict[str, Any] = {
        "sections/endpoints/endpoints/3/http/status": 495,
        "sections/endpoints/endpoints/3/tls/client_certificate/presented": "00" * 32,
    }
    verdict = judge_case(healthy(change=change))
    causes = one(verdict, "mtls.client_certificate", "gateway.example:5443", "E000301").causes
    assert causes == ("client_cert_rejected", "client_cert_revoked", "client_cert_unknown_issuer")


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


def test_a_probe_that_knew_no_notes_keeps_no_host_from_being_ready() -> None:
    """A portable probe of an older version may still come home from a site."""
    example = load_case("healthy_linux")
    assert example.observation is not None
    for target in example.observation["sections"]["certificates"]["targets"]:
        del target["untold"]
    validate("observation", example.observation, "of an older probe")
    verdict = judge_case(example)
    told = [check.status for check in verdict.checks if check.id == "certificate.told"]
    assert (verdict.ready, told) == (True, ["not_applicable", "not_applicable"])
