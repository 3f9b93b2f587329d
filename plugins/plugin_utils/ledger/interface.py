# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a ledger can do, whatever it is kept in: files now, a database later."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Protocol

Result = Mapping[str, Any]
"""A document of contract/schemas/result.schema.json."""

Key = tuple[str, str, str]
"""What a proof is of: check id, target, institution."""


class LedgerError(ValueError):
    """A ledger that cannot be opened, read or written. The message names the file or value, and the fault."""


def is_done(result: Result) -> bool:
    """Whether a host needs nothing more in its run: it is ready, and no role failed on the way."""
    return bool(result["ready"]) and not result["failed_roles"]


class Ledger(Protocol):
    """One result a host and run; the later one of the same run wins. Dry runs are kept and never count."""

    def append(self, result: Result) -> None:
        """Keep ``result``, whole or not at all; LedgerError when it breaks its schema or cannot be written."""

    def latest_per_host(self, hosts: Collection[str] | None = None) -> Mapping[str, Result]:
        """Newest result of each host (of these, or of all) that is no dry run, by finished_at, then run id."""

    def results_of_run(self, run_id: str) -> Mapping[str, Result]:
        """All results of a run by host, dry ones among them; empty for a run that is not there."""

    def done_in_run(self, run_id: str, hosts: Collection[str] | None = None) -> frozenset[str]:
        """Hosts (of these, or of all) whose result in this run is ready and no dry run."""

    def good_proofs(self, host: str) -> Mapping[Key, datetime]:
        """When each check of a host was last seen good (aware), over all its runs that were no dry run."""

    def latest_good_proof(self, host: str, check_id: str, target: str, institution: str) -> datetime | None:
        """When one check was last seen good; None when it never was."""

    def runs(self, dry_runs: bool = False, kind: str | None = None) -> tuple[str, ...]:
        """Ids of the runs (of one ``kind``, or of all), oldest first; of check mode only with ``dry_runs``."""

    def warnings(self) -> tuple[str, ...]:
        """What could not be read so far, a sentence each that names it; reading goes on without it."""
