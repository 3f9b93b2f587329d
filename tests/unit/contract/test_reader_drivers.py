# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What attached readers need, and the names of it in each family; those of RHEL and SUSE ran nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.eeszt.connect.plugins.filter.reader_drivers import reader_drivers
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.tables import load_readers

ROLES = Path(__file__).parents[3] / "roles"
NAMES = {"cyberjack": ["libifd-cyberjack6"], "acsccid": ["libacsccid1"]}
FAMILIES = ("debian", "redhat", "suse")


def attached(*devices: dict[str, Any]) -> dict[str, Any]:
    plain = {"vendor_id": "0c4b", "product_id": "9102", "driver": None, "bus_id": "1-1", "power": None}
    return {"usb_devices": [{**plain, **each} for each in devices]}


def test_only_what_is_attached_is_installed() -> None:
    needs = reader_drivers(attached({}, {"product_id": "0535"}), NAMES, {})
    assert (needs["packages"], needs["unnamed"], needs["modules"]) == (["libifd-cyberjack6"], [], [])
    assert reader_drivers(attached(), NAMES, {})["packages"] == []


def test_the_users_word_comes_before_the_table() -> None:
    section = attached({"product_id": "0535"}, {"vendor_id": "1234", "product_id": "ABCD"})
    needs = reader_drivers(section, {"cyberjack": []}, {"0C4B:0535": ["own"], "1234:abcd": ["other"]})
    assert (needs["packages"], needs["unnamed"]) == (["other", "own"], [])
    assert "1234:abcd" in needs["devices"]


def test_a_driver_without_a_package_is_said() -> None:
    needs = reader_drivers(attached({"product_id": "0535"}), {"cyberjack": []}, {})
    assert (needs["packages"], needs["unnamed"]) == ([], ["cyberjack"])


def test_modules_in_the_way_and_sleepers_are_found() -> None:
    acr122 = {"vendor_id": "072f", "product_id": "2200", "power": {"control": "auto"}}
    assert reader_drivers(attached(acr122), NAMES, {})["modules"] == ["pn533_usb"]
    held = reader_drivers(attached({**acr122, "driver": "pn533"}, {"power": {"control": "on"}}), NAMES, {})
    assert (held["held_by"], held["modules"], held["drowsy"]) == (["pn533"], ["pn533", "pn533_usb"], ["1-1"])


def test_where_no_power_saving_was_seen_there_is_nothing_to_keep_awake() -> None:
    assert reader_drivers(attached({"power": {"control": "on"}}, {}), NAMES, {})["can_sleep"]
    assert not reader_drivers(attached({}), NAMES, {})["can_sleep"]
    assert not reader_drivers(attached(), NAMES, {})["can_sleep"]


@pytest.mark.parametrize("wrong", ["0c4b", "0c4b:05350", "0x0c4b:0x0535", 525])
def test_what_is_no_usb_id_is_refused(wrong: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="is no USB id; write vendor:product"):
        reader_drivers(attached(), NAMES, {wrong: []})


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_has_a_name_or_none_for_every_driver_of_the_table(family: str) -> None:
    names = yaml.safe_load((ROLES / f"reader_driver/vars/{family}.yml").read_text("utf-8"))
    assert set(names["__reader_driver_vendors"]) == {model.driver for model in load_readers().models} - {""}
    assert len(names["__reader_driver_packages"]) == 3


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_can_be_asked_of_its_packages(family: str) -> None:
    commands = yaml.safe_load((ROLES / f"eid_client/vars/{family}.yml").read_text("utf-8"))
    assert set(commands) == {"__eid_client_ask", "__eid_client_there", "__eid_client_list", "__eid_client_read"}
    first = {command[0] for command in commands.values() if isinstance(command, list)}
    assert first <= ({"dpkg-query", "dpkg-deb"} if family == "debian" else {"rpm"})
