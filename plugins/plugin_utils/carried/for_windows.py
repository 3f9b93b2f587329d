# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The package for Windows hosts: one PowerShell script with the whole probe, and a command file that starts it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..contract.acceptance import ACCEPTANCE_VERSION, load_acceptance
from ..contract.documents import ContractError
from ..readiness.result import utc
from .packages import Package

SCRIPT_NAME = "eeszt-probe.ps1"
START_NAME = "eeszt-probe.cmd"
ACCEPTANCE_NAME = "eeszt-acceptance.ps1"
ACCEPTANCE_START_NAME = "eeszt-acceptance.cmd"
UTILS = Path(__file__).resolve().parents[2] / "module_utils" / "windows"
FIRST = ("carry", "certificates", "endpoints")
"""What the script begins with; the rest follows from what each asks for. The last two the probe finds by itself, and
says so in their sections where they are missing."""

WORDS: Mapping[str, tuple[str, str]] = {
    "expired": (
        "Ez a csomag {0} óta lejárt (vagy a gép órája hibás). Kérjen újat.",
        "This package expired on {0} (or the clock of this machine is wrong). Ask for a new one.",
    ),
    "looking": (
        "A(z) {0} gép vizsgálata, legfeljebb {1} másodperc ...",
        "Looking at host {0}, {1} seconds at most ...",
    ),
    "not_written": ("A fájl nem írható ide: {0} ({1}).", "The file cannot be written to {0} ({1})."),
    "done": ("Kész. Vigye vissza ezt a fájlt: {0}", "Done. Carry this file back: {0}"),
    "no_such_host": ("Nincs ilyen gép a csomagban: {0}", "No host of the package: {0}"),
    "not_chosen": (
        "Ennek a gépnek a neve {0}, és nincs a csomagban. Adja meg: -HostName NÉV ({1})",
        "This machine is called {0}, which is not in the package. Give: -HostName NAME ({1})",
    ),
    "which": ("Melyik gép ez? (saját neve: {0})", "Which machine is this? (its own name: {0})"),
    "acceptance_answer": (
        "Így van? i = igen, n = nem, Enter = kihagyva",
        "Is it so? y = yes, n = no, Enter = left out",
    ),
    "nothing_chosen": ("Nem volt választás.", "Nothing was chosen."),
}

_POWERSHELL = re.compile(r"^#AnsibleRequires -PowerShell \S*?([A-Za-z_]+)(?: -Optional)?\s*$", re.MULTILINE)
_CSHARP = re.compile(r"^#AnsibleRequires -CSharpUtil \S*?([A-Za-z]+)(?: -Optional)?\s*$", re.MULTILINE)
_FUNCTION = re.compile(r"^function ([\w-]+)", re.MULTILINE)
_USING = re.compile(r"^using [^;]+;$", re.MULTILINE)

_HEAD = """# Made by eeszt.connect for one site. It changes nothing. Start it by the .cmd beside it.
param([string]$HostName = '', [string]$Folder = '')
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
if (-not $Folder) { $Folder = $PSScriptRoot }
"""
_COMPILE = """
$types = @'
{sources}
'@
if ($PSVersionTable.PSEdition -eq 'Core') {{ Add-Type -TypeDefinition $types -IgnoreWarnings }}
else {{ Add-Type -TypeDefinition $types -IgnoreWarnings -ReferencedAssemblies 'System', 'System.Core' }}
"""
_TAIL = """
$package = ConvertFrom-Json -InputObject @'
{package}
'@
$words = ConvertFrom-Json -InputObject @'
{words}
'@
exit (Invoke-EesztCarried -Package $package -Words $words -ExpiresAt '{expires_at}' -HostName $HostName -Folder $Folder)
"""
_ACCEPTANCE_TAIL = """
$package = ConvertFrom-Json -InputObject @'
{package}
'@
$words = ConvertFrom-Json -InputObject @'
{words}
'@
$list = ConvertFrom-Json -InputObject @'
{tests}
'@
exit (Invoke-EesztAcceptance -Package $package -Words $words -List $list -Folder $Folder)
"""
_START = r"""@echo off
rem EESZT: looks at this machine and changes nothing.
powershell.exe -NoProfile -ExecutionPolicy Bypass -File "%~dp0{script}" %*
echo.
pause
"""


def windows_script(package: Package, folders: Sequence[Path] = (UTILS,)) -> bytes:
    """The probe as one script; utils of a later folder win."""
    tail = _TAIL.format(package=_here(package.document("windows")), words=_words(), expires_at=utc(package.expires_at))
    return _script(FIRST, folders, tail)


def acceptance_script(package: Package) -> bytes:
    """The acceptance list as one script."""
    tests = {
        "version": ACCEPTANCE_VERSION,
        "tests": [
            {
                "id": each.id,
                "what": each.what,
                "command": each.command,
                "expected": each.expected,
                "answer": each.answer.hex(" "),
                "codes": list(each.codes),
            }
            for each in load_acceptance()
        ],
    }
    tail = _ACCEPTANCE_TAIL.format(package=_here(package.document("windows")), words=_words(), tests=_here(tests))
    return _script(("acceptance",), (UTILS,), tail)


def _script(first: Sequence[str], folders: Sequence[Path], tail: str) -> bytes:
    """UTF-8 with the mark by which Windows PowerShell 5.1 knows it."""
    names = _names(first, folders)
    texts = [_util(folders, name) for name in names]
    classes = sorted({found for text in texts for found in _CSHARP.findall(text)})
    functions = "\n".join(_body(text) for text in texts)
    _refuse_twice(functions)
    script = "".join(
        (
            _HEAD,
            _COMPILE.format(sources=_sources([_read(folders, f"{name}.cs") for name in classes])),
            functions,
            tail,
        )
    )
    return script.replace("\r\n", "\n").replace("\n", "\r\n").encode("utf-8-sig")


def start_file(script: str = SCRIPT_NAME) -> bytes:
    """A technician double-clicks it; the window stays until its sentence is read."""
    return _START.format(script=script).replace("\n", "\r\n").encode("ascii")


def _words() -> str:
    return _here({name: list(pair) for name, pair in WORDS.items()})


def _names(first: Sequence[str], folders: Sequence[Path]) -> list[str]:
    names: list[str] = []
    wanted = [name for name in first if any((folder / f"{name}.psm1").is_file() for folder in folders)]
    while wanted:
        name = wanted.pop(0)
        if name not in names:
            names.append(name)
            wanted += _POWERSHELL.findall(_util(folders, name))
    return names


def _util(folders: Sequence[Path], name: str) -> str:
    return _read(folders, f"{name}.psm1")


def _read(folders: Sequence[Path], name: str) -> str:
    found = [folder / name for folder in folders if (folder / name).is_file()]
    if not found:
        raise ContractError(f"{name}: is missing in this installation of the collection")
    return found[-1].read_text("utf-8")


def _body(text: str) -> str:
    """A util without what belongs to a module."""
    lines = text[: text.rindex("\nExport-ModuleMember")].splitlines()
    head = ("#", "Set-StrictMode", "$ErrorActionPreference")
    start = next(place for place, line in enumerate(lines) if line and not line.startswith(head))
    return "\n".join(lines[start:]) + "\n"


def _sources(sources: Sequence[str]) -> str:
    """All classes as one source: one compilation instead of one a file."""
    using = sorted({found for text in sources for found in _USING.findall(text)})
    return "\n".join([*using, *(_USING.sub("", text).strip() for text in sources)])


def _refuse_twice(functions: str) -> None:
    seen: set[str] = set()
    for name in _FUNCTION.findall(functions):
        if name in seen:
            raise ContractError(f"{name}: two PowerShell utils have a function of this name")
        seen.add(name)


def _here(document: Mapping[str, object]) -> str:
    """JSON in ASCII, which no here-string can end in."""
    return json.dumps(document, indent=1)
