"""YAML read with places: what YAML makes of values, what it refuses, and that nothing makes it hang or fall."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_texts import GOOD, errors, good, only_error

from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.findings import Findings
from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.nodes import Encrypted, Record, Scalar, Unsafe, plain
from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.yaml_reader import read_yaml


def tree(text: str) -> Record:
    findings = Findings()
    record = read_yaml(text, "plan.yml", findings)
    assert record is not None, findings.errors
    assert not findings.errors
    return record


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("000301", "the number 193"),
        ("011200", "the number 4736"),
        ("101200", "the number"),
        ("1_0", "the number 10"),
        ("12:30", "the number 750"),
        ("1.5", "the number"),
        ("on", "the logical value true"),
        ("2026-01-12", "the date"),
    ],
)
def test_yaml_says_what_it_would_have_made_of_an_unquoted_text(written: str, read_as: str) -> None:
    assert f"{written} is not in quotes, so YAML reads it as {read_as}" in only_error(
        good("name: Mintarendelő Kft.", f"name: {written}")
    )


@pytest.mark.parametrize("written", ["008010", "01090I", '"000301"', "'1'"])
def test_what_yaml_takes_for_text_is_text(written: str) -> None:
    value = tree(f"a: {written}").fields["a"]
    assert isinstance(value, Scalar)
    assert value.kind == "text"


def test_every_value_knows_its_place() -> None:
    hosts = tree("\nhosts:\n  - name: ws\n    serves: [a, b]\n").fields["hosts"]
    assert str(hosts.items[0].fields["serves"].items[1].at) == "plan.yml:4:17, hosts[0].serves[1]"  # type: ignore[union-attr]


def test_anchors_and_merge_keys_work_and_the_nearer_value_wins() -> None:
    record = tree("x: &d {a: 1, b: 2}\ny: {<<: *d, b: 3}\nz: {<<: [{a: 1}, {a: 2}]}\n")
    assert plain(record.fields["y"]) == {"a": 1, "b": 3}
    assert plain(record.fields["z"]) == {"a": 1}


def test_vault_and_unsafe_values_stay_marked() -> None:
    assert plain(tree("a: !vault abc\nb: !unsafe '{{ x }}'\n")) == {"a": Encrypted("abc"), "b": Unsafe("{{ x }}")}


def test_a_vault_value_in_a_field_of_the_plan_is_refused_without_showing_it() -> None:
    found = only_error(good("name: Mintarendelő Kft.", "name: !vault abc"))
    assert "a value of Ansible Vault cannot stand here" in found
    assert "abc" not in found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "plan.yml:1:1: the file is empty"),
        ("- a\n", "the file is not a mapping"),
        ("a: [1\nb: 2\n", "plan.yml:2:2: this is not YAML"),
        ("a: 1\n---\nb: 2\n", "this is not YAML"),
        ("a: \x07\n", "this is not YAML"),
        ("a: 1\na: 2\n", "the key a stands here twice"),
        ("a: &a [*a]\n", "too large or too deep"),
        ("a: " + "[" * 40 + "]" * 40, "too large or too deep"),
        ("a: " + "[" * 100_000, "this is not YAML"),
        ("a: !!python/object/apply:os.system [x]\n", "not a field"),
        ("a: !secret x\n", "the tag !secret is not known here"),
        ("a: 2026-13-45\n", "has the form of the date, but is none"),
        ("[a]: 1\n", "a key must be a word"),
        ("<<: 1\n", "<< needs a mapping"),
    ],
)
def test_what_is_no_plan_in_yaml(text: str, message: str) -> None:
    assert any(message in line for line in errors(text)), errors(text)


def test_a_bomb_of_aliases_ends() -> None:
    # Nine to the eleventh values: without the bound nobody would see this test end.
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    text += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    assert any("too large or too deep" in line for line in errors(text))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_any_text_gives_a_plan_or_errors(text: str) -> None:
    errors(text)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(GOOD)), st.integers(0, 12), st.text(max_size=4))
def test_a_good_plan_with_a_bad_passage_gives_a_plan_or_errors(start: int, length: int, passage: str) -> None:
    for line in errors(GOOD[:start] + passage + GOOD[start + length :]):
        assert line.startswith("plan.yml:"), line
        assert " – " in line
