# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands and small files of the host, read so that a missing one is an answer and not an error."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import subprocess
from pathlib import Path

_SEARCH_PATH = os.pathsep.join(["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"])


def find(command: str) -> str | None:
    """Absolute path of a command; system folders count even where the account's PATH leaves them out."""
    return shutil.which(command) or shutil.which(command, path=_SEARCH_PATH)


def run(arguments: list[str], seconds: float = 10.0) -> subprocess.CompletedProcess[str]:
    """Runs a command without a shell, in plain English. Raises OSError and subprocess.TimeoutExpired."""
    return subprocess.run(
        arguments,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=seconds,
        env={**os.environ, "LC_ALL": "C", "SYSTEMD_COLORS": "0"},
    )


def read_text(path: str | Path) -> str | None:
    """The stripped text of a small file; null when it cannot be read."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None


def account_name(uid: int) -> str:
    """The account's name, or its number where nobody gave it one."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def group_name(gid: int) -> str:
    """The group's name, or its number where nobody gave it one."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def units(*names: str) -> dict[str, dict[str, str]]:
    """LoadState, ActiveState and UnitFileState of systemd units; empty where systemd is not the init."""
    systemctl = find("systemctl")
    if systemctl is None:
        return {}
    try:
        answer = run([systemctl, "show", "--property=Id,LoadState,ActiveState,UnitFileState", *names])
    except (OSError, subprocess.TimeoutExpired):
        return {}
    if answer.returncode != 0:
        return {}
    found = {}
    for block in answer.stdout.strip().split("\n\n"):
        properties = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if "Id" in properties:
            found[properties["Id"]] = properties
    return found
