# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract's documents: valid, complete, and refused with a clear message where they are not."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from ansible_collections.eeszt.connect.plugins.plugin_utils.contract import catalogue as catalogue_module
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract import policy as policy_module
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.catalogue import (
    load_catalogue,
    load_refusals,
)
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.documents import (
    FOLDER,
    ContractError,
    read_yaml,
)
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.policy import (
    IGNORED,
    REQUIRED,
    Policy,
    load_policy,
)
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.tables import (
    load_evidence,
    load_readers,
    spellings,
)
from ansible_collections.eeszt.connect.plugins.plugin_utils.judge.builder import Builder

SCHEMAS = sorted((FOLDER / "schemas").glob("*.schema.json"))
SHIPPED = sorted(path.stem for path in (FOLDER / "policies").glob("*.yml"))
# Words that lead to a cause by a rule of the judge, and are none themselves.
SIGNALS = {
    "timeout",
    "closed",
    "issuer_unknown",
    "not_time_valid",
    "no_service",
    "card_removed",
}
LAYERS_OF_TOPIC = {"pcsc": {"reader", "card"}, "dns": {"endpoints"}, "tcp": {"endpoints"}, "tls": {"endpoints"}}


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_schemas_are_valid_and_closed(path: Path) -> None:
    schema = json.loads(path.read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False


def test_catalogue_keeps_its_layers_together() -> None:
    layers = [spec.layer for spec in load_catalogue().checks.values()]
    changes = [layer for place, layer in enumerate(layers) if place == 0 or layers[place - 1] != layer]
    assert changes == load_catalogue().layers()
    assert all(spec.id.startswith(f"{spec.layer}.") for spec in load_catalogue().checks.values())


def test_remedies_stand_in_two_languages() -> None:
    for spec in load_catalogue().checks.values():
        assert spec.causes
        for text in (spec.title, *spec.causes.values()):
            assert text.en.strip()
            assert text.hu.strip()
            assert text.en != text.hu


def test_firewall_and_clock_gate_nothing() -> None:
    for spec in load_catalogue().checks.values():
        assert not [name for name in spec.depends_on if name.split(".")[0] in {"firewall", "clock"}], spec.id


def test_catalogue_refuses_what_it_lacks() -> None:
    catalogue, build = load_catalogue(), Builder(load_catalogue())
    with pytest.raises(ContractError, match=r"no check 'reader\.colour'"):
        catalogue["reader.colour"]
    with pytest.raises(ContractError, match="no cause 'green'"):
        catalogue.remedy("reader.device", "green")
    with pytest.raises(ContractError, match="no check"):
        build.ok("reader.colour")
    with pytest.raises(ContractError, match="no cause"):
        build.fail("reader.device", ["no_reader_device", "green"])
    with pytest.raises(ValueError, match="needs a cause"):
        build.fail("reader.device", [])


def rewritten(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, change: Any) -> None:
    """Load a changed catalogue in place of the real one."""
    document = copy.deepcopy(dict(read_yaml(FOLDER / "checks.yml")))
    change(document["checks"])
    (tmp_path / "checks.yml").write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
    monkeypatch.setattr(catalogue_module, "FOLDER", tmp_path)


def test_a_check_cannot_depend_on_a_later_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rewritten(monkeypatch, tmp_path, lambda checks: checks[3]["depends_on"].append(checks[9]["id"]))
    with pytest.raises(ContractError, match="not listed before it"):
        load_catalogue.__wrapped__()


def test_a_check_cannot_stand_twice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rewritten(monkeypatch, tmp_path, lambda checks: checks.append(checks[0]))
    with pytest.raises(ContractError, match="listed twice"):
        load_catalogue.__wrapped__()


def test_a_cause_needs_both_languages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rewritten(monkeypatch, tmp_path, lambda checks: checks[0]["causes"]["unreachable"].pop("hu"))
    with pytest.raises(ContractError, match="hu"):
        load_catalogue.__wrapped__()


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_policies_load(name: str) -> None:
    policy = load_policy(name)
    assert policy.name == name
    assert policy.level("endpoints.tcp").level == REQUIRED
    assert policy.level("card.pin").level == IGNORED
    assert len(policy.sha256) == 64


def production() -> dict[str, Any]:
    return copy.deepcopy(dict(read_yaml(FOLDER / "policies" / "production.yml")))


def test_policies_differ_by_their_digest_and_not_by_their_layout() -> None:
    document = production()
    again = dict(reversed(list(document.items())))
    other = {**document, "ports": [443]}
    digests = [Policy.from_document(each, "here").sha256 for each in (document, again, other)]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"checks": {"reader.colour": {"level": "required"}}}, "site.yml: checks: the catalogue has no reader.colour"),
        ({"checks": {"card.present": {"level": "sometimes"}}}, "site.yml: checks.card.present.level: 'sometimes'"),
        ({"checks": {"card.present": {"level": "when_attended"}}}, "checks.card.present: when_attended needs max_age"),
        ({"ports": []}, "site.yml: ports:"),
        ({"ports": ["443"]}, "site.yml: ports.0: '443' is not of type 'integer'"),
        ({"colour": "green"}, "site.yml: top level: .*'colour' was unexpected"),
        (
            {"certificate": {"expires_soon_days": 30, "subject_pattern": "(", "test_issuer_words": []}},
            "site.yml: certificate.subject_pattern: is no regular expression",
        ),
    ],
    ids=["unknown check", "unknown level", "proof without age", "no port", "port as text", "unknown key", "pattern"],
)
def test_bad_policies_are_refused_with_their_place(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ContractError, match=message):
        Policy.from_document({**production(), **change}, "site.yml")


def test_every_fault_of_a_policy_is_told_at_once() -> None:
    with pytest.raises(ContractError) as caught:
        Policy.from_document({**production(), "ports": [], "name": ""}, "site.yml")
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"- 1\n- 2\n", "must be a mapping"),
        (b"name: [\n", "is not valid YAML"),
        ("név: árvíztűrő".encode("cp1250"), "is not valid YAML in UTF-8"),
    ],
    ids=["a list", "broken", "another encoding"],
)
def test_policy_files_that_cannot_be_read(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "site.yml"
    path.write_bytes(content)
    with pytest.raises(ContractError, match=f"site.yml: {message}"):
        load_policy(str(path))


def test_policies_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="shipped ones are production, test"):
        load_policy("prodution")
    with pytest.raises(ContractError, match="cannot be read"):
        load_policy(str(tmp_path / "none.yml"))


def test_policy_module_knows_the_schemas_levels() -> None:
    schema = json.loads((FOLDER / "schemas" / "policy.schema.json").read_text("utf-8"))
    levels = schema["properties"]["checks"]["additionalProperties"]["properties"]["level"]["enum"]
    assert levels == [policy_module.REQUIRED, policy_module.WHEN_ATTENDED, policy_module.IGNORED]


def test_refusals_speak_the_catalogues_words() -> None:
    causes, refusals = load_catalogue()["mtls.client_certificate"].causes, load_refusals()
    words = {word for row in refusals.alerts.values() for word in row.values()}
    words |= {answer.cause for answer in refusals.answers}
    assert words - {"refused"} <= set(causes)


def test_evidence_leads_to_the_catalogues_words() -> None:
    catalogue = load_catalogue()
    for topic, rows in load_evidence().topics.items():
        if topic == "client_alert":
            assert {int(row.word) for row in rows} <= set(load_refusals().alerts)
            continue
        layers = LAYERS_OF_TOPIC.get(topic)
        specs = [spec for spec in catalogue.checks.values() if layers is None or spec.layer in layers]
        known = {cause for spec in specs for cause in spec.causes} | SIGNALS
        assert {row.word for row in rows} <= known, topic


@pytest.mark.parametrize("code", [0x8010001D, -2146435043, "0x8010001D", "0x8010001d", "2148532253"])
def test_one_code_in_every_spelling(code: int | str) -> None:
    word = load_evidence().word("pcsc", {"stack": "pcsc", "code": code, "text": ""})
    assert word == "no_service"


def test_a_code_that_is_none_is_no_code() -> None:
    assert spellings(None) == frozenset()
    assert spellings(" ETIMEDOUT ") == frozenset({"etimedout"})
    assert load_evidence().word("tcp", None) is None
    assert load_evidence().word("tcp", {"stack": "errno", "code": None, "text": "never heard of"}) is None


def test_known_readers_are_well_formed() -> None:
    readers, causes = load_readers(), load_catalogue()["reader.capability"].causes
    ids = [usb for model in readers.models for usb in sorted(model.usb)]
    assert sorted(set(ids)) == sorted(ids)
    assert all(len(usb) == 9 and usb == usb.lower() and usb[4] == ":" for usb in ids)
    assert {model.unfit for model in readers.models} - {""} == set(causes)
    assert readers.is_virtual("Windows Hello for Business 1")
    assert not readers.is_virtual("Virtual PCD 00 00")
