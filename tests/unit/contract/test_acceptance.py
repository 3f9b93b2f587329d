# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The acceptance list holds what the judge's tables rest on, and its page says the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.acceptance import (
    KEPT,
    load_acceptance,
    load_proven,
    proven_by,
)
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.documents import ContractError
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.tables import load_evidence

PAGE = Path(__file__).resolve().parents[3] / "docs" / "windows-acceptance.md"


def result(*passed: tuple[str, bool | None], double: bool = False) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "list_version": 1,
        "windows": "10.0.19045",
        "powershell": "Desktop 5.1",
        "double": double,
        "tests": [{"id": name, "passed": answer, "observed": ""} for name, answer in passed],
    }


def test_the_list_proves_what_the_tables_rest_on_and_nothing_else() -> None:
    rests_on = {row.proof for rows in load_evidence().topics.values() for row in rows if row.proof}
    assert set().union(*(test.proves for test in load_acceptance())) == rests_on


def test_what_proves_a_code_expects_a_code_of_that_row() -> None:
    rows = [row for rows in load_evidence().topics.values() for row in rows if row.proof]
    for test in load_acceptance():
        for row in (each for each in rows if each.proof in test.proves):
            assert any(str(int(code, 16)) in row.codes for code in test.codes), (test.id, row.proof)


def test_each_line_of_the_page_is_that_of_the_list() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert rows == [f"| `{each.id}` | {each.what} | `{each.command}` | {each.expected} |" for each in load_acceptance()]


def test_a_passed_line_proves_and_a_contradicted_one_does_not() -> None:
    assert proven_by([result(("schannel.alert_45", True))]) == {"schannel.cert_expired"}
    assert proven_by([result(("schannel.alert_45", True)), result(("schannel.alert_45", False))]) == frozenset()
    assert proven_by([result(("schannel.alert_45", None))]) == frozenset()


def test_a_double_proves_nothing() -> None:
    assert proven_by([result(("schannel.alert_45", True), double=True)]) == frozenset()


def test_results_are_read_from_beside_the_ledger(tmp_path: Path) -> None:
    assert load_proven(tmp_path) == frozenset()
    (tmp_path / KEPT).mkdir()
    path = tmp_path / KEPT / "a.json"
    path.write_text(json.dumps(result(("schannel.alert_44", True))), "utf-8")
    assert load_proven(tmp_path) == {"schannel.cert_revoked"}
    path.write_text("{", "utf-8")
    with pytest.raises(ContractError, match=r"a\.json"):
        load_proven(tmp_path)
