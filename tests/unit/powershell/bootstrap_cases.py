# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines and runs for test_bootstrap.py: what stands there, what is asked, what others change in between."""

from __future__ import annotations

import json
from typing import Any

POLICIES = "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies\\System|LocalAccountTokenFilterPolicy"
RECORD = "SOFTWARE\\eeszt.connect|Remoting"
ADMINISTRATORS, MANAGERS = "S-1-5-32-544", "S-1-5-32-580"
Json = dict[str, Any]


def interface(physical: str, *addresses: str, gateway: bool = False, up: bool = True) -> Json:
    return {"physical": physical, "addresses": [*addresses], "gateway": gateway, "up": up}


LAN = interface("0CC47A112233", "fe80::1%4", "192.0.2.11", gateway=True)
HYPERV_SWITCH = interface("00155D010203", "172.22.16.1")
LOOPBACK = interface("", "127.0.0.1", "::1")


def machine(**changed: Any) -> Json:
    """A workstation as practices have it: WinRM stands still, nothing listens."""
    return {
        "elevated": True,
        "name": "ws-1",
        "domain": "",
        "interfaces": [LAN, HYPERV_SWITCH, LOOPBACK],
        "registry": {},
        "certificates": [],
        "service": {"status": "Stopped", "start": "Manual"},
        "listener": None,
        "http": False,
        "rule": None,
        "users": {"anna": "S-1-5-21-1-anna"},
        "groups": {ADMINISTRATORS: ["S-1-5-21-1-anna"]},
        "basic": "false",
        **changed,
    }


RUNNING = {"status": "Running", "start": "Automatic"}
TAKE_BACK = {"remove": True}
FULL = {
    "ControllerAddress": ["192.0.2.5", "198.51.100.0/24"],
    "Name": ["WS-1.clinic.example"],
    "AccountName": "eeszt-remote",
    "Basic": True,
}
THEIRS = {"thumbprint": "THEIRS", "port": "5986", "enabled": "true"}
STOPPED = {"service": {"status": "Stopped", "start": "Disabled"}}
STUCK = {**STOPPED, "stuck": True}
MOVED = {"interfaces": [interface("0CC47A112233", "192.0.2.99", gateway=True)], "domain": "wifi.example"}
# A guest's own card (it has the switch's maker), two inner networks, a card without cable, one without an address.
CARDS = [
    interface("00155D0A0B0C", "192.0.2.21", gateway=True),
    interface("0050560A0B0C", "192.168.146.1"),
    interface("0A0027000010", "192.168.56.1"),
    interface("0CC47A445566", "198.51.100.3", up=False),
    interface("0CC47A778899", "169.254.7.7", "192.0.2.22"),
]
DRIFTS: dict[str, Any] = {
    "enabled": "False",
    "action": "Block",
    "direction": "Outbound",
    "profile": "Domain",
    "protocol": "UDP",
    "port": "Any",
    "addresses": ["Any"],
}
EVERYBODY = ("0.0.0.0", "0.0.0.0/0", "10.0.0.0/4", "Any", "LocalSubnet", "1", "::", " ")
CUT_OFF = {
    "listener": {"thumbprint": "MADE0", "port": "5986", "enabled": "true"},
    "certificates": ["MADE0", "MADE1"],
    "registry": {RECORD: json.dumps({"certificate": {"thumbprint": "MADE1", "names": ["ws-1"], "olds": ["MADE0"]}})},
}


def case(*runs: Json, **changed: Any) -> Json:
    return {"machine": machine(**changed), "runs": list(runs)}


CASES: dict[str, Json] = {
    "dry": case({**FULL, "whatif": True}),
    "full": case(FULL, FULL, {"remove": True, "whatif": True}, TAKE_BACK, TAKE_BACK),
    "plain": case({}, TAKE_BACK, service=RUNNING),
    "user": case({}, elevated=False),
    "foreign listener": case({}, service=RUNNING, listener=THEIRS),
    "renew": case({}, {"Renew": True}, TAKE_BACK),
    "renewal cut off": case({}, {"Renew": True}, {"before": CUT_OFF}),
    "other port": case({}, {"Port": 45986}),
    "other controller": case({}, {"ControllerAddress": ["192.0.2.6"]}),
    "other name": case({}, {"Name": ["ws-1.clinic.example"]}),
    "account that is there": case({"AccountName": "anna"}, TAKE_BACK),
    "managers": case({"AccountName": "look", "AccountGroup": "RemoteManagementUsers"}, TAKE_BACK),
    "filter that was there": case({"AllowLocalAdministrators": True}, TAKE_BACK, registry={POLICIES: 0}),
    "filter changed since": case({"AllowLocalAdministrators": True}, {**TAKE_BACK, "loosen": 2}),
    "address changed": case({}, {"before": MOVED}, {"before": {"name": "ws-9"}}),
    "cards": case({}, interfaces=CARDS),
    "rule drift": case({}, *({"rule": {name: value}} for name, value in DRIFTS.items())),
    "listener off": case({}, {"before": {"listener": {"thumbprint": "MADE0", "port": "5986", "enabled": "false"}}}),
    "network": case(*({"ControllerAddress": ["10.1.2.3/24", "10.1.2.0/24", "192.0.2.5/32", "10.9.8.7/13"]},) * 2),
    "stopped since": case(FULL, {**TAKE_BACK, "before": STOPPED}),
    "stopped for good": case(FULL, {**TAKE_BACK, "before": STUCK}, {**TAKE_BACK, "before": {"stuck": False}}),
    "stopped, dry": case(FULL, {**TAKE_BACK, "whatif": True, "before": STOPPED}),
    "relied on since": case({}, {**TAKE_BACK, "before": {"http": True}}),
    "relied on before": case({}, TAKE_BACK, http=True),
    "basic changed since": case({"Basic": True}, {**TAKE_BACK, "before": {"basic": "false"}}, service=RUNNING),
    "listener changed since": case({}, {**TAKE_BACK, "before": {"listener": THEIRS}}),
    "everybody": case(*({"ControllerAddress": [each]} for each in EVERYBODY)),
}
