# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An inventory as JSON and back, for Ansible's inventory cache. Vault values stay closed on the way."""

from __future__ import annotations

import datetime
from typing import Any

from .inventory import Inventory
from .nodes import Encrypted, Unsafe

_MARK = "__site_plan__"


def pack(inventory: Inventory) -> dict[str, object]:
    """Return plain data that ``unpack`` understands."""
    return {"groups": inventory.groups, "made": inventory.made, "given": _pack(inventory.given)}


def unpack(data: Any) -> Inventory:
    """Return the inventory that ``pack`` packed."""
    return Inventory(data["groups"], data["made"], _unpack(data["given"]))


def _pack(value: object) -> object:
    if isinstance(value, dict):
        return {key: _pack(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_pack(item) for item in value]
    if isinstance(value, Encrypted):
        return {_MARK: "encrypted", "text": value.ciphertext}
    if isinstance(value, Unsafe):
        return {_MARK: "unsafe", "text": value.text}
    if isinstance(value, datetime.datetime):
        return {_MARK: "time", "text": value.isoformat()}
    if isinstance(value, datetime.date):
        return {_MARK: "day", "text": value.isoformat()}
    return value


_FROM_MARK: dict[object, Any] = {
    "encrypted": Encrypted,
    "unsafe": Unsafe,
    "time": datetime.datetime.fromisoformat,
    "day": datetime.date.fromisoformat,
}


def _unpack(value: Any) -> Any:
    if isinstance(value, list):
        return [_unpack(item) for item in value]
    if not isinstance(value, dict):
        return value
    if _MARK in value:
        return _FROM_MARK[value[_MARK]](value["text"])
    return {key: _unpack(item) for key, item in value.items()}
