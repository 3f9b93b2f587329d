# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who rules the outbound traffic, in rule sets that ufw 0.36.2 and firewalld 2.3.1 loaded (``rulesets/``)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.eeszt.connect.plugins.module_utils.observe import firewall, nft_rulers, nft_xtables
from ansible_collections.eeszt.connect.plugins.module_utils.observe.nft_match import Packet
from ansible_collections.eeszt.connect.plugins.module_utils.observe.nft_ruleset import (
    Ruleset,
    denying_chains,
    outbound,
    redirects,
)
from ansible_collections.eeszt.connect.plugins.module_utils.observe.shapes import Chain

RULESETS = Path(__file__).parent / "rulesets"


def listing(name):
    return json.loads((RULESETS / f"{name}.json").read_text())["nftables"]


def ufw(policy="drop"):
    objects = listing("ufw")
    for family in nft_xtables.families_with_extensions(objects):
        nft_xtables.translate(objects, family, (RULESETS / f"ufw.{family}.saved").read_text())
    for item in objects:
        if item.get("chain", {}).get("name") == "OUTPUT":
            item["chain"]["policy"] = policy
    return objects


def table(family, name, chain, policy="drop"):
    place = {"family": family, "table": name, "name": chain, "handle": 1}
    return [
        {"table": {"family": family, "name": name, "handle": 1}},
        {"chain": {**place, "hook": "output", "prio": 0, "policy": policy, "type": "filter"}},
    ]


def decide(ruleset, port, **packet):
    seen = outbound(ruleset, Packet(port, None, 0, **packet))
    return seen.verdict, seen.explicit


@pytest.fixture
def etc(tmp_path, monkeypatch):
    monkeypatch.setattr(nft_rulers, "_ROOT", tmp_path)

    def write(path, text):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)

    return write


def rules(objects):
    ruleset = Ruleset.parse(objects)
    return nft_rulers.ruler(ruleset, denying_chains(ruleset))


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        (table("inet", "filter", "output"), "nftables"),
        (table("ip", "filter", "output"), "nftables"),
        (table("ip", "filter", "OUTPUT"), "iptables"),
        (table("ip6", "filter", "OUTPUT"), "iptables"),
        (ufw(), "ufw"),
        (listing("firewalld_policy"), "firewalld"),
        # who closes nothing is none to ask
        (table("ip", "filter", "OUTPUT", "accept") + table("inet", "corp", "out"), "nftables"),
        (table("ip", "filter", "OUTPUT", "accept"), "iptables"),
        (ufw("accept"), "ufw"),
        (table("ip", "filter", "OUTPUT") + table("inet", "corp", "out"), "several"),
        (listing("firewalld_policy") + table("ip", "filter", "OUTPUT"), "several"),
    ],
)
def test_the_one_whose_chains_close_rules(etc, objects, expected):
    assert rules(objects) == expected


def test_direct_rules_are_those_of_firewalld_where_its_file_has_them(etc):
    etc(
        "firewalld/direct.xml",
        '<direct><rule ipv="ipv4" table="filter" chain="OUTPUT" priority="9">-j DROP</rule></direct>',
    )
    objects = table("ip", "filter", "OUTPUT")

    assert rules(listing("firewalld_policy") + objects) == "firewalld"
    assert rules(objects) == "iptables", "firewalld does not run"


def test_firewalld_denies_in_a_chain_that_its_base_chain_jumps_to():
    ruleset = Ruleset.parse(listing("firewalld_policy"))

    assert denying_chains(ruleset) == [Chain("inet", "firewalld", "filter_OUTPUT", "accept")]
    assert decide(ruleset, 443) == ("reject", False)
    assert decide(ruleset, 4443) == ("accept", True), "our policy comes first"


def test_the_rules_of_our_policy_are_ours():
    found = [(each.kind, each.ports) for each in firewall.owned(Ruleset.parse(listing("firewalld_policy")))]
    assert found == [("chain", []), ("rule", [4443])]


def test_where_connections_may_be_redirected_firewalld_lets_through_what_was():
    ruleset = Ruleset.parse(listing("firewalld_policy"))
    place = {"family": "ip", "table": "nat", "name": "out", "handle": 1}
    nat = [
        {"chain": {**place, "hook": "output", "prio": -100, "policy": "accept", "type": "nat"}},
        {
            "rule": {
                "family": "ip",
                "table": "nat",
                "chain": "out",
                "handle": 2,
                "expr": [{"dnat": {"addr": "10.0.0.1"}}],
            }
        },
    ]

    assert redirects(ruleset) is False
    assert redirects(Ruleset.parse(nat)) is None
    assert decide(ruleset, 443, redirected=None)[0] == "depends"


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        (443, ("drop", False)),
        (25, ("drop", True)),
        (8080, ("accept", True)),
        (9005, ("accept", True)),
        (9011, ("drop", False)),
    ],
)
def test_ufws_extensions_are_read_from_what_iptables_saves(port, expected):
    assert decide(Ruleset.parse(ufw()), port) == expected


def test_without_that_they_cannot_be_told():
    assert decide(Ruleset.parse(listing("ufw")), 443)[0] == "depends"


@pytest.mark.parametrize(
    ("words", "port", "verdict"),
    [
        ("-m conntrack --ctstate NEW", 443, "drop"),
        ("-m conntrack ! --ctstate NEW", 443, "accept"),
        ("-m conntrack --ctstate NEW --ctdir ORIGINAL", 443, "depends"),
        ("-m state --state RELATED,ESTABLISHED", 443, "accept"),
        ('-m comment --comment "not -m conntrack"', 443, "drop"),
        ("-m multiport --dports 25,400:500", 443, "drop"),
        ("-m multiport ! --dports 25,400:500", 443, "accept"),
        ("-m multiport --ports 443", 443, "depends"),
        ("-m addrtype --dst-type LOCAL", 443, "depends"),
    ],
)
def test_what_is_not_known_stays_what_cannot_be_told(words, port, verdict):
    name = words.split()[1].replace("state", "conntrack")
    objects = table("ip", "filter", "OUTPUT", "accept")
    expressions = [{"xt": {"type": "match", "name": name}}, {"drop": None}]
    place = {"family": "ip", "table": "filter", "chain": "OUTPUT", "handle": 2}
    objects.append({"rule": {**place, "expr": expressions}})

    nft_xtables.translate(objects, "ip", f"*filter\n-A OUTPUT {words} -j DROP\nCOMMIT\n")

    assert decide(Ruleset.parse(objects), port)[0] == verdict


def test_chains_of_another_length_are_left_alone():
    objects = listing("ufw")
    line = "-A ufw-before-output -m conntrack --ctstate NEW -j ACCEPT\n"
    nft_xtables.translate(objects, "ip", f"*filter\n{line * 2}COMMIT\n")
    assert objects == listing("ufw")


def enabled(*units):
    return {unit: {"UnitFileState": "enabled" if unit in units else "disabled"} for unit in nft_rulers.UNITS}


OURS = "*filter\n:eeszt_connect - [0:0]\nCOMMIT\n"


@pytest.mark.parametrize(
    ("ruler", "files", "unit", "expected"),
    [
        ("iptables", {"iptables/rules.v4": OURS}, "netfilter-persistent.service", (True, True)),
        ("iptables", {"iptables/rules.v4": "*filter\n"}, "netfilter-persistent.service", (False, True)),
        ("iptables", {"sysconfig/iptables": OURS}, "iptables.service", (True, True)),
        ("iptables", {"sysconfig/iptables": OURS}, "netfilter-persistent.service", (True, False)),
        ("ufw", {"ufw/before.rules": OURS, "ufw/ufw.conf": "ENABLED=yes\n"}, "ufw.service", (True, True)),
        ("ufw", {"ufw/before.rules": OURS, "ufw/ufw.conf": "ENABLED=no\n"}, "ufw.service", (True, False)),
        ("ufw", {"ufw/before.rules": OURS, "ufw/ufw.conf": "ENABLED=yes\n"}, "nftables.service", (True, False)),
        ("firewalld", {"firewalld/direct.xml": "eeszt_connect"}, "firewalld.service", (True, True)),
        ("firewalld", {}, "firewalld.service", (False, True)),
    ],
)
def test_each_ruler_keeps_its_rules_in_its_own_files(etc, ruler, files, unit, expected):
    for path, text in files.items():
        etc(path, text)
    seen = nft_rulers.persistence(ruler, [Chain("ip", "filter", "OUTPUT", "drop")], enabled(unit))
    assert (seen.present, seen.service_enabled) == expected
    assert seen.included == seen.present


def test_our_policy_is_looked_for_where_a_policy_denies(etc):
    etc("firewalld/policies/eeszt-connect.xml", "<short>eeszt-connect</short>")
    chain = Chain("inet", "firewalld", "filter_OUTPUT", "accept")
    assert nft_rulers.persistence("firewalld", [chain], enabled("firewalld.service")).present is True
