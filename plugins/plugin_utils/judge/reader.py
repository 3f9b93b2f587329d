# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader: from the USB device to a reader that programs may use."""

from __future__ import annotations

from ..contract.records import Check
from . import usb
from .builder import Subject, evidence
from .card_use import why_no_reader
from .model import Case, Facts

SERVICE = "reader.pcsc_service"
PERMISSION = "reader.permission"
VISIBLE = "reader.visible"
AVAILABLE = "reader.available"
CAPABILITY = "reader.capability"
ALL = (usb.DEVICE, usb.DRIVER, usb.POWER, SERVICE, PERMISSION, VISIBLE, AVAILABLE, CAPABILITY)
NO_LIBRARY = "the probe cannot use PC/SC on this host (Debian: package python3-pyscard)"


def checks(case: Case) -> list[Check]:
    """All checks of the layer, or why they do not apply or cannot be made."""
    reason = why_no_reader(case.context)
    if reason:
        return [case.build.not_applicable(name, reason) for name in ALL]
    section = case.section("readers")
    if section is None or section["error"] is not None:
        return [case.build.not_tested(name, case.why_missing("readers")) for name in ALL]
    once = [
        usb.device(case, section),
        usb.driver(case, section),
        usb.power(case, section),
        _service(case, section),
        _permission(case, section),
        _visible(case, section),
    ]
    return once + _each(case, section)


def real_readers(case: Case, section: Facts) -> list[Facts]:
    """The readers that can hold a card: those that exist in software only are left out."""
    return [each for each in section["readers"] if not case.readers.is_virtual(each["name"])]


def connect_word(case: Case, reader: Facts) -> str | None:
    """What PC/SC said when a card in this reader was asked; None when it went well or was not tried."""
    tried = reader["connect"]
    if tried is None or tried["ok"]:
        return None
    return case.evidence.word("pcsc", tried["error"]) or "unknown"


def _context_word(case: Case, section: Facts) -> str | None:
    return case.evidence.word("pcsc", section["context"]["error"])


def _remote_session(case: Case, section: Facts) -> bool:
    """On Windows a remote session is given the client's readers, and "no service" although the service runs.

    So it may be for a logon over the network, of which the probe cannot tell whether it is remote.
    """
    session, service = section["session"], section["service"]
    if _context_word(case, section) == "remote_session":
        return True
    if not case.windows or session["remote"] is False:
        return False
    established = section["context"]["established"]
    if established:
        return session["remote"] is True and not real_readers(case, section)
    return service["active"] is True and _context_word(case, section) == "no_service"


def _service(case: Case, section: Facts) -> Check:
    context, service = section["context"], section["service"]
    said = evidence(context["error"])
    if context["established"] or _remote_session(case, section):
        return case.build.ok(SERVICE)
    word = _context_word(case, section)
    if word in {"access_denied", "no_reader"}:
        return case.build.ok(SERVICE, evidence=said)
    if service["present"] is False:
        return case.build.fail(SERVICE, ["service_absent"], evidence=said)
    if _rests(case, section):
        return case.build.not_tested(SERVICE, "Windows starts it with a reader, and none is attached", evidence=said)
    idle = service["active"] is False and service["socket_active"] is not True
    if word == "no_service" or idle:
        sure = service["present"] is True or service["active"] is not None
        causes = ["service_stopped"] if sure else ["service_stopped", "service_absent"]
        return case.build.fail(SERVICE, causes, evidence=said)
    return case.build.not_tested(SERVICE, _why_unknown(section), evidence=said)


def _rests(case: Case, section: Facts) -> bool:
    """Windows 8 and later stop the service where no reader is, and start it when one appears."""
    service = section["service"]
    idle = case.windows and service["present"] is True and service["active"] is False and service["enabled"] is True
    return idle and usb.none_attached(case, section)


def _why_unknown(section: Facts) -> str:
    return "PC/SC gave no answer that we know" if section["library"] else NO_LIBRARY


def _permission(case: Case, section: Facts) -> Check:
    # To list readers and to ask a card are two rights under polkit: only a refused card shows that the second lacks.
    refused = [each for each in section["readers"] if connect_word(case, each) == "access_denied"]
    subject = Subject(account=section["session"]["account"])
    said = evidence(section["context"]["error"], *(each["connect"]["error"] for each in refused))
    if refused or _context_word(case, section) == "access_denied":
        return case.build.fail(PERMISSION, ["access_denied"], subject, evidence=said)
    if _remote_session(case, section):
        return case.build.fail(PERMISSION, ["remote_session"], subject, evidence=said)
    if section["context"]["established"]:
        return case.build.ok(PERMISSION, subject)
    return case.build.not_tested(PERMISSION, _why_unknown(section), subject, evidence=said)


def _visible(case: Case, section: Facts) -> Check:
    names = [each["name"] for each in real_readers(case, section)]
    said = evidence(section["context"]["error"])
    if names:
        return case.build.ok(VISIBLE, observed=", ".join(names))
    listed = section["context"]["established"] and section["context"]["error"] is None
    if listed or _context_word(case, section) == "no_reader":
        return case.build.fail(VISIBLE, ["no_reader"], evidence=said)
    return case.build.not_tested(VISIBLE, _why_unknown(section), evidence=said)


def _each(case: Case, section: Facts) -> list[Check]:
    readers = real_readers(case, section)
    if not readers:
        return [case.build.not_tested(name, "no reader is visible") for name in (AVAILABLE, CAPABILITY)]
    unfit = usb.unfit(case, section, [each["name"] for each in readers])
    return [
        check
        for each in readers
        for check in (_available(case, each), _capability(case, each["name"], unfit.get(each["name"], "")))
    ]


def _available(case: Case, reader: Facts) -> Check:
    subject, word = Subject(reader["name"]), connect_word(case, reader)
    said = evidence(None if reader["connect"] is None else reader["connect"]["error"])
    if word in {"reader_held", "reader_removed"}:
        return case.build.fail(AVAILABLE, [word], subject, evidence=said)
    if word == "no_reader":
        return case.build.fail(AVAILABLE, ["reader_removed"], subject, evidence=said)
    if reader["connect"] is None and reader["exclusive"]:
        return case.build.fail(AVAILABLE, ["reader_held"], subject, observed=f"state {reader['state']:#06x}")
    if word in {"unknown", "access_denied"}:
        return case.build.not_tested(
            AVAILABLE, "the card could not be asked, for another reason", subject, evidence=said
        )
    return case.build.ok(AVAILABLE, subject)


def _capability(case: Case, name: str, cause: str) -> Check:
    if cause:
        return case.build.warn(CAPABILITY, [cause], Subject(name))
    return case.build.ok(CAPABILITY, Subject(name), observed="nothing is known against this model")
