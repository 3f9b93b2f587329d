# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every PowerShell script and every C# source of ours, held to Windows PowerShell 5.1 and .NET Framework 4."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import ansible.module_utils
import pytest
from powershell_checks import (
    REFERENCES,
    Fault,
    LookUp,
    Script,
    byte_faults,
    command_faults,
    compile_csharp,
    strict_faults,
    syntax_faults,
    type_faults,
    type_names,
    used_csharp,
    util_faults,
)
from powershell_host import ROOT, UTILS, Pwsh

HERE = Path(__file__).parent
# The scripts beside this file are for PowerShell 7 on Linux alone.
FOLDERS = [path for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".") and path.name != "tests"]
FOLDERS.append(ROOT / "tests/integration")
# The WinRM double's own engine: it meets no other PowerShell than the double's.
ENGINE = ROOT / "lab/windows/wsman"
Read = Callable[[list[Path]], list[Script]]


def sources(*endings: str) -> list[Path]:
    found = [path for folder in FOLDERS for ending in endings for path in folder.rglob(f"*.{ending}")]
    return sorted(path for path in found if ENGINE not in path.parents)


SCRIPTS = sources("ps1", "psm1")
CSHARP = sources("cs")
OWN = "own"


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def told(path: Path, faults: list[Fault]) -> str:
    return "\n".join(f"{path}:{line}: {text}" for line, text in faults)


@pytest.fixture(scope="session")
def read(pwsh: Pwsh, tmp_path_factory: pytest.TempPathFactory) -> Read:
    def read_them(paths: list[Path]) -> list[Script]:
        listing = tmp_path_factory.mktemp("scripts") / "paths.json"
        listing.write_text(json.dumps([str(path) for path in paths]))
        answer = json.loads(pwsh(HERE / "read_scripts.ps1", listing))
        rows = answer["scripts"].items()
        return [Script(path=Path(path), powershell=answer["powershell"], **facts) for path, facts in rows]

    return read_them


@pytest.fixture(scope="session")
def scripts(read: Read) -> dict[Path, Script]:
    return {script.path: script for script in read(SCRIPTS)}


@pytest.fixture(scope="session")
def mono() -> None:
    if shutil.which("mcs") is None or not REFERENCES.is_dir():
        pytest.skip("mono's C# compiler and .NET Framework class library are not here (Debian package mono-devel)")


@pytest.fixture(scope="session")
def look_up(mono: None, pwsh: Pwsh, scripts: dict[Path, Script], tmp_path_factory: pytest.TempPathFactory) -> LookUp:
    """Answers from one start of PowerShell for all names of our scripts; others cost another one."""
    folder = tmp_path_factory.mktemp("library")
    # All in one, as a type in two assemblies is found in neither; a test of each says whether it can be compiled.
    compile_csharp(CSHARP[0].read_text("utf-8"), folder / f"{OWN}.dll", CSHARP[1:])
    assemblies = [str(path) for path in [*REFERENCES.glob("*.dll"), folder / f"{OWN}.dll"] if path.is_file()]
    known: dict[tuple[str, str], tuple[str, str]] = {}

    def ask(names: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], tuple[str, str]]:
        unknown = sorted(set(names) - set(known))
        if unknown:
            path = folder / "asked.json"
            path.write_text(json.dumps({"assemblies": assemblies, "names": unknown}))
            known.update({(row[0], row[1]): (row[2], row[3]) for row in json.loads(pwsh(HERE / "look_up.ps1", path))})
        return known

    ask(name for script in scripts.values() for name in type_names(script))
    return ask


def test_there_is_something_to_check() -> None:
    assert ROOT / "plugins/modules/win_probe.ps1" in SCRIPTS
    assert UTILS / "SmartCards.cs" in CSHARP


@pytest.mark.parametrize("path", [*SCRIPTS, *CSHARP], ids=name)
def test_bytes(path: Path) -> None:
    assert not (faults := byte_faults(path.read_bytes())), told(path, faults)


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_syntax_of_5_1(path: Path, scripts: dict[Path, Script]) -> None:
    assert not (faults := syntax_faults(scripts[path])), told(path, faults)


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_commands(path: Path, scripts: dict[Path, Script]) -> None:
    assert not (faults := command_faults(scripts[path])), told(path, faults)


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_strict_mode(path: Path, scripts: dict[Path, Script]) -> None:
    assert not (faults := strict_faults(scripts[path])), told(path, faults)


@pytest.mark.parametrize("path", [path for path in SCRIPTS if path.parent == UTILS], ids=name)
def test_util_is_functions_alone(path: Path, scripts: dict[Path, Script]) -> None:
    assert not (faults := util_faults(scripts[path])), told(path, faults)


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_types_of_net_framework(path: Path, scripts: dict[Path, Script], look_up: LookUp) -> None:
    assert not (faults := type_faults(scripts[path], look_up, {OWN})), told(path, faults)


@pytest.mark.parametrize("path", CSHARP, ids=name)
def test_csharp_5(path: Path, mono: None, tmp_path: Path) -> None:
    faults = compile_csharp(path.read_text("utf-8"), tmp_path / "compiled.dll", used_csharp(path))
    assert not faults, told(path, faults)


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_csharp_5_inside_scripts(path: Path, scripts: dict[Path, Script], mono: None, tmp_path: Path) -> None:
    for number, (line, source) in enumerate(scripts[path].csharp):
        faults = compile_csharp(source, tmp_path / f"compiled{number}.dll")
        assert not faults, told(path, [(line + at, text) for at, text in faults])


def test_csharp_as_ansible_compiles_it(pwsh: Pwsh) -> None:
    """Ansible takes every warning of its compiler as an error."""
    utils = [path for path in CSHARP if path.parent == UTILS]
    add_type = Path(ansible.module_utils.__path__[0]) / "powershell/Ansible.ModuleUtils.AddType.psm1"
    assert pwsh(HERE / "compile_utils.ps1", add_type, *utils).split() == [path.name for path in utils]
