# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of a host's login methods need a reader, a card or the client on this machine.

The decision, in one place. Login methods that are given decide alone, on a server too: who says `eid_card` for a
server means it. When nothing is given, a workstation is judged as `eid_card`, which is the operator's general method,
and a server or terminal server as needing none.
- eid_card: reader, card and client.
- phone_reader: the phone is the reader, reached by the client over the network; no reader at this machine.
- mobile_token: none of them.
On a terminal server the reader is plugged into the user's own machine and comes through the session.
"""

from __future__ import annotations

from .model import Context

EID_CARD = "eid_card"
PHONE_READER = "phone_reader"
SERVERS = frozenset({"server", "terminal_server"})


def why_no_reader(context: Context) -> str:
    """Say why reader and card do not apply; empty when they do."""
    methods = _methods(context)
    if EID_CARD in methods:
        return ""
    if PHONE_READER in methods:
        return "the phone is the reader (login method phone_reader)"
    return _nothing_needed(context)


def why_no_client(context: Context) -> str:
    """Say why the client does not apply; empty when it does."""
    return "" if {EID_CARD, PHONE_READER} & _methods(context) else _nothing_needed(context)


def why_no_usb(context: Context) -> str:
    """Say why no reader is expected at the machine itself; empty when one is."""
    if context.purpose == "terminal_server":
        return "the reader is at the user's own machine and comes through the session"
    return ""


def _methods(context: Context) -> frozenset[str]:
    if context.login_methods:
        return frozenset(context.login_methods)
    return frozenset() if context.purpose in SERVERS else frozenset({EID_CARD})


def _nothing_needed(context: Context) -> str:
    if context.login_methods:
        return f"the login methods ({', '.join(context.login_methods)}) need no card at this host"
    return f"no login with a card is planned on a {context.purpose}"
