"""A plan in tables: the same inventory as from YAML, and each trap of spreadsheets told as what it is."""

from __future__ import annotations

import datetime
import sys

import plan_texts
import pytest
from plan_tables import (
    GOOD,
    csv_files,
    errors,
    good,
    load_files,
    load_tables,
    load_workbook,
    only_error,
    saved,
    workbook,
    written,
)

from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.findings import PlanError
from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.load import load_inventory, open_source

SAME = plan_texts.read(plan_texts.GOOD)[0]


def test_a_workbook_gives_what_yaml_gives() -> None:
    loaded = load_tables(GOOD)
    assert loaded.inventory == SAME
    assert loaded.warnings == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1250", "utf-16"])
def test_csv_files_give_what_yaml_gives(encoding: str, delimiter: str) -> None:
    assert load_files(*csv_files(GOOD, encoding, delimiter)).inventory == SAME


def test_a_folder_is_read_whole_and_other_files_in_it_are_named(tmp_path) -> None:
    folder = written(tmp_path, (*csv_files(GOOD), ("notes.csv", b"a,b")))
    loaded = load_inventory([open_source(str(folder), str)], None, ())
    assert loaded.inventory == SAME
    assert len(loaded.warnings) == 1
    assert "notes.csv" in loaded.warnings[0]


def test_every_error_of_a_workbook_comes_at_its_cell_in_one_run() -> None:
    tables = good(
        institutions_B2="99901a",
        institutions_C3="neak",
        sites_B2="soon",
        hosts_A2="ws 1",
        hosts_B3="192.0.2.300",
        hosts_D2="beos",
        users_B2="surgeon",
    )
    places = [line.split(":")[0].split(", ", 1)[1] for line in errors(saved(workbook(tables)))]
    assert sorted(places) == sorted(
        [
            "sheet intézmények, cell B2",
            "sheet intézmények, cell C3",
            "sheet sites, cell B2",
            "sheet hosts, cell A2",
            "sheet hosts, cell B3",
            "sheet hosts, cell D2",
            "sheet users, cell B2",
        ]
    )


@pytest.mark.parametrize(
    ("cells", "place", "message"),
    [
        (
            {"users_C2": 301},
            "users, cell C2",
            "the number 301; zeros on its left, if there were any, are lost",
        ),
        ({"users_C2": 301.5}, "users, cell C2", "the number 301.5"),
        ({"users_C2": True}, "users, cell C2", "the logical value TRUE"),
        ({"users_C2": datetime.date(2006, 8, 1)}, "users, cell C2", "the date 2006-08-01"),
        ({"hosts_B2": "=1+1"}, "hosts, cell B2", "formula here has no value that can be trusted"),
        ({"institutions_D1": "Jelszó"}, "intézmények, cell D1", "looks like a secret"),
        ({"institutions_D1": "PIN-kód"}, "intézmények, cell D1", "looks like a secret"),
        ({"hosts_D1": "sytem"}, "hosts, cell D1", '"sytem" is not the head of a column here – did you mean system?'),
        ({"hosts_D1": "gép"}, "hosts, cell D1", "two columns are for name"),
        ({"hosts_E2": "E99901A, E88888B"}, "hosts, cell E2", 'the plan has no institution "E88888B"'),
    ],
)
def test_what_a_spreadsheet_made_of_a_cell_is_refused_there(cells, place, message) -> None:
    error = only_error(saved(workbook(good(**cells))))
    assert place in error
    assert message in error


def test_a_column_that_is_missing_is_told_once_above_its_rows() -> None:
    found = errors(saved(workbook(good(hosts_C1=None))))
    assert "sheet hosts, cell C1" not in found[0]
    assert "the column site is missing" in found[0]


def test_the_value_beside_a_secret_head_is_never_shown() -> None:
    tables = good(institutions_D1="password", institutions_D2="árvíztűrő")
    assert "árvíztűrő" not in only_error(saved(workbook(tables)))


def test_zeros_that_the_format_shows_are_taken_and_told() -> None:
    book = workbook(good(users_C2=123))
    book["users"]["C2"].number_format = "00000"
    loaded = load_workbook(saved(book))
    assert loaded.inventory.made["ws-1"]["eeszt_users"][0]["user_name"] == "O00123"
    assert "cell C2: the number 123 is shown as 00123" in loaded.warnings[0]


def test_days_may_be_cells_of_days_or_hungarian_text() -> None:
    tables = good(institutions_D1="nyilatkozat elfogadva", institutions_D2=datetime.date(2026, 2, 9))
    tables["intézmények"][2][3] = "2026. 02. 10."
    institutions = load_tables(tables).inventory.made["ws-1"]["eeszt_institutions"]
    days = [each["onboarding"]["declaration_accepted"] for each in institutions]
    assert days == ["2026-02-09", "2026-02-10"]


def test_rows_after_a_gap_are_read_and_hidden_ones_are_told() -> None:
    book = workbook(GOOD)
    book["hosts"].cell(200, 1, "ws-3")
    book["hosts"].cell(200, 3, "buda")
    book["hosts"].cell(200, 5, "E99901A")
    book["hosts"].row_dimensions[3].hidden = True
    book["hosts"].column_dimensions["B"].hidden = True
    loaded = load_workbook(saved(book))
    assert list(loaded.inventory.made) == ["ws-1", "ws-2", "ws-3"]
    assert loaded.inventory.made["ws-2"]["ansible_host"] == "192.0.2.12"
    assert [each for each in loaded.warnings if "hidden rows are part of the plan: 3" in each]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"x" * 600, "old format (.xls)"),
        (b"<html><table><tr><td>x</td></tr></table></html>", "HTML or XML that somebody named .xlsx"),
        (b"", "this is not a workbook"),
        (b"name;site\n", "this is not a workbook"),
        (saved(workbook({"Munka1": [["x"]]})), "no sheet is a table of a plan (found: Munka1)"),
    ],
)
def test_what_is_no_plan_is_called_what_it_is(content, message) -> None:
    assert message in only_error(content)


def test_a_machine_without_the_library_is_told_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    content = saved(workbook(GOOD))
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert "workbooks need the Python module openpyxl – install it for the Python that runs" in only_error(content)


def test_excels_hint_line_is_no_row() -> None:
    files = [(name, b"sep=;\r\n" + content) for name, content in csv_files(GOOD, delimiter=";")]
    assert load_files(*files).inventory == SAME


def test_errors_of_csv_files_count_lines_and_name_columns() -> None:
    files = csv_files(good(hosts_B3="192.0.2.300"))
    with pytest.raises(PlanError) as refused:
        load_files(*files)
    assert "plan/hosts.csv, row 3, column 2, IP-cím: address" in str(refused.value)


def test_a_quote_that_does_not_close_is_told_where_it_opens() -> None:
    files = dict(csv_files(GOOD))
    files["plan/users.csv"] += b'\r\n"Dr. X,doctor,1,E99901A'
    with pytest.raises(PlanError) as refused:
        load_files(*files.items())
    assert "plan/users.csv:3:1: this row is not CSV" in str(refused.value)


TARGETS = (
    r"windows_store:LocalMachine\WebHosting (accounts=HIS|Backup); pem_files:/e/c.pem|/e/k.pem (owner=his mode=0640)"
)


def test_certificate_targets_of_a_cell_are_those_of_yaml() -> None:
    tables = good()
    for row, value in zip(tables["hosts"], ("certificate targets", None, TARGETS), strict=True):
        row.append(value)
    text = plan_texts.good(
        "    system: windows\n",
        "    system: windows\n    certificate_targets:\n"
        "      - {type: windows_store, location: LocalMachine, store: WebHosting, accounts: [HIS, Backup]}\n"
        '      - {type: pem_files, certificate: /e/c.pem, key: /e/k.pem, owner: his, mode: "0640"}\n',
    )
    assert load_tables(tables).inventory == plan_texts.read(text)[0]


@pytest.mark.parametrize("cell", ["windows store", "windows_store:a\\b\\c", "pkcs12_file:/x (mode)", "pem_files(a=b"])
def test_certificate_targets_that_cannot_be_read_are_refused(cell) -> None:
    tables = good()
    for row, value in zip(tables["hosts"], ("certificate targets", cell, None), strict=True):
        row.append(value)
    assert "sheet hosts, cell F2" in only_error(saved(workbook(tables)))
