# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The PC/SC service's own drivers, and the USB devices that each says it drives."""

from __future__ import annotations

import plistlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

# Where the families of distributions have pcsc-lite look for them.
_FOLDERS = tuple(Path(each) for each in ("/usr/lib/pcsc/drivers", "/usr/lib64/pcsc/drivers", "/usr/lib64/readers"))
# pcsc-lite gives a driver of this name every device of the smart card class that no driver lists.
_FOR_THE_CLASS = "CCIDCLASSDRIVER"


@dataclass(frozen=True)
class PcscDriver:
    """``devices``: ``vendor:product`` in lower case; ``by_class``: it takes every device of the smart card class."""

    name: str
    devices: frozenset[str]
    by_class: bool


def pcsc_drivers(folders: Iterable[Path] = _FOLDERS) -> list[PcscDriver]:
    """Every driver that can be read, by its bundle's name; one that cannot be read is left out."""
    found = {}
    for folder in folders:
        for path in folder.glob("*.bundle/Contents/Info.plist"):
            bundle = path.parents[1].name
            content = _content(path)
            if content is not None:
                found[bundle] = PcscDriver(bundle, _devices(content), content.get("CFBundleName") == _FOR_THE_CLASS)
    return [found[name] for name in sorted(found)]


def claiming(drivers: Iterable[PcscDriver], vendor: str, product: str, by_class: bool) -> list[str]:
    """Names of those that list the device; with ``by_class`` also the class's own, where none lists it."""
    device = f"{vendor}:{product}".lower()
    known = list(drivers)
    listed = [each.name for each in known if device in each.devices]
    return listed or [each.name for each in known if by_class and each.by_class]


def _content(path: Path) -> dict[str, Any] | None:
    try:
        content = plistlib.loads(path.read_bytes())
    except (OSError, ValueError, ExpatError):  # ValueError: no property list at all
        return None
    return content if isinstance(content, dict) else None


def _devices(content: dict[str, Any]) -> frozenset[str]:
    vendors, products = _numbers(content.get("ifdVendorID")), _numbers(content.get("ifdProductID"))
    return frozenset(map("{}:{}".format, vendors, products))


def _numbers(listed: object) -> list[str]:
    """``0x0C4B`` as sysfs writes it; a list of one may stand as its only entry."""
    entries = listed if isinstance(listed, list) else [listed]
    return [str(each).strip().lower().removeprefix("0x").zfill(4) for each in entries if each is not None]
