"""CSV as programs leave it: line ends, marks, encodings, quotes. Each is read right or refused at its row."""

from __future__ import annotations

import plan_texts
import pytest
from plan_tables import GOOD, csv_files, good, load_files, saved, workbook

from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.findings import PlanError

SAME = plan_texts.read(plan_texts.GOOD)[0]
Files = tuple[tuple[str, bytes], ...]


def each(files: Files, old: bytes, new: bytes) -> Files:
    return tuple((name, content.replace(old, new)) for name, content in files)


def before(files: Files, first: bytes) -> Files:
    return tuple((name, first + content) for name, content in files)


def only_error(*files: tuple[str, bytes]) -> str:
    with pytest.raises(PlanError) as refused:
        load_files(*files)
    assert len(refused.value.findings) == 1, refused.value
    return str(refused.value.findings[0])


def hosts(content: bytes) -> Files:
    """The good plan with another file of hosts."""
    return tuple((name, content if "hosts" in name else kept) for name, kept in csv_files(GOOD))


READ_RIGHT = {
    # https://github.com/onaio/onadata/issues/757 and https://github.com/OpenTreeMap/otm-core/issues/1998
    "line ends of old Macs": each(csv_files(GOOD), b"\r\n", b"\r"),
    "line ends of Unix": each(csv_files(GOOD), b"\r\n", b"\n"),
    "line ends of each kind": each(csv_files(GOOD), b"99901A,oth,\r\n", b"99901A,oth,\r"),
    # https://github.com/asafdav/ng-csv/issues/28
    "Excel's hint, and a line end of old Macs": each(
        before(csv_files(GOOD, "utf-8", ";"), b"sep=;\r\n"), b"\r\n", b"\r"
    ),
    "Excel's hint for a sign that nobody guesses": before(csv_files(GOOD, "utf-8", "|"), b"sep=|\r\n"),
    "Excel's hint without a sign": before(csv_files(GOOD), b"sep=\r\n"),
    "an empty line first": before(csv_files(GOOD), b"\r\n\r\n"),
    # https://github.com/devbisme/KiPart/issues/34
    "empty lines last": tuple((name, content + b"\r\n\r\n;;;\r\n") for name, content in csv_files(GOOD, "utf-8", ";")),
    "every cell in quotes": tuple(
        (f"plan/{title}.csv", "\r\n".join(";".join(f'"{cell or ""}"' for cell in row) for row in rows).encode())
        for title, rows in GOOD.items()
    ),
    # https://github.com/CeON/fairchive/issues/2163
    "Windows-1250 with semicolons": csv_files(GOOD, "cp1250", ";"),
    "UTF-16 with its mark": csv_files(GOOD, "utf-16", "\t"),
}


@pytest.mark.parametrize("files", READ_RIGHT.values(), ids=READ_RIGHT)
def test_odd_csv_is_read_right(files: Files) -> None:
    assert load_files(*files).inventory == SAME


REFUSED = {
    # https://github.com/john-corcoran/backblaze-backup-checker/issues/1
    "NUL bytes": (
        hosts(b"name,site\r\nws\0-1,buda"),
        "hosts.csv:1:1: this is not a text file of UTF-8 or Windows-1250",
    ),
    "UTF-16 without its mark": (
        hosts("name,site\r\nws-1,buda".encode("utf-16-le")),
        "hosts.csv:1:1: this is not a text",
    ),
    "UTF-16 cut in two": (hosts(b"\xff\xfen"), "hosts.csv:1:1: this is not a text file"),
    "a byte that Windows-1250 has not": (hosts(b"name,site\r\nw\x81,buda"), "hosts.csv:1:1: this is not a text file"),
    # https://github.com/Knowledge-Graph-Hub/kg-microbe/pull/649: most of a file UTF-8, a row of it not
    "two encodings": (
        hosts("név,telephely,vars.a\r\nws-1,buda,Győr\r\n".encode() + "ws-2,buda,Győr\r\n".encode("cp1250")),
        "hosts.csv:3:1: the file is UTF-8 in other places, but not in this row – type the row's accents again",
    ),
    "a workbook": (hosts(saved(workbook(GOOD))), "hosts.csv:1:1: this is a workbook that somebody named .csv"),
    "an old workbook": (
        hosts(bytes.fromhex("d0cf11e0a1b11ae1")),
        "hosts.csv:1:1: this is a workbook that somebody named",
    ),
    "a quote that does not close": (
        hosts(b'name,site\r\n"ws-1,buda\r\nws-2,buda\r\n'),
        "hosts.csv:2:1: this row is not CSV",
    ),
    "a quote in the middle": (hosts(b'name,site\r\n"ws"-1,buda\r\n'), "hosts.csv:2:1: this row is not CSV"),
    "a cell like a book": (hosts(b'name,site\r\n"' + b"x" * 200_000 + b'",buda'), "hosts.csv:2:1: this row is not CSV"),
    "an empty file": (hosts(b""), "hosts.csv:1:1: the table is empty – write a head above each column"),
    "a value under no head": (
        hosts(b"name,,site,serves\r\nws-1,x,buda,E99901A;P099002\r\nws-2,,buda,E99901A"),
        'hosts.csv, row 2, column 2: "x" stands in a column without a head – write a head above it, or remove it',
    ),
    "a value right of all heads": (
        hosts(b"name,site,serves\r\nws-1,buda,E99901A;P099002,x,y\r\nws-2,buda,E99901A"),
        'hosts.csv, row 2, column 4: "x" stands in a column without a head',
    ),
    "rows swallowed by two stray quotes": (
        hosts(b'name,site,serves,reader\r\nws-1,buda,E99901A;P099002,"a\r\nws-2,buda,E99901A,b"\r\n'),
        "hosts.csv, row 2, column 4, reader: reader has an invisible or control character",
    ),
}


@pytest.mark.parametrize(("files", "message"), REFUSED.values(), ids=REFUSED)
def test_odd_csv_is_refused_at_its_row(files: Files, message: str) -> None:
    assert f"plan/{message}" in only_error(*files)


def test_two_files_of_one_table_are_refused() -> None:
    files = csv_files(GOOD)
    assert "there are two tables of sites" in only_error(
        *files, ("plan/telephelyek.csv", dict(files)["plan/sites.csv"])
    )


@pytest.mark.parametrize("word", ["„Idéző”, vessző", "a;b", "Őszi “x”", "€ 5 – 6…"])
@pytest.mark.parametrize(("encoding", "delimiter"), [("utf-8", ","), ("utf-16", "\t"), ("cp1250", ";")])
def test_a_name_with_signs_of_its_own_is_kept(word: str, encoding: str, delimiter: str) -> None:
    files = dict(csv_files(good(institutions_A2="NAME"), encoding, delimiter))
    table = files["plan/intézmények.csv"].decode(encoding).replace("NAME", f'"{word}"')
    files["plan/intézmények.csv"] = table.encode(encoding)
    (first, _) = load_files(*files.items()).inventory.made["ws-1"]["eeszt_institutions"]  # type: ignore[misc]
    assert first["name"] == word
