# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The eSzemélyi client: its package and its processes. Their names are the caller's; none is built in."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from .shapes import Client, Json, Package, Process
from .system import account_name, find, read_text, run

_AUTOSTART = Path("/etc/xdg/autostart")
_MOST_PROGRAMS = 200  # of one package; a client has a handful, and an observation must stay small


def observe_client(request: Json) -> Client:
    """Looks for ``request["client"]``: shell patterns of package names, and of executables' paths or base names.

    What the packages brought themselves counts as well, so a program need not be named to be found.
    """
    asked = request["client"]
    packages = _packages(asked["packages"])
    owners = {os.path.realpath(program): package.name for package in packages for program in package.programs}
    return Client(
        packages=packages,
        processes=_processes(asked["executables"], owners),
        autostart=autostart_entries(owners) if packages else None,
    )


def autostart_entries(programs: Iterable[str], folder: Path = _AUTOSTART) -> list[str]:
    """Desktop entries of ``folder`` that start one of ``programs`` (paths without links) in every session."""
    wanted = set(programs)
    return [str(path) for path in sorted(folder.glob("*.desktop")) if _started_by(path) in wanted]


def _started_by(path: Path) -> str | None:
    """The program of a desktop entry, links resolved; null where the entry is switched off or cannot be read."""
    entry = dict(line.split("=", 1) for line in _main_group(read_text(path) or "") if "=" in line)
    if entry.get("Hidden", "").strip() == "true":
        return None
    try:
        words = shlex.split(entry.get("Exec", ""))
    except ValueError:
        return None
    program = find(words[0]) if words else None
    return os.path.realpath(program) if program else None


def _main_group(text: str) -> list[str]:
    kept: list[str] = []
    inside = False
    for line in text.splitlines():
        if line.startswith("["):
            inside = line.strip() == "[Desktop Entry]"
        elif inside:
            kept.append(line)
    return kept


def _packages(names: list[str]) -> list[Package]:
    if not names:
        return []
    return _dpkg(names) + _rpm(names)


def _dpkg(names: list[str]) -> list[Package]:
    query = find("dpkg-query")
    if query is None:
        return []
    # A name that dpkg does not know gives status 1 and a line on stderr; the others are printed all the same.
    answer = run([query, "--show", "--showformat=${db:Status-Status}\t${Package}\t${Version}\n", *names])
    rows = (line.split("\t") for line in answer.stdout.splitlines())
    found = [Package(row[1], row[2]) for row in rows if len(row) == 3 and row[0] == "installed"]
    for package in found:
        package.programs = _programs([query, "--listfiles", package.name])
    return found


def _rpm(names: list[str]) -> list[Package]:
    rpm = find("rpm")
    if rpm is None:
        return []
    answer = run([rpm, "--query", "--all", "--queryformat", "%{NAME}\t%{VERSION}-%{RELEASE}\n", *names])
    rows = (line.split("\t") for line in answer.stdout.splitlines())
    found = [Package(row[0], row[1]) for row in rows if len(row) == 2]
    for package in found:
        package.programs = _programs([rpm, "--query", "--list", package.name])
    return found


def _programs(listing: list[str]) -> list[str]:
    files = (line for line in run(listing).stdout.splitlines() if line.startswith("/"))
    return sorted(each for each in files if _is_program(each))[:_MOST_PROGRAMS]


def _is_program(path: str) -> bool:
    try:
        mode = os.lstat(path).st_mode
    except OSError:  # somebody deleted it
        return False
    return stat.S_ISREG(mode) and bool(mode & 0o111)


def _processes(patterns: list[str], owners: Mapping[str, str]) -> list[Process]:
    if not patterns and not owners:
        return []
    found = []
    for link in sorted(Path("/proc").glob("[0-9]*/exe")):
        try:
            # A program that was replaced while it runs (an update) is still that program.
            executable = str(link.readlink()).removesuffix(" (deleted)")
            if executable in owners or _is_named(executable, patterns):
                account = account_name(link.parent.stat().st_uid)
                found.append(Process(executable, account, owners.get(executable)))
        except OSError:  # it ended meanwhile, or belongs to another account
            continue
    return found


def _is_named(executable: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(executable, each) or fnmatchcase(Path(executable).name, each) for each in patterns)
