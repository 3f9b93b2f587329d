# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Client: the eSzemélyi client is installed, runs, and starts at logon.

The policy describes it, because its names are not public.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import PureWindowsPath

from ..contract.records import Check
from .card_use import why_no_client
from .model import Case, Facts

INSTALLED = "client.installed"
RUNNING = "client.running"
AUTOSTART = "client.autostart"
ALL = (INSTALLED, RUNNING, AUTOSTART)
NO_CLIENT = "the policy describes no client (client.packages and client.executables)"


def checks(case: Case) -> list[Check]:
    """All checks, or why they do not apply or cannot be made."""
    reason = why_no_client(case.context)
    if reason:
        return [case.build.not_applicable(name, reason) for name in ALL]
    section = case.section("client")
    if not case.policy.client_packages and not case.policy.client_executables:
        return [case.build.not_tested(name, NO_CLIENT) for name in ALL]
    if section is None or section["error"] is not None:
        return [case.build.not_tested(name, case.why_missing("client")) for name in ALL]
    return [_installed(case, section), _running(case, section), _autostart(case, section)]


def _installed(case: Case, section: Facts) -> Check:
    found = _packages(case, section)
    expected = ", ".join(case.policy.client_packages)
    if found:
        return _version(case, found)
    if not case.policy.client_packages:
        if _running_programs(case, section):
            return case.build.ok(INSTALLED, observed="its program runs")
        return case.build.not_tested(INSTALLED, "the policy names no package of the client")
    if not _was_asked(case, "packages", case.policy.client_packages):
        return case.build.not_tested(INSTALLED, "the probe was not asked for the policy's packages")
    return case.build.fail(INSTALLED, ["client_absent"], expected=expected, observed="no such package")


def _version(case: Case, found: list[Facts]) -> Check:
    observed = ", ".join(f"{each['name']} {each['version']}" for each in found)
    least = case.policy.client_minimum_version
    if least is None:
        return case.build.ok(INSTALLED, observed=observed)
    if any(_number(each["version"]) >= _number(least) for each in found):
        return case.build.ok(INSTALLED, expected=f"at least {least}", observed=observed)
    return case.build.fail(INSTALLED, ["client_outdated"], expected=f"at least {least}", observed=observed)


def _running(case: Case, section: Facts) -> Check:
    named, brought = case.policy.client_executables, _programs(case, section)
    expected = ", ".join(named) or ", ".join(brought)
    running = _running_programs(case, section)
    if running:
        return case.build.ok(RUNNING, expected=expected, observed=", ".join(running))
    if not expected:
        return case.build.not_tested(RUNNING, "the policy names no program of the client, nor did a package bring one")
    if named and not _was_asked(case, "executables", named):
        return case.build.not_tested(RUNNING, "the probe was not asked for the policy's programs")
    return case.build.fail(RUNNING, ["client_not_running"], expected=expected, observed="no such process")


def _running_programs(case: Case, section: Facts) -> list[str]:
    """The policy's programs; where it names none, whatever the client's own package brought."""
    wanted = case.policy.client_executables
    if not wanted:
        owners = {each["name"] for each in _packages(case, section)}
        return sorted({each["executable"] for each in section["processes"] if each.get("package") in owners})
    programs = {each["executable"] for each in section["processes"]}
    return sorted(each for each in programs if _matches(each, wanted) or _matches(_base(each), wanted))


def _autostart(case: Case, section: Facts) -> Check:
    entries = section.get("autostart")
    if entries is None or not _programs(case, section):
        return case.build.not_applicable(AUTOSTART, "no package was found whose programs could be started at logon")
    if entries:
        return case.build.ok(AUTOSTART, observed=", ".join(entries))
    return case.build.warn(
        AUTOSTART, ["client_not_started_at_logon"], observed="no desktop entry in /etc/xdg/autostart"
    )


def _packages(case: Case, section: Facts) -> list[Facts]:
    return [each for each in section["packages"] if _matches(each["name"], case.policy.client_packages)]


def _programs(case: Case, section: Facts) -> list[str]:
    """What the client's package brought to be executed; none where the probe cannot see it (Windows)."""
    return [program for each in _packages(case, section) for program in each.get("programs", [])]


def _was_asked(case: Case, key: str, names: Iterable[str]) -> bool:
    """An old observation judged by a new policy cannot prove the absence of what nobody looked for."""
    if case.context.request is None:
        return True
    asked = {name.casefold() for name in case.context.request["client"][key]}
    return {name.casefold() for name in names} <= asked


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name.casefold(), pattern.casefold()) for pattern in patterns)


def _base(path: str) -> str:
    """The last part of a path of either system."""
    return PureWindowsPath(path).name


def _number(version: str) -> tuple[int, ...]:
    """Read 2.0.38 out of `2.0.38-1` or `v2.0.38`; nothing readable counts as the oldest."""
    found = re.search(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in found[0].split(".")) if found else ()
