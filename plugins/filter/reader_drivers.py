# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter reader_drivers: what the readers on a host's USB bus need, by the table of readers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.tables import load_readers

_USB_ID = re.compile(r"[0-9a-f]{4}:[0-9a-f]{4}")


def reader_drivers(
    section: Mapping[str, Any], names: Mapping[str, Sequence[str]], devices: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Give packages, unnamed drivers, modules in the way and devices that may sleep for the readers that are attached.

    ``section``: the probe's readers; ``names``: driver → packages of this family; ``devices``: USB id → packages, the
    user's own word, which comes before the table's. AnsibleFilterError for an id that is none.
    """
    own = {_usb_id(key): list(packages) for key, packages in devices.items()}
    table, attached = load_readers(), section["usb_devices"]
    ids = [f"{each['vendor_id']}:{each['product_id']}".lower() for each in attached]
    models = {each: model for each in ids if (model := table.by_usb(*each.split(":")))}
    drivers = {each: model.driver for each, model in models.items() if each not in own}
    wanted = [package for each in ids for package in own.get(each, names.get(drivers.get(each, ""), []))]
    held = [each["driver"] for each in attached if each["driver"] in table.conflicting_drivers]
    known = [module for model in models.values() for module in model.taken_by]
    return {
        "packages": sorted(set(wanted)),
        "unnamed": sorted({each for each in drivers.values() if each and not names.get(each)}),
        "modules": sorted({*held, *known}),
        "held_by": sorted(set(held)),
        "can_sleep": any(each.get("power") for each in attached),
        "drowsy": [each["bus_id"] for each in attached if (each.get("power") or {}).get("control") == "auto"],
        "devices": sorted({*own, *(each for model in table.models for each in model.usb)}),
    }


def _usb_id(key: str) -> str:
    usb_id = str(key).lower()
    if not _USB_ID.fullmatch(usb_id):
        raise AnsibleFilterError(
            f"reader_driver_devices: {key!r} is no USB id; write vendor:product as lsusb does, in quotes: '0c4b:0535'"
        )
    return usb_id


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"reader_drivers": reader_drivers}
