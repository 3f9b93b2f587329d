# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The run id of the command that is running, the same for every worker and every task of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from ansible import constants as C

from ..ledger import Ledger, default_run_id
from ..readiness.run_id import shared_run_id


def command_run_id(given: str | None, check_mode: bool, resume_from: Ledger | None = None) -> str:
    """Give the id that the user chose, else the newest rollout's of ``resume_from``, else one made for this command.

    What check mode sees is kept under an id of its own, so that it can never take the place of what a run did.
    """

    def make() -> str:
        earlier = resume_from.runs(kind="rollout") if resume_from else ()
        return earlier[-1] if earlier else default_run_id(datetime.now(UTC))

    run_id = given or shared_run_id(Path(C.DEFAULT_LOCAL_TMP), make)
    return f"{run_id}-check" if check_mode else run_id
