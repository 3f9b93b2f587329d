# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each role alone, without a plan: the molecule scenarios, all on one fleet."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import Fleet
from tests.integration.ansible_run import ROOT, execute
from tests.integration.fleets import standing
from tests.integration.windows_hosts import needs_windows

SCENARIOS = sorted(each.parent.name for each in ROOT.glob("molecule/*/molecule.yml"))
ON_WINDOWS = [each for each in SCENARIOS if each.endswith("_windows")]
OF_FIREWALLS = "outbound_firewall_tools"
ON_LINUX = [each for each in SCENARIOS if each not in (*ON_WINDOWS, OF_FIREWALLS)]
OLDEST = Path(sys.executable).parent
NEWEST = ROOT / ".venv-newest" / "bin"

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(os.geteuid() != 0, reason="the lab needs root"),
]


# Names and files are those of molecule/shared/create.yml.
@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with standing("molecule", "test") as made:
        yield made


@pytest.fixture(scope="module")
def windows_fleet() -> Iterator[Fleet]:
    with standing("molecule-windows", "windows") as made:
        yield made


@pytest.fixture(scope="module")
def firewalls_fleet() -> Iterator[Fleet]:
    with standing("molecule-firewalls", "firewalls") as made:
        yield made


def run(scenario: str, programs: Path, folder: Path) -> None:
    done = execute(
        [str(programs / "molecule"), "test", "--scenario-name", scenario, "--destroy", "never", "--no-command-borders"],
        {"PATH": f"{programs}:{os.environ['PATH']}", "MOLECULE_EPHEMERAL_DIRECTORY": str(folder)},
    )
    assert done.status == 0, done.explained
    # A step without its playbook is left out, and molecule is content.
    assert "Missing playbook" not in done.output


@pytest.mark.parametrize("scenario", ON_LINUX)
def test_scenario(fleet, scenario, tmp_path):
    run(scenario, OLDEST, tmp_path)


def test_scenario_of_firewalls(firewalls_fleet, tmp_path):
    run(OF_FIREWALLS, OLDEST, tmp_path)


@needs_windows
@pytest.mark.parametrize("scenario", ON_WINDOWS)
def test_scenario_on_windows(windows_fleet, scenario, tmp_path):
    run(scenario, OLDEST, tmp_path)


@pytest.mark.skipif(not (NEWEST / "molecule").exists(), reason="no molecule in .venv-newest: run `make unit-newest`")
def test_scenario_on_the_newest_ansible(fleet, tmp_path):
    run("outbound_firewall", NEWEST, tmp_path)
