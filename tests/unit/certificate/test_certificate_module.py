# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's own process on the host: what it logs there and what it answers holds no secret."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from certificate_factory import DAY, NOW, PASSWORD, authority, issue, pack

from ansible_collections.eeszt.connect.plugins.modules import waf_certificate
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate import library
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.delivery import deliver, prepare
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.errors import CertificateErrors
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.sources import Rules, open_sources


class Process:
    """Runs the module as a host would, and keeps all that leaves the process."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.capsys, self.logged, self.answered = capsys, [], []
        monkeypatch.setattr(
            AnsibleModule, "log", lambda _self, *given, **named: self.logged.append(repr((given, named)))
        )

    def __call__(self, arguments: dict[str, Any]) -> dict[str, Any]:
        with patch_module_args(arguments), pytest.raises(SystemExit):
            waf_certificate.main()
        self.answered.append(self.capsys.readouterr().out)
        return json.loads(self.answered[-1])


@pytest.fixture
def process(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Process:
    return Process(capsys, monkeypatch)


def test_nothing_secret_leaves_the_process(process: Process, tmp_path: Path) -> None:
    issued = issue("E01620K", authority())
    source, on_host = tmp_path / "source.p12", tmp_path / "host" / "client.p12"
    source.write_bytes(pack(issued))
    pem = {"type": "pem_files", "certificate": f"{on_host.parent}/c.pem", "key": f"{on_host.parent}/k.pem"}
    targets = [pem, {"type": "pkcs12_file", "path": str(on_host)}]
    sources = {"E01620K": {"path": str(source), "password": PASSWORD}}
    delivery = prepare("present", ["E01620K"], sources, targets, Rules(), lambda path: Path(path).read_bytes())
    assert deliver(delivery, process)["changed"] is True
    anew = pack(issued)
    on_host.write_bytes(anew)
    assert deliver(delivery, process)["changed"] is False
    assert len(process.answered) == 3, "only the file of other bytes costs a second execution"
    everything = "".join([*process.logged, *process.answered])
    assert "Invoked with" in everything
    for secret in (issued.key_pem().splitlines()[1], PASSWORD, *(chunks(source.read_bytes())), *(chunks(anew))):
        assert secret not in everything


@pytest.mark.parametrize(
    ("held", "kept"),
    [
        ("another", True),
        ("another password", True),
        ("expired", False),
        ("another institution's", False),
        ("text", False),
    ],
)
def test_of_a_sealed_file_the_controller_says_whether_one_can_go_back_to_it(
    process: Process, tmp_path: Path, held: str, kept: bool
) -> None:
    ca, source, on_host = authority(), tmp_path / "source.p12", tmp_path / "host" / "client.p12"
    other, stranger = issue("E01620K", ca), tmp_path / "stranger.p12"
    stranger.write_bytes(pack(issue("P000301", ca)))
    source.write_bytes(pack(issue("E01620K", ca)))
    on_host.parent.mkdir()
    on_host.write_bytes(
        {
            "another": pack(other),
            "another password": pack(other, "its own"),
            "expired": pack(issue("E01620K", ca, not_before=NOW - 9 * DAY, not_after=NOW - DAY)),
            "another institution's": stranger.read_bytes(),
            "text": b"text",
        }[held]
    )
    sources = {
        "E01620K": {"path": str(source), "password": PASSWORD},
        "P000301": {"path": str(stranger), "password": PASSWORD},
    }
    targets = [
        {"institution": "E01620K", "type": "pkcs12_file", "path": str(on_host)},
        {"institution": "P000301", "type": "pkcs12_file", "path": str(tmp_path / "host" / "other.p12")},
    ]
    delivery = prepare("present", list(sources), sources, targets, Rules(), lambda path: Path(path).read_bytes())
    answer = deliver(delivery, process)
    assert answer["changed"] is True
    assert [each["state"] for each in answer["renewals"]] == (["kept"] if kept else [])


def chunks(container: bytes) -> list[str]:
    return [base64.b64encode(container).decode()[60:120], repr(container)[60:120]]


def test_without_its_action_plugin_the_module_does_nothing(process: Process, tmp_path: Path) -> None:
    targets = [{"institution": "E01620K", "type": "pkcs12_file", "path": str(tmp_path / "x.p12")}]
    answer = process({"targets": targets})
    assert answer["failed"] is True
    assert "action plugin" in answer["msg"]
    assert list(tmp_path.iterdir()) == []


def test_a_controller_without_the_library_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "USABLE", False)
    path = tmp_path / "a.p12"
    path.write_bytes(b"x")
    opened = open_sources(["E01620K"], {"E01620K": {"path": str(path), "password": PASSWORD}})
    with pytest.raises(CertificateErrors, match="pip install 'cryptography>=42'"):
        opened.all_good()


@pytest.mark.parametrize("enabled", [True, False])
def test_a_context_of_selinux_is_set_before_the_name_and_only_where_it_is_enabled(
    process: Process, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, enabled: bool
) -> None:
    """Each file and folder gets what the system has for its final path, while it still has a name of ours."""
    labelled: dict[str, str] = {}
    host = tmp_path / "host"

    def label(_module: AnsibleModule, path: str, context: list[str], _changed: bool) -> bool:
        assert Path(path).exists()
        assert Path(path).name.startswith(".eeszt-connect.")
        labelled[context[0]] = path
        return True

    monkeypatch.setattr(AnsibleModule, "selinux_enabled", lambda _module: enabled)
    monkeypatch.setattr(AnsibleModule, "selinux_default_context", lambda _module, final: [final])
    monkeypatch.setattr(AnsibleModule, "set_context_if_different", label)
    (tmp_path / "source.p12").write_bytes(pack(issue("E01620K", authority())))
    sources = {"E01620K": {"path": str(tmp_path / "source.p12"), "password": PASSWORD}}
    target = {"type": "pem_files", "certificate": f"{host}/c.pem", "key": f"{host}/k.pem"}
    delivery = prepare("present", ["E01620K"], sources, [target], Rules(), lambda path: Path(path).read_bytes())
    assert deliver(delivery, process)["changed"] is True
    assert set(labelled) == ({str(host), f"{host}/c.pem", f"{host}/k.pem"} if enabled else set())
    assert sorted(path.name for path in host.iterdir()) == ["c.pem", "k.pem"]
