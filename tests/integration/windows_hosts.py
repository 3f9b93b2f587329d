# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this machine can have Windows doubles; where it cannot, their tests are skipped and say why."""

from __future__ import annotations

import pytest

from lab import powershell

WHY_NOT = powershell.absent()
needs_windows = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)
