# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe as a whole, and as a module: what it returns, what it never returns, and what a hang leaves of it."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from observe_pki import Pki
from observe_servers import Handler, answering, free_port, in_tls, tls_context

from ansible_collections.eeszt.connect.plugins.module_utils.observe import client, clock, host, observer, system
from ansible_collections.eeszt.connect.plugins.module_utils.observe.client import observe_client
from ansible_collections.eeszt.connect.plugins.module_utils.observe.clock import observe_clock
from ansible_collections.eeszt.connect.plugins.module_utils.observe.host import observe_host
from ansible_collections.eeszt.connect.plugins.module_utils.observe.observer import observe
from ansible_collections.eeszt.connect.plugins.module_utils.version import COLLECTION_VERSION
from ansible_collections.eeszt.connect.plugins.modules import probe

Json = dict[str, Any]
ROOT = Path(__file__).parents[3]


def test_the_version_that_hosts_report_is_the_collections() -> None:
    assert yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"] == COLLECTION_VERSION


def test_one_trip_fills_every_section_that_was_asked_for(
    make_request: Callable[..., Json],
    endpoint: Callable[..., Json],
    serve: Callable[[Handler], int],
    pki: Pki,
    tmp_path: Path,
    keeps_the_contract: Callable[[Json], None],
) -> None:
    certificate, key = pki.institution.write(tmp_path, "institution")
    context = tls_context(tmp_path, pki.server, client_issuer=pki.root)
    files = {"certificate": str(certificate), "key": str(key), "chain": None}
    request = make_request(
        ports=[443, 4443],
        endpoints=[endpoint(serve(in_tls(context, answering("200 OK"))))],
        certificate_targets=[{"institution": "E01620K", "type": "pem_files", **files}],
        client_certificates=[{"institution": "E01620K", "source": "files", **files}],
        client={"packages": ["eszemelyi*"], "executables": [sys.executable]},
    )

    seen = observe(request, {})

    keeps_the_contract(seen)
    assert seen["probe"] == {"name": "probe", "version": COLLECTION_VERSION, "double": False}
    assert [name for name, section in seen["sections"].items() if section is None or section["error"]] == []
    assert seen["sections"]["endpoints"]["endpoints"][0]["http"]["status"] == 200
    assert seen["sections"]["certificates"]["targets"][0]["key"]["fits"] is True


def test_what_was_not_asked_for_stays_null(
    make_request: Callable[..., Json], keeps_the_contract: Callable[[Json], None]
) -> None:
    seen = observe(make_request(observe=["clock"]), {})

    keeps_the_contract(seen)
    assert [name for name, section in seen["sections"].items() if section is not None] == ["clock"]


@pytest.mark.parametrize(
    "hung", ["readers", "client", "firewall", "certificates", "endpoints", "proxy_settings", "clock", "host"]
)
def test_a_section_that_hangs_says_so_and_the_others_are_whole(
    hung: str,
    make_request: Callable[..., Json],
    endpoint: Callable[..., Json],
    keeps_the_contract: Callable[[Json], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(observer, f"observe_{hung}", lambda *_arguments: threading.Event().wait(60))
    limits = {"dns": 1, "connect": 1, "handshake": 1, "answer": 1, "section": 1}
    port = free_port()
    control = {"name": "control", "host": "127.0.0.1", "port": port, "server_name": None}
    request = make_request(endpoints=[endpoint(port)], control_endpoint=control, limits=limits)
    start = time.monotonic()

    seen = observe(request, {})

    assert time.monotonic() - start < 3
    keeps_the_contract(seen)
    assert seen["host"]["hostname"]
    failed = {name: section["error"]["code"] for name, section in seen["sections"].items() if section["error"]}
    assert failed == ({hung: "timeout"} if hung != "host" else {})
    endpoints = seen["sections"]["endpoints"]
    assert (len(endpoints["endpoints"]), endpoints["control"]["name"]) == (1, "control")


def run_module(arguments: Json, capsys: pytest.CaptureFixture[str]) -> tuple[int, Json]:
    with patch_module_args(arguments), pytest.raises(SystemExit) as ended:
        probe.main()
    return int(ended.value.code or 0), json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("check_mode", [False, True])
def test_the_module_changes_nothing_and_returns_the_observation(
    check_mode: bool,
    make_request: Callable[..., Json],
    keeps_the_contract: Callable[[Json], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = {"request": make_request(observe=["clock", "client"]), "_ansible_check_mode": check_mode}

    code, result = run_module(arguments, capsys)

    assert (code, result["changed"]) == (0, False)
    keeps_the_contract(result["observation"])


def test_the_module_never_says_a_secret(
    make_request: Callable[..., Json], endpoint: Callable[..., Json], pki: Pki, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = {"institution": "E01620K", "source": "memory", "certificate": None, "key": None, "chain": None}
    request = make_request(observe=["endpoints"], endpoints=[endpoint(free_port())], client_certificates=[entry])
    secret = {"certificate": pki.institution.pem, "key": pki.institution.key_pem, "chain": ""}

    _code, result = run_module({"request": request, "secrets": {"E01620K": secret}}, capsys)
    said = json.dumps(result)

    assert result["observation"]["sections"]["endpoints"]["endpoints"][0]["tcp"]["error"]["code"] == 111
    for secret_text in (pki.institution.key_pem, pki.institution.pem):
        assert secret_text.splitlines()[1] not in said


def test_a_request_of_another_version_is_refused(
    make_request: Callable[..., Json], capsys: pytest.CaptureFixture[str]
) -> None:
    code, result = run_module({"request": {**make_request(), "schema_version": 2}}, capsys)

    assert code == 1
    assert result["msg"] == "request.schema_version must be 1, not 2."


def test_a_request_that_lacks_a_field_is_refused_with_its_name(
    make_request: Callable[..., Json], capsys: pytest.CaptureFixture[str]
) -> None:
    request = make_request()
    del request["limits"]

    code, result = run_module({"request": request}, capsys)

    assert code == 1
    assert "'limits' is missing" in result["msg"]


def test_the_machine_id_leaves_the_host_only_as_a_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {
        "/etc/os-release": 'ID=debian\nVERSION_ID="13"\n# comment=1\nNAME="Debian GNU/Linux"',
        "/etc/machine-id": "0123456789abcdef0123456789abcdef",
        "/proc/sys/kernel/random/boot_id": "11111111-2222-3333-4444-555555555555",
    }
    monkeypatch.setattr(host, "read_text", lambda path: texts.get(str(path)))

    seen = observe_host()

    assert (seen.distribution, seen.version) == ("debian", "13")
    # echo -n eeszt.connect:0123456789abcdef0123456789abcdef | sha256sum
    assert seen.machine_id_hash == "74a63e6b7a44f5ab5880861b54d4370016ebcf06a8e67aa0f53808f0f9c6a0f1"
    texts["/etc/machine-id"] = ""
    assert observe_host().machine_id_hash is None


@pytest.mark.parametrize(
    ("kernel", "systemd", "synchronized"),
    [(True, False, True), (False, True, False), (None, True, True), (None, None, None)],
)
def test_the_kernel_knows_best_whether_the_clock_is_kept(
    kernel: bool | None,
    systemd: bool | None,
    synchronized: bool | None,
    monkeypatch: pytest.MonkeyPatch,
    section: Callable[..., Json],
) -> None:
    monkeypatch.setattr(clock, "_kernel_says", lambda: kernel)
    monkeypatch.setattr(clock, "_systemd_says", lambda: systemd)

    seen = section("clock", observe_clock())

    assert seen["synchronized"] is synchronized
    assert seen["utc"].endswith("Z")


def test_the_kernel_is_really_asked() -> None:
    assert clock._kernel_says() in (True, False, None)
    assert clock._systemd_says() in (True, False, None)


def test_running_programs_are_found_by_path_base_name_or_pattern(
    make_request: Callable[..., Json], section: Callable[..., Json]
) -> None:
    executable = str(Path("/proc/self/exe").readlink())
    for pattern in (executable, Path(executable).name, f"{Path(executable).parent}/*"):
        request = make_request(client={"packages": [], "executables": [pattern]})

        seen = section("client", observe_client(request))

        assert executable in {process["executable"] for process in seen["processes"]}, pattern


def test_packages_are_asked_of_whatever_manager_is_there(
    make_request: Callable[..., Json], section: Callable[..., Json], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answers = {
        "dpkg-query": "printf 'installed\\teszemelyi\\t2.1\\nconfig-files\\told\\t1\\nunpacked\\tno\\t\\n'; exit 1",
        "rpm": "printf 'eszemelyi-rpm\\t2.1-3\\n'",
    }
    for name, script in answers.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(client, "find", lambda command: str(tmp_path / command))
    request = make_request(client={"packages": ["eszemelyi*"], "executables": []})

    seen = section("client", observe_client(request))

    assert seen["packages"] == [
        {"name": "eszemelyi", "version": "2.1", "programs": []},
        {"name": "eszemelyi-rpm", "version": "2.1-3", "programs": []},
    ]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (
            "printf 'Id=a.service\\nLoadState=loaded\\nActiveState=active\\n\\nId=a.socket\\nLoadState=not-found\\n'",
            {"a.service": "loaded", "a.socket": "not-found"},
        ),
        ("echo 'System has not been booted with systemd' >&2; exit 1", {}),
    ],
)
def test_units_are_read_where_systemd_runs(
    script: str, expected: Json, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "systemctl"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setattr(system, "find", lambda _command: str(path))

    found = system.units("a.service", "a.socket")

    assert {name: properties["LoadState"] for name, properties in found.items()} == expected
