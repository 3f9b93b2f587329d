# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands on one fleet runs in one process, one test after the other; different fleets side by side."""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling


class OneFleetAtATime(LoadScopeScheduling):
    """Hands out whole fleets: a file, a folder with one fleet for all its files, or a test with a fleet of its own."""

    FOLDERS = ("tests/integration/road/",)
    TESTS = (
        "tests/integration/test_molecule.py::test_scenario_of_firewalls",
        "tests/integration/test_molecule.py::test_scenario_on_windows",
    )

    def _split_scope(self, nodeid: str) -> str:
        for start in (*self.FOLDERS, *self.TESTS):
            if nodeid.startswith(start):
                return start
        return nodeid.split("::", 1)[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneFleetAtATime:
    return OneFleetAtATime(config, log)
