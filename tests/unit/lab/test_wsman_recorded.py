"""The light form of the WinRM double: real Ansible, answers from recordings, many hosts in one process."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ansible.executor.powershell import module_manifest

from ansible_collections.eeszt.connect.plugins.plugin_utils.contract import documents
from lab.run import wait_until
from lab.windows.wsman import recorded
from lab.windows.wsman.backend import Job, PlainBackend
from lab.windows.wsman.config import Address
from lab.windows.wsman.recorded import RecordedBackend, Recording
from lab.windows.wsman.recorder import Recorder
from tests.unit.lab.wsman_double import PASSWORD, USER, Double, running

HOSTS = 8
CHECKOUT = Path(__file__).parents[3]
PING = Recording(
    "ansible.windows.win_ping", {"changed": False, "ping": "pong", "said_by": recorded.HOST, "at": recorded.NOW}
)


def ansible(double: Double, module: str, arguments: str = "") -> dict[str, Any]:
    """Run a module on every host of the double and give the results by host."""
    hosts = {bound.host: {"ansible_host": bound.address, "ansible_port": bound.http} for bound in double.server.bound}
    variables = {
        "ansible_connection": "winrm",
        "ansible_winrm_scheme": "http",
        "ansible_winrm_transport": "basic",
        "ansible_user": USER,
        "ansible_password": PASSWORD,
    }
    inventory = double.folder / "hosts.yml"
    inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": variables}}))
    environment = {
        **os.environ,
        "ANSIBLE_INVENTORY_ENABLED": "yaml",
        "ANSIBLE_NOCOLOR": "1",
    }
    words: list[str | Path] = [
        Path(sys.executable).parent / "ansible",
        "-i",
        inventory,
        "-f",
        str(HOSTS),
        "-m",
        module,
        "all",
    ]
    if arguments:
        words += ["-a", arguments]
    done = subprocess.run(words, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    heads = re.finditer(r"^(\S+) \| (\w+)!? => ", done.stdout, re.MULTILINE)
    decoder = json.JSONDecoder()
    results = {one[1]: {"status": one[2], **decoder.raw_decode(done.stdout, one.end())[0]} for one in heads}
    assert results, done.stdout + done.stderr
    return results


def many(count: int = HOSTS) -> list[Address]:
    return [Address("127.0.0.1", f"ws{number}", 0, None) for number in range(count)]


def test_ansible_pings_many_hosts_of_one_process(tmp_path: Path) -> None:
    with running(tmp_path, RecordedBackend([PING]), listen=many()) as double:
        results = ansible(double, "ansible.windows.win_ping")
        assert {host: one["said_by"] for host, one in results.items()} == {f"ws{n}": f"ws{n}" for n in range(HOSTS)}
        assert all(one["status"] == "SUCCESS" for one in results.values())
        ages = [datetime.now(UTC) - datetime.fromisoformat(one["at"]) for one in results.values()]
        assert all(timedelta(0) <= age < timedelta(minutes=10) for age in ages)


def test_ansible_transfers_a_file_to_a_host_without_a_disk(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(os.urandom(600_000))
    name = "ansible.windows.win_copy"
    wanted = [{"src": str(tmp_path / "file"), "dest": "file"}]
    asked = {"changed": True, "files": wanted, "directories": [], "symlinks": []}
    recordings = [
        Recording(name, asked, {"_copy_mode": "query"}),
        Recording(name, {"changed": True, "operation": "file_copy"}, {"_copy_mode": "single"}),
    ]
    with running(tmp_path, RecordedBackend(recordings), listen=many(2)) as double:
        results = ansible(double, "ansible.windows.win_copy", rf"src={tmp_path / 'file'} dest=C:\file")
        assert all(one["status"] == "CHANGED" for one in results.values()), results


@pytest.mark.parametrize("module", ["ansible.windows.win_ping", "eeszt.connect.win_probe"])
def test_the_lab_s_light_hosts_answer_by_the_contract(module: str) -> None:
    running = RecordedBackend(recorded.load(CHECKOUT / "lab/windows/recordings")).start(Job("ws7", "", "", stdin=True))
    running.write(stdin({}, module), True)
    chunk = running.output.take(1_000_000)
    answer = json.loads(dict(chunk.streams)["stdout"])
    assert (chunk.exit_code, answer["changed"]) == (0, False)
    if "observation" in answer:
        documents.validate("observation", answer["observation"], module)
        assert answer["observation"]["host"]["hostname"] == "ws7"
        assert answer["observation"]["probe"]["double"] is True


def test_a_module_without_a_recording_fails_and_says_so(tmp_path: Path) -> None:
    with running(tmp_path, RecordedBackend([]), listen=many(1)) as double:
        result = ansible(double, "ansible.windows.win_ping")["ws0"]
        assert result["status"] == "FAILED"
        assert "no recording of ansible.windows.win_ping" in result["msg"]


def test_two_hundred_hosts_start_and_stop(tmp_path: Path) -> None:
    with running(tmp_path, RecordedBackend([PING]), listen=many(200)) as double:
        assert len({bound.http for bound in double.server.bound}) == 200


def stdin(args: dict[str, Any], module: str = "eeszt.connect.c") -> bytes:
    collection, _, name = module.rpartition(".")
    made: bytes = module_manifest._create_powershell_wrapper(
        name=f"ansible_collections.{collection}.plugins.modules.{name}",
        module_data=b"#!powershell\n",
        module_path="c.ps1",
        module_args=args,
        environment={},
        async_timeout=0,
        become_plugin=None,
        substyle="powershell",
        task_vars={},
        profile="legacy",
    )
    return made


@pytest.mark.parametrize(("args", "number"), [({"state": "x", "name": "y"}, 2), ({"state": "x"}, 1), ({}, 0)])
def test_the_most_particular_recording_answers(tmp_path: Path, args: dict[str, Any], number: int) -> None:
    for given in ({}, {"state": "x"}, {"state": "x", "name": "y"}):
        file = tmp_path / f"{len(given)}.json"
        file.write_text(json.dumps({"module": "eeszt.connect.c", "args": given, "result": {"number": len(given)}}))
    running = RecordedBackend(recorded.load(tmp_path)).start(Job("h", "PowerShell", "", stdin=True))
    running.write(stdin(args), True)
    assert json.loads(dict(running.output.take(1000).streams)["stdout"]) == {"number": number}


@pytest.mark.parametrize("text", ["{", "[]", '{"module": "x"}', '{"module": "x", "result": {}, "secret": 1}'])
def test_a_bad_recording_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(ValueError, match=r"bad\.json"):
        recorded.load(tmp_path)


def test_what_a_double_answers_is_written_down_for_the_light_one(tmp_path: Path) -> None:
    now, old = datetime.now(UTC).strftime(recorded.TIME), "2020-01-01T00:00:00Z"
    result = {
        "changed": False,
        "host": "ws1",
        "times": [now, old],
        "invocation": {"module_args": {"password": "geheim"}},
    }
    job = Job("ws1", "/bin/sh", "-c 'cat >/dev/null; echo \"$ANSWER\"'", {"ANSWER": json.dumps(result)}, stdin=True)
    recorder = Recorder(PlainBackend(), tmp_path / "to")
    for changed in (job, job, replace(job, environment={"ANSWER": '{"changed": true}'})):
        started = recorder.start(changed)
        started.write(stdin({"password": "geheim"}), True)
        wait_until("it ended", 30, partial(getattr, started.output, "ended"))
    files = {path.name: path.read_text() for path in (tmp_path / "to").iterdir()}
    assert sorted(files) == ["eeszt.connect.c-2.json", "eeszt.connect.c.json"]
    assert "geheim" not in "".join(files.values())
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "to").iterdir()] == [0o600, 0o600]
    first = next(each for each in recorded.load(tmp_path / "to") if not each.result["changed"])
    assert first.result == {"changed": False, "host": recorded.HOST, "times": [recorded.NOW, old]}
