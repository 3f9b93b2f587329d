# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No module name has two executables: X.py beside X.ps1 makes ansible-core send the .ps1 to Linux hosts."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

MODULES = Path(__file__).resolve().parents[3] / "plugins" / "modules"
# Documentation beside an executable, and what Python leaves behind.
NOT_EXECUTABLE = frozenset({".yml", ".yaml", ".md", ".pyc"})


def names_with_two_executables(folder: Path) -> dict[str, list[str]]:
    """Give the module names of a folder that more than one executable file bears, with those files."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix not in NOT_EXECUTABLE:
            found[path.name.split(".")[0]].append(path.name)
    return {name: files for name, files in found.items() if len(files) > 1}


def test_our_modules_have_one_executable_each() -> None:
    assert names_with_two_executables(MODULES) == {}


@pytest.mark.parametrize("other", ["probe.ps1", "probe", "probe.sh"])
def test_two_executables_are_found(tmp_path: Path, other: str) -> None:
    for name in ("probe.py", other, "win_probe.ps1", "win_probe.yml", "readiness_verify.py"):
        (tmp_path / name).touch()
    assert names_with_two_executables(tmp_path) == {"probe": sorted(["probe.py", other])}


def test_documentation_beside_a_module_is_no_executable(tmp_path: Path) -> None:
    for name in ("win_probe.ps1", "win_probe.yml", "probe.py"):
        (tmp_path / name).touch()
    (tmp_path / "__pycache__").mkdir()
    assert names_with_two_executables(tmp_path) == {}


def shown_secrets(source: str) -> list[str]:
    """Lines of a PowerShell module's spec that ask Ansible to hide what it cannot: on Windows it hides texts alone."""
    hidden = re.findall(r"^.*no_log\s*=\s*\$true.*$", source, re.MULTILINE)
    return [line.strip() for line in hidden if not re.search(r"type\s*=\s*'str'", line)]


def test_what_our_windows_modules_hide_can_be_hidden() -> None:
    assert {path.name: shown_secrets(path.read_text()) for path in MODULES.glob("*.ps1")} == {
        path.name: [] for path in MODULES.glob("*.ps1")
    }
    assert shown_secrets("    secrets = @{ type = 'dict'; no_log = $true }\n") != []
