# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of certificates share."""

from __future__ import annotations

from pathlib import Path

import pytest
from certificate_factory import Issued, authority, issue
from certificate_host import Host, material


@pytest.fixture(scope="module")
def ca() -> Issued:
    return authority()


@pytest.fixture(scope="module")
def old(ca: Issued) -> dict[str, str]:
    return material(issue("E01620K", ca))


@pytest.fixture(scope="module")
def new() -> dict[str, str]:
    """The renewed certificate, by a new authority: everything differs."""
    return material(issue("E01620K", authority()))


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)
