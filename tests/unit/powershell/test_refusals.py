# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The static checks themselves: each refuses what it is there for, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from powershell_checks import (
    Fault,
    LookUp,
    Script,
    byte_faults,
    command_faults,
    compile_csharp,
    strict_faults,
    syntax_faults,
    type_faults,
    util_faults,
)
from test_static import OWN, Read, look_up, mono, read, scripts  # noqa: F401 - fixtures

TABLES: dict[str, list[Any]] = yaml.safe_load((Path(__file__).parent / "cases/refusals.yml").read_text("utf-8"))
HEAD = "Set-StrictMode -Version 2.0\n$ErrorActionPreference = 'Stop'\n"
TAKEN = [{"text": text} for text in TABLES["taken"]]


def written(row: dict[str, Any]) -> str:
    text: str = row["text"]
    return f"{text}\n{HEAD}" if row.get("first") else f"{HEAD}{text}\n"


@pytest.fixture(scope="module")
def snippets(read: Read, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Script]:  # noqa: F811
    folder = tmp_path_factory.mktemp("snippets")
    paths = {}
    for number, row in enumerate([*TABLES["scripts"], *TAKEN]):
        path = folder / f"{number}.psm1"
        path.write_text(written(row))
        paths[path] = row["text"]
    return {paths[script.path]: script for script in read(list(paths))}


def faults(check: str, script: Script, types: LookUp) -> list[Fault]:
    if check == "types":
        return type_faults(script, types, {OWN})
    return {"syntax": syntax_faults, "commands": command_faults, "util": util_faults}[check](script)


@pytest.mark.parametrize("row", TABLES["scripts"], ids=lambda row: row["text"])
def test_refused(row: dict[str, Any], snippets: dict[str, Script], look_up: LookUp) -> None:  # noqa: F811
    found = faults(row["check"], snippets[row["text"]], look_up)
    line = 1 if row.get("first") else 3
    assert [each for each in found if each[0] == line and row["fault"] in each[1]], found


@pytest.mark.parametrize("row", TAKEN, ids=lambda row: row["text"])
def test_taken(row: dict[str, Any], snippets: dict[str, Script], look_up: LookUp) -> None:  # noqa: F811
    script = snippets[row["text"]]
    assert [faults(check, script, look_up) for check in ("syntax", "commands", "types")] == [[], [], []]
    assert strict_faults(script) == []


@pytest.mark.parametrize("source", TABLES["csharp"])
def test_csharp_refused(source: str, mono: None, tmp_path: Path) -> None:  # noqa: F811
    assert compile_csharp(source, tmp_path / "refused.dll")


def test_members_without_a_class_compile(mono: None, tmp_path: Path) -> None:  # noqa: F811
    member = '[DllImport("kernel32.dll")] public static extern ulong GetTickCount64();'
    assert compile_csharp(member, tmp_path / "members.dll") == []


def test_bytes() -> None:
    assert byte_faults(b"'a'\n'\xc3\xa1'\n") == [(2, "a byte that is no ASCII")]
    assert byte_faults(b"\xef\xbb\xbf'a'\n") == [(1, "a byte that is no ASCII")]


def test_strict_mode_is_wanted() -> None:
    script = Script(Path("x.ps1"), [], [], [], [], [], [[1, "Set-StrictMode -Version Latest"]], [])
    assert strict_faults(script) == [(1, "no Set-StrictMode -Version 2.0"), (1, "no $ErrorActionPreference = 'Stop'")]
