# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client by what its own package brought: a made-up package whose program is a copy of this machine's `sleep`."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.eeszt.connect.plugins.module_utils.observe import client
from ansible_collections.eeszt.connect.plugins.module_utils.observe.client import autostart_entries, observe_client

Json = dict[str, Any]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of what `eszemelyi` brought, by dpkg's word; the program stands in a list behind a linked folder."""
    brought = tmp_path / "brought"
    (brought / "bin").mkdir(parents=True)
    (tmp_path / "linked").symlink_to(brought)
    sleep = shutil.which("sleep")
    assert sleep
    shutil.copy(sleep, brought / "bin/program")
    (brought / "notes.txt").write_text("no program")
    listing = f"/.\n{tmp_path}/linked/bin\n{tmp_path}/linked/bin/program\n{brought}/notes.txt\n{brought}/deleted\n"
    (tmp_path / "listing").write_text(f"package diverts others to: x\n{listing}")
    show = "printf 'installed\\teszemelyi\\t2.1\\n'"
    query = tmp_path / "dpkg-query"
    query.write_text(f"#!/bin/sh\ncase $1 in --listfiles) cat {tmp_path}/listing;; *) {show};; esac\n")
    query.chmod(0o755)
    found = {"dpkg-query": str(query)}
    monkeypatch.setattr(client, "find", lambda command: found.get(command, command if "/" in command else None))
    return brought


@pytest.fixture
def running(package: Path) -> Iterator[Path]:
    program = package / "bin/program"
    process = subprocess.Popen([program, "600"])
    yield program
    process.kill()
    process.wait()


def test_what_the_package_brought_is_found_running_without_a_name(
    running: Path, make_request: Callable[..., Json], section: Callable[[str, object], Json]
) -> None:
    request = make_request(client={"packages": ["eszemelyi"], "executables": []})

    seen = section("client", observe_client(request))

    assert seen["packages"] == [
        {"name": "eszemelyi", "version": "2.1", "programs": [str(running.parents[2] / "linked/bin/program")]}
    ]
    assert [(each["executable"], each["package"]) for each in seen["processes"]] == [(str(running), "eszemelyi")]
    assert seen["autostart"] == []


def test_without_a_package_nothing_is_said_of_its_start(
    make_request: Callable[..., Json], section: Callable[[str, object], Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "find", lambda _command: None)
    request = make_request(client={"packages": ["eszemelyi"], "executables": []})

    seen = section("client", observe_client(request))

    assert (seen["packages"], seen["processes"], seen["autostart"]) == ([], [], None)


def test_only_an_entry_that_starts_the_program_counts(package: Path, tmp_path: Path) -> None:
    program, folder = package / "bin/program", tmp_path / "autostart"
    folder.mkdir()
    (tmp_path / "brought.desktop").write_text(f"[Desktop Entry]\nType=Application\nExec={program} %U\n")
    (folder / "linked.desktop").symlink_to(tmp_path / "brought.desktop")
    (folder / "quoted.desktop").write_text(f'[Desktop Entry]\nExec="{tmp_path}/linked/bin/program" --tray\n')
    (folder / "hidden.desktop").write_text(f"[Desktop Entry]\nExec={program}\nHidden=true\n")
    (folder / "other.desktop").write_text(f"[Desktop Entry]\nExec=/bin/true {program}\n")
    (folder / "action.desktop").write_text(f"[Desktop Action x]\nExec={program}\n")
    (folder / "broken.desktop").write_text('[Desktop Entry]\nExec="unfinished\n')
    (folder / "gone.desktop").symlink_to(tmp_path / "gone")

    found = autostart_entries([str(program)], folder)

    assert [Path(each).name for each in found] == ["linked.desktop", "quoted.desktop"]
