"""Fleet files: what is read, what is refused, and where hosts end up in the network."""

from pathlib import Path
from typing import Any

import pytest

from lab import spec
from lab.errors import LabError


def _data(**changes: Any) -> dict[str, Any]:
    data: dict[str, Any] = {
        "domain": "demo.test",
        "institutions": {"E99901A": {"name": "Mintarendelő Kft."}},
        "hosts": [{"name": "ws-a", "serves": ["E99901A"]}],
    }
    return {**data, **changes}


def _refusal(**changes: Any) -> str:
    with pytest.raises(LabError) as caught:
        spec.parse("x", _data(**changes), "x.yml")
    return str(caught.value)


def test_demo_fleet_is_as_the_demo_needs_it() -> None:
    fleet = spec.load("demo")
    names = [host.name for host in fleet.hosts]
    assert names[:6] == ["ws-buda-1", "ws-buda-2", "ws-pest-1", "ws-tisza-1", "ws-tisza-2", "ws-tisza-3"]
    assert [host.name for host in fleet.of_kind(spec.WINDOWS)] == names[6:] == ["ws-duna-1", "ws-duna-2"]
    assert fleet.host("ws-pest-1").release == "bookworm"
    assert fleet.host("ws-tisza-1").blocked == (4443,)
    assert fleet.host("ws-tisza-2").seed_certificate == "E99904C"
    assert [host.name for host in fleet.hosts if not host.card] == ["ws-tisza-3"]
    assert [one.id for one in fleet.institutions if one.expired] == ["E99904C"]


def test_addresses_follow_the_order_of_the_file() -> None:
    assert [host.address for host in spec.load("test").hosts] == ["10.77.0.11", "10.77.0.12", "10.77.0.13"]


def test_generated_fleet_crosses_the_octet() -> None:
    fleet = spec.generated("many", 300)
    assert fleet.hosts[0].name == "ws-001"
    assert fleet.hosts[299].address == "10.77.1.54"
    assert len({host.address for host in fleet.hosts}) == 300


@pytest.mark.parametrize("count", [0, -1, 901])
def test_generated_fleet_has_bounds(count: int) -> None:
    with pytest.raises(LabError, match="--hosts takes 1 to 900"):
        spec.generated("many", count)


@pytest.mark.parametrize("name", ["demo", "proxy"])
def test_a_spec_survives_its_record(name: str) -> None:
    fleet = spec.load(name)
    assert spec.from_json(fleet.to_json()) == fleet


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"domain": "demo.hu"}, "domain must end in .test"),
        ({"colour": 1}, "unknown key colour"),
        ({"institutions": {}}, "institutions must be a mapping"),
        ({"institutions": {99901: {"name": "x"}}}, "institution 99901: the id must be text"),
        ({"institutions": {"E1A": {"name": "x", "certificate": "old"}}}, "must be valid or expired, not old"),
        ({"hosts": []}, "hosts must be a list"),
        ({"hosts": [{"release": "trixie"}]}, "host 1: name is missing"),
        ({"hosts": [{"name": "WS_1"}]}, "the name must be"),
        ({"hosts": [{"name": "gateway"}]}, "the name is taken"),
        ({"hosts": [{"name": "ws-a"}, {"name": "ws-a"}]}, "host ws-a: the name is taken"),
        ({"hosts": [{"name": "ws-a", "release": "sid"}]}, "not sid"),
        ({"hosts": [{"name": "ws-a", "serves": ["P1"]}]}, "unknown institution P1"),
        ({"hosts": [{"name": "ws-a", "serves": "P1"}]}, "serves must be a list"),
        ({"hosts": [{"name": "ws-a", "seed_certificate": "P1"}]}, "unknown institution P1"),
        ({"hosts": [{"name": "ws-a", "card": False}]}, "unknown key card"),
        ({"hosts": [{"name": "ws-a", "faults": {"block": ["https"]}}]}, "must be a list of ports"),
        ({"hosts": [{"name": "ws-a", "faults": {"fire": True}}]}, "faults may hold"),
        ({"proxy": True}, "proxy must be {account: true} or {account: false}"),
        ({"proxy": {"account": "yes"}}, "proxy must be"),
        ({"proxy": {"account": True, "port": 8080}}, "proxy must be"),
    ],
)
def test_a_fault_of_the_file_is_named(changes: dict[str, Any], words: str) -> None:
    assert words in _refusal(**changes)


def test_all_faults_come_at_once() -> None:
    said = _refusal(domain="demo.hu", hosts=[{"name": "ws-a", "release": "sid"}, {"name": "ws-b", "serves": ["P1"]}])
    assert said.startswith("x.yml: ")
    for words in ("domain", "host ws-a: release", "host ws-b: unknown institution"):
        assert words in said


def test_unknown_fleet_names_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "small.yml").write_text("")
    with pytest.raises(LabError, match=r"no fleet file big.yml \(known: small\)"):
        spec.load("big", tmp_path)


def test_broken_yaml_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text("hosts: [")
    with pytest.raises(LabError, match=r"bad.yml is not YAML") as caught:
        spec.load("bad", tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "Demo", "a.b", "../x", "_images", "a" * 21])
def test_fleet_names_that_the_kernel_could_not_carry(name: str) -> None:
    with pytest.raises(LabError, match="cannot name a fleet"):
        spec.check_fleet_name(name)


def test_unknown_host_names_the_known_ones() -> None:
    with pytest.raises(LabError, match="has no host ws-x; it has ws-t-1"):
        spec.load("test").host("ws-x")


def test_a_record_of_another_version_is_one_sentence() -> None:
    with pytest.raises(LabError, match="another version of the lab"):
        spec.from_json({"name": "demo"})


@pytest.mark.parametrize(("account", "kind"), [(True, spec.ACCOUNT), (False, spec.OPEN)])
def test_a_fleet_may_ask_for_a_proxy(account: bool, kind: str) -> None:
    assert spec.parse("x", _data(proxy={"account": account}), "x.yml").proxy == kind
    assert spec.parse("x", _data(), "x.yml").proxy == ""
