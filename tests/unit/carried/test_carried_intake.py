# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may enter the ledger, and that nothing else does."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.eeszt.connect.plugins.module_utils.carry import FORMAT, seal
from ansible_collections.eeszt.connect.plugins.plugin_utils.carried import envelope
from ansible_collections.eeszt.connect.plugins.plugin_utils.carried.acceptance import keep_acceptance
from ansible_collections.eeszt.connect.plugins.plugin_utils.carried.intake import (
    CarriedFile,
    carried_files,
    newest_per_host,
    open_carried,
    refuse_known,
    refuse_out_of_plan,
    refuse_untimely,
)
from ansible_collections.eeszt.connect.plugins.plugin_utils.carried.packages import PackageStore
from ansible_collections.eeszt.connect.plugins.plugin_utils.carried.refusals import RefusedError
from ansible_collections.eeszt.connect.plugins.plugin_utils.carried.sorting import sort_files
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.acceptance import load_proven
from ansible_collections.eeszt.connect.plugins.plugin_utils.ledger import open_ledger
from tests.unit.carried.carried_files import MADE_AT, NOW, kept, observation, package_of, sealed

PACKAGE = package_of("ws-1", "ws-2")
SEALED = sealed(PACKAGE, "ws-1")


@pytest.fixture
def store(tmp_path: Path) -> PackageStore:
    return kept(tmp_path / "ledger", PACKAGE)


def put(folder: Path, content: bytes, name: str = "ws-1.eeszt-observation.json") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def opened(store: PackageStore, folder: Path, content: bytes = SEALED, name: str = "a") -> CarriedFile:
    return open_carried(put(folder, content, f"{name}.eeszt-observation.json"), store)


def refusal(store: PackageStore, folder: Path, content: bytes) -> str:
    with pytest.raises(RefusedError) as refused:
        opened(store, folder, content)
    assert refused.value.needs_person
    return refused.value.code


def test_a_good_file_is_opened(store: PackageStore, tmp_path: Path) -> None:
    carried = opened(store, tmp_path)
    assert (carried.host.name, carried.package) == ("ws-1", PACKAGE)
    assert carried.observation == observation()


@given(data=st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_changed_byte_is_refused(store: PackageStore, tmp_path: Path, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(SEALED) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != SEALED[place]))
    refusal(store, tmp_path, SEALED[:place] + bytes([other]) + SEALED[place + 1 :])


@given(data=st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_cut_or_addition_is_refused(store: PackageStore, tmp_path: Path, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(SEALED)))
    end = data.draw(st.integers(start, len(SEALED)))
    added = data.draw(st.binary(min_size=0 if end > start else 1, max_size=3))
    content = SEALED[:start] + added + SEALED[end:]
    if content != SEALED:
        refusal(store, tmp_path, content)


def test_line_ends_that_a_mail_program_changed_are_refused(store: PackageStore, tmp_path: Path) -> None:
    assert refusal(store, tmp_path, SEALED.replace(b"\n", b"\r\n")) == "altered"


def test_each_fault_has_its_own_word(store: PackageStore, tmp_path: Path) -> None:
    stranger = package_of("ws-1")
    said = {
        "unknown_package": sealed(stranger, "ws-1"),
        "other_version": sealed(PACKAGE, "ws-1", schema_version=2),
        "other_file": b'{"format": "something else"}',
        "not_json": b"\xff\xfe",
        "schema": sealed(PACKAGE, "ws-1", observation={"schema_version": 1}),
        "altered": SEALED.replace(b'"ws-1"', b'"ws-2"', 1),
    }
    assert {code: refusal(store, tmp_path, content) for code, content in said.items()} == {code: code for code in said}


def test_a_host_that_the_package_does_not_have_is_refused(store: PackageStore, tmp_path: Path) -> None:
    assert refusal(store, tmp_path, sealed(PACKAGE, "ws-9")) == "altered"


def test_a_file_too_large_is_not_read_to_its_end(
    store: PackageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(envelope, "LARGEST", len(SEALED) - 1)
    assert refusal(store, tmp_path, SEALED) == "too_large"


def test_deep_nesting_is_refused(store: PackageStore, tmp_path: Path) -> None:
    assert refusal(store, tmp_path, b"[" * 200_000) == "not_json"


def test_the_plan_decides_on_hosts_and_sites(store: PackageStore, tmp_path: Path) -> None:
    carried = opened(store, tmp_path)
    refuse_out_of_plan(carried, {"ws-1": "buda"})
    for sites, code in (({}, "unknown_host"), ({"ws-1": "pest"}, "other_site"), ({"ws-1": ""}, "other_site")):
        with pytest.raises(RefusedError) as refused:
            refuse_out_of_plan(carried, sites)
        assert refused.value.code == code


@pytest.mark.parametrize(
    ("seen_at", "code"),
    [
        ("2026-05-05T06:06:00.000Z", "future"),
        ("2026-05-04T05:54:00.000Z", "before_package"),
        ("2026-06-03T06:00:01.000Z", "expired"),
    ],
)
def test_times_that_cannot_be_are_refused(store: PackageStore, tmp_path: Path, seen_at: str, code: str) -> None:
    carried = opened(store, tmp_path, sealed(PACKAGE, "ws-1", observation(seen_at)))
    with pytest.raises(RefusedError) as refused:
        refuse_untimely(carried, NOW + timedelta(days=60) if code == "expired" else NOW)
    assert refused.value.code == code


def test_a_file_may_come_back_long_after_its_package_expired(store: PackageStore, tmp_path: Path) -> None:
    refuse_untimely(opened(store, tmp_path), MADE_AT + timedelta(days=400))


def test_of_several_files_of_a_host_the_newest_is_taken(store: PackageStore, tmp_path: Path) -> None:
    newer = sealed(PACKAGE, "ws-1", observation("2026-05-04T08:00:00.000Z"))
    files = [opened(store, tmp_path, content, name) for content, name in ((SEALED, "a"), (newer, "b"), (newer, "c"))]
    newest, left = newest_per_host(files)
    assert [each.sha256 for each in newest] == [files[1].sha256]
    assert sorted(fault.code for _path, fault in left) == ["duplicate", "older"]
    assert not any(fault.needs_person for _path, fault in left)


def test_sorting_goes_on_after_each_fault(store: PackageStore, tmp_path: Path) -> None:
    folder = tmp_path / "stick" / "buda"
    folder.mkdir(parents=True)
    for name, content in (
        ("a", b"{"),
        ("b", SEALED),
        ("c", sealed(PACKAGE, "ws-2")),
        ("d", sealed(package_of("x"), "x")),
    ):
        put(folder, content, f"{name}.eeszt-observation.json")
    put(folder, b"no carried file", "notes.txt")
    sites = {"ws-1": "buda", "ws-2": "buda"}
    found = sort_files(carried_files(tmp_path / "stick"), store, sites, {"ws-1"})
    assert {host: path.name for host, path in found.hosts.items()} == {"ws-1": "b.eeszt-observation.json"}
    assert [fault.code for _path, fault in found.refused] == ["not_json", "left_out", "unknown_package"]


def test_a_package_is_kept_for_its_owner_alone(store: PackageStore) -> None:
    path = store.folder / f"{PACKAGE.portable_id}.json"
    assert (store.folder.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)
    assert store.find(PACKAGE.portable_id) == PACKAGE
    assert store.find("../../etc/passwd") is None


def test_what_lies_beside_the_runs_is_no_fault_of_the_ledger(store: PackageStore) -> None:
    ledger = open_ledger(store.folder.parent)
    assert ledger.runs() == ()
    assert ledger.warnings() == ()


def test_the_key_stands_in_the_package_and_not_in_what_comes_back(store: PackageStore) -> None:
    assert PACKAGE.key.hex() not in SEALED.decode()
    assert json.loads(SEALED)["portable_id"] == PACKAGE.portable_id


def test_nothing_is_known_of_a_host_without_results(store: PackageStore, tmp_path: Path) -> None:
    refuse_known(opened(store, tmp_path), open_ledger(store.folder.parent))


def test_acceptance_results_are_kept_once_and_prove(store: PackageStore, tmp_path: Path) -> None:
    answers = {
        "schema_version": 1,
        "list_version": 1,
        "windows": "10.0.19045.0",
        "powershell": "Desktop 5.1",
        "double": False,
        "tests": [{"id": "schannel.alert_45", "passed": True, "observed": "0x80090328"}],
    }
    said = {"kind": "acceptance", "portable_id": PACKAGE.portable_id, "site": "buda", "acceptance": answers}
    content = seal({"format": FORMAT, "schema_version": 1, **said}, PACKAGE.key)
    path, ledger = put(tmp_path, content), store.folder.parent
    found = sort_files([path], store, {}, ())
    assert keep_acceptance(found.acceptance, ledger, dry_run=True) == ([path], [])
    assert load_proven(ledger) == frozenset()
    assert keep_acceptance(found.acceptance, ledger, dry_run=False) == ([path], [])
    assert load_proven(ledger) == {"schannel.cert_expired"}
    _kept, left = keep_acceptance(found.acceptance, ledger, dry_run=False)
    assert [fault.code for _path, fault in left] == ["duplicate"]
    assert refusal(store, tmp_path, content.replace(b"true", b"null")) == "altered"
