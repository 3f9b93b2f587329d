# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection is built without the lab and the tests, and works where there is no checkout."""

from __future__ import annotations

import json
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.ansible_run import BIN, ROOT, Run, execute

LEFT_OUT = {
    "lab",
    "tests",
    "molecule",
    "benchmarks",
    ".ci",
    ".collections",
    ".cache",
    "Makefile",
    "ansible.cfg",
    ".ansible-lint",
}


@dataclass(frozen=True)
class Installed:
    """A folder that knows nothing of the checkout, with the collection installed beside it."""

    folder: Path
    archive: Path

    def run(self, *command: str) -> Run:
        environment = {"ANSIBLE_COLLECTIONS_PATH": str(self.folder / "collections"), "ANSIBLE_HOME": str(self.folder)}
        return execute(list(command), environment, cwd=self.folder)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("installed")
    galaxy = str(BIN / "ansible-galaxy")
    built = execute([galaxy, "collection", "build", "--output-path", str(folder)])
    assert built.status == 0, built.explained
    archive = next(folder.glob("*.tar.gz"))
    place = Installed(folder, archive)
    done = place.run(galaxy, "collection", "install", "-p", "collections", str(archive))
    assert done.status == 0, done.explained
    return place


def test_the_archive_holds_the_product_and_nothing_else(installed):
    with tarfile.open(installed.archive) as archive:
        tops = {name.split("/")[0] for name in archive.getnames()}
    assert tops & LEFT_OUT == set()
    assert {"playbooks", "roles", "plugins", "bin", "meta", "README.md", "LICENSE"} <= tops


def test_a_site_plan_is_read(installed):
    plan = ROOT / "inventory" / "demo" / "demo.site_plan.yml"
    listed = installed.run(str(BIN / "ansible-inventory"), "-i", str(plan), "--list")
    assert "ws-buda-1" in json.loads(listed.output)["ring_1"]["hosts"]


def test_an_audit_runs_by_its_full_name(installed):
    run = installed.run(
        str(BIN / "ansible-playbook"),
        "-i",
        "localhost,",
        "eeszt.connect.audit",
        "-e",
        json.dumps(
            {
                "ansible_connection": "local",
                "ansible_python_interpreter": "{{ ansible_playbook_python }}",
                "eeszt_ledger": str(installed.folder / "ledger"),
                "eeszt_report": str(installed.folder),
            }
        ),
    )
    assert run.status == 0, run.explained
    document = json.loads((installed.folder / "fleet-report.json").read_text("utf-8"))
    assert document["totals"]["hosts"] == 1


def test_the_command_works(installed):
    command = installed.folder / "collections/ansible_collections/eeszt/connect/bin/eeszt-connect"
    helped = installed.run(str(BIN / "python"), str(command), "--help")
    assert helped.status == 0, helped.explained
    assert "report" in helped.output
