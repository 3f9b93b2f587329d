# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role wants of a rule set, and whether the probe's words say that it is there."""

from __future__ import annotations

import pytest

from ansible_collections.eeszt.connect.plugins.plugin_utils.firewall.nftables import (
    DestinationError,
    is_current,
    wanted_objects,
)

OUTPUT = {"family": "inet", "table": "filter", "name": "output", "policy": "drop"}


def seen(objects, **changes):
    return [{**each.to_dict(), "handle": handle, **changes} for handle, each in enumerate(objects)]


def test_each_denying_chain_gets_a_chain_a_rule_and_a_jump():
    kinds = [(each.kind, each.chain, each.ports) for each in wanted_objects([OUTPUT], [5443, 443], [])]
    assert kinds == [("chain", "eeszt_connect", ()), ("rule", "eeszt_connect", (443, 5443)), ("jump", "output", ())]


def test_two_chains_of_one_table_share_our_chain():
    wanted = wanted_objects([OUTPUT, {**OUTPUT, "name": "egress"}], [443], [])
    assert [each.kind for each in wanted] == ["chain", "rule", "jump", "jump"]


def test_addresses_of_both_families_need_a_rule_each():
    rules = [each for each in wanted_objects([OUTPUT], [443], ["2001:db8::1", "192.0.2.0/24"]) if each.kind == "rule"]
    assert [each.destinations for each in rules] == [("192.0.2.0/24",), ("2001:db8::1",)]


def test_a_table_of_one_family_gets_no_address_of_the_other():
    ipv4_only = {**OUTPUT, "family": "ip"}
    rules = [each for each in wanted_objects([ipv4_only], [443], ["2001:db8::1", "192.0.2.1"]) if each.kind == "rule"]
    assert [each.destinations for each in rules] == [("192.0.2.1",)]


def test_no_open_road_is_made_when_every_destination_is_of_the_other_family():
    ipv4_only = {**OUTPUT, "family": "ip"}
    assert not [each for each in wanted_objects([ipv4_only], [443], ["2001:db8::1"]) if each.kind == "rule"]


def test_what_is_wanted_is_current_in_any_order():
    wanted = wanted_objects([OUTPUT], [443, 4443], ["192.0.2.1/32"])
    assert is_current(list(reversed(seen(wanted))), wanted)


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_missing_object_is_noticed(missing):
    wanted = wanted_objects([OUTPUT], [443], [])
    assert not is_current([each for place, each in enumerate(seen(wanted)) if place != missing], wanted)


def test_a_jump_that_stands_twice_is_noticed():
    wanted = wanted_objects([OUTPUT], [443], [])
    assert not is_current([*seen(wanted), seen(wanted)[-1]], wanted)


def test_other_ports_are_noticed():
    assert not is_current(seen(wanted_objects([OUTPUT], [443, 25], [])), wanted_objects([OUTPUT], [443], []))


@pytest.mark.parametrize(
    ("asked", "read_back"),
    [
        (["10.0.0.0/25", "10.0.0.128/25"], ["10.0.0.0/24"]),
        (["10.0.0.0/8", "10.1.0.0/16"], ["10.0.0.0/8"]),
        (["10.0.1.0/24", "10.0.2.0/24"], ["10.0.1.0-10.0.2.255"]),
        (["10.0.0.1", "10.0.0.2"], ["10.0.0.1-10.0.0.2"]),
    ],
)
def test_what_nft_merges_is_the_same(asked, read_back):
    wanted = wanted_objects([OUTPUT], [443], asked)
    rules = [{**each, "destinations": read_back if each["kind"] == "rule" else []} for each in seen(wanted)]
    assert is_current(rules, wanted)


def test_a_destination_that_is_none_is_named():
    with pytest.raises(DestinationError, match=r"centre\.example"):
        wanted_objects([OUTPUT], [443], ["centre.example"])
