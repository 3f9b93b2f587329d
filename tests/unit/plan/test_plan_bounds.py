"""Files that would fill the memory or never end: each gets a clear refusal, or a fast read.

Nothing here is timed. Without its bound each of these is a test that nobody sees end, or one that takes gigabytes.
"""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import plan_texts
import pytest
from plan_packages import HOSTS, ROWS, changed, good_parts, packed, sheet, with_hosts
from plan_tables import csv_files, errors, good, load_files, load_workbook, only_error

from ansible_collections.eeszt.connect.plugins.plugin_utils.plan import findings, load, package, sheet_shape, tables
from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.findings import PlanError
from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.load import load_inventory, open_source
from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.sheet_shape import look_through

SAME = plan_texts.read(plan_texts.GOOD)[0]
MEGABYTE = 1024 * 1024


@pytest.fixture
def traced() -> Iterator[None]:
    """Memory is counted."""
    tracemalloc.start()
    yield
    tracemalloc.stop()


def megabytes() -> float:
    return tracemalloc.get_traced_memory()[1] / MEGABYTE


def csv_errors(*files: tuple[str, bytes]) -> list[str]:
    with pytest.raises(PlanError) as refused:
        load_files(*files)
    return [str(finding) for finding in refused.value.findings]


def bomb(size: int) -> bytes:
    """A small workbook with a part of ``size`` bytes of nothing."""
    stream = io.BytesIO(packed(good_parts()))
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as target, target.open("xl/x.xml", "w") as part:
        for _ in range(size // MEGABYTE):
            part.write(b"0" * MEGABYTE)
    return stream.getvalue()


def test_a_zip_bomb_is_refused_before_it_is_unpacked(traced: None) -> None:
    content = bomb(400 * MEGABYTE)
    tracemalloc.reset_peak()
    assert "the workbook has more than 48 MB when unpacked" in only_error(content)
    assert megabytes() < 20


def test_a_file_too_large_to_be_a_plan_is_not_read_whole(tmp_path: Path, traced: None) -> None:
    for name in ("plan.xlsx", "hosts.csv"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(10_000 * MEGABYTE)
    for name, said in (("plan.xlsx", "workbook has more than 16 MB"), ("hosts.csv", "file has more than 32 MB")):
        with pytest.raises(PlanError, match=said):
            load_inventory([open_source(str(tmp_path / name), str)], None, ())
    assert megabytes() < 3 * load.MOST_READ / MEGABYTE


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "hosts.csv")
    with pytest.raises(OSError, match="not a file"):
        open_source(str(tmp_path), str)


@pytest.mark.parametrize("declaration", ["<!DOCTYPE x>", '<!DOCTYPE x [<!ENTITY a "a"><!ENTITY b "&a;&a;">]>'])
@pytest.mark.parametrize("before", ["", f"<!--{' ' * 5000}-->"], ids=["first", "late"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_wherever_it_hides(declaration: str, before: str, encoding: str) -> None:
    text = good_parts()["xl/workbook.xml"].decode()
    part = f'<?xml version="1.0" encoding="{encoding}"?>{before}{declaration}{text}'.encode(encoding)
    assert "has a document type, which no workbook" in only_error(packed({**good_parts(), "xl/workbook.xml": part}))


@pytest.mark.parametrize("encoding", ["klingon", "euc-jp", ""])
def test_an_encoding_that_nobody_knows_is_refused(encoding: str) -> None:
    part = f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + good_parts()["xl/workbook.xml"]
    assert "the workbook's part xl/workbook.xml is" in only_error(packed({**good_parts(), "xl/workbook.xml": part}))


def test_a_million_empty_rows_never_reach_the_library() -> None:
    # https://github.com/nissl-lab/npoi/issues/895, https://github.com/iOfficeAI/OfficeCLI/issues/149
    empty = "".join(f'<row r="{n}"><c r="A{n}" s="0"/></row>' for n in range(4, 100_000))
    kept, shape = look_through(sheet(ROWS + empty))
    assert shape
    assert (shape.rows, shape.columns) == (3, 5)
    assert kept == sheet(ROWS)
    assert load_workbook(with_hosts(ROWS + empty)).inventory == SAME


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        # https://github.com/nao1215/filesql/issues/519
        (
            '<row r="1048576"><c r="E1048576"><v>1</v></c></row>',
            "sheet hosts: the sheet has values down to row 1048576 and out to column 5, more than any plan – delete",
        ),
        (
            "".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(4, 300)),
            "sheet hosts: the sheet has values down to row 299 and out to column 16384, more than any plan",
        ),
        ("<a>" * 100_000 + "</a>" * 100_000, "sheet hosts: the sheet has more than 64 tags in one another"),
        (f"<!--{'<row ' * MEGABYTE}-->", "sheet hosts: the sheet has a passage of more than 1 MB"),
        (f"<row x='{' ' * 2 * MEGABYTE}'/>", "sheet hosts: the sheet has a passage of more than 1 MB"),
        (f"<?x {' ' * 2 * MEGABYTE}?>", "sheet hosts: the sheet has a passage of more than 1 MB"),
        ('<row r="99999999999"/>', 'sheet hosts: the sheet has the row "99999999999" where row 4'),
    ],
    ids=["far down", "far out", "deep", "long comment", "long attribute", "long instruction", "no such row"],
)
def test_a_sheet_beyond_all_measure_is_refused(rows: str, said: str, traced: None) -> None:
    content = with_hosts(ROWS + rows)
    tracemalloc.reset_peak()
    assert said in only_error(content)
    assert megabytes() < 100


def test_one_value_far_out_is_told_at_its_cell() -> None:
    content = with_hosts(ROWS.replace("</row>", '<c r="XFD1"><v>7</v></c></row>', 1))
    assert 'sheet hosts, cell XFD1: "7" is not the head of a column here' in only_error(content)


def test_nesting_in_any_part_ends() -> None:
    deep = "<sheets>" + "<a>" * 50_000 + "</a>" * 50_000
    assert "xl/workbook.xml has more than 64 tags" in only_error(changed("xl/workbook.xml", ("<sheets>", deep)))


def test_parts_without_number_are_refused() -> None:
    parts = {f"xl/x{number}.xml": b"<a/>" for number in range(package._MOST_PARTS)}
    assert "parts, more than any plan" in only_error(packed({**good_parts(), **parts}))


def test_two_parts_of_one_name_are_refused() -> None:
    assert "two parts of one name" in only_error(packed({**good_parts(), HOSTS.replace("/", "\\"): b"<a/>"}))


def test_a_row_without_end_is_one_error(traced: None) -> None:
    content = b"name,site\r\n" + b",x" * MEGABYTE
    assert csv_errors(("plan/hosts.csv", content)) == [
        "plan/hosts.csv:2:1: this row has 1048577 cells, more than any table of a plan"
        " – look for a quote or a line end that is missing"
    ]
    assert megabytes() < 200


def test_empty_cells_on_the_right_are_no_cells() -> None:
    files = [(name, content.replace(b"\r\n", b"," * 5000 + b"\r\n")) for name, content in csv_files(good())]
    assert load_files(*files).inventory == SAME


def test_a_table_without_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_ROWS", 3)
    hosts = "name,site\r\n" + "".join(f"ws-{number},buda\r\n" for number in range(9))
    found = csv_errors(("plan/hosts.csv", hosts.encode()), *csv_files(good())[1:2])
    assert "plan/hosts.csv, row 5, column 1, name: the table has more than 3 rows" in "\n".join(found)


def test_errors_without_number_are_counted_and_the_first_are_told() -> None:
    rows = findings.MOST_TOLD + 500
    hosts = "name,site\r\n" + "".join(f"ws-{number},nowhere\r\n" for number in range(rows))
    with pytest.raises(PlanError) as refused:
        load_files(("plan/hosts.csv", hosts.encode()))
    assert refused.value.summary.startswith(f"{rows} errors (of which {findings.MOST_TOLD} are told) in the site plan")
    assert len(refused.value.details.splitlines()) == findings.MOST_TOLD


def test_a_sentence_does_not_quote_a_book() -> None:
    (found,) = plan_texts.errors(plan_texts.good("192.0.2.11", "x y" * 100_000))
    assert len(found) < 3000


def test_names_that_nobody_knows_are_not_compared_with_all_names_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    import difflib

    asked = []
    monkeypatch.setattr(difflib, "get_close_matches", lambda *words: asked.append(words) or [])
    hosts = "".join(f"  - {{name: h{number}, site: s{number}}}\n" for number in range(300))
    assert len(plan_texts.errors(f"sites: [{{id: s}}]\nhosts:\n{hosts}")) == 300
    assert len(asked) == 50


@pytest.mark.parametrize(
    "number", ["0x" + "f" * 5000, "1" + ":59" * 3000, "0b" + "1" * 20_000, "0" + "7" * 6000, "9" * 5000]
)
def test_a_number_of_thousands_of_digits_is_refused(number: str) -> None:
    found = plan_texts.errors(plan_texts.good("name: Mintarendelő Kft.", f"name: {number}"))
    assert "has the form of the number, but is none" in found[0] or len(found[0]) < 3000


@pytest.mark.parametrize("opened", ["[", "- ", "{a: "])
def test_yaml_without_bottom_is_refused(opened: str) -> None:
    assert "nesting depth" in plan_texts.errors("a: " + opened * 200_000 if opened != "- " else opened * 200_000)[0]


def test_a_text_too_long_to_be_a_plan_is_refused() -> None:
    assert "more than 32 MB" in plan_texts.only_error("#" * (32 * MEGABYTE + 1))


def test_the_bounds_leave_room_for_the_largest_plan() -> None:
    assert sheet_shape.MOST_CELLS > 10_000 * 20 * 10
    assert tables.MOST_ROWS >= 20 * 10_000
    assert errors(packed(good_parts())) == []
