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
from lab.clean import left_over
from tests.integration.ansible_run import ROOT, execute

FLEET = "molecule"  # as the scenarios call it
SCENARIOS = sorted(each.parent.name for each in ROOT.glob("molecule/*/molecule.yml"))
OLDEST = Path(sys.executable).parent
NEWEST = ROOT / ".venv-newest" / "bin"

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(os.geteuid() != 0, reason="the lab needs root"),
]


@pytest.fixture(scope="module")
def fleet() -> Iterator[None]:
    made = Fleet(FLEET, file="test")
    made.down()
    made.up()
    yield
    made.down()
    assert left_over(FLEET) == []


def run(scenario: str, programs: Path, folder: Path) -> None:
    done = execute(
        [str(programs / "molecule"), "test", "--scenario-name", scenario, "--destroy", "never", "--no-command-borders"],
        {"PATH": f"{programs}:{os.environ['PATH']}", "MOLECULE_EPHEMERAL_DIRECTORY": str(folder)},
    )
    assert done.status == 0, done.output


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(fleet, scenario, tmp_path):
    run(scenario, OLDEST, tmp_path)


@pytest.mark.skipif(not (NEWEST / "molecule").exists(), reason="no molecule in .venv-newest: run `make unit-newest`")
def test_scenario_on_the_newest_ansible(fleet, tmp_path):
    run("outbound_firewall", NEWEST, tmp_path)
