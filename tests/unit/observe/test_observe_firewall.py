# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outbound firewall, judged from rulesets that a real nft printed (``rulesets/``, nft 1.0.6)."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.eeszt.connect.plugins.module_utils.observe import firewall
from ansible_collections.eeszt.connect.plugins.module_utils.observe.firewall import observe_firewall, owned
from ansible_collections.eeszt.connect.plugins.module_utils.observe.nft_match import Packet
from ansible_collections.eeszt.connect.plugins.module_utils.observe.nft_ruleset import (
    Ruleset,
    denying_chains,
    outbound,
)

Json = dict[str, Any]
RULESETS = Path(__file__).parent / "rulesets"


def recorded(name: str) -> Ruleset:
    return Ruleset.parse(json.loads((RULESETS / f"{name}.json").read_text())["nftables"])


def output_chain(*rules: list[Json], policy: str = "accept", sets: tuple[Json, ...] = ()) -> Ruleset:
    """A table with one output chain, for matches that no recording has."""
    place = {"family": "inet", "table": "t"}
    chain = {**place, "name": "out", "handle": 1, "hook": "output", "prio": 0, "policy": policy, "type": "filter"}
    numbered = [{"rule": {**place, "chain": "out", "handle": 10 + at, "expr": rule}} for at, rule in enumerate(rules)]
    return Ruleset.parse([{"table": {"family": "inet", "name": "t"}}, {"chain": chain}, *sets, *numbered])


def match(left: Json, right: Any, op: str = "==") -> Json:
    return {"match": {"op": op, "left": left, "right": right}}


DPORT = {"payload": {"protocol": "tcp", "field": "dport"}}
DADDR = {"payload": {"protocol": "ip", "field": "daddr"}}
ACCEPT: Json = {"accept": None}
DROP: Json = {"drop": None}


def decide(ruleset: Ruleset, port: int, address: str | None, uid: int = 0) -> tuple[str, str, bool]:
    number = ipaddress.ip_address(address) if address else None
    seen = outbound(ruleset, Packet(port, number, uid))
    assert (seen.port, seen.address) == (port, address)
    return seen.verdict, seen.by, seen.explicit


@pytest.mark.parametrize(
    ("port", "address", "verdict", "by", "explicit"),
    [
        # our own chain, reached by a jump for new connections
        (4443, "192.0.2.10", "accept", "inet filter eeszt_connect handle 8", True),
        (443, "2001:db8::7", "accept", "inet filter eeszt_connect handle 9", True),
        # named sets: an address and a port in an interval
        (4450, "10.1.255.255", "accept", "inet filter output handle 19", True),
        (4451, "10.1.2.3", "depends", None, False),  # the rate limit behind it cannot be told
        (53, "198.51.100.1", "accept", "inet filter output handle 17", True),
        # loopback goes by its interface
        (5443, "127.0.0.1", "accept", "inet filter output handle 10", False),
        # a verdict map by port, two ways
        (7001, "198.51.100.1", "accept", "inet filter output handle 24", True),
        (7002, "198.51.100.1", "drop", "inet filter output handle 24", True),
        # nfproto decides by the address
        (9005, "2001:db8::8", "reject", "inet filter output handle 22", True),
        (9005, "198.51.100.1", "depends", None, False),
        # goto into a chain that returns: the policy of the base chain has the last word
        (7777, "198.51.100.1", "depends", None, False),
        # without an address the rules for addresses cannot be told
        (443, None, "depends", None, True),
    ],
)
def test_a_workstation_that_denies_by_default(
    port: int, address: str | None, verdict: str, by: str | None, explicit: bool
) -> None:
    seen = decide(recorded("workstation_default_deny"), port, address)

    assert (seen[0], seen[2]) == (verdict, explicit)
    if by is not None:
        assert seen[1] == by


def test_a_rule_for_another_account_is_no_rule_for_this_one() -> None:
    ruleset = output_chain(
        [match({"meta": {"key": "skuid"}}, 1000), match(DPORT, 8443), ACCEPT],
        policy="drop",
    )

    assert decide(ruleset, 8443, "198.51.100.1", uid=1000) == ("accept", "inet t out handle 10", True)
    assert decide(ruleset, 8443, "198.51.100.1", uid=0) == ("drop", "inet t out policy drop", False)


@pytest.mark.parametrize(
    ("port", "address", "verdict", "by", "explicit"),
    [
        (443, "198.51.100.1", "accept", "inet corp out policy accept", False),
        (4443, "198.51.100.1", "drop", "inet corp out handle 3", True),
        # an accept of one table is not the last word: every base chain must let it pass
        (5443, "198.51.100.1", "drop", "inet corp out handle 3", True),
        # a rule for an address is nobody's default
        (443, "203.0.113.9", "drop", "inet corp out handle 4", True),
        (8443, "198.51.100.1", "reject", "inet corp out handle 5", True),
        # a mark cannot be told
        (
            9443,
            "198.51.100.1",
            "depends",
            "drop by inet early out handle 3 or accept by inet corp out policy accept",
            True,
        ),
        # the IPv6 table is IPv6's affair, the dormant one nobody's
        (443, "2001:db8::1", "reject", "ip6 six out handle 2", False),
    ],
)
def test_several_tables_must_all_let_it_pass(port: int, address: str, verdict: str, by: str, explicit: bool) -> None:
    assert decide(recorded("several_tables"), port, address) == (verdict, by, explicit)


@pytest.mark.parametrize(
    ("port", "address", "verdict", "by", "explicit"),
    [
        (80, "198.51.100.1", "accept", "inet filter output handle 8", True),
        (25, "198.51.100.1", "drop", "inet filter output handle 8", True),
        (8005, "198.51.100.1", "accept", "inet filter web handle 6", True),
        # goto: what returns from there does not come back to the rules behind, so the policy decides
        (8005, "192.0.2.1", "accept", "inet filter output policy accept", False),
        (443, "192.0.2.7", "accept", "inet filter maybe handle 7", True),
        (443, "192.0.2.8", "reject", "inet filter output handle 12", False),
        (22, "127.0.0.1", "accept", "inet filter output handle 10", False),
        (
            443,
            None,
            "depends",
            "reject by inet filter output handle 12 or accept by inet filter maybe handle 7",
            True,
        ),
    ],
)
def test_maps_jumps_and_gotos(port: int, address: str | None, verdict: str, by: str, explicit: bool) -> None:
    assert decide(recorded("maps_and_jumps"), port, address) == (verdict, by, explicit)


def test_what_iptables_hides_in_its_extensions_is_never_guessed() -> None:
    ruleset = recorded("iptables_nft")

    # "conntrack" and "multiport" are bare names in the listing, so the rules that accept by them may or may not apply
    verdict, by, _explicit = decide(ruleset, 8080, "198.51.100.1")
    assert verdict == "depends"
    assert "accept by ip filter OUTPUT handle 3" in by
    assert "reject by ip filter OUTPUT handle 9" in by
    assert decide(ruleset, 8080, "127.0.0.1")[0] == "accept"
    assert [chain.name for chain in denying_chains(ruleset)] == ["OUTPUT"], "REJECT at the end, as an extension"


@pytest.mark.parametrize(
    ("rule", "truth"),
    [
        ([match(DPORT, {"range": [400, 500]})], True),
        ([match(DPORT, 443, "!=")], False),
        ([match(DPORT, {"set": [1, {"elem": {"val": 443, "counter": {"packets": 1, "bytes": 1}}}]})], True),
        ([match({"payload": {"protocol": "udp", "field": "dport"}}, 53, "!=")], False),
        ([match({"payload": {"protocol": "th", "field": "dport"}}, 443)], True),
        ([match({"meta": {"key": "l4proto"}}, 6)], True),
        ([match({"meta": {"key": "l4proto"}}, "udp")], False),
        ([match({"payload": {"protocol": "ip", "field": "protocol"}}, "tcp")], True),
        ([match({"meta": {"key": "protocol"}}, "ip6")], False),
        ([match({"meta": {"key": "oifname"}}, "lo", "!=")], True),
        ([match({"meta": {"key": "oifname"}}, "eth0")], None),
        ([match({"ct": {"key": "state"}}, ["established", "related"], "in")], False),
        ([match({"ct": {"key": "state"}}, "new", "in")], True),
        ([match({"ct": {"key": "state"}}, {"set": ["new", "invalid"]})], True),
        ([match({"ct": {"key": "mark"}}, 1)], None),
        ([match(DADDR, {"prefix": {"addr": "198.51.100.0", "len": 24}})], True),
        ([match(DADDR, {"range": ["198.51.100.2", "198.51.100.9"]})], False),
        ([match(DADDR, "198.51.100.1", "!=")], False),
        ([match({"payload": {"protocol": "ip6", "field": "daddr"}}, "::1", "!=")], False),
        ([match(DADDR, "@unheard_of")], None),
        # source ports: 32768 to 60999 here
        ([match({"payload": {"protocol": "tcp", "field": "sport"}}, 22)], False),
        ([match({"payload": {"protocol": "tcp", "field": "sport"}}, {"range": [1024, 65535]})], True),
        ([match({"payload": {"protocol": "tcp", "field": "sport"}}, 40000)], None),
        ([match({"fib": {"result": "type", "flags": ["daddr"]}}, "local")], None),
        ([match(DPORT, 443, "<")], None),
        ([{"limit": {"rate": 1, "per": "second"}}], None),
        ([{"quota": {"val": 1, "val_unit": "mbytes"}}], None),
        (
            [{"counter": {"packets": 0, "bytes": 0}}, {"log": None}, {"mangle": {"key": {"meta": {"key": "mark"}}}}],
            True,
        ),
    ],
)
def test_matches_are_true_false_or_not_to_be_told(rule: list[Json], truth: bool | None) -> None:
    verdict, _by, _explicit = decide(output_chain([*rule, DROP]), 443, "198.51.100.1")

    assert verdict == {True: "drop", False: "accept", None: "depends"}[truth]


def test_a_doubt_that_changes_nothing_is_none() -> None:
    ruleset = output_chain(
        [match({"meta": {"key": "mark"}}, 7), match(DPORT, 443), ACCEPT], [match(DPORT, 443), ACCEPT]
    )

    assert decide(ruleset, 443, "198.51.100.1")[0] == "accept"


def test_a_packet_that_is_handed_to_a_program_depends_on_it() -> None:
    assert decide(output_chain([{"queue": {"num": 1}}]), 443, "198.51.100.1")[0] == "depends"


def test_a_ruleset_without_output_chains_lets_everything_pass() -> None:
    assert decide(Ruleset.parse([]), 443, None) == ("accept", "no output chain", False)


@pytest.mark.parametrize(
    ("rules", "policy", "denies"),
    [
        ([], "drop", True),
        ([], "accept", False),
        ([[match(DPORT, 25), DROP]], "accept", False),
        ([[{"counter": None}, {"reject": {"type": "icmpx"}}]], "accept", True),
        ([[match({"meta": {"key": "l4proto"}}, "tcp"), DROP]], "accept", True),
        ([[match({"ct": {"key": "state"}}, "new", "in"), DROP]], "accept", True),
        ([[match(DADDR, "192.0.2.1"), DROP]], "accept", False),
        ([[DROP], [match(DPORT, 443), ACCEPT]], "accept", True),
        ([[match({"meta": {"key": "mark"}}, 7), DROP]], "accept", False),
        ([[{"limit": {"rate": 1, "per": "second"}}, DROP]], "accept", False),
        ([[match(DPORT, 25, "!="), ACCEPT]], "drop", False),
        ([[match({"meta": {"key": "oifname"}}, "eth0"), ACCEPT]], "drop", True),
    ],
)
def test_a_chain_denies_what_no_rule_speaks_of(rules: list[list[Json]], policy: str, denies: bool) -> None:
    assert bool(denying_chains(output_chain(*rules, policy=policy))) is denies


def test_what_our_role_put_there_is_found_with_its_ports_and_destinations() -> None:
    found = [vars(item) for item in owned(recorded("workstation_default_deny"))]

    place = {"family": "inet", "table": "filter"}
    assert found == [
        {**place, "chain": "eeszt_connect", "handle": 1, "kind": "chain", "ports": [], "destinations": []},
        {
            **place,
            "chain": "eeszt_connect",
            "handle": 8,
            "kind": "rule",
            "ports": [443, 4443, 5443],
            "destinations": ["192.0.2.10", "192.0.2.11"],
        },
        {
            **place,
            "chain": "eeszt_connect",
            "handle": 9,
            "kind": "rule",
            "ports": [443],
            "destinations": ["2001:db8::7"],
        },
        {**place, "chain": "output", "handle": 15, "kind": "jump", "ports": [], "destinations": []},
    ]


@pytest.fixture
def nft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a script in nft's place."""

    def install(script: str) -> None:
        path = tmp_path / "nft"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setattr(firewall, "find", lambda _command: str(path))

    return install


def test_behind_a_proxy_the_rules_are_read_for_the_way_to_it(
    nft: Callable[[str], None],
    make_request: Callable[..., Json],
    endpoint: Callable[..., Json],
    section: Callable[..., Json],
) -> None:
    nft(f"cat {RULESETS / 'workstation_default_deny.json'}")
    request = make_request(
        ports=[443, 3128],
        endpoints=[endpoint(443, host="192.0.2.10"), endpoint(443, host="10.1.2.3"), endpoint(4443, host="192.0.2.10")],
        proxy={"host": "192.0.2.9", "port": 3128, "exceptions": ["10.0.0.0/8"]},
    )

    seen = section("firewall", observe_firewall(request))["outbound"]

    assert [(each["port"], each["address"]) for each in seen] == [(443, "10.1.2.3"), (3128, "192.0.2.9")]


def test_the_section_answers_for_every_port_and_address(
    nft: Callable[[str], None],
    make_request: Callable[..., Json],
    endpoint: Callable[..., Json],
    section: Callable[..., Json],
) -> None:
    nft(f"cat {RULESETS / 'workstation_default_deny.json'}")
    request = make_request(
        ports=[443, 4443], endpoints=[endpoint(4443, host="192.0.2.10"), endpoint(4443, host="10.1.2.3")]
    )

    seen = section("firewall", observe_firewall(request))

    assert seen["backend"] == "nftables"
    assert [(each["port"], each["address"], each["verdict"]) for each in seen["outbound"]] == [
        (443, None, "depends"),
        (4443, "192.0.2.10", "accept"),
        (4443, "10.1.2.3", "accept"),
    ]
    assert seen["chains"] == [{"family": "inet", "table": "filter", "name": "output", "policy": "drop"}]
    assert len(seen["owned"]) == 4


def test_without_rights_the_backend_is_unknown_and_nft_says_why(
    nft: Callable[[str], None], make_request: Callable[..., Json], section: Callable[..., Json]
) -> None:
    nft("echo 'Operation not permitted (you must be root)' >&2; exit 1")

    seen = section("firewall", observe_firewall(make_request(ports=[443])))

    assert seen["backend"] == "unknown"
    assert seen["error"] == {"stack": "nft", "code": 1, "text": "Operation not permitted (you must be root)"}
    assert [each["verdict"] for each in seen["outbound"]] == ["unknown"]


@pytest.mark.parametrize("script", ["""echo '{"nftables": [{"metainfo": {}}]}'""", None], ids=["empty", "no nft"])
def test_no_rules_at_all_is_no_backend(
    script: str | None,
    nft: Callable[[str], None],
    make_request: Callable[..., Json],
    section: Callable[..., Json],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if script is None:
        monkeypatch.setattr(firewall, "find", lambda _command: None)
    else:
        nft(script)

    seen = section("firewall", observe_firewall(make_request(ports=[443])))

    assert (seen["backend"], seen["error"]) == ("none", None)
    assert [each["verdict"] for each in seen["outbound"]] == ["accept"]


def test_garbled_output_is_an_error_and_no_crash(
    nft: Callable[[str], None], make_request: Callable[..., Json], section: Callable[..., Json]
) -> None:
    nft('echo \'{"nftables": [{"rule": {}}]}\'')

    seen = section("firewall", observe_firewall(make_request(ports=[443])))

    assert seen["backend"] == "unknown"
    assert seen["error"]["stack"] == "probe"


def test_debian_12s_wrong_flags_are_read_from_the_plain_text(
    nft: Callable[[str], None], make_request: Callable[..., Json], section: Callable[..., Json], tmp_path: Path
) -> None:
    listing = [
        {"table": {"family": "inet", "name": "asleep", "handle": 1, "flags": "asleep"}},  # as nft 1.0.6 prints it
        {
            "chain": {
                "family": "inet",
                "table": "asleep",
                "name": "out",
                "handle": 1,
                "hook": "output",
                "policy": "drop",
            }
        },
    ]
    (tmp_path / "json").write_text(json.dumps({"nftables": listing}))
    (tmp_path / "text").write_text("table inet asleep {\n\tflags dormant\n\n\tchain out {\n\t}\n}\n")
    nft(f'[ "$1" = -j ] && cat {tmp_path}/json || cat {tmp_path}/text')

    seen = section("firewall", observe_firewall(make_request(ports=[443])))

    assert [each["verdict"] for each in seen["outbound"]] == ["accept"]


@pytest.mark.parametrize(
    ("line", "included"),
    [
        ('include "/etc/eeszt-connect/*.nft"', True),
        ('include "/etc/eeszt-connect/outbound.nft"', True),
        ('  include "eeszt-connect/*.nft"', True),
        ('#include "/etc/eeszt-connect/*.nft"', False),
        ('include "/etc/nftables.d/other.nft"', False),
        ("flush ruleset", False),
    ],
)
def test_the_main_file_takes_ours_in_or_not(line: str, included: bool) -> None:
    assert firewall._included(f"#!/usr/sbin/nft -f\nflush ruleset\n{line}\n") is included


def test_persistence_is_read_from_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_request: Callable[..., Json], section: Callable[..., Json]
) -> None:
    own, main = tmp_path / "eeszt-connect/outbound.nft", tmp_path / "nftables.conf"
    own.parent.mkdir()
    own.write_bytes(b"table inet filter {}\n")
    main.write_text('include "eeszt-connect/*.nft"\n')
    monkeypatch.setattr(firewall, "_OWN_FILE", own)
    monkeypatch.setattr(firewall, "_MAIN_FILE", main)
    states = {"nftables.service": {"LoadState": "loaded", "UnitFileState": "enabled"}}
    monkeypatch.setattr(firewall, "units", lambda *_names: states)

    seen = section("firewall", observe_firewall(make_request()))["persistence"]

    assert (seen["present"], seen["included"], seen["service_enabled"]) == (True, True, True)
    assert len(seen["sha256"]) == 64
