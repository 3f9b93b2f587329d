# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader: the device on the USB bus, its driver, and what is known of its model."""

from __future__ import annotations

from collections.abc import Sequence

from ..contract.records import Check
from ..contract.tables import ReaderModel
from .card_use import why_no_usb
from .model import Case, Facts

DEVICE = "reader.device"
DRIVER = "reader.driver"
POWER = "reader.power"
LINUX_ROOT_HUBS = "1d6b"
PROGRAM = "usbfs"
"""What Linux calls the driver of a device that a program has, as the PC/SC service has its readers."""


def device(case: Case, section: Facts) -> Check:
    """A reader hangs on the bus, or PC/SC shows one (which may hang elsewhere: network, vpcd)."""
    reason = why_no_usb(case.context)
    if reason:
        return case.build.not_applicable(DEVICE, reason)
    attached, visible = _attached(case, section), _visible(case, section)
    if attached:
        return case.build.ok(DEVICE, observed=", ".join(_label(case, each) for each in attached))
    if visible:
        return case.build.ok(DEVICE, observed=", ".join(visible))
    if not section["usb_bus"]:
        return case.build.not_tested(DEVICE, "the system shows no USB bus")
    return case.build.fail(DEVICE, ["no_reader_device"], observed="no card reader on the USB bus")


def driver(case: Case, section: Facts) -> Check:
    """The system gave each attached reader to a driver, and PC/SC shows it."""
    reason = why_no_usb(case.context)
    if reason:
        return case.build.not_applicable(DRIVER, reason)
    attached, visible = _attached(case, section), _visible(case, section)
    if not attached:
        if visible:
            return case.build.ok(DRIVER, observed=", ".join(visible))
        return case.build.not_tested(DRIVER, "no reader is attached by USB")
    troubled = [each for each in attached if each["problem"]]
    if troubled:
        clash = all(each["problem"] in case.readers.conflict_problems for each in troubled)
        return _driver_fails(case, troubled, "driver_conflict" if clash else "driver_missing")
    stolen = [each for each in attached if each["driver"] in case.readers.conflicting_drivers]
    if stolen:
        return _driver_fails(case, stolen, "driver_conflict", _still_loaded(section))
    if visible:
        return _all_driven(case, attached, visible)
    return _undriven(case, section, attached)


def power(case: Case, section: Facts) -> Check:
    """No reader may fall asleep. That it may is a warning; that one did not come back is a fault."""
    reason = why_no_usb(case.context)
    if reason:
        return case.build.not_applicable(POWER, reason)
    known = [each for each in _attached(case, section) if each.get("power")]
    if not known:
        return case.build.not_applicable(POWER, "no power saving of a reader was seen")
    drowsy = [each for each in known if _may_sleep(each)]
    expected, observed = "power/control on", ", ".join(_label(case, each) + _power(each) for each in drowsy or known)
    if not drowsy:
        return case.build.ok(POWER, expected=expected, observed=observed)
    lost = section["context"]["established"] and not _visible(case, section) and any(map(_asleep, drowsy))
    say = case.build.fail if lost or _vanished(case, section) else case.build.warn
    return say(POWER, ["usb_power_saving"], expected=expected, observed=observed)


def none_attached(case: Case, section: Facts) -> bool:
    """Tell whether the bus was seen and no reader is on it."""
    return section["usb_bus"] is True and not _attached(case, section)


def unfit(case: Case, section: Facts, names: Sequence[str]) -> dict[str, str]:
    """Give a cause of reader.capability for each reader that is known not to do, by its name or USB id."""
    causes = {name: model.unfit for name in names if (model := case.readers.by_name(name)) is not None}
    attached = _attached(case, section)
    if len(names) == len(attached) == 1 and names[0] not in causes:
        model = _model(case, attached[0])
        causes[names[0]] = model.unfit if model is not None else ""
    return causes


def _all_driven(case: Case, attached: Sequence[Facts], visible: Sequence[str]) -> Check:
    """Find known readers that PC/SC does not show although every reader it shows is explained by another one.

    It is how a laptop's own contact slot hides that the good reader beside it has no driver.
    """
    models = {_label(case, each): _model(case, each) for each in attached}
    shown = [model for model in models.values() if model and any(model.name.search(name) for name in visible)]
    unexplained = [name for name in visible if not any(model.name.search(name) for model in shown)]
    hidden = [each for each in attached if (model := _model(case, each)) is not None and model not in shown]
    if hidden and not unexplained:
        return _driver_fails(case, hidden, "driver_missing")
    return case.build.ok(DRIVER, observed=", ".join(visible))


def _undriven(case: Case, section: Facts, attached: Sequence[Facts]) -> Check:
    """Tell by the drivers' own lists, and by PC/SC where there are none, why it shows none of these devices."""
    lacking = [each for each in attached if not _has_driver(case, each)]
    if any(each.get("claimed_by") is not None for each in lacking) or (lacking and section["context"]["established"]):
        return _driver_fails(case, lacking, "driver_missing")
    if not section["context"]["established"]:
        return case.build.not_tested(DRIVER, "only PC/SC can tell, and it did not answer")
    rivals = [each for each in attached if len(each["claimed_by"]) > 1 and not _asleep(each)]
    if rivals:
        claims = "; ".join(" and ".join(each["claimed_by"]) for each in rivals)
        return _driver_fails(case, rivals, "driver_conflict", f", listed by {claims}")
    return case.build.ok(
        DRIVER, observed=", ".join(f"{_label(case, each)} ({' and '.join(each['claimed_by'])})" for each in attached)
    )


def _has_driver(case: Case, each: Facts) -> bool:
    """A model that needs its vendor's driver may stand in libccid's list all the same, and does not work with it."""
    model, claims = _model(case, each), each.get("claimed_by") or []
    if each["driver"] not in {None, PROGRAM}:
        return False
    if model is not None and model.driver:
        return any(model.driver in name for name in claims)
    return bool(claims)


def _vanished(case: Case, section: Facts) -> bool:
    tried = (each["connect"] for each in section["readers"])
    words = {case.evidence.word("pcsc", each["error"]) for each in tried if each is not None}
    return not words.isdisjoint({"reader_removed", "no_reader"})


def _may_sleep(each: Facts) -> bool:
    delay = each["power"]["delay_ms"]
    return each["power"]["control"] == "auto" and (delay is None or delay >= 0)


def _asleep(each: Facts) -> bool:
    return bool(each.get("power")) and _may_sleep(each) and each["power"]["status"] == "suspended"


def _power(each: Facts) -> str:
    said = each["power"]
    return f" (power/control {said['control']}, {said['status'] or 'unknown'})"


def _still_loaded(section: Facts) -> str:
    """Blocked by a file, and in the way all the same: it was loaded before."""
    names = [each for each in section.get("kernel_modules", []) if each["loaded"] and each["blocked_by"]]
    return "".join(f"; {each['name']} is blocked by {each['blocked_by']} and still loaded" for each in names)


def _driver_fails(case: Case, devices: Sequence[Facts], cause: str, more: str = "") -> Check:
    observed = ", ".join(_label(case, each) + _state(each) for each in devices)
    return case.build.fail(DRIVER, [cause], observed=observed + more)


def _state(each: Facts) -> str:
    if each["problem"]:
        return f" (problem code {each['problem']})"
    return f" (driver {each['driver']})" if each["driver"] else ""


def _visible(case: Case, section: Facts) -> list[str]:
    return [each["name"] for each in section["readers"] if not case.readers.is_virtual(each["name"])]


def _attached(case: Case, section: Facts) -> list[Facts]:
    """The readers among the USB devices; a probe may list every device or only those with a card interface."""
    return [each for each in section["usb_devices"] if _model(case, each) or not _is_other(case, each)]


def _is_other(case: Case, each: Facts) -> bool:
    return each["vendor_id"].lower() == LINUX_ROOT_HUBS or each["driver"] in case.readers.other_drivers


def _model(case: Case, each: Facts) -> ReaderModel | None:
    return case.readers.by_usb(each["vendor_id"], each["product_id"])


def _label(case: Case, each: Facts) -> str:
    model = _model(case, each)
    name = each["product"] or (model.model if model else "unknown device")
    return f"{name} [{each['vendor_id'].lower()}:{each['product_id'].lower()}]"
