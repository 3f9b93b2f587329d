"""Windows doubles without a host: the firewall's wishes as rules, faults on order, inventory, certificates."""

import ipaddress
import json
import os
import queue
import stat
import struct
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509

from lab import Fleet, pki, powershell, spec
from lab.errors import LabError
from lab.inventory import inventory
from lab.paths import FleetPaths
from lab.windows import firewall, light, winrm
from lab.windows import pki as winrm_pki

RULE: dict[str, Any] = {"name": "x", "action": "allow", "protocol": "tcp", "remote_ports": [], "remote_addresses": []}


def _wishes(*rules: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"generation": 1, "enabled": True, "default_outbound": "block", "rules": list(rules), **changes}


def _verdicts(text: str) -> list[str]:
    """The rules that came from wishes, and the policy."""
    lines = [line.strip() for line in text.splitlines()]
    begin = next(index for index, line in enumerate(lines) if line.startswith("meta l4proto ipv6-icmp"))
    policy = next(line for line in lines if "hook output" in line).split("policy ")[1]
    return [*lines[begin + 1 : lines.index("}", begin)], policy]


@pytest.mark.parametrize(
    ("rule", "lines"),
    [
        ({}, ["meta l4proto tcp accept"]),
        ({"action": "block", "protocol": "any"}, ["drop"]),
        ({"protocol": "17", "remote_ports": ["53"]}, ["udp dport { 53 } accept"]),
        ({"protocol": "47", "remote_ports": []}, ["meta l4proto 47 accept"]),
        (
            {"remote_ports": ["443", "5000-5010"], "remote_addresses": ["10.77.0.2", "10.0.0.0-10.0.0.255"]},
            ["ip daddr { 10.77.0.2/32, 10.0.0.0-10.0.0.255 } tcp dport { 443, 5000-5010 } accept"],
        ),
        (
            {"protocol": "udp", "remote_ports": ["1"], "remote_addresses": ["2001:db8::1", "10.0.0.0/8"]},
            [
                "ip daddr { 10.0.0.0/8 } udp dport { 1 } accept",
                "ip6 daddr { 2001:db8::1/128 } udp dport { 1 } accept",
            ],
        ),
    ],
)
def test_a_wish_becomes_a_rule(rule: dict[str, Any], lines: list[str]) -> None:
    text = firewall.ruleset(_wishes({**RULE, **rule}))
    assert _verdicts(text) == [*lines, "drop;"]


def test_blocks_come_before_allows_and_both_before_the_default() -> None:
    rules = [{**RULE, "remote_ports": ["1"]}, {**RULE, "action": "block", "remote_ports": ["2"]}]
    text = firewall.ruleset(_wishes(*rules, default_outbound="allow"))
    assert _verdicts(text) == ["tcp dport { 2 } drop", "tcp dport { 1 } accept", "accept;"]


def test_a_firewall_that_is_off_filters_nothing() -> None:
    assert _verdicts(firewall.ruleset(_wishes({**RULE, "action": "block"}, enabled=False))) == ["accept;"]


@pytest.mark.parametrize(
    "rule", [{"remote_ports": ["x"]}, {"remote_ports": ["70000"]}, {"remote_addresses": ["LocalSubnet"]}, {"action": 1}]
)
def test_what_cannot_be_enforced_is_not_half_enforced(rule: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        firewall.ruleset(_wishes({**RULE, **rule}))


@pytest.fixture
def nft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An nft that writes down what it is given, and fails at the word `fail`; returns the file."""
    program, said = tmp_path / "bin/nft", tmp_path / "rules"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ncat >{said}\n! grep -q 9999 {said} || {{ echo no such port >&2; exit 1; }}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return said


@pytest.mark.parametrize(
    ("content", "applied"),
    [
        (json.dumps(_wishes(generation=7)), "7\n"),
        ("\ufeff" + json.dumps(_wishes(generation=8)), "8\n"),
        (json.dumps(_wishes({**RULE, "remote_ports": ["9999"]}, generation=9)), "9\nno such port\n"),
        (json.dumps({"generation": 3}), "3\nfirewall.json cannot be read: KeyError('enabled')\n"),
    ],
)
def test_what_was_applied_is_answered(tmp_path: Path, nft: Path, content: str, applied: str) -> None:
    (tmp_path / "firewall.json").write_text(content, encoding="utf-8")
    firewall.apply(tmp_path)
    assert (tmp_path / "firewall.applied").read_text() == applied
    assert nft.exists() == ("enabled" in content)


def test_without_a_file_all_is_closed(tmp_path: Path, nft: Path) -> None:
    firewall.apply(tmp_path)
    assert _verdicts(nft.read_text()) == ["drop;"]


def test_a_file_renamed_into_place_is_noticed(tmp_path: Path) -> None:
    noticed: queue.SimpleQueue[None] = queue.SimpleQueue()

    def watch() -> None:
        for change in firewall.changes(tmp_path):
            noticed.put(change)

    threading.Thread(target=watch, daemon=True).start()
    noticed.get(timeout=20)
    (tmp_path / "other").write_text("")
    (tmp_path / "new").write_text("{}")
    assert noticed.empty()
    (tmp_path / "new").rename(tmp_path / "firewall.json")
    noticed.get(timeout=20)


def test_names_are_read_from_events() -> None:
    event = struct.pack("iIII", 1, 0x80, 0, 16) + b"firewall.json".ljust(16, b"\0")
    assert firewall.names(event * 2 + struct.pack("iIII", 1, 0x8, 0, 0)) == {"firewall.json", ""}


def test_faults_are_read_from_the_command_line() -> None:
    words = ["refuse:filtered", "times=2", "slow:0.5", "action=Receive", "drop"]
    assert winrm.entries(words) == [
        {"kind": "refuse", "variant": "filtered", "times": 2},
        {"kind": "slow", "delay": 0.5, "action": "Receive"},
        {"kind": "drop"},
    ]


@pytest.mark.parametrize("words", [["times=2"], ["explode"], ["hang:x"]])
def test_faults_that_are_none_are_refused(words: list[str]) -> None:
    with pytest.raises(LabError, match=words[0].split(":")[0]):
        winrm.entries(words)


def test_a_control_file_takes_known_kinds_only() -> None:
    assert json.loads(winrm.control([{"kind": "hang"}])) == {"faults": [{"kind": "hang"}]}
    with pytest.raises(LabError, match="cannot be told to sing"):
        winrm.control([{"kind": "sing"}])


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without fleets that has PowerShell."""
    monkeypatch.setenv("EESZT_LAB_STATE", str(tmp_path))
    monkeypatch.setattr(powershell, "absent", lambda: "")
    return tmp_path


def test_inventory_reaches_windows_doubles_by_winrm(state: Path) -> None:
    hosts = yaml.safe_load(inventory(Fleet("some", file="windows")))["all"]["hosts"]
    one = hosts["win-t-1"]
    assert one["ansible_connection"] == "winrm"
    assert one["ansible_host"].startswith("127.")
    assert one["ansible_winrm_ca_trust_path"] == f"{state}/some/pki/ca.pem"
    # The password is looked up when it is needed, and stands in no inventory.
    assert one["ansible_password"] == f"{{{{ lookup('ansible.builtin.file', '{state}/some/pki/winrm.password') }}}}"
    assert "ProxyCommand" not in one["ansible_ssh_common_args"]


@pytest.mark.usefixtures("state")
def test_without_powershell_windows_doubles_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Fleet("demo").spec
    assert whole.left_out == ()
    monkeypatch.setattr(powershell, "absent", lambda: "No PowerShell.")
    rest = Fleet("demo").spec
    assert rest.left_out == ("ws-duna-1", "ws-duna-2")
    assert rest.why_left_out == "No PowerShell."
    assert [host.number for host in rest.hosts] == [host.number for host in whole.of_kind("linux")]
    assert spec.from_json(json.loads(json.dumps(rest.to_json()))) == rest


@pytest.mark.usefixtures("state")
def test_light_hosts_need_no_powershell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(powershell, "absent", lambda: "No PowerShell.")
    made = Fleet("many", hosts=300, kind="windows_light")
    assert len(made.spec.hosts) == 300
    assert not any(host.card for host in made.spec.hosts)
    with pytest.raises(LabError, match="no system"):
        made.workstations[0].stop()


@pytest.mark.usefixtures("state")
def test_light_hosts_share_a_control_file_and_not_their_faults() -> None:
    made = spec.generated("many", 2, "windows_light")
    first, second = (light.LightHost(FleetPaths("many"), made, host) for host in made.hosts)
    assert first.trouble([{"kind": "hang"}])
    assert second.trouble([{"kind": "drop"}])
    assert not second.trouble([{"kind": "drop"}])
    assert first.ensure() == "WinRM mended"
    assert first.ensure() == ""
    control = json.loads((FleetPaths("many").root / "light/control.json").read_text())
    assert control == {"faults": [{"kind": "drop", "host": "ws-002"}]}


def test_certificates_name_host_and_addresses(tmp_path: Path) -> None:
    pki.ensure(tmp_path, spec.load("windows"))
    names = ["win-t-1", "10.77.0.11", "127.1.2.3"]
    made = winrm_pki.ensure(tmp_path, {"win-t-1": names})
    assert made == ["WinRM account", "WinRM win-t-1"]
    assert winrm_pki.ensure(tmp_path, {"win-t-1": names}) == []
    own = _certificate(tmp_path / "winrm-win-t-1.pem")
    issuer = _certificate(tmp_path / "ca.pem")
    own.verify_directly_issued_by(issuer)
    found = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert found.get_values_for_type(x509.DNSName) == ["win-t-1"]
    assert found.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address(one) for one in names[1:]]
    expired = _certificate(tmp_path / "winrm-win-t-1-expired.pem")
    assert expired.not_valid_after_utc < datetime.now(UTC) < own.not_valid_after_utc
    with pytest.raises(ValueError, match=r"\S"):
        _certificate(tmp_path / "winrm-win-t-1-foreign.pem").verify_directly_issued_by(issuer)
    for secret in ("winrm.password", "winrm-client.key", "winrm-win-t-1.key"):
        assert stat.S_IMODE((tmp_path / secret).stat().st_mode) == 0o600


def _certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())
