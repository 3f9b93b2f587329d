# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The eSzemélyi client: its package and its processes. Their names are the caller's; none is built in."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

from .shapes import Client, Json, Package, Process
from .system import account_name, find, run


def observe_client(request: Json) -> Client:
    """Looks for ``request["client"]``: shell patterns of package names, and of executables' paths or base names."""
    asked = request["client"]
    return Client(packages=_packages(asked["packages"]), processes=_processes(asked["executables"]))


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
    return [Package(row[1], row[2]) for row in rows if len(row) == 3 and row[0] == "installed"]


def _rpm(names: list[str]) -> list[Package]:
    rpm = find("rpm")
    if rpm is None:
        return []
    answer = run([rpm, "--query", "--all", "--queryformat", "%{NAME}\t%{VERSION}-%{RELEASE}\n", *names])
    rows = (line.split("\t") for line in answer.stdout.splitlines())
    return [Package(row[0], row[1]) for row in rows if len(row) == 2]


def _processes(patterns: list[str]) -> list[Process]:
    if not patterns:
        return []
    found = []
    for link in sorted(Path("/proc").glob("[0-9]*/exe")):
        try:
            # A program that was replaced while it runs (an update) is still that program.
            executable = str(link.readlink()).removesuffix(" (deleted)")
            if any(fnmatchcase(executable, each) or fnmatchcase(Path(executable).name, each) for each in patterns):
                found.append(Process(executable, account_name(link.parent.stat().st_uid)))
        except OSError:  # it ended meanwhile, or belongs to another account
            continue
    return found
