"""Workbooks that were not ours: each oddity was somebody's bug report, and is built anew here from a few lines.

Every one is read as its owner sees it in a spreadsheet program, or refused with the true reason.
"""

from __future__ import annotations

import datetime
import re

import plan_texts
import pytest
from plan_packages import (
    HEADS,
    HOSTS,
    ROWS,
    SHEETS,
    WS_1,
    WS_2,
    changed,
    changed_parts,
    good_parts,
    packed,
    parts_of,
    row,
    sheet,
    table,
    text,
    with_hosts,
)
from plan_tables import GOOD, errors, good, load_workbook, only_error, saved, workbook
from same_tables import FOLDER

SAME = plan_texts.read(plan_texts.GOOD)[0]
FILTER = (
    '<filterColumn colId="0"><customFilters><customFilter operator="notEqual" val=" "/></customFilters></filterColumn>'
)
WIDE = '<c r="XFD1" s="0"/></row>'


def of_libreoffice() -> dict[str, bytes]:
    """The parts of a workbook with a table of shared strings, which the library that writes ours does not make."""
    return parts_of((FOLDER / "plan.xlsx").read_bytes())


def with_prefix(part: bytes) -> bytes:
    return part.replace(b"<", b"<x:").replace(b"<x:/", b"</x:").replace(b"xmlns=", b"xmlns:x=")


READ_RIGHT = {
    # https://github.com/pandas-dev/pandas/issues/39001 and https://github.com/wireservice/agate-excel/issues/22
    "a sheet that says it is one cell": with_hosts(ROWS, '<dimension ref="A1"/>'),
    # https://github.com/developer0hye/office2pdf/issues/1703
    "a sheet that says it is larger than a sheet can be": with_hosts(ROWS, '<dimension ref="A1:XFE16777217"/>'),
    # https://github.com/pandas-dev/pandas/issues/34821
    "a sheet that says nothing of its size": with_hosts(ROWS),
    "a sheet whose size is a word": with_hosts(ROWS, '<dimension ref="all of it"/>'),
    # https://github.com/pandas-dev/pandas/issues/51557 and https://github.com/theorchard/openpyxl/issues/55
    "a filter that hides blanks": with_hosts(ROWS, tail=FILTER),
    # https://github.com/langgenius/dify/issues/2172 and https://github.com/pandas-dev/pandas/issues/40499
    "a fill without a pattern": changed("xl/styles.xml", ("<patternFill />", "")),
    # https://github.com/googlecolab/colabtools/issues/5002
    "a fill with an extension": changed("xl/styles.xml", ("<patternFill />", "<patternFill><extLst/></patternFill>")),
    # https://github.com/mobility-team/mobility/issues/91
    "colours that are none": changed("xl/styles.xml", ('rgb="00000000"', 'rgb="blue"')),
    # https://github.com/kz26/PyExcelerate/issues/34
    "no styles at all": packed({name: part for name, part in good_parts().items() if name != "xl/styles.xml"}),
    # https://github.com/dotnet/Open-XML-SDK/issues/6
    "a day of creation that is none": changed(
        "docProps/core.xml", ('W3CDTF">', 'W3CDTF">4/20/2014 6:54:00 PM'), ("Z</dcterms", "</dcterms")
    ),
    # https://github.com/tafia/calamine/issues/530 and https://github.com/PHPOffice/PhpSpreadsheet/issues/3472
    "parts named with backslashes": packed({name.replace("/", "\\"): part for name, part in good_parts().items()}),
    # https://github.com/python-excel/xlrd/issues/96
    "parts named in capitals": packed({name.upper(): part for name, part in good_parts().items()}),
    # https://github.com/python-excel/xlrd/issues/241
    "a book that is called workbook2": packed(
        {
            name.replace("xl/workbook", "xl/workbook2").replace("_rels/workbook", "_rels/workbook2"): part.replace(
                b"xl/workbook.xml", b"xl/workbook2.xml"
            )
            for name, part in good_parts().items()
        }
    ),
    # https://github.com/abap2xlsx/abap2xlsx/issues/447 and https://github.com/ExcelDataReader/ExcelDataReader/issues/97
    "tags with a prefix": packed({**good_parts(), HOSTS: with_prefix(sheet(ROWS))}),
    "a sheet in UTF-16": packed(
        {**good_parts(), HOSTS: ('<?xml version="1.0" encoding="UTF-16"?>' + sheet(ROWS).decode()).encode("utf-16")}
    ),
    # https://github.com/box/spout/issues/267 and https://github.com/exceljs/exceljs/issues/2961
    "cells without places": with_hosts(re.sub(r' r="[A-Z0-9]+"', "", ROWS)),
    # https://github.com/tidyverse/readxl/issues/671
    "places here and there": with_hosts(re.sub(r' r="[B-D][0-9]"', "", ROWS).replace('<row r="2"', "<row")),
    # https://github.com/rfischer42/xlsx-reader/issues/10
    "an empty row above the heads": with_hosts('<row r="1"/>' + "".join(table(2))),
    # https://github.com/PHPOffice/PhpSpreadsheet/issues/3982
    "formats down to the last row": with_hosts(ROWS + '<row r="1048576" hidden="1"><c r="A1048576" s="0"/></row>'),
    "formats out to the last column": with_hosts(ROWS.replace("</row>", WIDE, 1)),
    # https://github.com/ClosedXML/ClosedXML/issues/91, https://github.com/jsonkenl/xlsxir/pull/138: runs,
    "a name in bold and plain": with_hosts(
        ROWS.replace("<t>ws-1</t>", '<r><rPr><b/></rPr><t>ws</t></r><r><t>-1</t></r><rPh sb="0" eb="1"><t>z</t></rPh>')
    ),
    # https://github.com/doy/spreadsheet-parsexlsx/issues/81 and https://github.com/exceljs/exceljs/pull/584
    "line ends as escapes": with_hosts(ROWS.replace("E99901A; P099002", "E99901A_x000D_\nP099002_x000d__x000A_")),
    # https://github.com/office-kit/xlsx/issues/131
    "characters by number": with_hosts(ROWS.replace("ws-1", "&#119;s&#x2D;1")),
    "a formula that found nothing": with_hosts(
        ROWS.replace("</row>", '<c r="F1" t="str"><f>IF(1,"","x")</f><v></v></c></row>', 1)
    ),
    # https://github.com/onyx-dot-app/onyx/pull/13354
    "a formula with its answer": with_hosts(
        ROWS.replace('<c r="A2" ' + text("ws-1"), '<c r="A2" t="str"><f>"ws-"&amp;1</f><v>ws-1</v></c>')
    ),
    # https://github.com/ClosedXML/ClosedXML/pull/1058
    "an answer from another workbook": with_hosts(
        ROWS.replace('<c r="A2" ' + text("ws-1"), '<c r="A2" t="str"><f>[1]Sheet1!$A$1</f><v>ws-1</v></c>')
    ),
    "a print title that is gone": changed(
        "xl/workbook.xml",
        (
            "</sheets>",
            '</sheets><definedNames><definedName name="_xlnm.Print_Titles" localSheetId="0">#REF!'
            "</definedName></definedNames>",
        ),
    ),
    "a cell whose style is missing": with_hosts(ROWS.replace('<c r="B2"', '<c r="B2" s="99"')),
}


@pytest.mark.parametrize("content", READ_RIGHT.values(), ids=READ_RIGHT)
def test_an_odd_workbook_is_read_right(content: bytes) -> None:
    loaded = load_workbook(content)
    assert loaded.inventory == SAME
    assert loaded.warnings == []


def test_a_table_of_shared_strings_under_another_case_is_found() -> None:
    # https://github.com/box/spout/issues/727, https://github.com/python-excel/xlrd/issues/169
    parts = of_libreoffice()
    parts["xl/SharedStrings.xml"] = parts.pop("xl/sharedStrings.xml")
    assert "falu-ts" in load_workbook(packed(parts)).inventory.made


def test_days_of_a_workbook_that_counts_from_1904_are_right() -> None:
    # https://github.com/shuchkin/simplexlsx/issues/40, https://github.com/miraisolutions/xlconnect/issues/53
    book = workbook(good(institutions_D1="receipt", institutions_D2=datetime.date(2026, 2, 9)))
    content = saved(book)
    number = re.search(r"<v>(46\d{3})</v>", parts_of(content)[SHEETS["intézmények"]].decode())
    assert number
    # As Excel for Mac saves the same day: the flag, and 1462 days less.
    parts = changed_parts(
        SHEETS["intézmények"], (number[0], f"<v>{int(number[1]) - 1462}</v>"), parts=parts_of(content)
    )
    mac = changed("xl/workbook.xml", ("<workbookPr />", '<workbookPr date1904="1" />'), parts=parts)
    for each in (content, mac):
        (first, _) = load_workbook(each).inventory.made["ws-1"]["eeszt_institutions"]  # type: ignore[misc]
        assert first["onboarding"] == {"receipt": "2026-02-09"}


def test_a_hidden_sheet_is_read_and_told() -> None:
    book = workbook(GOOD)
    book["hosts"].sheet_state = "veryHidden"
    loaded = load_workbook(saved(book))
    assert loaded.inventory == SAME
    assert loaded.warnings == ["plan.xlsx, sheet hosts: a hidden sheet is part of the plan – show it, or delete it"]


def test_another_sheet_of_any_size_and_order_is_left_alone() -> None:
    book = workbook({**GOOD, "Munka1": [["x"]]})
    parts = parts_of(saved(book))
    parts["xl/worksheets/sheet5.xml"] = sheet('<row r="9"><c r="XFD9"><v>1</v></c></row><row r="3"/>')
    assert load_workbook(packed(parts)).inventory == SAME


def cell(value: str) -> bytes:
    """The good workbook with another cell B2, an address, in its sheet of hosts."""
    return with_hosts(ROWS.replace('<c r="B2" ' + text("192.0.2.11"), value))


REFUSED = {
    # https://github.com/EPPlusSoftware/EPPlus/issues/2325 and https://github.com/python-excel/xlrd/issues/92
    "strict": (
        packed(
            {
                name: part.replace(
                    b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
                    b"http://purl.oclc.org/ooxml/spreadsheetml/main",
                )
                for name, part in good_parts().items()
            }
        ),
        'is "Strict Open XML", a rare kind of workbook – save it as the ordinary kind',
    ),
    # https://github.com/qax-os/excelize/issues/1877 and https://github.com/nissl-lab/npoi/issues/1650
    "a password": (
        bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
        "this workbook is behind a password – save it without one",
    ),
    "the old format": (
        bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600 + "Workbook".encode("utf-16-le"),
        "this is a workbook of the old format (.xls) – open it in a spreadsheet program and save it as .xlsx",
    ),
    # https://github.com/PHPOffice/PHPExcel/issues/50 and https://github.com/python-excel/xlrd/issues/350
    "a web page": (b"\r\n <html><table>", "this is HTML or XML that somebody named .xlsx"),
    "a text": (b"name;site\n", "this is not a workbook, or a damaged one"),
    "half a file": (packed(good_parts())[:2000], "this is not a workbook, or a damaged one"),
    "OpenDocument": (
        packed({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<a/>"}),
        "this is an OpenDocument file (.ods) that somebody named .xlsx",
    ),
    "a book with a mimetype": (packed({"mimetype": b"application/epub+zip"}), "this is another program's file"),
    "binary": (
        packed({"[Content_Types].xml": b"<a/>", "xl/workbook.bin": b"\x83\x01"}),
        "this is a binary workbook (.xlsb) that somebody named .xlsx",
    ),
    "an archive": (packed({"hosts.csv": b"name\n"}), "this is an archive, but no workbook"),
    # https://github.com/python-excel/xlrd/issues/192 and https://github.com/ExcelDataReader/ExcelDataReader/issues/729
    "merged cells": (
        with_hosts(ROWS, tail='<mergeCells><mergeCell ref="E2:E3"/></mergeCells>'),
        "sheet hosts: the cells E2:E3 are merged, and only the first of them has a value – unmerge them",
    ),
    # https://github.com/SheetJS/sheetjs/issues/2432: a reader that trusts the order drops what comes late
    "rows out of order": (with_hosts(HEADS + WS_2 + WS_1), 'sheet hosts: the sheet has the row "2" where row 4'),
    "a row twice": (with_hosts(HEADS + WS_1 + WS_1), 'sheet hosts: the sheet has the row "2" where row 3'),
    "cells out of order": (
        with_hosts(HEADS + WS_1.replace('r="B2"', 'r="D2"', 1)),
        'sheet hosts: the sheet has the cell "C2" out of its order in row 2',
    ),
    "a cell of another row": (with_hosts(HEADS + WS_1.replace('r="B2"', 'r="B7"')), 'the cell "B7" out of its order'),
    # https://github.com/ExcelDataReader/ExcelDataReader/issues/97
    "columns as numbers": (with_hosts(HEADS + WS_1.replace('r="B2"', 'r="1"')), 'the cell "1" out of its order'),
    # https://github.com/developer0hye/office2pdf/issues/1703
    "beyond the last column": (
        with_hosts(ROWS.replace("</row>", '<c r="XFE1"><v>1</v></c></row>', 1)),
        'the cell "XFE1" out of its order',
    ),
    "beyond the last row": (with_hosts(ROWS + '<row r="1048577"/>'), 'the row "1048577" where row 4 or a later one'),
    # https://github.com/django-import-export/django-import-export/issues/1019: not the whole file for one day
    "a day of the year 21019": (
        changed(
            SHEETS["intézmények"],
            ("<v>46062</v>", "<v>6983000</v>"),
            parts=parts_of(saved(workbook(good(institutions_D1="receipt", institutions_D2=datetime.date(2026, 2, 9))))),
        ),
        "sheet intézmények, cell D2: the cell shows the error #VALUE!",
    ),
    "an error": (cell('<c r="B2" t="e"><v>#REF!</v></c>'), "sheet hosts, cell B2: the cell shows the error #REF!"),
    "an error of a formula": (
        cell('<c r="B2" t="e"><f>A9</f><v>#N/A</v></c>'),
        "cell B2: the cell shows the error #N/A",
    ),
    # https://github.com/docling-project/docling/issues/2520 and what XlsxWriter writes, 0, where nobody calculated
    "a formula without an answer": (cell('<c r="B2"><f>A1</f></c>'), "cell B2: the formula here has no value"),
    "a formula with nought": (cell('<c r="B2"><f>A1</f><v>0</v></c>'), "cell B2: the formula here has no value"),
    "a formula with an empty answer": (
        cell('<c r="B2"><f>A1</f><v></v></c>'),
        "cell B2: the formula here has no value",
    ),
    "a number without an end": (
        cell('<c r="B2"><v>1E999</v></c>'),
        "sheet hosts, cell B2: the cell holds the number inf",
    ),
    "a number that is a word": (
        cell('<c r="B2"><v>many</v></c>'),
        "cannot be read, sheet hosts, row 2 or soon after it",
    ),
    "a text that is not in the table": (cell('<c r="B2" t="s"><v>77</v></c>'), "sheet hosts, row 2 or soon after it"),
    "a number whose style is missing": (cell('<c r="B2" s="99"><v>5</v></c>'), "cell B2: the cell holds the number 5"),
    "a style that is a word": (cell('<c r="B2" s="x"><v>1</v></c>'), "sheet hosts, row 2 or soon after it"),
}


@pytest.mark.parametrize(("content", "message"), REFUSED.values(), ids=REFUSED)
def test_an_odd_workbook_is_refused_with_its_reason(content: bytes, message: str) -> None:
    assert message in only_error(content)


def test_numbers_where_texts_should_be_say_what_is_lost() -> None:
    # https://github.com/tidyverse/readxl/issues/389: zeros that only the format shows
    book = workbook(good(users_C2=-5))
    book["users"]["C2"].number_format = "000"
    assert "sheet users, cell C2: the cell holds the number -5" in only_error(saved(book))
    assert "the number 50123; zeros on its left, if there were any, are lost" in only_error(
        saved(workbook(good(users_C2=50123)))
    )
    assert load_workbook(saved(workbook(good(sites_B2="1")))).inventory == SAME
    assert load_workbook(saved(workbook(good(sites_B2=1)))).inventory == SAME


def test_a_sheet_that_cannot_be_read_is_not_blamed_on_the_others() -> None:
    found = errors(packed({**good_parts(), SHEETS["sites"]: sheet(row(2, "id") + row(1, "buda"))}))
    assert len(found) == 1
    assert "sheet sites" in found[0]


def test_nothing_of_the_library_reaches_the_screen(recwarn: pytest.WarningsRecorder) -> None:
    load_workbook(READ_RIGHT["no styles at all"])
    only_error(REFUSED["a day of the year 21019"][0])
    assert not recwarn.list
