"""A workbook with planted errors of as many kinds: all come in one run, each at its cell with value and remedy."""

from __future__ import annotations

import datetime

import openpyxl
import pytest
from plan_command import HEAD, ansible_inventory
from plan_tables import Tables, csv_files, errors, load_files, saved, workbook

from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.findings import PlanError

TABLES: Tables = {
    "intézmények": [
        ["Név", "Nyilvántartó", "Hatósági azonosító", "Adminisztrátor e-mail", "Nyilatkozat elfogadva", "Jelszó"],
        ["Jó Kft.", "oth", "99901A", "jo@jo.example", "2026-02-02"],
        ["Kisbetűs Kft.", "oth", "99902a"],
        ["NEAK Bt.", "oth", "M655"],
        ["Egységkód Bt.", "oth", "001293696"],
        ["Szám Bt.", "ogyei", 193],
        ["Cirill Bt.", "oth", "99903А"],
        ["Szóköz Bt.", "oth", "99904 A"],
        ["Széles Bt.", "oth", "9990５A"],
        ["O betű Bt.", "oth", "O9906A"],
        ["Hivatal Bt.", "antsz", "99907A"],
        ["Levél Bt.", "oth", "99908A", "levél", "2026-02-30"],
        ["Jó Másodszor Kft.", "oth", "99901A"],
        ["Hatnál több Bt.", "ogyei", "9990911"],
    ],
    "sites": [
        ["id", "ring", "proxy", "jump host", "megjegyzés"],
        ["buda", "canary"],
        ["Győr-2", "soon"],
        ["Gyor_2", 12],
        ["falu", 3, "me:secret@proxy:1", "a b"],
        [datetime.date(2026, 5, 1)],
    ],
    "hosts": [
        ["name", "address", "site", "system", "purpose", "login methods", "serves", "certificate targets", "sytem"],
        [
            "ws-1",
            "192.0.2.11",
            "buda",
            "linux",
            "workstation",
            "eid_card",
            "E99901A",
            "pkcs12_file:/e/{institution}.p12",
        ],
        ["ws 2", "192.0.2.12", "buda", "linux", None, None, "E99901A"],
        ["ws-3", "192.0.2.300", "budda", "beos", "kiosk", "card", "E99901B"],
        ["ws-1", "192.0.2.14", "buda", "linux", None, None, "E99901A"],
        ["WS-1", "192.0.2.15", "buda", "linux", None, None, "99901A"],
        ["site_buda", "192.0.2.16", "buda", "linux", None, None, "E99901A"],
        ["ws-7", "192.0.2.17", "buda", "linux", None, None, "E99901A; E99901A", "pkcs12 file"],
        ["ws-8", "192.0.2.18", "buda", "linux", None, None, "E99901A", "pkcs12_file:relative.p12"],
        ["ws-9", "192.0.2.19", "buda", "linux", None, None, "E99901A", "windows_store"],
        ["ws-10", True, None, "linux", None, None, "E99901A"],
    ],
    "users": [
        [
            "name",
            "profession",
            "prefix",
            "registry number",
            "user name",
            "institutions",
            "hosts",
            "login method",
            "activated",
        ],
        ["Dr. Jó", "doctor", None, "50001", None, "E99901A", "ws-1", "eid_card", "2026-02-12"],
        ["Dr. Kis", None, "o", "50002", None, "E99901A"],
        ["Dr. Nulla", None, "0", "50003", None, "E99901A"],
        ["Dr. Szám", "doctor", None, 50004, None, "E99901A"],
        ["Dr. Előtag", "doctor", None, "O50005", None, "E99901A"],
        ["Dr. Írt", "doctor", None, "50006", "O50006", "E99901A"],
        ["Dr. Sebész", "surgeon", None, "50007", None, "E99901A"],
        ["Anna", "other", None, None, "O50008", "E99901A"],
        ["Dr. Hol", "doctor", None, "50009", None, "E99901A", "ws-99", "sms", "tegnap"],
        ["Dr. Jó Ismét", "doctor", None, "50001", None, "E99901A"],
        [None, "doctor", None, "50011", None, "E99901A"],
        ["Dr. Messze", "doctor", None, "50012", None, "E99901A", None, None, None, "x"],
    ],
}
# Sheet, cell, what is said of the value, and the remedy.
PLANTED: list[tuple[str, str, str, str]] = [
    ("intézmények", "F1", "Jelszó looks like a secret, and a plan has none", "put it into group_vars"),
    ("intézmények", "C3", '"99902a" has a lower-case letter; EESZT ids are case-sensitive', 'write "99902A"'),
    ("intézmények", "C4", '"M655" has four characters: it is a NEAK code', "give the six-character id"),
    ("intézmények", "C5", '"001293696" has nine digits: it is the code of an organisational unit', "operating licence"),
    (
        "intézmények",
        "C6",
        "the number 193; zeros on its left, if there were any, are lost",
        "type it again from the papers",
    ),
    ("intézmények", "C7", "only looks like A (U+0410 CYRILLIC CAPITAL LETTER A)", "type the Latin A"),
    ("intézmények", "C8", '"99904 A" has a blank', 'write it without: "99904A"'),
    ("intézmények", "C9", "has a full-width digit (U+FF15 FULLWIDTH DIGIT FIVE)", "write the ordinary 5"),
    ("intézmények", "C10", '"O9906A" has the letter O where a zero must be', 'write "09906A"'),
    ("intézmények", "B11", 'authority "antsz" is not known', "use one of oth, ogyei"),
    ("intézmények", "D12", 'email "levél" is not an e-mail address', "name@example.com"),
    ("intézmények", "E12", 'declaration_accepted "2026-02-30" is not a day', "2026-03-31"),
    (
        "intézmények",
        "C13",
        "E99901A is already there, at plan.xlsx, sheet intézmények, cell C2",
        "one entry of the two",
    ),
    ("intézmények", "C14", '"9990911" has 7 characters', "six characters, or five"),
    ("sites", "E1", '"megjegyzés" is not the head of a column here', "known are id, name"),
    ("sites", "B3", 'ring "soon" is not known', "canary, early, broad or a number 1 to 9"),
    ("sites", "A4", 'sites "Győr-2" and "Gyor_2" both become the group site_Gyor_2', "rename one of them"),
    ("sites", "B4", 'ring "12" is not known', "1 to 9"),
    ("sites", "C5", "proxy holds an account, and a plan has no secrets", "group_vars"),
    ("sites", "D5", 'jump_host "a b" is not a host', "admin@jump.example:22"),
    ("sites", "A6", "the date 2026-05-01; what was typed is lost", "format the column as Text"),
    ("hosts", "I1", '"sytem" is not the head of a column here', "did you mean system?"),
    ("hosts", "A3", 'name "ws 2" is not a host name', "dashes"),
    ("hosts", "B4", 'address "192.0.2.300" is not an IP address', "four numbers 0 to 255"),
    ("hosts", "C4", 'the plan has no site "budda"', "did you mean buda?"),
    ("hosts", "D4", 'system "beos" is not known', "windows, linux"),
    ("hosts", "E4", 'purpose "kiosk" is not known', "terminal_server"),
    ("hosts", "F4", 'login_methods "card" is not known', "mobile_token"),
    ("hosts", "G4", 'the plan has no institution "E99901B"', "did you mean E99901A?"),
    ("hosts", "A5", "ws-1 is already there, at plan.xlsx, sheet hosts, cell A2", "one entry of the two"),
    ("hosts", "A6", "WS-1 and ws-1, at plan.xlsx, sheet hosts, cell A2", "rename one of them"),
    ("hosts", "A7", "site_buda is the name of a group as well", "rename the host"),
    ("hosts", "G8", 'serves names "E99901A" twice', "remove one"),
    ("hosts", "H8", '"pkcs12 file" is not a certificate target', "type:place"),
    ("hosts", "H9", 'path "relative.p12" is not a full path', "begin with /"),
    ("hosts", "H10", "ws-9 has Linux, and so no windows_store", "pem_files or pkcs12_file"),
    ("hosts", "B11", "the logical value TRUE", "format the column as Text"),
    ("hosts", "A11", "site is missing", "the id of the site"),
    ("users", "C3", 'the prefix "o" is lower case', 'write "O"'),
    ("users", "C4", 'the prefix is the digit zero "0"', 'capital letter "O"'),
    ("users", "D5", "the number 50004; zeros on its left, if there were any, are lost", "from the papers"),
    ("users", "D6", '"O50005" begins with a prefix', 'write "50005"'),
    ("users", "E7", "the user name of prefix O is derived, never typed", "remove user_name"),
    ("users", "B8", 'profession "surgeon" is not known', "pharmacist"),
    ("users", "E9", "O50008 belongs to a health profession", "write profession and registry_number"),
    ("users", "G10", 'the plan has no host "ws-99"', "did you mean ws-"),
    ("users", "H10", 'login_method "sms" is not known', "eid_card"),
    ("users", "I10", 'activated "tegnap" is not a day', "2026-03-31"),
    ("users", "D11", "O50001 is already there, at plan.xlsx, sheet users, cell D2", "one entry of the two"),
    ("users", "B12", "name is missing", "write the person's name"),
    ("users", "J13", '"x" stands in a column without a head', "write a head above it"),
]


def test_every_planted_error_comes_at_its_cell_and_no_other_comes() -> None:
    found = errors(saved(workbook(TABLES)))
    told: list[str] = []
    for sheet, cell, message, remedy in PLANTED:
        lines = [line for line in found if message in line and f" {sheet}, cell {cell}: " in line]
        assert len(lines) == 1, f"{sheet} {cell}: {message}\n" + "\n".join(found)
        assert remedy in lines[0].partition(" – ")[2], lines[0]
        told += lines
    # Sheet by sheet, row by row; and no other error comes.
    assert found == sorted(told, key=place)
    assert len(found) == len(PLANTED) > 30


def place(line: str) -> tuple[int, int, int]:
    sheet, cell = line.split(", ", 1)[1].split(":")[0].removeprefix("sheet ").split(", cell ")
    return list(TABLES).index(sheet), *openpyxl.utils.cell.coordinate_to_tuple(cell)


def test_in_csv_the_same_errors_have_their_row_and_column() -> None:
    with pytest.raises(PlanError) as refused:
        load_files(*csv_files(TABLES, "utf-8", ";"))
    found = str(refused.value)
    assert 'plan/intézmények.csv, row 3, column 3, Hatósági azonosító: "99902a" has a lower-case letter' in found
    assert 'plan/hosts.csv, row 4, column 3, site: the plan has no site "budda" – did you mean buda?' in found
    assert 'plan/users.csv, row 10, column 9, activated: activated "tegnap" is not a day' in found


def test_the_command_shows_them_all_at_once(tmp_path) -> None:
    (tmp_path / "plan.xlsx").write_bytes(saved(workbook(TABLES)))
    source = tmp_path / "clinic.site_plan.yml"
    source.write_text(f"{HEAD}plan: plan.xlsx\n", encoding="utf-8")
    done = ansible_inventory(source, "--list")
    assert done.returncode != 0
    assert f"{len(PLANTED)} errors in the site plan; nothing of it was used" in done.stderr
    for sheet, cell, message, _ in PLANTED:
        assert f"plan.xlsx, sheet {sheet}, cell {cell}: " in done.stderr
        assert message.partition(", at plan")[0] in done.stderr
