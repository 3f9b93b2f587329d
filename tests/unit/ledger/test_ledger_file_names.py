# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host names as file names: any name is safe, and no two share a file."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.eeszt.connect.plugins.plugin_utils.ledger import LedgerError, open_ledger
from ansible_collections.eeszt.connect.plugins.plugin_utils.ledger.file_names import file_name, is_temporary
from tests.unit.ledger.results import RUN, result

ODD = [
    "ws-1.practice.example",
    "..",
    ".",
    ".hidden",
    "../../etc/passwd",
    "a/b",
    "a\\b",
    "a\0b",
    "a b",
    "Rendelő gép",
    "[2001:db8::1]:22",
    "%41",
    "A",
    "x" * 300,
    "ő" * 300,
    "CON",
    "new\nline",
    "host.json",
    ".ws-1.json.1-ab.tmp",
]


def test_a_plain_name_stays_readable() -> None:
    assert file_name("WS-1.practice_2.example") == "WS-1.practice_2.example.json"


@pytest.mark.parametrize("host", ODD)
def test_a_host_of_any_name_is_kept_and_found_again(tmp_path: Path, host: str) -> None:
    ledger = open_ledger(tmp_path / "ledger")
    ledger.append(result(host))
    assert list(ledger.latest_per_host()) == [host]
    assert list(ledger.latest_per_host([host])) == [host]
    assert [each.parent for each in tmp_path.rglob("*.json")] == [tmp_path / "ledger" / RUN]
    assert ledger.warnings() == ()


def test_odd_names_have_files_of_their_own(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    for host in ODD:
        ledger.append(result(host))
    assert set(ledger.latest_per_host()) == set(ODD)


@given(st.text(min_size=1))
def test_every_name_is_a_safe_file_name(host: str) -> None:
    try:
        name = file_name(host)
    except LedgerError:
        assert any("\ud800" <= character <= "\udfff" for character in host)
        return
    assert "/" not in name
    assert "\0" not in name
    assert not name.startswith(".")
    assert not is_temporary(name)
    assert len(name.encode()) < 200


@given(st.text(min_size=1, max_size=4), st.text(min_size=1, max_size=4))
def test_two_hosts_never_share_a_name(one: str, other: str) -> None:
    # A lone surrogate is no text and has no file at all.
    with contextlib.suppress(LedgerError):
        assert (file_name(one) == file_name(other)) == (one == other)


def test_long_names_that_begin_alike_differ() -> None:
    assert file_name("x" * 300 + "1") != file_name("x" * 300 + "2")


@pytest.mark.parametrize("host", ["", "\ud800"])
def test_what_is_no_name_is_refused(tmp_path: Path, host: str) -> None:
    with pytest.raises(LedgerError):
        open_ledger(tmp_path).append(result(host))
    assert list(tmp_path.iterdir()) == []


def test_a_host_cannot_take_the_file_of_one_that_differs_in_case(tmp_path: Path) -> None:
    """As on a file system that does not tell them apart, which a link imitates here."""
    ledger = open_ledger(tmp_path)
    ledger.append(result("WS-1"))
    (tmp_path / RUN / "ws-1.json").symlink_to("WS-1.json")
    with pytest.raises(LedgerError, match="holds the result of host 'WS-1'"):
        ledger.append(result("ws-1"))
    assert list(open_ledger(tmp_path).latest_per_host()) == ["WS-1"]
