"""The same plan as YAML, as LibreOffice's workbook and as Hungarian Excel's CSV: byte for byte one inventory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from plan_command import HEAD, ansible_inventory, listing
from plan_tables import GOOD, Tables, csv_files, good, load_workbook, saved, workbook, written
from same_tables import FOLDER, TABLES, csv_as_hungarian_excel_saves_it, office, saved_by_libreoffice

from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.load import Loaded, load_inventory, open_source

FORMS = ("plan.yml", "plan.xlsx", "csv")
CONSTRUCTED = """\
strict: true
compose:
  label: inventory_hostname ~ ' (' ~ eeszt_site.name ~ ')'
groups:
  of_three: eeszt_institutions | length == 3
keyed_groups:
  - {key: eeszt_purpose, prefix: purpose}
  - {key: eeszt_site.ring | string, prefix: turn}
"""


def load(name: str) -> Loaded:
    return load_inventory([open_source(str(FOLDER / name), lambda path: Path(path).read_text("utf-8"))], None, ())


def said(folder: Path, form: str, *options: str) -> str:
    """What the command prints for one form of the plan; all forms share one source file's name."""
    source = folder / "clinic.site_plan.yml"
    source.write_text(f"{HEAD}plan: {FOLDER / form}\n{CONSTRUCTED}", encoding="utf-8")
    done = ansible_inventory(source, *options)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize(
    ("options", "shows"),
    [
        (("--list",), '"eeszt_reader": "REINER SCT cyberJack RFID standard"'),
        (("--list", "--export"), '"purpose_terminal_server"'),
        (("--graph", "--vars"), "|  |--{label = patika-1 (Győri patika)}"),
        (("--list", "--limit", "site_gyor"), '"G00123"'),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_every_form_gives_the_same_bytes(tmp_path: Path, options: tuple[str, ...], shows: str) -> None:
    first, *others = (said(tmp_path, form, *options) for form in FORMS)
    assert shows in first
    assert others == [first, first]


@pytest.mark.parametrize("form", FORMS)
def test_no_form_warns(form: str) -> None:
    assert load(form).warnings == []


def test_a_limit_to_a_site_leaves_its_hosts(tmp_path: Path) -> None:
    shown = json.loads(said(tmp_path, "plan.xlsx", "--list", "--limit", "site_gyor"))
    assert list(shown["_meta"]["hostvars"]) == ["patika-1"]


@pytest.mark.parametrize("form", ["plan.xlsx", "csv"])
def test_the_cache_forgets_a_plan_whose_files_changed(tmp_path: Path, form: str) -> None:
    caching = {
        "ANSIBLE_INVENTORY_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_INVENTORY_CACHE_CONNECTION": str(tmp_path / "cache"),
    }
    (tmp_path / "csv").mkdir()
    source = tmp_path / "clinic.site_plan.yml"
    source.write_text(f"{HEAD}cache: true\nplan: {form}\ncompose: {{seen: ansible_host}}\n", encoding="utf-8")

    def save(tables: Tables) -> None:
        (tmp_path / "plan.xlsx").write_bytes(saved(workbook(tables)))
        written(tmp_path / "csv", csv_files(tables))

    def seen() -> object:
        return listing(source, **caching)["_meta"]["hostvars"]["ws-1"]["seen"]

    save(GOOD)
    assert seen() == "192.0.2.11"
    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_text(kept.read_text(encoding="utf-8").replace("192.0.2.11", "192.0.2.99"), encoding="utf-8")
    assert seen() == "192.0.2.99"
    save(good(hosts_B2="192.0.2.77"))
    assert seen() == "192.0.2.77"


def test_the_kept_csv_files_are_those_that_this_code_writes() -> None:
    kept = {path.stem: path.read_bytes() for path in (FOLDER / "csv").iterdir()}
    assert kept == {title: csv_as_hungarian_excel_saves_it(rows) for title, rows in TABLES.items()}
    assert "Tükörfúrógép".encode("cp1250") in kept["intézmények"]


@pytest.mark.parametrize("way", [("xlsx",), ("ods", "xlsx")], ids=" ".join)
def test_what_libreoffice_saves_today_reads_the_same(tmp_path: Path, way: tuple[str, ...]) -> None:
    program = office()
    if program is None:
        pytest.skip("LibreOffice is not on this machine; the kept workbook was saved by it")
    loaded = load_workbook(saved_by_libreoffice(program, tmp_path, way))
    assert loaded.inventory == load("plan.yml").inventory


def test_an_opendocument_file_is_told_from_a_workbook(tmp_path: Path) -> None:
    program = office()
    if program is None:
        pytest.skip("LibreOffice is not on this machine; test_plan_odd_workbooks.py has the same by hand")
    with pytest.raises(Exception, match=r"OpenDocument file \(.ods\) that somebody named .xlsx"):
        load_workbook(saved_by_libreoffice(program, tmp_path, ("ods",)))
