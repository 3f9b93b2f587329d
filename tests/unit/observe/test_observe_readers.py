# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers and cards, with a stand-in for pyscard's raw layer that returns the listed codes, and a made-up USB bus."""

from __future__ import annotations

import os
import plistlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ansible_collections.eeszt.connect.plugins.module_utils.observe import readers, usb
from ansible_collections.eeszt.connect.plugins.module_utils.observe.kernel_modules import kernel_modules
from ansible_collections.eeszt.connect.plugins.module_utils.observe.pcsc_drivers import (
    PcscDriver,
    claiming,
    pcsc_drivers,
)
from ansible_collections.eeszt.connect.plugins.module_utils.observe.readers import observe_readers

Json = dict[str, Any]
ATR = [0x3B, 0x87, 0x80, 0x01, 0x80, 0x31, 0xB9, 0x73, 0x84, 0x21, 0x60, 0xB8]
EMPTY, PRESENT, EXCLUSIVE, IN_USE, MUTE = 0x12, 0x22, 0xA2, 0x122, 0x222


class Pcsc(ModuleType):
    """``smartcard.scard`` with set answers; ``calls`` tells what was asked of it."""

    def __init__(self) -> None:
        super().__init__("smartcard.scard")
        self.establish = 0
        self.listing: tuple[int, list[str]] = (0, [])
        self.states: dict[str, tuple[int, int, list[int]]] = {}
        self.connecting: dict[str, int] = {}
        self.calls: list[tuple[Any, ...]] = []

    def SCardEstablishContext(self, _scope: int) -> tuple[int, int]:
        return self.establish, 77

    def SCardReleaseContext(self, context: int) -> int:
        self.calls.append(("release", context))
        return 0

    def SCardListReaders(self, _context: int, _groups: list[str]) -> tuple[int, list[str]]:
        return self.listing

    def SCardGetStatusChange(self, _context: int, timeout: int, asked: list[Any]) -> tuple[int, list[Any]]:
        assert timeout == 0, "the probe never waits for a card"
        name = asked[0][0]
        code, state, atr = self.states[name]
        return code, [(name, state, atr)]

    def SCardConnect(self, _context: int, name: str, mode: int, protocol: int) -> tuple[int, int, int]:
        self.calls.append(("connect", name, mode, protocol))
        return self.connecting.get(name, 0), 5, 2

    def SCardDisconnect(self, card: int, disposition: int) -> int:
        self.calls.append(("disconnect", card, disposition))
        return 0

    def SCardGetErrorMessage(self, code: int) -> str:
        return f"message of {code & 0xFFFFFFFF:#x}"


@pytest.fixture
def pcsc(monkeypatch: pytest.MonkeyPatch) -> Pcsc:
    fake = Pcsc()
    package = ModuleType("smartcard")
    package.scard = fake  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "smartcard", package)
    monkeypatch.setitem(sys.modules, "smartcard.scard", fake)
    return fake


@pytest.fixture
def observed(section: Callable[[str, object], Json]) -> Callable[[], Json]:
    return lambda: section("readers", observe_readers())


def test_without_pyscard_the_library_is_missing_and_nothing_else_is(
    observed: Callable[[], Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "smartcard", None)

    seen = observed()

    assert seen["library"] is False
    assert seen["error"] is None
    assert seen["context"] == {"established": False, "error": None}


@pytest.mark.parametrize("code", [0x8010001D, 0x8010006A, -2146435043])
def test_a_service_that_does_not_answer_gives_its_own_code(code: int, pcsc: Pcsc, observed: Callable[[], Json]) -> None:
    pcsc.establish = code

    seen = observed()

    evidence = {"stack": "pcsc", "code": code & 0xFFFFFFFF, "text": f"message of {code & 0xFFFFFFFF:#x}"}
    assert seen["library"] is True
    assert seen["context"] == {"established": False, "error": evidence}


def test_no_reader_is_an_answer_and_no_error(pcsc: Pcsc, observed: Callable[[], Json]) -> None:
    pcsc.listing = (0x8010002E, [])

    seen = observed()

    assert seen["context"] == {"established": True, "error": None}
    assert seen["readers"] == []
    assert ("release", 77) in pcsc.calls


def test_a_listing_that_is_refused_is_told(pcsc: Pcsc, observed: Callable[[], Json]) -> None:
    pcsc.listing = (0x8010006A, [])

    seen = observed()

    assert seen["context"]["established"] is True
    assert seen["context"]["error"]["code"] == 0x8010006A


def test_readers_in_every_state(pcsc: Pcsc, observed: Callable[[], Json]) -> None:
    pcsc.listing = (0, ["empty", "card", "held", "used", "mute"])
    pcsc.states = {
        "empty": (0, 0x30000 | EMPTY, []),
        "card": (0, 0x70000 | PRESENT, ATR),
        "held": (0, EXCLUSIVE, ATR),
        "used": (0, IN_USE, ATR),
        "mute": (0, MUTE, []),
    }
    pcsc.connecting = {"held": 0x8010000B, "mute": 0x80100066}

    seen = {reader["name"]: reader for reader in observed()["readers"]}

    assert {name: reader["state"] for name, reader in seen.items()} == {
        "empty": EMPTY,
        "card": PRESENT,
        "held": EXCLUSIVE,
        "used": IN_USE,
        "mute": MUTE,
    }
    assert seen["empty"] | {"state": 0} == {
        "name": "empty",
        "state": 0,
        "card_present": False,
        "card_mute": False,
        "exclusive": False,
        "in_use": False,
        "atr": None,
        "connect": None,
    }
    assert seen["card"]["atr"] == "3B8780018031B973842160B8"
    assert seen["card"]["connect"] == {"ok": True, "error": None}
    assert (seen["held"]["exclusive"], seen["held"]["connect"]["error"]["code"]) == (True, 0x8010000B)
    assert (seen["used"]["in_use"], seen["used"]["exclusive"]) == (True, False)
    assert (seen["mute"]["card_mute"], seen["mute"]["connect"]["ok"]) == (True, False)


def test_a_card_is_shared_with_others_and_left_as_it_was(pcsc: Pcsc, observed: Callable[[], Json]) -> None:
    pcsc.listing = (0, ["card"])
    pcsc.states = {"card": (0, PRESENT, ATR)}

    observed()

    assert pcsc.calls == [("connect", "card", 2, 3), ("disconnect", 5, 0), ("release", 77)]


def test_polkit_can_let_list_and_refuse_the_card(pcsc: Pcsc, observed: Callable[[], Json]) -> None:
    pcsc.listing = (0, ["card"])
    pcsc.states = {"card": (0, PRESENT, ATR)}
    pcsc.connecting = {"card": 0x8010006A}

    seen = observed()

    assert seen["context"]["established"] is True
    assert seen["readers"][0]["connect"]["error"]["code"] == 0x8010006A


def test_a_reader_that_vanished_since_it_was_listed(pcsc: Pcsc, observed: Callable[[], Json]) -> None:
    pcsc.listing = (0, ["gone", "card"])
    pcsc.states = {"gone": (0x80100009, 0, []), "card": (0, PRESENT, ATR)}

    gone, card = observed()["readers"]

    assert gone["connect"]["error"]["code"] == 0x80100009
    assert card["connect"]["ok"] is True


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ({}, (None, None, None, None)),
        (
            {"pcscd.service": {"LoadState": "not-found", "ActiveState": "inactive", "UnitFileState": ""}},
            (False, False, False, False),
        ),
        (
            {
                "pcscd.service": {"LoadState": "loaded", "ActiveState": "inactive", "UnitFileState": "indirect"},
                "pcscd.socket": {"LoadState": "loaded", "ActiveState": "active", "UnitFileState": "enabled"},
            },
            (True, False, True, True),
        ),
        (
            {
                "pcscd.service": {"LoadState": "masked", "ActiveState": "failed", "UnitFileState": "masked"},
                "pcscd.socket": {"LoadState": "loaded", "ActiveState": "failed", "UnitFileState": "disabled"},
            },
            (True, False, False, False),
        ),
    ],
    ids=["no systemd", "not installed", "activated by its socket", "masked"],
)
def test_the_services_state_is_what_systemd_says(
    states: Json, expected: tuple[Any, ...], observed: Callable[[], Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "units", lambda *_names: states)

    seen = observed()["service"]

    assert (seen["present"], seen["active"], seen["socket_active"], seen["enabled"]) == expected


def test_an_ssh_session_is_remote_even_where_sudo_hides_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.1 5 192.0.2.2 22")
    assert readers._is_remote() is True

    monkeypatch.delenv("SSH_CONNECTION")
    parents = {os.getppid(): ("sudo", 400), 400: ("sshd-session", 300)}
    monkeypatch.setattr(readers, "_comm_and_parent", parents.get)
    assert readers._is_remote() is True

    parents[400] = ("login", 1)
    assert readers._is_remote() is False

    del parents[400]
    assert readers._is_remote() is None


def test_a_process_is_read_with_its_brackets() -> None:
    comm, parent = readers._comm_and_parent(os.getpid()) or ("", 0)

    assert comm
    assert parent == os.getppid()


def plug(bus: Path, name: str, vendor: str, product_id: str, interfaces: dict[str, str | None], **more: str) -> None:
    """A device as sysfs shows it; ``interfaces``: class → driver."""
    device = bus / "devices" / name
    device.mkdir(parents=True)
    for file, text in {"idVendor": vendor, "idProduct": product_id, **more}.items():
        (device / file).write_text(f"{text}\n")
    for at, (kind, driver) in enumerate(interfaces.items()):
        interface = device / f"{name}:1.{at}"
        interface.mkdir()
        (interface / "bInterfaceClass").write_text(f"{kind}\n")
        if driver:
            (bus / "drivers" / driver).mkdir(parents=True, exist_ok=True)
            (interface / "driver").symlink_to(bus / "drivers" / driver)


def test_the_usb_bus_shows_readers_by_class_or_maker_and_nothing_else(tmp_path: Path) -> None:
    plug(tmp_path, "1-1", "0c4b", "0501", {"ff": None}, product="cyberJack RFID komfort", bDeviceClass="00")
    plug(tmp_path, "1-2", "1234", "5678", {"03": "usbhid", "0b": "usbfs"}, bDeviceClass="00")
    plug(tmp_path, "1-3", "046d", "c077", {"03": "usbhid"}, bDeviceClass="00")
    plug(tmp_path, "1-4", "072F", "9000", {"09": "hub"}, bDeviceClass="09")
    (tmp_path / "devices/usb1").mkdir()

    devices = usb.usb_devices(tmp_path, drivers=[])

    assert devices is not None
    unseen: Json = {"problem": None, "power": None, "claimed_by": None}
    assert [vars(device) for device in devices] == [
        {
            "vendor_id": "0c4b",
            "product_id": "0501",
            "product": "cyberJack RFID komfort",
            "driver": None,
            "bus_id": "1-1",
            **unseen,
        },
        {
            "vendor_id": "1234",
            "product_id": "5678",
            "product": None,
            "driver": "usbfs",
            "bus_id": "1-2",
            **unseen,
        },
    ]


def test_a_kernel_driver_on_a_reader_is_named(tmp_path: Path) -> None:
    plug(tmp_path, "1-1", "072f", "2200", {"0b": "pn533_usb"}, bDeviceClass="00")

    devices = usb.usb_devices(tmp_path)

    assert devices is not None
    assert devices[0].driver == "pn533_usb"


def test_a_system_without_a_usb_bus_is_told_from_one_without_readers(tmp_path: Path) -> None:
    (tmp_path / "bus/devices").mkdir(parents=True)

    assert usb.usb_devices(tmp_path / "bus") == []
    assert usb.usb_devices(tmp_path / "none") is None


def test_drivers_of_the_service_say_which_devices_are_theirs(tmp_path: Path) -> None:
    bundle(tmp_path / "a", "ifd-ccid", "CCIDCLASSDRIVER", ["0x0C4B", "0x072F"], ["0x9102", "0x2200"])
    bundle(tmp_path / "b", "ifd-acsccid", "acsccid", ["0x072F"], ["0x2200"])
    bundle(tmp_path / "b", "one", "one", "0x1", "0x2")
    for name, content in {
        "broken": "<plist><dict>",
        "words": "no list at all",
        "list": PLIST.format("<array/>"),
    }.items():
        (tmp_path / f"a/{name}.bundle/Contents").mkdir(parents=True)
        (tmp_path / f"a/{name}.bundle/Contents/Info.plist").write_text(content)

    drivers = pcsc_drivers([tmp_path / "a", tmp_path / "b", tmp_path / "none"])

    assert [each.name for each in drivers] == ["ifd-acsccid.bundle", "ifd-ccid.bundle", "one.bundle"]
    assert claiming(drivers, "072F", "2200", by_class=True) == ["ifd-acsccid.bundle", "ifd-ccid.bundle"]
    assert claiming(drivers, "0001", "0002", by_class=True) == ["one.bundle"]
    assert claiming(drivers, "1234", "5678", by_class=True) == ["ifd-ccid.bundle"], "the class's own takes the rest"
    assert claiming(drivers, "1234", "5678", by_class=False) == []


PLIST = '<?xml version="1.0"?><plist version="1.0">{}</plist>'


def bundle(folder: Path, name: str, inside: str, vendors: list[str] | str, products: list[str] | str) -> None:
    """A driver as pcsc-lite finds it, linked from elsewhere as Debian has libccid's."""
    content = {"CFBundleName": inside, "ifdVendorID": vendors, "ifdProductID": products}
    (folder / f"{name}.bundle/Contents").mkdir(parents=True)
    (folder / f"{name}.plist").write_bytes(plistlib.dumps(content))
    (folder / f"{name}.bundle/Contents/Info.plist").symlink_to(folder / f"{name}.plist")


def test_a_device_tells_its_power_saving_and_who_lists_it(tmp_path: Path) -> None:
    driver = PcscDriver("libifd-cyberjack.bundle", frozenset({"abcd:0535"}), by_class=False)
    plug(tmp_path, "1-1", "abcd", "0535", {"ff": None}, bDeviceClass="00")
    plug(tmp_path, "1-2", "1234", "5678", {"0b": None}, bDeviceClass="00")
    for name, files in {
        "1-1": {"control": "auto", "autosuspend_delay_ms": "-1000", "runtime_status": "suspended"},
        "1-2": {"control": "on"},
    }.items():
        (tmp_path / "devices" / name / "power").mkdir()
        for file, text in files.items():
            (tmp_path / "devices" / name / "power" / file).write_text(f"{text}\n")

    devices = usb.usb_devices(tmp_path, [driver])

    assert devices is not None
    assert [each.claimed_by for each in devices] == [["libifd-cyberjack.bundle"], []], "a driver's list makes a reader"
    assert [each.power and vars(each.power) for each in devices] == [
        {"control": "auto", "delay_ms": -1000, "status": "suspended"},
        {"control": "on", "delay_ms": None, "status": None},
    ]


def test_the_bus_is_looked_at_when_the_service_has_had_its_readers(
    pcsc: Pcsc, observed: Callable[[], Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_before: list[bool] = []
    monkeypatch.setattr(readers, "usb_devices", lambda: asked_before.append(("release", 77) in pcsc.calls))

    observed()

    assert asked_before == [True]


def test_kernel_modules_that_take_readers_are_told_and_no_others(tmp_path: Path) -> None:
    own, distribution, loaded = tmp_path / "etc", tmp_path / "usr", tmp_path / "module"
    for folder in (own, distribution, loaded / "pn533_usb", loaded / "usbhid"):
        folder.mkdir(parents=True)
    (own / "nfc.conf").write_text("# blacklist nfc\n\nblacklist pn533-usb\ninstall pn533 /bin/false\n")
    (own / "hidden.conf").write_text("install nfc /sbin/modprobe --ignore-install nfc\nblacklist usbhid\n")
    (distribution / "hidden.conf").write_text("blacklist cyberjack\n")

    seen = kernel_modules([own, distribution, tmp_path / "none"], loaded)

    assert [vars(each) for each in seen] == [
        {"name": "pn533_usb", "loaded": True, "blocked_by": str(own / "nfc.conf")},
        {"name": "pn533", "loaded": False, "blocked_by": str(own / "nfc.conf")},
    ]
