"""The inventory plugin as a user meets it: through ``ansible-inventory``, from a checkout."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from plan_command import CHECKOUT, HEAD, ansible_inventory, listing
from plan_texts import GOOD, good


def written(folder: Path, text: str) -> Path:
    """Write an inventory source."""
    source = folder / "clinic.site_plan.yml"
    source.write_text(text, encoding="utf-8")
    return source


def test_the_demo_plan_gives_its_groups_and_variables() -> None:
    found = listing(CHECKOUT / "inventory" / "demo")
    assert found["ring_1"]["hosts"] == ["ws-buda-1", "ws-buda-2"]
    assert found["ring_2"]["hosts"] == ["ws-pest-1", "ws-tisza-1", "ws-tisza-2", "ws-tisza-3"]
    assert found["institution_P099002"]["hosts"] == ["ws-buda-2", "ws-pest-1"]
    assert found["site_tisza"]["hosts"] == ["ws-tisza-1", "ws-tisza-2", "ws-tisza-3"]
    variables = found["_meta"]["hostvars"]["ws-buda-2"]
    assert variables["ansible_host"] == "10.77.0.12"
    assert [institution["id"] for institution in variables["eeszt_institutions"]] == ["E99901A", "P099002"]
    assert [target["institution"] for target in variables["eeszt_certificate_targets"]] == [
        "E99901A",
        "E99901A",
        "P099002",
        "P099002",
    ]
    assert variables["eeszt_certificate_targets"][3] == {
        "institution": "P099002",
        "type": "pkcs12_file",
        "path": "/etc/eeszt-demo/waf/P099002/client.p12",
    }
    assert variables["eeszt_policy"] == "test"
    assert {endpoint["port"] for endpoint in variables["eeszt_endpoints"]} == {443, 4443, 5443}


@pytest.mark.parametrize("name", ["demo", "example"])
def test_a_shipped_plan_is_read_without_a_word_and_has_all_nine_rings(name: str) -> None:
    done = ansible_inventory(CHECKOUT / "inventory" / name, "--graph")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for number in range(1, 10):
        assert f"|--@ring_{number}:" in done.stdout


def test_a_limit_to_a_site_shows_its_hosts_only() -> None:
    found = listing(CHECKOUT / "inventory" / "demo", "--limit", "site_pest")
    assert list(found["_meta"]["hostvars"]) == ["ws-pest-1"]


def test_a_refused_plan_tells_every_error_once_and_leaves_no_host(tmp_path: Path) -> None:
    text = HEAD + good('"99901A"', "000301").replace('"50123"', "50123").replace("E99901A", "E000301")
    done = ansible_inventory(written(tmp_path, text), "--list")
    assert done.returncode != 0
    assert "2 errors in the site plan; nothing of it was used" in done.stderr
    assert done.stderr.count("000301 is not in quotes, so YAML reads it as the number 193") == 1
    assert done.stderr.count("clinic.site_plan.yml:26:22, users[0].registry_number: 50123 is not in quotes") == 1
    loose = ansible_inventory(written(tmp_path, text), "--list", ANSIBLE_INVENTORY_UNPARSED_FAILED="false")
    assert json.loads(loose.stdout)["_meta"]["hostvars"] == {}


def test_a_warning_is_told_and_stops_nothing(tmp_path: Path) -> None:
    done = ansible_inventory(written(tmp_path, HEAD + good("hosts:\n", "  - id: pest\nhosts:\n")), "--list")
    assert done.returncode == 0
    assert "[WARNING]: " in done.stderr
    assert "no host stands in site pest" in done.stderr


def test_the_plan_may_have_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "clinic.yml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "inventory").mkdir()
    source = written(tmp_path / "inventory", HEAD + "plan: ../plans/clinic.yml\n")
    assert listing(source)["linux"]["hosts"] == ["ws-1"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "plan: x.yml\nhosts: []\n", "hosts stands beside plan – keep the plan in one place"),
        (HEAD + "plan: x.yml\nplann: 1\n", "plann is not a field of the plan here – did you mean plan?"),
        (
            HEAD + "plan: x.ods\n",
            "x.ods:1:1: no reader knows this kind of file – give the plan as .yml, as .xlsx or as a folder of .csv",
        ),
        (HEAD + "plan: missing.yml\n", "missing.yml"),
    ],
)
def test_a_source_that_is_refused(tmp_path: Path, text: str, message: str) -> None:
    for name in ("x.yml", "x.ods"):
        (tmp_path / name).write_text(GOOD, encoding="utf-8")
    done = ansible_inventory(written(tmp_path, text), "--list")
    assert done.returncode != 0
    assert message in done.stderr


def test_files_of_other_names_are_left_to_other_plugins(tmp_path: Path) -> None:
    other = tmp_path / "clinic.yml"
    other.write_text(HEAD + GOOD, encoding="utf-8")
    done = ansible_inventory(other, "--list")
    assert done.returncode != 0
    assert "could not be verified by inventory plugin 'eeszt.connect.site_plan'" in done.stderr


def test_compose_groups_and_keyed_groups_work_as_in_constructed_inventories(tmp_path: Path) -> None:
    options = """\
compose:
  label: inventory_hostname ~ ' in ' ~ eeszt_site.id
groups:
  with_pharmacy: "'P099002' in eeszt_institutions | map(attribute='id')"
keyed_groups:
  - {key: eeszt_system, prefix: runs}
"""
    found = listing(written(tmp_path, HEAD + options + GOOD))
    assert found["_meta"]["hostvars"]["ws-1"]["label"] == "ws-1 in buda"
    assert found["with_pharmacy"]["hosts"] == ["ws-1"]
    assert found["runs_linux"]["hosts"] == ["ws-1"]
    assert found["runs_windows"]["hosts"] == ["ws-2"]


def test_a_strict_expression_that_fails_leaves_nothing_half_read(tmp_path: Path) -> None:
    text = HEAD + "compose: {label: eeszt_reader.model}\n"
    assert "label" not in listing(written(tmp_path, text + GOOD))["_meta"]["hostvars"]["ws-1"]
    done = ansible_inventory(
        written(tmp_path, text + "strict: true\n" + GOOD), "--list", ANSIBLE_INVENTORY_UNPARSED_FAILED="false"
    )
    assert "Could not set label for host ws-1" in done.stderr
    assert json.loads(done.stdout)["_meta"]["hostvars"] == {}


def test_host_variables_of_the_plan_are_templates_and_vault_values_stay_closed(tmp_path: Path) -> None:
    ciphertext = "$ANSIBLE_VAULT;1.1;AES256\n          6162"
    text = good(
        "    system: linux\n", f"    vars:\n      a: '{{{{ 1 + 1 }}}}'\n      b: !vault |\n          {ciphertext}\n"
    )
    shown = ansible_inventory(written(tmp_path, HEAD + text), "--host", "ws-1", "--yaml")
    assert shown.returncode == 0, shown.stderr
    assert "!vault" in shown.stdout
    assert "$ANSIBLE_VAULT;1.1;AES256" in shown.stdout
    assert "{{ 1 + 1 }}" in shown.stdout


def test_what_the_plan_says_of_a_name_is_never_a_template(tmp_path: Path) -> None:
    source = written(
        tmp_path, HEAD + "compose:\n  label: eeszt_institutions[0].name\n" + good("Mintarendelő Kft.", "'{{ 1 + 1 }}'")
    )
    assert listing(source)["_meta"]["hostvars"]["ws-1"]["label"] == {"__ansible_unsafe": "{{ 1 + 1 }}"}


def test_the_cache_holds_an_inventory_for_as_long_as_the_plan_stays(tmp_path: Path) -> None:
    caching = {
        "ANSIBLE_INVENTORY_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_INVENTORY_CACHE_CONNECTION": str(tmp_path / "cache"),
    }
    vars_line = "    vars: {day: 2026-01-12, closed: !vault abc}\n"
    source = written(tmp_path, HEAD + "cache: true\n" + good("    system: linux\n", f"    system: linux\n{vars_line}"))
    fresh = listing(source, **caching)
    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_text(kept.read_text(encoding="utf-8").replace("192.0.2.11", "192.0.2.99"), encoding="utf-8")
    assert listing(source, **caching)["_meta"]["hostvars"]["ws-1"]["ansible_host"] == "192.0.2.99"
    assert listing(source, "--flush-cache", **caching) == fresh
    source.write_text(source.read_text(encoding="utf-8").replace("192.0.2.11", "192.0.2.77"), encoding="utf-8")
    assert listing(source, **caching)["_meta"]["hostvars"]["ws-1"]["ansible_host"] == "192.0.2.77"
    again = listing(source, **caching)
    assert again["_meta"]["hostvars"]["ws-1"]["day"] == "2026-01-12"
