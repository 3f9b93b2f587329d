# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What our PowerShell and C# may hold: what Windows PowerShell 5.1 and .NET Framework 4 take too.

Every check gives its faults as (line, text). PowerShell's own parser takes the scripts apart (``read_scripts.ps1``);
what a word may be is decided here.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Fault = tuple[int, str]

WORDS: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "windows_powershell.yml").read_text("utf-8"))
ALIASES = frozenset(WORDS["aliases"].split())
POWERSHELL_WORDS = frozenset(WORDS["powershell_words"].split())
FORBIDDEN_TYPES = frozenset(WORDS["forbidden_types"].split())
ACCELERATORS: dict[str, str] = WORDS["accelerators"]
NEW_PARAMETERS: dict[str, list[str]] = WORDS["new_parameters"]
# CIM and WMI are slow and hang where WMI is broken; the others run text as code or came after 5.1.
FORBIDDEN = re.compile(
    r"(?i)^([a-z]+-(cim|wmi)[a-z]*|invoke-expression|get-error|join-string|test-json|remove-alias|remove-service"
    r"|get-uptime|show-markdown|convertfrom-markdown|start-threadjob|switch-process|convertto-clixml)$"
)
# What Windows PowerShell 5.1 has loaded when it starts; anything else needs Add-Type -AssemblyName.
LOADED = frozenset({"mscorlib", "System", "System.Core", "System.Xml", "System.Configuration", "System.Numerics"})
# .NET Framework 4.6.2, as Windows 10 1607 and Server 2016 bring it, the oldest on what we support: mono's reference
# assemblies have its types and no newer ones.
FRAMEWORK = "4.6.2"
REFERENCES = Path(f"/usr/lib/mono/{FRAMEWORK}-api")
UTIL_STATEMENT = re.compile(
    r"(Set-StrictMode -Version 2\.0|\$ErrorActionPreference = 'Stop'|Export-ModuleMember\s.*)", re.S
)


@dataclass(frozen=True)
class Script:
    """One script as ``read_scripts.ps1`` sees it: rows of line and content."""

    path: Path
    faults: list[list[Any]]
    types: list[list[Any]]
    csharp: list[list[Any]]
    commands: list[list[Any]]
    assemblies: list[str]
    top: list[list[Any]]
    functions: list[list[Any]]
    powershell: Mapping[str, bool] = field(default_factory=dict)


def byte_faults(content: bytes) -> list[Fault]:
    """What Windows PowerShell 5.1 reads as ANSI because there is no byte order mark, and a mark itself."""
    lines = content.split(b"\n")
    return [(number, "a byte that is no ASCII") for number, line in enumerate(lines, 1) if not line.isascii()]


def syntax_faults(script: Script) -> list[Fault]:
    return [(line, text) for line, text in script.faults]


def command_faults(script: Script) -> list[Fault]:
    """Aliases, commands that are not to be used, and parameters that came after 5.1."""
    found = []
    for line, name, parameters in script.commands:
        if name.lower() in ALIASES:
            found.append((line, f"the alias {name}"))
        if FORBIDDEN.match(name):
            found.append((line, f"the command {name}"))
        new = NEW_PARAMETERS.get(name.lower(), [])
        found += [(line, f"{name} -{each}, newer than 5.1") for each in parameters if each.lower() in new]
    return found


def strict_faults(script: Script) -> list[Fault]:
    texts = [text for _line, text in script.top]
    wanted = ("Set-StrictMode -Version 2.0", "$ErrorActionPreference = 'Stop'")
    return [(1, f"no {each}") for each in wanted if each not in texts]


def util_faults(script: Script) -> list[Fault]:
    """A util's functions travel as text into other runspaces, so that nothing may stand beside them."""
    found = [(line, f"stands beside the functions: {text[:60]}") for line, text in _beside(script.top)]
    names = [(line, name) for line, name in script.functions if not re.fullmatch(r"[A-Z][A-Za-z]+-Eeszt\w*", name)]
    return found + [(line, f"the function {name}: not Verb-Eeszt...") for line, name in names]


def _beside(rows: Iterable[list[Any]]) -> list[Fault]:
    return [(line, text) for line, text in rows if not UTIL_STATEMENT.fullmatch(text)]


def used_csharp(path: Path) -> list[Path]:
    """The C# utils that one of them is compiled together with, and those that these need in their turn."""
    found, left = {path}, [path]
    while left:
        used = re.findall(r"^using ansible_collections\.[\w.]+\.(\w+);", left.pop().read_text("utf-8"), re.M)
        new = {path.with_name(f"{name}.cs") for name in used} - found
        found |= new
        left += new
    return sorted(found - {path})


def compile_csharp(source: str, target: Path, beside: Iterable[Path] = ()) -> list[Fault]:
    """Compile C# as C# 5 against .NET Framework 4; ``Add-Type -MemberDefinition`` gives members without a class."""
    if not re.search(
        r"^\s*(public |internal )?(static |sealed |abstract )*(class|struct|enum|namespace|interface) ", source, re.M
    ):
        source = f"public static class Members {{\n#line 1\n{source}\n}}"
        source = f"using System;\nusing System.Runtime.InteropServices;\n{source}"
    path = target.with_suffix(".cs")
    path.write_text(source, "utf-8")
    language = ["mcs", f"-sdk:{FRAMEWORK}", "-langversion:5", "-warnaserror"]
    command = [*language, "-target:library", f"-out:{target}", str(path), *map(str, beside)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if answer.returncode == 0:
        return []
    rows = re.findall(r"\((\d+),\d+\): (?:error|warning) (\w+: .*)", answer.stdout + answer.stderr)
    return [(int(line), text) for line, text in rows] or [(1, (answer.stdout + answer.stderr).strip())]


LookUp = Callable[[Iterable[tuple[str, str]]], Mapping[tuple[str, str], tuple[str, str]]]


def type_names(script: Script) -> list[tuple[str, str]]:
    """(type, member) of what must be in the class library, accelerators written out."""
    return [(name, member) for _line, name, member in _asked(script)]


def _asked(script: Script) -> list[tuple[int, str, str]]:
    rows = [(line, name, member or "") for line, name, member in script.types]
    others = (*FORBIDDEN_TYPES, *POWERSHELL_WORDS)
    return [
        (line, ACCELERATORS.get(name.lower(), name), member)
        for line, name, member in rows
        if name.lower() not in others and not name.startswith(("Ansible.", "System.Management.Automation."))
    ]


def type_faults(script: Script, look_up: LookUp, own: Collection[str]) -> list[Fault]:
    """Types and static members that .NET Framework 4 does not have, or not without loading an assembly first.

    ``look_up`` gives for (type, member) what was found (member, type or nothing) and in which assembly; ``own`` are the
    assemblies of our C# utils.
    """
    found = []
    for line, name, _member in script.types:
        if name.lower() in FORBIDDEN_TYPES:
            found.append((line, f"[{name}]: CIM and WMI are not used"))
        elif name.startswith("System.Management.Automation.") and not script.powershell.get(name, False):
            found.append((line, f"[{name}]: PowerShell has no such type"))
    answers = look_up(type_names(script))
    for line, name, member in _asked(script):
        what, assembly = answers[(name, member)]
        if not what:
            found.append((line, f"[{name}]: .NET Framework 4 has no such type"))
        elif what == "type" and member:
            found.append((line, f"[{name}]::{member}: .NET Framework 4 has no such member"))
        elif assembly not in LOADED and assembly not in own and assembly not in script.assemblies:
            found.append((line, f"[{name}]: needs Add-Type -AssemblyName {assembly}"))
    return found
