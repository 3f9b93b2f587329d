# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock: what time the host thinks it is, and whether something keeps it right."""

from __future__ import annotations

import contextlib
import ctypes
import datetime
import subprocess
from pathlib import Path

from .shapes import Clock
from .system import find, read_text, run

_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronized
_STA_UNSYNC = 0x0040
_KEEPERS = {  # /proc/<pid>/comm holds 15 characters
    "chronyd": "chrony",
    "systemd-timesyn": "systemd-timesyncd",
    "ntpd": "ntpd",
    "openntpd": "openntpd",
    "ptp4l": "ptp4l",
    "VBoxService": "VirtualBox guest additions",
    "vmtoolsd": "VMware tools",
}


class _Timex(ctypes.Structure):
    """The head of struct timex; the tail is only room for the kernel to write into."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("tail", ctypes.c_char * 512),
    )


def observe_clock() -> Clock:
    """UTC with milliseconds; ``synchronized`` is null where neither the kernel nor systemd tells."""
    synchronized = _kernel_says()
    if synchronized is None:
        synchronized = _systemd_says()
    return Clock(utc=utc_now(), synchronized=synchronized, source=_keeper())


def utc_now() -> str:
    """Now in UTC: ISO 8601, milliseconds, a final Z."""
    now = datetime.datetime.now(datetime.timezone.utc)  # noqa: UP017 - Python 3.9
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _kernel_says() -> bool | None:
    timex = _Timex()  # modes 0: read only
    try:
        state = int(ctypes.CDLL(None).adjtimex(ctypes.byref(timex)))
    except (OSError, AttributeError):
        return None
    if state < 0:  # containers often filter the call
        return None
    return state != _TIME_ERROR and not timex.status & _STA_UNSYNC


def _systemd_says() -> bool | None:
    timedatectl = find("timedatectl")
    if timedatectl is None:
        return None
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        answer = run([timedatectl, "show", "--property=NTPSynchronized", "--value"], seconds=5)
        return {"yes": True, "no": False}.get(answer.stdout.strip())
    return None


def _keeper() -> str | None:
    for comm in Path("/proc").glob("[0-9]*/comm"):
        keeper = _KEEPERS.get(read_text(comm) or "")
        if keeper:
            return keeper
    return None
