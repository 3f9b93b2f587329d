# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep acceptance results beside the ledger, where the judge's proofs come from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from ..contract.acceptance import KEPT
from ..contract.documents import ContractError, validate
from ..ledger import LedgerError
from ..ledger.writing import make_folder, write_whole
from .intake import Sealed
from .refusals import RefusedError
from .sorting import Refused


def keep_acceptance(results: Sequence[Sealed], ledger: str | Path, dry_run: bool) -> tuple[list[Path], list[Refused]]:
    """Keep each under the digest of its file; give the files that were (or would be) taken and those that were not.

    LedgerError when one cannot be written.
    """
    folder = Path(ledger).expanduser() / KEPT
    taken: list[Path] = []
    refused: list[Refused] = []
    for each in results:
        path = folder / f"{each.sha256}.json"
        try:
            validate("acceptance_result", each.said["acceptance"], "its result")
        except ContractError as fault:
            refused.append((each.path, RefusedError("schema", f"does not follow its schema: {fault}")))
            continue
        if path.exists():
            refused.append((each.path, RefusedError("duplicate", "is kept already")))
            continue
        if not dry_run:
            _write(path, json.dumps(each.said["acceptance"], ensure_ascii=False, indent=1).encode())
        taken.append(each.path)
    return taken, refused


def _write(path: Path, content: bytes) -> None:
    try:
        make_folder(path.parent)
        write_whole(path, content)
    except OSError as fault:
        raise LedgerError(f"{path}: cannot be written: {fault.strerror}") from fault
