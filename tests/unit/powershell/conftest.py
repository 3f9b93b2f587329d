# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell for the tests: the Linux build, from the folder or archive that EESZT_PWSH_LINUX names (lab/README.md)."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from powershell_host import Pwsh

from lab.errors import LabError
from lab.powershell import linux


@pytest.fixture(scope="session")
def pwsh() -> Pwsh:
    """Runs a script with arguments and gives its output; the test fails when the script does."""
    try:
        program = linux() / "pwsh"
    except LabError as reason:
        pytest.skip(str(reason))

    def run(script: Path, *arguments: str | Path, allowed: tuple[int, ...] = (0,)) -> str:
        command = [program, "-NoLogo", "-NoProfile", "-NonInteractive", "-File", script, *arguments]
        answer = subprocess.run(
            [str(word) for word in command],
            env={**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1", "POWERSHELL_TELEMETRY_OPTOUT": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert answer.returncode in allowed, answer.stdout + answer.stderr
        return answer.stdout

    return run
