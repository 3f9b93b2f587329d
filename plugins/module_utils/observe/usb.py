# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Card readers on the USB bus, from sysfs: seen even when no driver takes them, and without any library."""

from __future__ import annotations

from pathlib import Path

from .shapes import UsbDevice
from .system import read_text

_SMART_CARD_CLASS = "0b"
_HUB_CLASS = "09"
# Makers of card readers (pcsc-lite's CCID and the vendors' own drivers): their older models use a class of their own.
_READER_MAKERS = {
    "04e6": "Identiv, SCM",
    "072f": "ACS",
    "076b": "HID OMNIKEY",
    "08e6": "Gemalto",
    "096e": "Feitian",
    "0c4b": "REINER SCT",
    "0d46": "KOBIL",
    "1db2": "DUALi",
}


def usb_devices(bus: Path = Path("/sys/bus/usb")) -> list[UsbDevice] | None:
    """Devices that are, or may be, card readers; null where the system shows no USB bus."""
    if not bus.is_dir():
        return None
    devices = []
    for device in sorted((bus / "devices").glob("*")):
        vendor, product = read_text(device / "idVendor"), read_text(device / "idProduct")
        if not vendor or not product or read_text(device / "bDeviceClass") == _HUB_CLASS:
            continue
        interfaces = sorted(device.glob("*:*"))
        readers = [path for path in interfaces if read_text(path / "bInterfaceClass") == _SMART_CARD_CLASS]
        if readers or vendor.lower() in _READER_MAKERS:
            devices.append(
                UsbDevice(
                    vendor.lower(), product.lower(), read_text(device / "product"), _driver(readers or interfaces)
                )
            )
    return devices


def _driver(interfaces: list[Path]) -> str | None:
    """The kernel's driver of the first interface that has one (``usbfs``: a program, as pcscd does it)."""
    for interface in interfaces:
        driver = interface / "driver"
        if driver.exists():
            return driver.resolve().name
    return None
