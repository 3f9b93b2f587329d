# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file is written whole or not at all, whichever call of the system fails."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.eeszt.connect.plugins.plugin_utils.ledger import LedgerError, open_ledger, writing
from tests.unit.ledger.results import RUN, result

BEFORE_THE_RENAME = ["open", "fchmod", "write", "fsync", "replace", "listdir"]


class Killed(BaseException):
    """The process ends here: nothing of ours runs any more."""


def fail_at(monkeypatch: pytest.MonkeyPatch, call: str, fault: BaseException) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise fault

    monkeypatch.setattr(writing.os, call, broken)


def files(folder: Path) -> list[str]:
    return sorted(each.name for each in (folder / RUN).iterdir())


@pytest.mark.parametrize("call", BEFORE_THE_RENAME)
def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    ledger = open_ledger(tmp_path)
    ledger.append(result(system="linux"))
    with monkeypatch.context() as broken:
        fail_at(broken, call, OSError(28, "No space left on device"))
        with pytest.raises(LedgerError, match=r"ws-1\.json: cannot be written: No space left"):
            ledger.append(result(system="windows"))
    assert files(tmp_path) == ["ws-1.json"]
    assert ledger.latest_per_host()["ws-1"]["system"] == "linux"


@pytest.mark.parametrize("call", ["fchmod", "write", "fsync", "replace"])
def test_what_a_killed_write_left_is_gone_after_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    ledger = open_ledger(tmp_path)
    ledger.append(result(system="linux"))
    with monkeypatch.context() as broken:
        fail_at(broken, call, Killed())
        broken.setattr(Path, "unlink", lambda *_, **__: (_ for _ in ()).throw(OSError(5, "too late")))
        with pytest.raises(Killed):
            ledger.append(result(system="windows"))
    assert len(files(tmp_path)) == 2
    assert open_ledger(tmp_path).latest_per_host()["ws-1"]["system"] == "linux"

    ledger.append(result(system="windows"))
    assert files(tmp_path) == ["ws-1.json"]
    assert ledger.latest_per_host()["ws-1"]["system"] == "windows"


def test_a_write_in_pieces_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole_write = os.write
    monkeypatch.setattr(writing.os, "write", lambda descriptor, data: whole_write(descriptor, data[:7]))
    ledger = open_ledger(tmp_path)
    ledger.append(result())
    assert ledger.latest_per_host()["ws-1"] == result()


def test_the_umask_does_not_narrow_the_mode(tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        open_ledger(tmp_path / "ledger").append(result())
    finally:
        os.umask(old)
    modes = [each.stat().st_mode & 0o777 for each in (tmp_path / "ledger").rglob("*")]
    assert modes == [0o750, 0o640]


def test_a_leftover_of_another_host_stays(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    ledger.append(result("ws-1"))
    other = tmp_path / RUN / ".ws-10.json.1-ab.tmp"
    other.write_text("under way")
    ledger.append(result("ws-1"))
    assert other.exists()
