# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A practice leaves a host, the host goes out of service, and another machine comes under its name."""

from __future__ import annotations

import json

import pytest

HOST, STAYS, LEAVES = "ws-buda-2", "E99901A", "P099002"
FOLDER = "/etc/eeszt-demo/waf"


@pytest.fixture(scope="module")
def decommissioned(story, road):
    """Each step's command, what is left in the folder of certificates, and the report; ends as it began."""
    told = {}

    def step(name: str, book: str, *words: str, **variables: object) -> None:
        run = road.play(book, *words, eeszt_run_id=f"gone-{name}", **variables)
        listing = road.fleet.execute(HOST, ["find", FOLDER, "-type", "f"]).stdout.split()
        report = json.loads((road.folder / "fleet-report.json").read_text("utf-8"))
        told[name] = (run, listing, road.results(f"gone-{name}").get(HOST), report)

    here = ("--limit", HOST)
    machine = road.fleet.execute(HOST, ["cat", "/etc/machine-id"]).stdout
    # As if a renewal had left its copies and a killed run its scraps.
    folder = f"{FOLDER}/{LEAVES}"
    beside = f"touch {folder}/.eeszt-connect.certificate.pem.kept {folder}/.eeszt-connect.0123456789abcdef.tmp"
    road.fleet.execute(HOST, ["sh", "-c", beside])
    step("unclear", "decommission.yml", *here)
    step("everywhere", "decommission.yml", eeszt_decommission="host")
    step("leaves", "decommission.yml", *here, eeszt_decommission=LEAVES)
    step("retired", "decommission.yml", "--diff", *here, eeszt_decommission="host")
    step("retired-again", "decommission.yml", *here, eeszt_decommission="host")
    road.fleet.execute(HOST, ["sh", "-c", "echo 0123456789abcdef0123456789abcdef >/etc/machine-id"])
    step("back", "site.yml", *here)
    yield told
    # Its journal goes by this id.
    road.fleet.execute(HOST, ["sh", "-c", f"echo {machine.strip()} >/etc/machine-id"])


def test_nothing_is_taken_away_until_it_is_clear_what(decommissioned):
    for name in ("unclear", "everywhere"):
        run, listing, result, _ = decommissioned[name]
        assert run.status != 0
        assert "eeszt_decommission=host" in run.output
        assert sorted(path for path in listing if path.endswith("key.pem")) == [
            f"{FOLDER}/{each}/key.pem" for each in (STAYS, LEAVES)
        ]
        assert result is None


def test_the_practice_that_leaves_leaves_nothing_and_the_other_stays_ready(decommissioned):
    run, listing, result, report = decommissioned["leaves"]
    assert run.status == 0, run.explained
    assert listing
    assert not [path for path in listing if LEAVES in path]
    assert result["retired"] == {"host": False, "institutions": [LEAVES], "seen": True, "left": []}
    assert result["ready"]
    assert [each["id"] for each in result["institutions"]] == [STAYS]
    assert report["retired"] == []


def test_the_host_out_of_service_holds_nothing_and_the_report_lists_it_apart(decommissioned):
    run, listing, result, report = decommissioned["retired"]
    assert run.status == 0, run.explained
    assert listing == []
    assert result["retired"] == {"host": True, "institutions": [STAYS, LEAVES], "seen": True, "left": []}
    assert set(result["changed"]) == {"waf_certificate", "outbound_firewall"}
    assert [each["host"] for each in report["retired"]] == [HOST]
    assert HOST not in [each["host"] for each in report["hosts"]]
    assert "1 host out of service" in run.output


def test_again_changes_nothing(decommissioned):
    run, *_ = decommissioned["retired-again"]
    assert run.changed == {HOST: 0}, run.changes


def test_a_machine_that_takes_its_place_counts_again(decommissioned):
    run, _, result, report = decommissioned["back"]
    assert run.status == 0, run.explained
    assert result["ready"]
    assert report["retired"] == []
    assert not [each for each in result["checks"] if "another_machine" in each["causes"]], "it was retired: no surprise"


def test_another_machine_under_the_name_is_told(decommissioned, road):
    before = road.fleet.execute(HOST, ["cat", "/etc/machine-id"]).stdout
    road.fleet.execute(HOST, ["sh", "-c", "echo fedcba9876543210fedcba9876543210 >/etc/machine-id"])
    run = road.play("audit.yml", "--limit", HOST, eeszt_run_id="gone-replaced")
    road.fleet.execute(HOST, ["sh", "-c", f"echo {before.strip()} >/etc/machine-id"])
    assert run.status == 0, run.explained
    (login,) = (each for each in road.results("gone-replaced")[HOST]["checks"] if each["id"] == "connection.login")
    assert (login["status"], login["causes"]) == ("warn", ["another_machine"])
