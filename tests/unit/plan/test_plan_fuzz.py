"""Whatever a file holds, the three readers end with a plan or with errors: no traceback, no end in sight, no half plan.

The damage is drawn from fixed seeds, so a run that fails fails again.
"""

from __future__ import annotations

import datetime
import random
import re

import plan_texts
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plan_packages import SHEETS, good_parts, packed, parts_of
from plan_tables import GOOD, csv_files, errors, load_files, saved, workbook
from same_tables import FOLDER

from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.findings import PlanError

QUIET = settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
CELLS = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.dates(datetime.date(1900, 3, 1)),
)
TAGS = ("row", "c", "v", "is", "t", "f", "sheetData", "sheets", "sheet", "xf", "si", "Relationship", "Override")
ATTRIBUTES = ("r", "t", "s", "hidden", "ref", "name", "r:id", "Id", "Target", "PartName", "numFmtId", "count", "state")
VALUES = ("", "0", "-1", "99999999999999999999", "A1", "XFD1048576", "s", "e", "b", "d", "str", "n", "inf", "é", "rId1")


def damaged_bytes(content: bytes, seed: int) -> bytes:
    """A file with bytes changed, taken out, doubled, or its end cut off."""
    dice = random.Random(seed)
    damaged = bytearray(content)
    for _ in range(dice.randint(1, 6)):
        start = dice.randrange(len(damaged) or 1)
        length = dice.choice((1, 1, 2, 40))
        match dice.randrange(5):
            case 0:
                damaged[start : start + length] = dice.randbytes(length)
            case 1:
                del damaged[start : start + length]
            case 2:
                damaged[start:start] = damaged[start : start + length]
            case 3:
                damaged[start : start + 1] = dice.choice((b'"', b";", b",", b"\r", b"\n", b"\0", b"\xff", b"<", b"&"))
            case _:
                del damaged[len(damaged) - dice.choice((1, 30, 300)) :]
    return bytes(damaged)


def damaged_xml(part: bytes, dice: random.Random) -> bytes:
    """A part with other tags, attributes and values, which is still XML more often than not."""
    text = part.decode("utf-8", "replace")
    for _ in range(dice.randint(1, 4)):
        found = list(
            re.finditer(dice.choice((r"<\w[^>]*>", r'[\w:]+="[^"]*"', r'"[^"]*"', r">[^<]+<", r"</?\w+")), text)
        )
        if not found:
            continue
        hit = dice.choice(found)
        old = hit[0]
        tag, value = f"<{dice.choice(TAGS)}/>", dice.choice(VALUES)
        pair = f'{dice.choice(ATTRIBUTES)}="{value}"'
        new = dice.choice(("", old * 2, tag if old.startswith("<") else f'"{value}"', pair if "=" in old else value))
        text = text[: hit.start()] + new + text[hit.end() :]
    return text.encode("utf-8", "replace")


def of_ours_or_libreoffice(dice: random.Random) -> dict[str, bytes]:
    return parts_of((FOLDER / "plan.xlsx").read_bytes()) if dice.randrange(2) else good_parts()


@pytest.mark.parametrize("seed", range(12))
def test_a_workbook_with_damaged_bytes_ends(seed: int) -> None:
    contents = (saved(workbook(GOOD)), (FOLDER / "plan.xlsx").read_bytes())
    for number in range(20):
        for content in contents:
            whole(errors(damaged_bytes(content, 1000 * seed + number)))


@pytest.mark.parametrize("seed", range(12))
def test_a_workbook_with_damaged_xml_ends(seed: int) -> None:
    for number in range(20):
        dice = random.Random(1000 * seed + number)
        parts = of_ours_or_libreoffice(dice)
        for name in dice.sample([name for name in parts if "theme" not in name], 2):
            parts[name] = damaged_xml(parts[name], dice)
        whole(errors(packed(parts)))


@pytest.mark.parametrize("seed", range(12))
def test_a_workbook_without_some_of_its_parts_ends(seed: int) -> None:
    dice = random.Random(seed)
    parts = of_ours_or_libreoffice(dice)
    for name in dice.sample(list(parts), 3):
        if dice.randrange(2):
            del parts[name]
        else:
            parts[name] = parts[dice.choice(list(parts))]
    whole(errors(packed(parts)))


@pytest.mark.parametrize("seed", range(12))
def test_damaged_csv_ends(seed: int) -> None:
    for number in range(60):
        dice = random.Random(1000 * seed + number)
        files = dict(csv_files(GOOD, dice.choice(("utf-8", "cp1250", "utf-16", "utf-8-sig")), dice.choice(",;\t")))
        name = dice.choice(list(files))
        files[name] = damaged_bytes(files[name], dice.randrange(10**6))
        try:
            load_files(*files.items())
        except PlanError as refused:
            whole([str(finding) for finding in refused.findings])


@pytest.mark.parametrize("seed", range(12))
def test_damaged_yaml_ends(seed: int) -> None:
    content = (FOLDER / "plan.yml").read_bytes()
    for number in range(30):
        text = damaged_bytes(content, 1000 * seed + number).decode("utf-8", "replace")
        whole(plan_texts.errors(text))


def whole(found: list[str]) -> None:
    """Each error has a place, a message and a remedy."""
    for line in found:
        assert line.startswith("plan"), line
        place, _, rest = line.partition(": ")
        assert place
        assert all(rest.partition(" – ")), line
        assert "Error" not in rest.partition(" – ")[0].split("#")[0], line


@settings(QUIET, max_examples=40)
@given(
    st.dictionaries(
        st.sampled_from(["hosts", "sites", "users", "intézmények", "x"]),
        st.lists(st.lists(CELLS, max_size=6), max_size=6),
        min_size=1,
    )
)
def test_any_workbook_ends_in_a_plan_or_in_errors(tables) -> None:
    try:
        content = saved(workbook(tables))
    except Exception:  # openpyxl itself refuses some characters
        return
    whole(errors(content))


@QUIET
@given(
    st.lists(
        st.tuples(st.sampled_from(["plan/hosts.csv", "plan/sites.csv", "plan/y.csv"]), st.binary(max_size=300)),
        max_size=3,
    )
)
def test_any_bytes_as_csv_end_in_errors(files) -> None:
    with pytest.raises(PlanError):
        load_files(*files)


@QUIET
@given(st.binary(max_size=400), st.sampled_from([b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"<?xml"]))
def test_any_bytes_as_a_workbook_end_in_an_error(content: bytes, start: bytes) -> None:
    assert len(errors(start + content)) == 1


def test_the_damage_reaches_the_cells() -> None:
    """The fuzz would be worth nothing if every damaged file were refused at the door."""
    said = ""
    for seed in range(60):
        dice = random.Random(seed)
        parts = good_parts()
        parts[SHEETS["hosts"]] = damaged_xml(parts[SHEETS["hosts"]], dice)
        said += "\n".join(errors(packed(parts))) or "read"
    for expected in ("read", "sheet hosts, cell", "sheet hosts: the sheet", "is not XML"):
        assert expected in said
