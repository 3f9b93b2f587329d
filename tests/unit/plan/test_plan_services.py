"""Accounts that may use a reader and services that are told of a certificate: from YAML and from cells alike."""

from __future__ import annotations

from typing import Any

import plan_texts
import pytest
from plan_tables import good, load_tables, only_error, saved, workbook
from plan_texts import errors, host
from plan_texts import only_error as only_error_of_text

NOTIFY = "eeszt_certificate_notify"
HIS = {"name": "his", "action": "restart"}


def with_cell(head: str, cell: Any) -> dict[str, list[list[Any]]]:
    tables = good()
    for row, value in zip(tables["hosts"], (head, cell, None), strict=True):
        row.append(value)
    return tables


def of_yaml(line: str) -> str:
    return plan_texts.good("    system: linux\n", f"    system: linux\n    {line}\n")


@pytest.mark.parametrize(
    ("cell", "services"),
    [
        ("his", [HIS]),
        ("postgresql : reload; his", [{"name": "postgresql", "action": "reload"}, HIS]),
        ("his\nPelda HIS:restart,", [HIS, {"name": "Pelda HIS", "action": "restart"}]),
        ("his@a:b:reload", [{"name": "his@a:b", "action": "reload"}]),
    ],
)
@pytest.mark.parametrize("head", ["services to notify", "Értesítendő szolgáltatások", "certificate_notify"])
def test_services_of_a_cell_are_those_of_yaml(head: str, cell: str, services: list[dict[str, str]]) -> None:
    found = load_tables(with_cell(head, cell)).inventory
    assert found.made["ws-1"][NOTIFY] == services
    assert NOTIFY not in found.made["ws-2"]
    assert found == plan_texts.read(of_yaml(f"certificate_notify: {services}"))[0]


def test_a_restart_need_not_be_said() -> None:
    assert host(of_yaml("certificate_notify: [{name: his}]"))[NOTIFY] == [HIS]


@pytest.mark.parametrize("cell", ["his: stop", "his:", ": reload", "a:b", "his; his", "-H his", "/etc/his"])
def test_services_that_cannot_be_are_refused_at_their_cell(cell: str) -> None:
    assert "sheet hosts, cell F2" in only_error(saved(workbook(with_cell("services", cell))))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("certificate_notify: [{name: his, action: stop}]", 'action "stop" is not known – use one of restart, reload'),
        ("certificate_notify: [{action: reload}]", "name is missing – write the name of the service"),
        ("certificate_notify: [{name: his}, {name: his, action: reload}]", 'certificate_notify names "his" twice'),
        ("certificate_notify: [{name: his, state: x}]", "state is not a field of the plan here"),
        ("certificate_notify: [his]", "an entry of certificate_notify must have fields"),
        ("reader_accounts: [a b]", 'reader_accounts "a b" is not an account'),
        ("reader_accounts: [1001]", "1001 is not in quotes"),
        ("reader_accounts: [his, his]", 'reader_accounts names "his" twice'),
        (f"vars: {{{NOTIFY}: []}}", f"{NOTIFY} is made by the plan"),
    ],
)
def test_what_cannot_be_is_refused_with_place_and_remedy(line: str, message: str) -> None:
    found = only_error_of_text(of_yaml(line))
    assert found.startswith("plan.yml:16:")
    assert message in found


def test_accounts_of_the_reader_are_a_variable_of_their_host_alone() -> None:
    tables = with_cell("olvasót használó fiókok", "ugyelet; PELDA\\his$")
    found = load_tables(tables).inventory
    assert found.made["ws-1"]["eeszt_reader_accounts"] == ["ugyelet", "PELDA\\his$"]
    assert "eeszt_reader_accounts" not in found.made["ws-2"]
    assert found == plan_texts.read(of_yaml("reader_accounts: [ugyelet, 'PELDA\\his$']"))[0]
    assert "sheet hosts, cell F2" in only_error(saved(workbook(with_cell("reader accounts", "a b"))))


def test_windows_asks_for_no_account() -> None:
    text = plan_texts.good("    system: windows\n", "    system: windows\n    reader_accounts: [his]\n")
    assert errors(text) == []
    (warning,) = plan_texts.read(text)[1]
    assert "reader_accounts is for Linux alone" in warning
