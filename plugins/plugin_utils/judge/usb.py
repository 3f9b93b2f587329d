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
LINUX_ROOT_HUBS = "1d6b"


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
    if visible:
        return _all_driven(case, attached, visible)
    stolen = [each for each in attached if each["driver"] in case.readers.conflicting_drivers]
    if stolen:
        return _driver_fails(case, stolen, "driver_conflict")
    if not section["context"]["established"]:
        return case.build.not_tested(DRIVER, "only PC/SC can tell, and it did not answer")
    return _driver_fails(case, attached, "driver_missing")


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


def _driver_fails(case: Case, devices: Sequence[Facts], cause: str) -> Check:
    observed = ", ".join(_label(case, each) + _state(each) for each in devices)
    return case.build.fail(DRIVER, [cause], observed=observed)


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
