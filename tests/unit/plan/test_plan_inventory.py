"""What a good plan becomes: groups, variables, certificate targets, and the warnings that do not stop it."""

from __future__ import annotations

import datetime
import json

import pytest
from plan_texts import errors, good, host, only_error, read, warnings

from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.groups import group_name
from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.inventory import Inventory
from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.kept import pack, unpack
from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.nodes import Encrypted, Unsafe


def targets(text: str, name: str = "ws-1") -> list[dict[str, object]]:
    found = host(text, name)["eeszt_certificate_targets"]
    assert isinstance(found, list)
    return found


def with_targets(*lines: str) -> str:
    """Return the good plan with certificate targets on ws-1, which serves E99901A and P099002."""
    return good(
        "    system: linux\n",
        "    system: linux\n    certificate_targets:\n" + "".join(f"      - {line}\n" for line in lines),
    )


def test_the_good_plan_has_neither_errors_nor_warnings() -> None:
    assert errors(good()) == []
    assert warnings(good()) == []


def test_the_groups() -> None:
    groups = read(good())[0].groups
    assert {name: hosts for name, hosts in groups.items() if hosts} == {
        "institution_E99901A": ["ws-1", "ws-2"],
        "institution_P099002": ["ws-1"],
        "site_buda": ["ws-1", "ws-2"],
        "ring_1": ["ws-1", "ws-2"],
        "workstations": ["ws-1", "ws-2"],
        "linux": ["ws-1"],
        "windows": ["ws-2"],
    }


def test_rings_purposes_and_systems_have_their_groups_even_when_empty() -> None:
    groups = read(good())[0].groups
    assert [f"ring_{number}" for number in range(1, 10)] == [name for name in groups if name.startswith("ring_")]
    assert {"servers", "terminal_servers"} <= set(groups)


@pytest.mark.parametrize(
    ("ring", "number"), [("canary", 1), ("early", 2), ("broad", 3), ("1", 1), ("9", 9), ('"4"', 4)]
)
def test_a_ring_is_a_word_or_a_number(ring: str, number: int) -> None:
    assert "ws-1" in read(good("ring: canary", f"ring: {ring}"))[0].groups[f"ring_{number}"]


def test_a_site_without_a_ring_is_in_the_broad_one() -> None:
    assert "ws-1" in read(good("    ring: canary\n", ""))[0].groups["ring_3"]


def test_group_names_are_what_ansible_takes() -> None:
    assert group_name("site", "Győr-2 (új)") == "site_Gyor_2__uj_"


def test_the_variables_of_a_host() -> None:
    assert host(good()) == {
        "ansible_host": "192.0.2.11",
        "eeszt_system": "linux",
        "eeszt_site": {"id": "buda", "name": "buda", "address": None, "ring": 1, "proxy": None, "jump_host": None},
        "eeszt_institutions": [
            {
                "id": "E99901A",
                "name": "Mintarendelő Kft.",
                "authority": "oth",
                "authority_id": "99901A",
                "administrator": None,
                "onboarding": {},
            },
            {
                "id": "P099002",
                "name": "Minta Patika Bt.",
                "authority": "ogyei",
                "authority_id": "99002",
                "administrator": None,
                "onboarding": {},
            },
        ],
        "eeszt_users": [
            {
                "name": "Dr. Minta Mária",
                "user_name": "O50123",
                "prefix": "O",
                "profession": "doctor",
                "institutions": ["E99901A"],
                "login_method": "eid_card",
                "dates": {},
            }
        ],
        "eeszt_purpose": "workstation",
        "eeszt_login_methods": ["eid_card"],
        "eeszt_certificate_targets": [],
    }


def test_administrator_onboarding_and_dates_reach_the_variables_as_text() -> None:
    text = good('"99901A"\n', '"99901A"\n    administrator: {name: A, user_name: O1, email: a@b.example}\n'
                '    onboarding: {declaration_accepted: 2026-01-12, receipt: "2026-02-01"}\n')  # fmt: skip
    text += "    dates: {activated: 2026-01-12}\n"
    institutions, users = host(text)["eeszt_institutions"], host(text)["eeszt_users"]
    assert institutions[0]["administrator"] == {"name": "A", "user_name": "O1", "email": "a@b.example"}  # type: ignore[index]
    assert institutions[0]["onboarding"] == {"declaration_accepted": "2026-01-12", "receipt": "2026-02-01"}  # type: ignore[index]
    assert users[0]["dates"] == {"activated": "2026-01-12"}  # type: ignore[index]


def test_proxy_and_jump_host_of_a_site() -> None:
    text = good(
        "ring: canary", "jump_host: me@jump.example:22\n    proxy: {host: p.example, port: 3128, exceptions: [.local]}"
    )
    site = host(text)["eeszt_site"]
    assert site["proxy"] == {"host": "p.example", "port": 3128, "exceptions": [".local"]}  # type: ignore[index]
    assert site["jump_host"] == "me@jump.example:22"  # type: ignore[index]
    short = host(good("ring: canary", "proxy: http://p.example:8080/"))["eeszt_site"]
    assert short["proxy"] == {"host": "p.example", "port": 8080, "exceptions": []}  # type: ignore[index]


def test_what_is_not_given_is_not_a_variable() -> None:
    text = good("    address: 192.0.2.11\n", "").replace("    system: linux\n", "")
    assert not {"ansible_host", "ansible_connection", "eeszt_system", "eeszt_reader"} & set(host(text))


def test_reader_and_connection_are_passed_on_and_winrm_means_windows() -> None:
    variables = host(good("system: linux", "connection: winrm\n    reader: cyberJack"))
    assert (variables["ansible_connection"], variables["eeszt_system"]) == ("winrm", "windows")
    assert variables["eeszt_reader"] == "cyberJack"


def test_nobody_puts_a_card_into_a_server() -> None:
    assert host(good("system: linux", "purpose: server"))["eeszt_login_methods"] == []


def test_a_user_without_hosts_works_wherever_his_institution_is_served() -> None:
    text = good("institutions: [E99901A]", "institutions: [P099002]")
    assert len(host(text, "ws-1")["eeszt_users"]) == 1  # type: ignore[arg-type]
    assert host(text, "ws-2")["eeszt_users"] == []


def test_a_user_with_hosts_works_there_only() -> None:
    text = good() + "    hosts: [ws-2]\n"
    assert host(text, "ws-1")["eeszt_users"] == []
    assert len(host(text, "ws-2")["eeszt_users"]) == 1  # type: ignore[arg-type]


def test_the_user_name_of_prefix_x_is_the_given_one() -> None:
    text = good("profession: doctor", "profession: other").replace('registry_number: "50123"', "user_name: X90001")
    assert host(text)["eeszt_users"][0]["user_name"] == "X90001"  # type: ignore[index]


# Certificate targets


def test_a_target_with_the_placeholder_is_filled_in_for_each_institution() -> None:
    assert targets(with_targets("{type: pkcs12_file, path: '/etc/{institution}.p12', mode: 0640, group: his}")) == [
        {"institution": "E99901A", "type": "pkcs12_file", "path": "/etc/E99901A.p12", "group": "his", "mode": "0640"},
        {"institution": "P099002", "type": "pkcs12_file", "path": "/etc/P099002.p12", "group": "his", "mode": "0640"},
    ]


def test_a_target_of_one_named_institution_is_for_it_alone() -> None:
    assert targets(with_targets("{type: pkcs12_file, path: /etc/p.p12, institution: P099002}")) == [
        {"institution": "P099002", "type": "pkcs12_file", "path": "/etc/p.p12"}
    ]


def test_a_target_of_an_institution_goes_to_every_host_that_serves_it() -> None:
    text = good('"99901A"\n', '"99901A"\n    certificate_targets: [{type: windows_store, accounts: [SYSTEM]}]\n')
    text = text.replace("    system: linux\n", "    system: windows\n")
    store = {"type": "windows_store", "location": "LocalMachine", "store": "My", "accounts": ["SYSTEM"]}
    assert targets(text) == targets(text, "ws-2") == [{"institution": "E99901A", **store}]


def test_a_target_given_by_host_and_institution_is_there_once() -> None:
    line = "{type: pkcs12_file, path: '/etc/{institution}.p12'}"
    text = with_targets(line).replace('"99901A"\n', f'"99901A"\n    certificate_targets: [{line}]\n')
    assert len(targets(text)) == 2


def test_a_java_keystore_holds_one_institution() -> None:
    assert len(targets(with_targets("{type: java_keystore, path: '/etc/{institution}.p12', accounts: [his]}"))) == 2
    found = errors(with_targets("{type: java_keystore, path: /etc/his.p12}"))
    assert any("both go to /etc/his.p12" in line for line in found)


def test_the_format_of_a_java_keystore_goes_without_saying() -> None:
    (first, _) = targets(with_targets("{type: java_keystore, path: '/etc/{institution}.p12', format: pkcs12}"))
    assert "format" not in first


def test_two_institutions_in_one_file_are_an_error() -> None:
    assert only_error(with_targets("{type: pkcs12_file, path: /etc/eeszt.p12}")) == (
        "plan.yml:17:9, hosts[0].certificate_targets[0]: on ws-1 the certificates of E99901A and P099002 both go to"
        " /etc/eeszt.p12 – put {institution} into the path, or name one institution in the target"
    )


def test_the_same_file_in_other_words_is_still_the_same_file() -> None:
    pem = "{type: pem_files, certificate: '/etc/{institution}.pem', key: '/etc/{institution}.key'}"
    assert (
        "two files of E99901A both go to /etc//./E99901A.key"
        in errors(with_targets(pem, "{type: pkcs12_file, path: '/etc//./{institution}.key'}"))[0]
    )
    on_drives = with_targets(
        "{type: pkcs12_file, path: 'C:\\{institution}.p12'}",
        "{type: java_keystore, path: 'c:/{institution}'}",
        "{type: pkcs12_file, path: 'c:/{institution}.P12'}",
    )
    assert "two files of E99901A" in errors(on_drives)[0]


def test_certificate_and_key_need_files_of_their_own() -> None:
    found = errors(with_targets("{type: pem_files, certificate: '/e/{institution}', key: '/e/{institution}'}"))
    assert "two files of E99901A both go to /e/E99901A" in found[0]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{path: /a}", "type is missing"),
        ("{type: p12, path: /a}", 'type "p12" is not known'),
        ("{type: pkcs12_file}", "path is missing"),
        ("{type: pem_files, key: /k}", "certificate is missing"),
        ("{type: pkcs12_file, path: a.p12}", 'path "a.p12" is not a full path'),
        ("{type: pkcs12_file, path: '/a/../{institution}'}", "climbs with .."),
        ("{type: pkcs12_file, path: '/a/{institution}/{site}'}", "unknown placeholder {site}"),
        ("{type: pkcs12_file, path: '/a/{institution}', mode: 0644}", 'mode "0644" opens the key to everybody'),
        ("{type: pkcs12_file, path: '/a/{institution}', mode: rw}", 'mode "rw" is not a file mode'),
        ("{type: java_keystore, path: '/a/{institution}', format: jks}", "old form (jks) are not made"),
        ("{type: java_keystore, path: '/a/{institution}', format: bks}", 'format "bks" is not known'),
        ("{type: pkcs12_file, path: '/a/{institution}', password: x}", "password looks like a secret"),
        ("{type: pkcs12_file, path: '/a', institution: E99909A}", "names E99909A, which ws-1 does not serve"),
        ("{type: windows_store}", "ws-1 has Linux, and so no windows_store"),
        ("{type: windows_store, exportable: 1}", "exportable must be true or false"),
        ("{type: windows_store, path: /a}", "path is not a field of the plan here"),
    ],
)
def test_a_target_that_is_refused(line: str, message: str) -> None:
    assert any(message in found for found in errors(with_targets(line))), errors(with_targets(line))


def test_a_target_of_one_institution_cannot_name_another() -> None:
    line = "{type: pkcs12_file, path: /a, institution: P099002}"
    assert "names P099002, but stands below E99901A" in only_error(
        good('"99901A"\n', f'"99901A"\n    certificate_targets: [{line}]\n')
    )


# Warnings


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("serves: [E99901A, P099002]", "serves: []", "host ws-1 serves no institution"),
        ("serves: [E99901A, P099002]", "serves: E99901A", "no host serves P099002"),
        ("hosts:\n", "  - id: pest\nhosts:\n", "no host stands in site pest"),
        ("192.0.2.12", "192.0.2.11", "ws-2 has the address 192.0.2.11 of ws-1"),
        ("    institutions: [E99901A]\n", "", "user O50123 belongs to no institution"),
        (
            "institutions: [E99901A]",
            "institutions: [P099002]\n    hosts: [ws-2]",
            "ws-2 serves none of the institutions",
        ),
        ("institutions: [E99901A]", "login_method: mobile_token\n    hosts: [ws-2]", "which ws-2 does not list"),
        ("system: linux", "system: linux\n    connection: winrm", "winrm is a way to Windows"),
        ('"99002"', '"9A002"', "P09A002 does not look like the known ids"),
        ('"50123"', '"1234567890"', "O1234567890 is longer than 10 characters"),
        (
            '"99002"',
            '"99002"\n    onboarding: {certificate_issued: 2026-02-01, password_received: 2026-01-01}',
            "password_received (2026-01-01) lies before certificate_issued (2026-02-01)",
        ),
    ],
)
def test_what_is_unusual_but_possible_is_a_warning(old: str, new: str, message: str) -> None:
    text = good(old, new)
    if "9A002" in new:
        text = text.replace("P099002", "P09A002")
    assert any(message in line for line in warnings(text)), warnings(text)


def test_one_address_behind_two_jump_hosts_is_two_machines() -> None:
    text = good("ring: canary", "jump_host: a.example\n  - id: pest\n    jump_host: b.example")
    text = text.replace("192.0.2.12\n    site: buda", "192.0.2.11\n    site: pest")
    assert warnings(text) == []


# Ordinary variables, and the cache


def test_ordinary_variables_pass_through_as_yaml_reads_them() -> None:
    text = good("system: linux", "vars: {a: 1, b: [x, {c: '{{ y }}'}], d: !vault abc, e: !unsafe z, f: 2026-01-12}")
    assert read(text)[0].given["ws-1"] == {
        "a": 1,
        "b": ["x", {"c": "{{ y }}"}],
        "d": Encrypted("abc"),
        "e": Unsafe("z"),
        "f": datetime.date(2026, 1, 12),
    }


def test_an_inventory_survives_the_cache_as_json() -> None:
    given: dict[str, object] = {
        "a": [Encrypted("x"), Unsafe("y")],
        "b": {"day": datetime.date(2026, 1, 12), "time": datetime.datetime(2026, 1, 12, 1, 2, 3)},
        "c": [1, None, True, "text"],
    }
    inventory = Inventory({"g": ["h"]}, {"h": {"eeszt_purpose": "server"}}, {"h": given})
    assert unpack(json.loads(json.dumps(pack(inventory)))) == inventory
