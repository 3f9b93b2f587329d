"""The workbook to fill in is itself a plan without errors, and what is typed into it stays text."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
from plan_tables import load_workbook, saved

from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.columns import table_forms
from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.template import template

COMMAND = Path(__file__).parents[3] / "bin" / "eeszt-connect"


def command(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, COMMAND, "plan", *map(str, words)], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("language", ["en", "hu"])
def test_the_example_is_a_plan_without_errors_and_warnings(language) -> None:
    loaded = load_workbook(saved(template(language)))
    assert list(loaded.inventory.made) == ["kozpont-ws-1"]
    assert loaded.warnings == []


def test_every_column_of_a_table_is_text_and_explained_in_both_languages() -> None:
    book = template("hu")
    for form in table_forms():
        sheet = book[form.titles["hu"][0]]
        assert {sheet.column_dimensions[cell.column_letter].number_format for cell in sheet[1]} == {"@"}
        for column in form.columns:
            assert set(column.about) == set(column.heads) == {"en", "hu"}
            assert all(column.about.values())


def test_choices_are_offered() -> None:
    offered = template("en")["hosts"].data_validations.dataValidation
    assert '"windows,linux"' in {each.formula1 for each in offered}


def test_the_command_writes_it_once(tmp_path) -> None:
    path = tmp_path / "plan.xlsx"
    assert command("template", path, "--language", "hu").returncode == 0
    assert command("check", path).returncode == 0
    before = path.read_bytes()
    again = command("template", path)
    assert again.returncode == 2
    assert "exists" in again.stderr
    assert path.read_bytes() == before
    assert "gépek" in openpyxl.load_workbook(path).sheetnames
    assert "name it .xlsx" in command("template", tmp_path / "plan.ods").stderr
