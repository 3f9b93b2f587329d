# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who the host is: distribution, machine, boot and the account that looks."""

from __future__ import annotations

import hashlib
import os
import socket

from .shapes import Host
from .system import account_name, read_text

# The bare machine id must not leave the host (machine-id(5)); the prefix keeps the hash from being linked with others.
_MACHINE_ID_PREFIX = "eeszt.connect:"


def observe_host() -> Host:
    """Facts from /etc and /proc; what cannot be read is null."""
    release = _os_release()
    return Host(
        distribution=release.get("ID"),
        version=release.get("VERSION_ID"),
        hostname=socket.gethostname(),
        machine_id_hash=_machine_id_hash(),
        boot_id=read_text("/proc/sys/kernel/random/boot_id") or None,
        account=account_name(os.geteuid()),
        privileged=os.geteuid() == 0,
    )


def _os_release() -> dict[str, str]:
    text = read_text("/etc/os-release") or read_text("/usr/lib/os-release") or ""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {name: value.strip("\"'") for name, value in pairs}


def _machine_id_hash() -> str | None:
    machine_id = read_text("/etc/machine-id")
    if not machine_id:
        return None
    return hashlib.sha256(f"{_MACHINE_ID_PREFIX}{machine_id}".encode()).hexdigest()
