# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A probe made for a site, carried to its hosts without Ansible, and what it saw brought back."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ansible_run import Run
from tests.integration.road.conftest import Road

HOSTS = ("ws-buda-1", "ws-buda-2")
PLACE = "/root/stick"
SUFFIX = ".eeszt-observation.json"


@dataclass(frozen=True)
class Carried:
    """The packages' folder, and what became of the first import and of an audit right after it."""

    road: Road
    stick: Path
    first: Run
    again: Run
    audit: Run

    def bring(self, *files: Path, ledger: str = "ledger", run_id: str) -> Run:
        folder = self.stick / run_id
        folder.mkdir()
        for each in files:
            (folder / each.name).write_bytes(each.read_bytes())
        return importing(self.road, folder, ledger=ledger, run_id=run_id)

    def runs_in_ledger(self) -> list[str]:
        return sorted(each.name for each in (self.road.folder / "ledger").iterdir())


def importing(road: Road, folder: Path, ledger: str = "ledger", run_id: str = "import") -> Run:
    return road.play(
        "import.yml",
        eeszt_observations=str(folder),
        eeszt_ledger=str(road.folder / ledger),
        eeszt_run_id=run_id,
    )


def look(road: Road, host: str, package: Path, into: Path) -> Path:
    """What a technician does: put the file on the machine, start it, take away what it wrote."""
    content = base64.b64encode(package.read_bytes()).decode()
    run = f"rm -rf {PLACE}; mkdir -m 700 {PLACE}; cd {PLACE}; base64 -d >probe.pyz; python3 probe.pyz </dev/null"
    done = road.fleet.execute(host, ["sh", "-c", run], stdin=content)
    assert "Kész. Vigye vissza" in done.stdout
    name = road.fleet.execute(host, ["sh", "-c", f"cd {PLACE}; ls *{SUFFIX}"]).stdout.strip()
    into.mkdir(exist_ok=True)
    path = into / name
    path.write_text(road.fleet.execute(host, ["cat", f"{PLACE}/{name}"]).stdout, "utf-8")
    return path


@pytest.fixture(scope="module")
def carried(road: Road, tmp_path_factory: pytest.TempPathFactory) -> Carried:
    own = replace(road, folder=tmp_path_factory.mktemp("carried"), runs=[])
    stick = own.folder / "stick"
    made = own.play("portable.yml", "--limit", "site_buda", eeszt_portable=str(stick))
    assert made.status == 0, made.explained
    for host in HOSTS:
        look(own, host, stick / "buda" / "eeszt-probe.pyz", stick / "back")
    return Carried(
        road=own,
        stick=stick,
        first=importing(own, stick),
        again=importing(own, stick, run_id="again"),
        audit=own.play("audit.yml", "--limit", "site_buda", eeszt_run_id="audit"),
    )


def files(carried: Carried) -> dict[str, Path]:
    return {each.name.removesuffix(SUFFIX).rpartition("-")[0]: each for each in (carried.stick / "back").iterdir()}


def statuses(result: dict[str, Any]) -> dict[tuple[str, str, str], str]:
    left = ("connection", "clock")
    checks = [check for check in result["checks"] if check["layer"] not in left]
    return {(check["id"], check["target"], check["institution"]): check["status"] for check in checks}


def test_every_file_is_taken_and_marked(carried):
    assert carried.first.status == 0, carried.first.explained
    assert "2 taken, 0 refused" in carried.first.output
    results = carried.road.results("import")
    assert sorted(results) == list(HOSTS)
    for host, result in results.items():
        assert result["kind"] == "carried"
        assert result["carried"]["file"] == files(carried)[host].name
        assert result["carried"]["host_chosen_by"] == "name"
        assert result["started_at"] == result["carried"]["observed_at"] == result["observation"]["observed_at"]


@pytest.mark.parametrize("host", HOSTS)
def test_the_verdict_is_that_of_an_audit(carried, host):
    assert statuses(carried.road.results("import")[host]) == statuses(carried.road.results("audit")[host])


def test_a_second_import_finds_everything_there_and_is_no_failure(carried):
    assert carried.again.status == 0, carried.again.explained
    assert "0 taken, 2 refused" in carried.again.output
    assert carried.again.output.count("is in the ledger already") == len(HOSTS)
    assert "again" not in carried.runs_in_ledger()


def test_the_report_shows_what_was_carried(carried):
    again = carried.road.play("report.yml", eeszt_ledger=str(only_import(carried)))
    assert again.status == 0, again.explained
    document = json.loads((carried.road.folder / "fleet-report.json").read_text("utf-8"))
    assert {each["host"]: each["carried"]["hostname"] for each in document["hosts"]} == {host: host for host in HOSTS}
    page = (carried.road.folder / "fleet-report.html").read_text("utf-8")
    assert page.count('class="tag carried"') == len(HOSTS)


def only_import(carried: Carried) -> Path:
    """A ledger in which nothing is newer than the import."""
    ledger = carried.road.folder / "import-only"
    (ledger / "import").mkdir(parents=True)
    for each in (carried.road.folder / "ledger" / "import").iterdir():
        (ledger / "import" / each.name).write_bytes(each.read_bytes())
    return ledger


def test_what_is_older_than_the_ledger_is_left_and_is_no_failure(carried):
    done = carried.bring(files(carried)["ws-buda-1"], run_id="older")
    assert done.status == 0, done.explained
    assert "0 taken, 1 refused" in done.output
    assert "older" not in carried.runs_in_ledger()


def test_an_altered_file_is_refused_and_the_other_one_taken(carried):
    newer = carried.stick / "newer"
    for host in HOSTS:
        look(carried.road, host, carried.stick / "buda" / "eeszt-probe.pyz", newer)
    altered = next(newer.glob("ws-buda-1-*"))
    altered.write_text(altered.read_text("utf-8").replace('"linux"', '"Linux"', 1), "utf-8")
    done = carried.bring(*newer.iterdir(), run_id="altered")
    assert done.status != 0
    assert "was altered on the way" in done.output
    assert sorted(carried.road.results("altered")) == ["ws-buda-2"]


def test_a_file_of_another_ledgers_package_is_refused(carried):
    done = carried.bring(*files(carried).values(), ledger="foreign", run_id="foreign")
    assert done.status != 0
    assert done.output.count("which this ledger does not know") >= len(HOSTS)
    assert not (carried.road.folder / "foreign").exists()


def test_no_secret_goes_to_the_site_or_comes_back(carried):
    packages = [each.read_bytes() for each in (carried.stick / "buda").iterdir()]
    for content in (*packages, *(each.read_bytes() for each in files(carried).values())):
        assert b"PRIVATE KEY" not in content
