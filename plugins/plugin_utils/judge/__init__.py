# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge: observation, policy and context in, checks out. It touches no host, no clock and no network."""

from __future__ import annotations

from .judge import judge, narrow
from .model import ConnectionFailure, Context, ExpectedCertificate, Verdict

__all__ = ["ConnectionFailure", "Context", "ExpectedCertificate", "Verdict", "judge", "narrow"]
