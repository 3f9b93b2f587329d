# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The carried scripts on a Windows double: each writes one file that this controller takes."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ansible_collections.eeszt.connect.plugins.plugin_utils.carried.acceptance import keep_acceptance
from ansible_collections.eeszt.connect.plugins.plugin_utils.carried.for_windows import (
    UTILS,
    acceptance_script,
    windows_script,
)
from ansible_collections.eeszt.connect.plugins.plugin_utils.carried.intake import open_carried, open_sealed
from ansible_collections.eeszt.connect.plugins.plugin_utils.carried.packages import (
    PackageStore,
    PortableHost,
    new_package,
)
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.acceptance import load_acceptance, load_proven
from lab import Fleet
from tests.integration.ansible_run import ROOT, execute
from tests.integration.fleets import listed, standing
from tests.integration.windows_hosts import needs_windows

pytestmark = [pytest.mark.lab, needs_windows]

NAME = "win-carried"
HOST = "win-t-1"
FOLDER = "/opt/wine/drive_c/stick"
# What Wine cannot do; a carried script passes no WinRM double that would replace it on the way.
STANDINS = ROOT / "lab/windows/standins/utils"
Bring = Callable[[bytes], Path]


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with standing(NAME, "windows") as made:
        yield made


@pytest.fixture
def bring(fleet: Fleet, tmp_path: Path) -> Bring:
    """Put a script on the machine, start it, and take away the file that it wrote."""
    inventory = listed(fleet, tmp_path)

    def run(script: bytes) -> Path:
        put = f"rm -rf {FOLDER}; mkdir {FOLDER}; base64 -d >{FOLDER}/eeszt.ps1"
        fleet.execute(HOST, ["sh", "-c", put], stdin=base64.b64encode(script).decode())
        ansible = str(Path(sys.executable).parent / "ansible")
        command = [ansible, "-i", str(inventory), HOST, "-m", "raw", "-a", "& C:\\stick\\eeszt.ps1"]
        done = execute(command, {"ANSIBLE_INVENTORY_ENABLED": "yaml"})
        assert done.status == 0, done.explained
        assert "Kész. Vigye vissza ezt a fájlt" in done.output
        name = fleet.execute(HOST, ["sh", "-c", f"cd {FOLDER}; ls *.json"]).stdout.strip()
        path = tmp_path / name
        path.write_text(fleet.execute(HOST, ["cat", f"{FOLDER}/{name}"]).stdout, "utf-8")
        return path

    return run


@pytest.fixture
def store(tmp_path: Path) -> PackageStore:
    return PackageStore(tmp_path / "ledger")


def host() -> PortableHost:
    fixtures = ROOT / "plugins/plugin_utils/contract/fixtures/healthy_windows"
    request = json.loads((fixtures / "request.json").read_text("utf-8"))
    # Certificates have tests of their own; here it matters that each section comes home.
    asked = {**request, "certificate_targets": [], "client_certificates": [], "trust_anchors": None}
    return PortableHost(HOST, "windows", (HOST,), asked)


def test_the_probe_comes_home_whole(bring: Bring, store: PackageStore) -> None:
    package = new_package(("duna", "Dunai rendelő"), [host()], datetime.now(UTC), 1)
    store.keep(package)
    carried = open_carried(bring(windows_script(package, (UTILS, STANDINS))), store)
    assert (carried.host.name, carried.host_chosen_by) == (HOST, "name")
    assert carried.observation["probe"]["double"] is True
    sections = carried.observation["sections"]
    assert {name: section and section["error"] for name, section in sections.items()} == dict.fromkeys(sections)
    assert all(sections.values())


def test_the_acceptance_list_runs_and_a_double_proves_nothing(bring: Bring, store: PackageStore) -> None:
    package = new_package(("duna", "Dunai rendelő"), [host()], datetime.now(UTC), 1)
    store.keep(package)
    sealed = open_sealed(bring(acceptance_script(package)), store)
    answers = {each["id"]: each for each in sealed.said["acceptance"]["tests"]}
    assert list(answers) == [each.id for each in load_acceptance()]
    # Wine's SChannel has this one code for all of them (SEC_E_INTERNAL_ERROR), which is why the list is needed.
    assert answers["schannel.alert_45"] == {"id": "schannel.alert_45", "passed": False, "observed": "0x80090304"}
    assert answers["smartcard.rdp"]["passed"] is None
    keep_acceptance([sealed], store.folder.parent, dry_run=False)
    assert load_proven(store.folder.parent) == frozenset()
