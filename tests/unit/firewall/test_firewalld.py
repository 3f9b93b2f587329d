# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our rules in firewalld's words, and what a reload would take along."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from jinja2 import Environment

from ansible_collections.eeszt.connect.plugins.filter.outbound_kept import outbound_kept, outbound_unkept
from ansible_collections.eeszt.connect.plugins.module_utils.observe import nft_rulers
from ansible_collections.eeszt.connect.plugins.plugin_utils.firewall.firewalld import wanted_objects

ROLE = Path(__file__).parents[3] / "roles/outbound_firewall"
POLICY = {"family": "inet", "table": "firewalld", "name": "filter_OUTPUT", "policy": "accept"}
DIRECT = {"family": "ip", "table": "filter", "name": "OUTPUT", "policy": "accept"}
FILE = """<?xml version="1.0" encoding="utf-8"?>
<direct>
  <!-- ours: closed since 2019 -->
  <rule ipv="ipv4" table="filter" chain="OUTPUT" priority="99">-j DROP</rule>
</direct>
"""
OPENED = """<?xml version="1.0" encoding="utf-8"?>
<direct>
  <!-- ours: closed since 2019 -->
  <rule ipv="ipv4" table="filter" chain="OUTPUT" priority="99">-j DROP</rule>
  <chain ipv="ipv4" table="filter" chain="eeszt_connect"/>
  <rule ipv="ipv4" table="filter" chain="eeszt_connect" priority="0">-p tcp -m tcp --dport 443 -j ACCEPT</rule>
  <rule ipv="ipv4" table="filter" chain="OUTPUT" priority="-32000">-j eeszt_connect</rule>
</direct>
"""


def kept(text, objects):
    return outbound_kept(text, [each.to_dict() for each in objects], "/etc/direct.xml")


def test_a_policy_where_a_policy_closes_and_direct_rules_where_these_do():
    def kinds(chains):
        return [(each.table, each.kind) for each in wanted_objects(chains, [443], [])]

    policy = [("firewalld", "chain"), ("firewalld", "rule")]
    direct = [("filter", "chain"), ("filter", "rule"), ("filter", "jump")]
    assert kinds([POLICY]) == policy
    assert kinds([DIRECT]) == direct
    assert kinds([DIRECT, POLICY]) == policy + direct


def test_direct_rules_are_put_in_kept_and_taken_out():
    objects = wanted_objects([DIRECT, POLICY], [443], [])
    assert kept(FILE, objects) == OPENED
    assert kept(OPENED, objects) == OPENED
    assert kept(OPENED, []) == FILE


def test_what_firewalld_wrote_anew_is_kept_as_well():
    chain = '  <chain ipv="ipv4" table="filter" chain="eeszt_connect"/>\n'
    written = OPENED.replace(chain, "").replace("<direct>\n", f"<direct>\n{chain}")
    assert kept(written, wanted_objects([DIRECT], [443], [])) == written


@pytest.mark.parametrize("change", [("--dport 443", "--dport 25"), ('priority="-32000"', 'priority="5"')])
def test_drift_in_the_file_is_mended(change):
    assert kept(OPENED.replace(*change), wanted_objects([DIRECT], [443], [])) == OPENED


def test_a_file_that_is_none_is_named():
    with pytest.raises(AnsibleFilterError, match=r"/etc/direct.xml cannot take our rules: it has no element <direct>"):
        kept("", wanted_objects([DIRECT], [443], []))


def test_the_policy_opens_a_port_a_rule_and_closes_nothing():
    objects = wanted_objects([POLICY], [443, 4443], ["192.0.2.1", "2001:db8::/64"])
    text = (ROLE / "templates/eeszt-connect.xml.j2").read_text("utf-8")
    variables = {"__outbound_firewall_rules": {"wanted": [each.to_dict() for each in objects]}}

    policy = ET.fromstring(Environment(trim_blocks=True).from_string(text).render(variables).encode())

    assert (policy.get("target"), policy.get("priority")) == ("CONTINUE", "-32000")
    assert (policy.find("ingress-zone").get("name"), policy.find("egress-zone").get("name")) == ("HOST", "ANY")
    found = [
        (each.get("family"), each.find("destination").get("address"), each.find("port").get("port"))
        for each in policy.iter("rule")
    ]
    assert found == [
        ("ipv4", "192.0.2.1", "443"),
        ("ipv4", "192.0.2.1", "4443"),
        ("ipv6", "2001:db8::/64", "443"),
        ("ipv6", "2001:db8::/64", "4443"),
    ]
    assert all(each.find("accept") is not None for each in policy.iter("rule"))


ZONES = """public (default, active)
  target: default
  interfaces: eth0
  services: dhcpv6-client ssh
  rich rules:

"""
PERMANENT = """public (default)
  target: default
  interfaces:
  services: ssh dhcpv6-client
  rich rules:

"""


def test_what_a_reload_keeps_is_no_difference():
    assert outbound_unkept([ZONES, ""], [PERMANENT, ""]) == []


def test_what_a_reload_loses_or_brings_is_named():
    banned = ZONES.replace("rich rules:\n", 'rich rules:\n\trule family="ipv4" source address="192.0.2.9" reject\n')
    assert [line.split()[0] for line in outbound_unkept([banned, ""], [PERMANENT, ""])] == ["public"]
    assert outbound_unkept([ZONES, ""], [PERMANENT, "ipv4 filter OUTPUT 99 -j DROP\n"]) == [
        "ipv4 filter OUTPUT 99 -j DROP"
    ]
    assert len(outbound_unkept([ZONES.replace("ssh", "https")], [PERMANENT])) == 2


def test_ours_are_no_difference():
    ours = "eeszt-connect (active)\n  priority: -32000\n\n"
    direct = "ipv4 filter OUTPUT -32000 -j eeszt_connect\nipv4 filter eeszt_connect 0 -p tcp -j ACCEPT\n"
    assert outbound_unkept([ZONES + ours, direct], [PERMANENT, ""]) == []


def test_the_files_of_the_role_are_those_that_the_probe_looks_at():
    variables = yaml.safe_load((ROLE / "vars/main.yml").read_text("utf-8"))
    looked_at = {f"/etc/{each.file}" for each in (*nft_rulers._SAVED, *nft_rulers._UFW, *nft_rulers._FIREWALLD)}
    kept_files = {each["path"] for each in variables["__outbound_firewall_kept"]}
    assert kept_files | {variables["__outbound_firewall_policy"]} == looked_at
