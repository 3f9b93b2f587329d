# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger of files: what is appended comes back, and nothing that is broken is passed over in silence."""

from __future__ import annotations

import json
import stat
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.eeszt.connect.plugins.plugin_utils.ledger import (
    Ledger,
    LedgerError,
    check_run_id,
    default_run_id,
    open_ledger,
)
from tests.unit.ledger.results import NOW, RUN, check, failing, observation, result

EARLIER, LATER = "20261124T070000Z-0001", "20261125T070000Z-0002"
DAY = timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


@pytest.fixture
def ledger(folder: Path) -> Ledger:
    return open_ledger(folder)


def only_file(folder: Path) -> Path:
    (path,) = (each for each in folder.rglob("*") if each.is_file())
    return path


class TestAppend:
    def test_what_was_appended_comes_back(self, ledger: Ledger) -> None:
        given = result("ws-1", observation=observation(double=True))
        ledger.append(given)
        assert ledger.latest_per_host() == {"ws-1": given}
        assert ledger.warnings() == ()

    def test_a_result_is_one_file_named_after_run_and_host(self, ledger: Ledger, folder: Path) -> None:
        ledger.append(result("ws-1", RUN))
        assert only_file(folder) == folder / RUN / "ws-1.json"

    def test_others_can_read_neither_files_nor_folders(self, ledger: Ledger, folder: Path) -> None:
        ledger.append(result())
        modes = [stat.S_IMODE(each.stat().st_mode) for each in (folder, folder / RUN, only_file(folder))]
        assert [oct(mode) for mode in modes] == ["0o750", "0o750", "0o640"]

    def test_the_later_result_of_a_run_wins(self, ledger: Ledger) -> None:
        ledger.append(result(checks=[failing("card.present", "no_card")]))
        ledger.append(result(checks=[check("card.present")]))
        assert ledger.latest_per_host()["ws-1"]["ready"]

    def test_a_result_that_breaks_its_schema_is_refused_and_named(self, ledger: Ledger, folder: Path) -> None:
        with pytest.raises(LedgerError, match=r"'ws-1'.*checks\.0: status: 'splendid'"):
            ledger.append(result(checks=[check("card.present", "splendid")]))
        assert not folder.exists()

    @pytest.mark.parametrize("time", ["yesterday", "2026-11-25T08:00:00"])
    def test_a_result_without_a_clear_time_is_refused(self, ledger: Ledger, time: str) -> None:
        with pytest.raises(LedgerError, match="finished_at"):
            ledger.append({**result(), "finished_at": time})

    @pytest.mark.parametrize("run_id", ["", "..", "../x", "a/b", "a b", ".hidden", "x" * 65, "é", "a\n"])
    def test_a_run_id_that_is_no_safe_folder_is_refused(self, ledger: Ledger, run_id: str) -> None:
        with pytest.raises(LedgerError, match="is no run id"):
            ledger.append(result(run_id=run_id))

    def test_a_folder_that_cannot_be_written_is_one_clear_error(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        ledger = open_ledger(tmp_path / "file" / "ledger")
        with pytest.raises(LedgerError, match="cannot be written: Not a directory"):
            ledger.append(result())


class TestLatestPerHost:
    def test_newest_is_by_the_time_of_the_result_and_not_by_the_run(self, ledger: Ledger) -> None:
        ledger.append(result(run_id=LATER, finished_at=NOW - DAY))
        ledger.append(result(run_id=EARLIER, finished_at=NOW))
        assert ledger.latest_per_host()["ws-1"]["run_id"] == EARLIER

    def test_of_two_of_the_same_time_the_higher_run_id_is_newer(self, ledger: Ledger) -> None:
        for run_id in (LATER, EARLIER):
            ledger.append(result(run_id=run_id))
        assert ledger.latest_per_host()["ws-1"]["run_id"] == LATER

    def test_times_are_compared_as_times_and_not_as_text(self, ledger: Ledger) -> None:
        ledger.append({**result(run_id=EARLIER), "finished_at": "2026-11-25T10:30:00+02:00"})
        ledger.append({**result(run_id=LATER), "finished_at": "2026-11-25T09:00:00Z"})
        assert ledger.latest_per_host()["ws-1"]["run_id"] == LATER

    def test_a_dry_run_never_takes_the_place_of_a_real_one(self, ledger: Ledger) -> None:
        ledger.append(result(run_id=EARLIER, finished_at=NOW - DAY))
        ledger.append(result(run_id=LATER, dry_run=True))
        assert ledger.latest_per_host()["ws-1"]["run_id"] == EARLIER

    def test_only_the_hosts_asked_for_are_given(self, ledger: Ledger) -> None:
        for host in ("ws-1", "ws-2", "ws-3"):
            ledger.append(result(host))
        assert list(ledger.latest_per_host(["ws-3", "ws-1", "ws-9"])) == ["ws-1", "ws-3"]

    def test_a_ledger_that_is_not_there_yet_is_empty(self, ledger: Ledger, folder: Path) -> None:
        assert (ledger.latest_per_host(), ledger.runs(), ledger.good_proofs("ws-1")) == ({}, (), {})
        assert not folder.exists()


class TestRuns:
    def test_done_are_hosts_that_were_ready_in_the_run_and_not_in_check_mode(self, ledger: Ledger) -> None:
        ledger.append(result("ready"))
        ledger.append(result("broken", checks=[failing("card.present", "no_card")]))
        ledger.append(result("dry", dry_run=True))
        ledger.append(result("ready-before", EARLIER))
        assert ledger.done_in_run(RUN) == {"ready"}
        assert ledger.done_in_run(RUN, ["broken", "ready-before"]) == frozenset()

    def test_results_of_a_run_hold_the_dry_ones_too(self, ledger: Ledger) -> None:
        ledger.append(result("dry", dry_run=True))
        ledger.append(result("other", EARLIER))
        assert list(ledger.results_of_run(RUN)) == ["dry"]
        assert ledger.results_of_run("never-was") == {}

    def test_runs_are_told_in_the_order_in_which_they_began(self, ledger: Ledger) -> None:
        ledger.append(result(run_id="a-second", finished_at=NOW))
        ledger.append(result(run_id="b-first", finished_at=NOW - DAY))
        assert ledger.runs() == ("b-first", "a-second")

    def test_a_run_of_check_mode_is_told_on_request_only(self, ledger: Ledger) -> None:
        ledger.append(result(run_id=EARLIER, finished_at=NOW - DAY))
        ledger.append(result(run_id=f"{LATER}-check", dry_run=True))
        assert ledger.runs() == (EARLIER,)
        assert ledger.runs(dry_runs=True) == (EARLIER, f"{LATER}-check")

    def test_runs_of_one_kind_are_told_apart(self, ledger: Ledger) -> None:
        ledger.append(result(run_id="rolled-out", finished_at=NOW - DAY, kind="rollout"))
        ledger.append(result(run_id="looked-at", finished_at=NOW, kind="audit"))
        assert ledger.runs(kind="rollout") == ("rolled-out",)

    def test_a_ready_host_on_which_a_role_failed_is_not_done(self, ledger: Ledger) -> None:
        ledger.append(result("ready", failed_roles=[{"role": "waf_certificate", "message": "expired"}]))
        assert ledger.done_in_run(RUN) == frozenset()


class TestProofs:
    def proof(self, ledger: Ledger) -> datetime | None:
        return ledger.latest_good_proof("ws-1", "card.present", "Reader 1", "")

    def append(self, ledger: Ledger, run_id: str, status: str, days_ago: int, **fields: Any) -> None:
        seen = (NOW - timedelta(days=days_ago)).isoformat().replace("+00:00", "Z")
        record = check("card.present", status, target="Reader 1", observed_at=seen)
        ledger.append(result(run_id=run_id, checks=[record], **fields))

    def test_the_newest_good_proof_counts(self, ledger: Ledger) -> None:
        self.append(ledger, "first", "ok", days_ago=9)
        self.append(ledger, "second", "warn", days_ago=5)
        self.append(ledger, "third", "fail", days_ago=1)
        assert self.proof(ledger) == NOW - timedelta(days=5)

    def test_the_newest_is_by_time_whatever_the_runs_are_called(self, ledger: Ledger) -> None:
        self.append(ledger, "z-older", "ok", days_ago=9)
        self.append(ledger, "a-newer", "ok", days_ago=5)
        assert self.proof(ledger) == NOW - timedelta(days=5)

    @pytest.mark.parametrize("status", ["fail", "not_tested", "not_applicable"])
    def test_only_what_was_seen_good_is_a_proof(self, ledger: Ledger, status: str) -> None:
        self.append(ledger, "first", status, days_ago=1)
        assert self.proof(ledger) is None

    def test_a_dry_run_proves_nothing(self, ledger: Ledger) -> None:
        self.append(ledger, "first", "ok", days_ago=1, dry_run=True)
        assert self.proof(ledger) is None

    def test_a_proof_is_of_one_target_and_institution(self, ledger: Ledger) -> None:
        self.append(ledger, "first", "ok", days_ago=1)
        assert ledger.latest_good_proof("ws-1", "card.present", "Reader 2", "") is None
        assert ledger.latest_good_proof("ws-1", "card.present", "Reader 1", "E000301") is None

    def test_a_check_without_a_time_has_that_of_its_result(self, ledger: Ledger) -> None:
        record = check("card.present", target="Reader 1", observed_at="")
        ledger.append(result(checks=[record], finished_at=NOW - DAY))
        assert self.proof(ledger) == NOW - DAY

    def test_files_of_other_hosts_are_not_opened(self, ledger: Ledger, folder: Path) -> None:
        self.append(ledger, RUN, "ok", days_ago=1)
        (folder / RUN / "ws-2.json").write_text("broken")
        assert self.proof(ledger) is not None
        assert ledger.done_in_run(RUN, ["ws-1"]) == {"ws-1"}
        assert ledger.warnings() == ()


class TestDamage:
    def damage(self, folder: Path, content: bytes) -> Path:
        ledger = open_ledger(folder)
        ledger.append(result("good"))
        path = folder / RUN / "bad.json"
        path.write_bytes(content)
        return path

    def changed(self, **fields: Any) -> bytes:
        return json.dumps({**result("bad"), **fields}).encode()

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b'{"host": "bad"',
            b"\xff\xfe",
            b"[]",
            b"null",
            b"{}",
            pytest.param(b"[" * 100_000, id="deep"),
        ],
    )
    def test_a_file_that_is_no_result_is_named_and_the_rest_is_read(self, folder: Path, content: bytes) -> None:
        path = self.damage(folder, content)
        ledger = open_ledger(folder)
        assert list(ledger.latest_per_host()) == ["good"]
        assert [warning.split(": ")[0] for warning in ledger.warnings()] == [str(path)]

    @pytest.mark.parametrize(
        ("field", "value", "fault"),
        [
            ("schema_version", 2, "schema version 2"),
            ("finished_at", "noon", "finished_at is no time"),
            ("checks", [{}], "checks.0.id is missing"),
            ("checks", [[]], "checks.0 is list"),
            ("checks", [{**check("card.present"), "causes": "no_card"}], "checks.0.causes"),
            ("checks", [{**check("card.present"), "remedy": {"en": ""}}], "checks.0.remedy"),
            ("checks", [{**check("card.present"), "evidence": ["x"]}], "checks.0.evidence"),
            ("first_failing", {"id": "card.present"}, "first_failing.layer is missing"),
            ("root_failures", [None], "root_failures.0 is NoneType"),
            ("policy", {"name": "production"}, "policy.sha256 is missing"),
            ("failed_roles", ["role"], "failed_roles.0 is str"),
            ("institutions", ["E000301"], "institutions.0 is str"),
            ("observation", {"probe": 3, "sections": {}}, "observation.probe is int"),
            (
                "observation",
                {"probe": {}, "sections": {"certificates": {"targets": [1]}}},
                "certificates.targets",
            ),
            ("ready", "yes", "ready is str"),
        ],
    )
    def test_a_result_of_another_form_is_named_with_its_fault(
        self, folder: Path, field: str, value: object, fault: str
    ) -> None:
        path = self.damage(folder, self.changed(**{field: value}))
        ledger = open_ledger(folder)
        assert list(ledger.latest_per_host()) == ["good"]
        (warning,) = ledger.warnings()
        assert warning.startswith(f"{path}: ")
        assert fault in warning

    def test_a_file_under_the_name_of_another_host_does_not_count(self, folder: Path) -> None:
        path = self.damage(folder, json.dumps(result("good")).encode())
        ledger = open_ledger(folder)
        assert list(ledger.results_of_run(RUN)) == ["good"]
        assert ledger.warnings() == (f"{path}: is a result of host 'good' and has another one's name",)

    def test_a_file_in_the_folder_of_another_run_does_not_count(self, folder: Path) -> None:
        path = self.damage(folder, self.changed(run_id=EARLIER))
        ledger = open_ledger(folder)
        assert list(ledger.results_of_run(RUN)) == ["good"]
        assert str(path) in ledger.warnings()[0]

    def test_what_does_not_belong_into_a_ledger_is_named(self, folder: Path) -> None:
        self.damage(folder, self.changed())
        (folder / "notes.txt").write_text("")
        (folder / RUN / "notes.txt").write_text("")
        ledger = open_ledger(folder)
        assert len(ledger.latest_per_host()) == 2
        assert [Path(warning.split(": ")[0]).name for warning in ledger.warnings()] == ["notes.txt"] * 2

    def test_a_write_under_way_is_nobodys_fault(self, folder: Path) -> None:
        self.damage(folder, self.changed())
        (folder / RUN / ".ws-7.json.99-abcd.tmp").write_text('{"host')
        ledger = open_ledger(folder)
        assert len(ledger.latest_per_host()) == 2
        assert ledger.warnings() == ()

    def test_a_folder_in_a_files_place_is_named(self, folder: Path) -> None:
        self.damage(folder, self.changed()).unlink()
        (folder / RUN / "bad.json").mkdir()
        ledger = open_ledger(folder)
        assert list(ledger.latest_per_host()) == ["good"]
        assert "cannot be read: Is a directory" in ledger.warnings()[0]

    def test_a_damaged_file_is_replaced_by_the_next_result(self, folder: Path) -> None:
        self.damage(folder, b"broken")
        ledger = open_ledger(folder)
        ledger.append(result("bad"))
        assert list(ledger.latest_per_host()) == ["bad", "good"]
        assert ledger.warnings() == ()


class TestOpening:
    @pytest.mark.parametrize("url", ["sqlite:///tmp/x.db", "postgresql://host/db", "postgresql+psycopg://host"])
    def test_a_database_is_not_there_yet_and_says_so(self, url: str) -> None:
        with pytest.raises(LedgerError, match="database is not supported yet"):
            open_ledger(url)

    def test_a_password_in_a_url_is_not_repeated(self) -> None:
        with pytest.raises(LedgerError) as refusal:
            open_ledger("postgresql://user:secret@host/db")
        assert "secret" not in str(refusal.value)

    def test_a_file_is_no_ledger(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(LedgerError, match="is no folder"):
            open_ledger(tmp_path / "file")

    def test_a_path_must_be_given(self) -> None:
        with pytest.raises(LedgerError, match="needs the path"):
            open_ledger(" ")


class TestRunId:
    def test_the_default_tells_the_time_and_is_valid(self) -> None:
        made = default_run_id(NOW)
        assert made.startswith("20261125T080000Z-")
        assert check_run_id(made) == made

    def test_two_runs_of_the_same_second_differ(self) -> None:
        assert len({default_run_id(NOW) for _ in range(20)}) > 15

    def test_a_time_without_a_zone_is_a_fault_of_the_program(self) -> None:
        with pytest.raises(ValueError, match="time zone"):
            default_run_id(NOW.replace(tzinfo=None))
