# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Card readers: on the USB bus, in the PC/SC service, and what lies on them. Raw codes; the judge reads them."""

from __future__ import annotations

import importlib
import os
import re
from pathlib import Path
from typing import Any

from .kernel_modules import kernel_modules
from .shapes import Connect, Evidence, PcscContext, Reader, Readers, Service, Session
from .system import account_name, read_text, units
from .usb import usb_devices

# winscard.h and pcsclite.h; literals, because the constants' names are in a library that may be missing.
_SCOPE_USER = 0
_SHARE_SHARED = 2
_PROTOCOL_ANY = 1 | 2  # T=0, T=1
_LEAVE_CARD = 0
_STATE_UNAWARE = 0
_STATE_PRESENT = 0x0020
_STATE_EXCLUSIVE = 0x0080
_STATE_INUSE = 0x0100
_STATE_MUTE = 0x0200
_NO_READERS = 0x8010002E


def observe_readers() -> Readers:
    """Everything between the USB socket and the card's answer to reset. A missing library is a fact, not an error."""
    seen = Readers(
        kernel_modules=kernel_modules(),
        service=_service(),
        session=Session(account_name(os.geteuid()), _is_remote()),
    )
    scard = _library()
    if scard is not None:
        seen.library = True
        seen.context, seen.readers = _ask_pcsc(scard)
    # Now the service has taken its readers and woken them: what is still asleep, or another's, stays so.
    devices = usb_devices()
    seen.usb_bus, seen.usb_devices = devices is not None, devices or []
    return seen


def _library() -> Any | None:
    try:
        return importlib.import_module("smartcard.scard")
    except ImportError:  # also when its C part cannot be loaded
        return None


def _ask_pcsc(scard: Any) -> tuple[PcscContext, list[Reader]]:
    code, context = scard.SCardEstablishContext(_SCOPE_USER)
    if code != 0:
        return PcscContext(False, _evidence(scard, code)), []
    try:
        code, names = scard.SCardListReaders(context, [])
        if _unsigned(code) == _NO_READERS:
            return PcscContext(True), []
        if code != 0:
            return PcscContext(True, _evidence(scard, code)), []
        return PcscContext(True), [_reader(scard, context, name) for name in names]
    finally:
        scard.SCardReleaseContext(context)


def _reader(scard: Any, context: Any, name: str) -> Reader:
    code, states = scard.SCardGetStatusChange(context, 0, [(name, _STATE_UNAWARE)])
    if code != 0:  # unplugged since it was listed
        return Reader(name, connect=Connect(False, _evidence(scard, code)))
    _name, event, atr = states[0]
    state = event & 0xFFFF  # pcsc-lite counts events in the upper half
    reader = Reader(
        name,
        state=state,
        card_present=bool(state & _STATE_PRESENT),
        card_mute=bool(state & _STATE_MUTE),
        exclusive=bool(state & _STATE_EXCLUSIVE),
        in_use=bool(state & _STATE_INUSE),
        atr=bytes(byte & 0xFF for byte in atr).hex().upper() or None,
    )
    if reader.card_present:
        reader.connect = _connect(scard, context, name)
    return reader


def _connect(scard: Any, context: Any, name: str) -> Connect:
    """Shared, so nobody is thrown out. polkit guards this call apart from listing, hence it must be tried."""
    code, card, _protocol = scard.SCardConnect(context, name, _SHARE_SHARED, _PROTOCOL_ANY)
    if code != 0:
        return Connect(False, _evidence(scard, code))
    scard.SCardDisconnect(card, _LEAVE_CARD)
    return Connect(True)


def _unsigned(code: int) -> int:
    return code & 0xFFFFFFFF  # pyscard's releases differ in the sign


def _evidence(scard: Any, code: int) -> Evidence:
    return Evidence("pcsc", _unsigned(code), str(scard.SCardGetErrorMessage(code)))


def _service() -> Service:
    found = units("pcscd.service", "pcscd.socket")
    if not found:
        return Service()
    service = found.get("pcscd.service", {})
    socket = found.get("pcscd.socket", {})
    return Service(
        present=service.get("LoadState") not in (None, "not-found"),
        active=service.get("ActiveState") == "active",
        socket_active=socket.get("ActiveState") == "active",
        enabled="enabled" in (service.get("UnitFileState"), socket.get("UnitFileState")),
    )


def _is_remote() -> bool | None:
    """Whether the probe itself runs in an ssh session, as it does under Ansible.

    The judge must not read it as "the user sits at a remote desktop". sudo drops SSH_CONNECTION, so the parents count.
    """
    if os.environ.get("SSH_CONNECTION"):
        return True
    pid = os.getppid()
    while pid > 1:
        parent = _comm_and_parent(pid)
        if parent is None:
            return None
        comm, pid = parent
        if comm.startswith("sshd"):
            return True
    return False


def _comm_and_parent(pid: int) -> tuple[str, int] | None:
    text = read_text(Path("/proc") / str(pid) / "stat") or ""
    match = re.match(r"\d+ \((.*)\) \S+ (\d+)", text, re.DOTALL)  # a name may itself hold brackets
    return (match.group(1), int(match.group(2))) if match else None
