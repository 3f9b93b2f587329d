# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Card readers on the USB bus, from sysfs: seen even when no driver takes them, and without any library."""

from __future__ import annotations

from pathlib import Path

from .pcsc_drivers import PcscDriver, claiming, pcsc_drivers
from .shapes import UsbDevice, UsbPower
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


def usb_devices(bus: Path = Path("/sys/bus/usb"), drivers: list[PcscDriver] | None = None) -> list[UsbDevice] | None:
    """Devices that are, or may be, card readers; null where the system shows no USB bus.

    ``drivers``: those of the PC/SC service; the system's own when left out.
    """
    if not bus.is_dir():
        return None
    known = pcsc_drivers() if drivers is None else drivers
    found = (_reader(device, known) for device in sorted((bus / "devices").glob("*")))
    return [device for device in found if device is not None]


def _reader(device: Path, drivers: list[PcscDriver]) -> UsbDevice | None:
    vendor, product = read_text(device / "idVendor"), read_text(device / "idProduct")
    if not vendor or not product or read_text(device / "bDeviceClass") == _HUB_CLASS:
        return None
    interfaces = sorted(device.glob("*:*"))
    readers = [path for path in interfaces if read_text(path / "bInterfaceClass") == _SMART_CARD_CLASS]
    bundled = claiming(drivers, vendor, product, by_class=False)
    if not readers and not bundled and vendor.lower() not in _READER_MAKERS:
        return None
    return UsbDevice(
        vendor.lower(),
        product.lower(),
        read_text(device / "product"),
        _driver(readers or interfaces),
        bus_id=device.name,
        power=_power(device / "power"),
        claimed_by=claiming(drivers, vendor, product, by_class=bool(readers)) if drivers else None,
    )


def _driver(interfaces: list[Path]) -> str | None:
    """The kernel's driver of the first interface that has one (``usbfs``: a program, as pcscd does it)."""
    for interface in interfaces:
        driver = interface / "driver"
        if driver.exists():
            return driver.resolve().name
    return None


def _power(folder: Path) -> UsbPower | None:
    control = read_text(folder / "control")
    if control is None:
        return None
    delay = read_text(folder / "autosuspend_delay_ms") or ""
    return UsbPower(
        control, int(delay) if delay.lstrip("-").isdecimal() else None, read_text(folder / "runtime_status")
    )
