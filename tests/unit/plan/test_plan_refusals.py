"""A plan with errors: each is named at its place with its remedy, all come at once, and nothing of the plan is used."""

from __future__ import annotations

import pytest
from plan_texts import errors, good, only_error


def test_an_error_has_file_line_column_field_value_and_remedy() -> None:
    assert only_error(good('"99901A"', "000301").replace("E99901A", "E000301")) == (
        "plan.yml:4:19, institutions[0].authority_id: 000301 is not in quotes, so YAML reads it as the number 193"
        ' – write "000301", with the quotes'
    )


def test_all_errors_come_at_once_in_the_order_of_the_text() -> None:
    text = (
        good("authority: oth", "authority: antsz")
        .replace("ring: canary", "ring: 12")
        .replace("site: buda", "site: bua", 1)
    )
    found = errors(text.replace('"50123"', "50123"))
    assert [line.split(",")[0] for line in found] == [
        "plan.yml:3:16",
        "plan.yml:10:11",
        "plan.yml:14:11",
        "plan.yml:25:22",
    ]


@pytest.mark.parametrize(
    ("old", "new", "place", "message", "remedy"),
    [
        # Institutions
        ("name: Mintarendelő Kft.", "name:", "2:5, institutions[0]", "name is missing", "provider's name"),
        ("authority: oth", "authority: neak", "3:16", 'authority "neak" is not known', "use one of oth, ogyei"),
        ('"99901A"', '"99901a"', "4:19", "has a lower-case letter", 'write "99901A"'),
        ('"99901A"', '" 99901A"', "4:19", "has a blank", "99901A"),
        ('"99002"', '"M655"', "7:19", "it is a NEAK code", "six-character id"),
        ('"99002"', '"001293696"', "7:19", "the code of an organisational unit", "operating licence"),
        ('"99002"', "99002", "7:19", "99002 is not in quotes, so YAML reads it as the number", 'write "99002"'),
        ('"99002"', '["99002"]', "7:19", "authority_id must be one value", "authority_id: value"),
        (
            '"99002"',
            '"99002"\n    id: P099002',
            "8:9",
            "derived from authority and authority_id, never typed",
            "remove id",
        ),
        ('"99002"', '"99002"\n    id: P999999', "8:9", 'id "P999999" differs from P099002', "remove id"),
        (
            '"99002"',
            '"99002"\n    administrator: {email: nobody}',
            "8:28, institutions[1].administrator.email",
            'email "nobody" is not an e-mail address',
            "name@example.com",
        ),
        (
            '"99002"',
            '"99002"\n    administrator: {user_name: 090001}',
            "8:32",
            "begins with the digit zero",
            '"O90001"',
        ),
        (
            '"99002"',
            '"99002"\n    administrator: Anna',
            "8:20",
            "must have fields of its own",
            "name, user_name, email",
        ),
        ('"99002"', '"99002"\n    onboarding: {receipt: 2026.01.12.}', "8:27", "is not a day", "2026-03-31"),
        ('"99002"', '"99002"\n    onboarding: {receipt: "2026-02-30"}', "8:27", "is not a day", "2026-03-31"),
        ('"99002"', '"99002"\n    onboarding: {reciept: 2026-01-12}', "8:18", "not a field", "did you mean receipt?"),
        ("name: Mintarendelő Kft.", 'name: "A\\u200bB"', "2:11", "name has an invisible or control character", "again"),
        # Sites
        ("  - id: buda", "  - id: 12", "9:9", "12 is not in quotes, so YAML reads it as the number", 'write "12"'),
        ("ring: canary", "ring: 10", "10:11", 'ring "10" is not known', "canary, early, broad or a number 1 to 9"),
        ("ring: canary", "rings: canary", "10:5", "rings is not a field", "did you mean ring?"),
        ("ring: canary", "proxy: proxy.example", "10:12", 'proxy "proxy.example" is not known', "proxy.example:3128"),
        ("ring: canary", "proxy: me:secret@proxy:1", "10:12", "holds an account", "group_vars"),
        ("ring: canary", "proxy: {host: p, port: 70000}", "10:28", 'port "70000" is not possible', "1 to 65535"),
        ("ring: canary", "proxy: {host: p}", "10:12", "port is missing", "3128"),
        ("ring: canary", "jump_host: a b", "10:16", 'jump_host "a b" is not a host', "admin@jump.example:22"),
        # Hosts
        ("name: ws-1", "name: ws 1", "12:11", 'name "ws 1" is not a host name', "dashes"),
        ("name: ws-1", "name: ws-2", "17:11", "ws-2 is already there, at plan.yml:12:11", "make one entry"),
        (
            "name: ws-1",
            "name: WS-2",
            "17:11",
            "ws-2 and WS-2, at plan.yml:12:11, hosts[0].name, differ in case",
            "rename",
        ),
        ("name: ws-1", "name: linux", "12:11", "linux is the name of a group as well", "rename the host"),
        ("name: ws-1", "name: site_buda", "12:11", "site_buda is the name of a group as well", "rename the host"),
        ("name: ws-1", "name: all", "12:11", "all is the name of a group as well", "rename the host"),
        ("name: ws-1", "name: no", "12:11", "no is not in quotes, so YAML reads it as the logical value false", '"no"'),
        ("    site: buda", "    site: budda", "14:11", 'the plan has no site "budda"', "did you mean buda?"),
        ("    site: buda\n", "", "12:5, hosts[0]", "site is missing", "the id of the site"),
        ("192.0.2.11", "192.0.2.311", "13:14", '"192.0.2.311" is not an IP address', "four numbers"),
        ("192.0.2.11", "admin@ws", "13:14", 'address "admin@ws" is not a host name', "an IP address"),
        ("system: linux", "system: macos", "15:13", 'system "macos" is not known', "windows, linux"),
        ("system: linux", "connection: SSH!", "15:17", "is not the name of a connection", "ssh or psrp"),
        ("system: linux", "purpose: kiosk", "15:14", 'purpose "kiosk" is not known', "terminal_server"),
        ("system: linux", "login_methods: [card]", "15:21", 'login_methods "card" is not known', "eid_card"),
        (
            "E99901A, P099002",
            "99901A, P099002",
            "16:14",
            "is the id of an authority, not of EESZT",
            '"E99901A" when OTH',
        ),
        ("E99901A, P099002", "E99902A, P099002", "16:14", 'has no institution "E99902A"', "did you mean E99901A?"),
        ("E99901A, P099002", "P099002, P099002", "16:23", 'serves names "P099002" twice', "remove one"),
        ("E99901A, P099002", "99002, P099002", "16:14", "99002 is not in quotes", 'write "99002"'),
        ("E99901A, P099002", "{a: b}", "16:14", "serves must be a list of texts", "[one, two]"),
        ("system: linux", "vars: {eeszt_site: x}", "15:12", "eeszt_site is made by the plan", "own field"),
        ("system: linux", "vars: {a-b: x}", "15:12", '"a-b" is not the name of a variable', "underscores"),
        ("system: linux", "vars: [x]", "15:11", "vars must have fields", "name: value"),
        ("system: linux", "serial: 1", "15:5", "serial is not a field of the plan here", "known are name, address"),
        # Users
        ("name: Dr. Minta Mária", "name: ''", "23:11", "name is empty", "person's name"),
        ("profession: doctor", "profession: nurse", "24:17", 'profession "nurse" is not known', "healthcare_worker"),
        ("profession: doctor", "prefix: o", "24:13", "lower case; EESZT user names are case-sensitive", 'write "O"'),
        ("profession: doctor", 'prefix: "0"', "24:13", 'the prefix is the digit zero "0"', 'capital letter "O"'),
        (
            "profession: doctor",
            "profession: doctor\n    prefix: S",
            "25:13",
            "prefix S does not fit doctor",
            "remove prefix",
        ),
        ("    profession: doctor\n", "", "23:5, users[0]", "profession is missing", "doctor"),
        ('"50123"', "50123", "25:22", "50123 is not in quotes", 'write "50123"'),
        ('"50123"', '"O50123"', "25:22", "begins with a prefix", 'write "50123"'),
        ('"50123"', '"50123"\n    user_name: O50123', "26:16", "is derived, never typed", "remove user_name"),
        ("profession: doctor", "profession: other", "25:22", "has no registry number", "the operator gave"),
        ('registry_number: "50123"', "prefix: O", "23:5, users[0]", "registry_number is missing", "in quotes"),
        ("institutions: [E99901A]", "institutions: [E99901B]", "26:20", 'no institution "E99901B"', "E99901A?"),
        ("institutions: [E99901A]", "hosts: [ws-3]", "26:13", 'the plan has no host "ws-3"', "did you mean ws-"),
        ("institutions: [E99901A]", "login_method: sms", "26:19", 'login_method "sms" is not known', "mobile_token"),
        ("institutions: [E99901A]", "dates: {activated: soon}", "26:24", 'activated "soon" is not a day', "2026-03-31"),
    ],
)
def test_what_is_refused(old: str, new: str, place: str, message: str, remedy: str) -> None:
    found = [line for line in errors(good(old, new)) if message in line]
    assert len(found) == 1, errors(good(old, new))
    assert found[0].startswith(f"plan.yml:{place}")
    assert remedy in found[0].partition(" – ")[2]


def test_a_user_name_of_a_health_profession_is_not_taken_as_given() -> None:
    text = good("    profession: doctor\n", "").replace('registry_number: "50123"', "user_name: O50123")
    assert "O50123 belongs to a health profession, whose user names are derived" in only_error(text)


def test_an_institution_twice_is_one_error_with_both_places() -> None:
    text = good("authority: ogyei", "authority: oth").replace('"99002"', '"99901A"').replace(", P099002", "")
    assert only_error(text).startswith(
        "plan.yml:7:19, institutions[1].authority_id: E99901A is already there, at plan.yml:4:19"
    )


def test_one_person_twice_is_an_error() -> None:
    text = good() + GOOD_USER_AGAIN
    assert "O50123 is already there, at plan.yml:25:22" in only_error(text)


GOOD_USER_AGAIN = '  - {name: Dr. M. Mária, prefix: O, registry_number: "50123", institutions: [P099002]}\n'


def test_two_sites_that_become_one_group_are_an_error() -> None:
    text = good("hosts:\n", "  - id: Győr-2\n  - id: Gyor_2\nhosts:\n")
    assert 'sites "Győr-2" and "Gyor_2" both become the group site_Gyor_2' in only_error(text)


def test_a_refused_institution_does_not_blame_its_hosts() -> None:
    assert "lower-case" in only_error(good('"99901A"', '"99901a"'))


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "Jelszó",
        "PIN",
        "pin_code",
        "PIN-kód",
        "userPin",
        "CAN",
        "puk",
        "ansible_ssh_pass",
        "jelszava",
        "secret",
    ],
)
def test_a_field_that_looks_like_a_secret_is_refused_by_its_name_and_never_shown(name: str) -> None:
    for place in (f"    {name}: hunter2\n", f"    vars: {{deep: [{{{name}: hunter2}}]}}\n"):
        found = only_error(good("    system: linux\n", place))
        assert f"{name} looks like a secret, and a plan has none" in found
        assert "Vault" in found
        assert "hunter2" not in found


def test_an_encrypted_secret_is_refused_as_well() -> None:
    text = good("    system: linux\n", "    vars: {ansible_password: !vault x}\n")
    assert "ansible_password looks like a secret" in only_error(text)


@pytest.mark.parametrize("name", ["cannula", "pinpad_reader", "test_passed", "canary_note", "spin"])
def test_an_innocent_name_is_no_secret(name: str) -> None:
    assert not [line for line in errors(good("    system: linux\n", f"    {name}: x\n")) if "secret" in line]


def test_a_plan_without_hosts_is_an_error() -> None:
    assert "the plan has no hosts" in only_error("sites: [{id: a}]\n")


@pytest.mark.parametrize("part", ["institutions", "sites", "hosts", "users"])
def test_each_part_must_be_a_list_of_records(part: str) -> None:
    assert any(f"{part} must be a list" in line for line in errors(f"{part}: {{a: b}}\n"))
    assert any(f"an entry of {part} must have fields" in line for line in errors(f"{part}: [a]\n"))
