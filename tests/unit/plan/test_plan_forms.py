"""Any plan, drawn at random and written in each form, is the same plan."""

from __future__ import annotations

import io
import json
from typing import Any

import openpyxl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plan_tables import Tables, load_files, load_workbook
from plan_texts import read

NAMES = st.text(
    st.sampled_from("aábcdeéfgiíjkloóöőpqrstuúüűvxyzÁŐŰ 0123456789.,;:|'\"()&<>–„”%=+-@{}#"), min_size=1, max_size=20
)
NAMES = NAMES.map(str.strip).filter(bool)
WORDS = st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True)
DAYS = st.dates().map(str).filter(lambda day: day > "1900-03-01")


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


@st.composite
def plans(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    """A plan without errors, as the records that YAML would hold."""
    ids = draw(st.lists(st.from_regex(r"[0-9]{5}[0-9A-Z]", fullmatch=True), min_size=1, max_size=3, unique=True))
    institutions = [{"name": draw(NAMES), "authority": "oth", "authority_id": each} for each in ids]
    for each in institutions:
        each["onboarding"] = {step: draw(maybe(DAYS)) for step in ("declaration_accepted", "receipt")}
    eeszt = [f"E{each}" for each in ids]
    sites = [
        {
            "id": each,
            "name": draw(maybe(NAMES)),
            "address": draw(maybe(NAMES)),
            "ring": draw(maybe(st.sampled_from("12479"))),
        }
        for each in draw(st.lists(WORDS, min_size=1, max_size=3, unique=True))
    ]
    hosts = [
        {
            "name": f"h-{each}",
            "address": draw(maybe(st.ip_addresses(v=4).map(str))),
            "site": draw(st.sampled_from([site["id"] for site in sites])),
            "system": draw(maybe(st.sampled_from(["windows", "linux"]))),
            "purpose": draw(maybe(st.sampled_from(["workstation", "server", "terminal_server"]))),
            "login_methods": draw(maybe(some(["eid_card", "mobile_token", "phone_reader"]))),
            "reader": draw(maybe(NAMES)),
            "reader_accounts": draw(maybe(some(["his", "PELDA\\ügyelet"]))),
            "serves": draw(some(eeszt)),
        }
        for each in draw(st.lists(WORDS, min_size=1, max_size=4, unique=True))
    ]
    users = [
        {
            "name": draw(NAMES),
            "prefix": draw(st.sampled_from("OSGC")),
            "registry_number": each,
            "institutions": draw(some(eeszt)),
            "hosts": draw(maybe(some([host["name"] for host in hosts]))),
            "dates": {"registered": draw(maybe(DAYS)), "card_valid_until": draw(maybe(DAYS))},
        }
        for each in draw(st.lists(st.from_regex(r"0{0,3}[1-9][0-9]{0,5}", fullmatch=True), max_size=3, unique=True))
    ]
    return {"institutions": institutions, "sites": sites, "hosts": hosts, "users": users}


def some(words: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(words), min_size=1, unique=True)


def as_yaml(plan: dict[str, list[dict[str, Any]]]) -> str:
    """JSON is YAML; fields without a value are left out."""
    return json.dumps(without_nothing(plan), ensure_ascii=False)


def without_nothing(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nothing(item) for key, item in value.items() if item is not None}
    return [without_nothing(item) for item in value] if isinstance(value, list) else value


def as_tables(plan: dict[str, list[dict[str, Any]]], separator: str) -> Tables:
    tables: Tables = {}
    for part, records in plan.items():
        rows = [dict(flat(record, separator)) for record in records]
        heads = list(dict.fromkeys(head for row in rows for head in row))
        if heads:
            tables[part] = [list(heads), *([row.get(head) for head in heads] for row in rows)]
    return tables


def flat(record: dict[str, Any], separator: str, way: str = "") -> list[tuple[str, Any]]:
    cells: list[tuple[str, Any]] = []
    for name, value in record.items():
        if isinstance(value, dict):
            cells += flat(value, separator, f"{way}{name}.")
        else:
            cells.append((way + name, separator.join(value) if isinstance(value, list) else value))
    return cells


def as_workbook(tables: Tables) -> bytes:
    """Cells are texts, even those that begin with a sign of equality."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in tables.items():
        sheet = book.create_sheet(title)
        for number, row in enumerate(rows, 1):
            for place, value in enumerate(row, 1):
                if value is not None:
                    cell = sheet.cell(number, place)
                    cell.value, cell.data_type = value, "s"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def as_csv(tables: Tables, encoding: str, delimiter: str) -> list[tuple[str, bytes]]:
    def cell(value: Any) -> str:
        return "" if value is None else '"' + str(value).replace('"', '""') + '"'

    return [
        (f"plan/{title}.csv", "\r\n".join(delimiter.join(map(cell, row)) for row in rows).encode(encoding))
        for title, rows in tables.items()
    ]


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    plans(),
    st.sampled_from(["; ", ",", "\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1250"]),
    st.sampled_from(",;\t"),
)
def test_any_plan_is_the_same_in_every_form(
    plan: dict[str, list[dict[str, Any]]], separator: str, encoding: str, delimiter: str
) -> None:
    same, warnings = read(as_yaml(plan))
    tables = as_tables(plan, separator)
    for loaded in (load_workbook(as_workbook(tables)), load_files(*as_csv(tables, encoding, delimiter))):
        assert loaded.inventory == same
        assert len(loaded.warnings) == len(warnings)
