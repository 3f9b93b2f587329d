"""The WinRM double, driven by pywinrm: shells, commands, streams, quotas and what is left behind."""

import base64
import contextlib
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import winrm
from winrm.exceptions import WinRMOperationTimeoutError, WSManFaultError
from winrm.protocol import Protocol

from lab.run import wait_until
from lab.windows.wsman import process
from lab.windows.wsman.shells import Quotas
from tests.unit.lab.wsman_double import IDENTIFY, PASSWORD, USER, Double, run, running

CHECKOUT = Path(__file__).parents[3]


@pytest.fixture
def double(tmp_path: Path) -> Iterator[Double]:
    with running(tmp_path) as started:
        yield started


def until(what: str, ready: Callable[[], bool]) -> None:
    wait_until(what, 30, ready)


def sh(script: str) -> tuple[str, str, str]:
    return "/bin/sh", "-c", shlex.quote(script)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_a_session_runs_a_command(double: Double) -> None:
    session = winrm.Session(double.url(), auth=(USER, PASSWORD), transport="basic", proxy=None)
    answer = session.run_cmd("echo", ["árvíz", "'a  b'"])
    assert (answer.status_code, answer.std_out.decode(), answer.std_err) == (0, "árvíz a  b\n", b"")


def test_streams_and_the_exit_code_are_told_apart(double: Double) -> None:
    assert run(double.client(), *sh("echo out; echo err >&2; exit 7")) == (b"out\n", b"err\n", 7)


def test_standard_input_arrives_whole_and_ends(double: Double) -> None:
    sent = bytes(range(256)) * 1000
    assert run(double.client(), "cat", stdin=sent)[0] == sent


def test_input_that_nobody_reads_does_not_stop_anything(double: Double) -> None:
    assert run(double.client(), *sh("exit 3"), stdin=b"x" * 300_000)[2] == 3


def test_no_answer_is_larger_than_the_client_allows(double: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    client, answers = double.client(), []
    send = client.transport.send_message

    def listen(asked: str) -> bytes:
        answers.append(send(asked))
        return answers[-1]

    monkeypatch.setattr(client.transport, "send_message", listen)
    out, err, _ = run(client, *sh("head -c 700000 /dev/zero; head -c 200000 /dev/zero >&2"))
    assert (len(out), len(err)) == (700_000, 200_000)
    assert max(map(len, answers)) <= client.max_env_sz


def test_receive_without_news_times_out_and_loses_nothing(double: Double) -> None:
    client = double.client(operation_timeout_sec=1)
    shell = client.open_shell()
    command = client.run_command(shell, "cat")
    with pytest.raises(WinRMOperationTimeoutError):
        client.get_command_output_raw(shell, command)
    client.send_command_input(shell, command, b"late", end=False)
    assert client.get_command_output_raw(shell, command) == (b"late", b"", -1, False)
    client.send_command_input(shell, command, b"", end=True)
    assert client.get_command_output(shell, command) == (b"", b"", 0)


def test_a_shell_has_several_commands_and_an_environment(double: Double) -> None:
    client = double.client()
    shell = client.open_shell(env_vars={"ISTENI": "ő"}, working_directory="/tmp")
    first, second = client.run_command(shell, "cat"), client.run_command(shell, "/bin/sh", sh("pwd; echo $ISTENI")[1:])
    assert client.get_command_output(shell, second)[0].decode() == "/tmp\nő\n"
    client.send_command_input(shell, first, b"1", end=True)
    assert client.get_command_output(shell, first)[0] == b"1"


@pytest.mark.parametrize("user", [{"username": "other", "password": "x"}, {}])
def test_a_shell_is_its_owners_alone(double: Double, user: dict[str, str]) -> None:
    shell = double.client().open_shell()
    other = double.client(**user)
    if user:
        with pytest.raises(WSManFaultError) as caught:
            other.run_command(shell, "true")
        assert (caught.value.wsman_fault_code, caught.value.fault_subcode) == (2150858843, "w:InvalidSelectors")
    else:
        assert other.run_command(shell, "true")


def test_a_command_that_cannot_start_is_a_fault(double: Double) -> None:
    with pytest.raises(WSManFaultError) as caught:
        run(double.client(), "/does/not/exist")
    assert caught.value.wsman_fault_code == 2


# A child in a session of its own, as a Windows process that Wine starts may be.
FAMILY = sh("setsid sleep 1000 & echo $! $$; wait")


def family(client: Protocol, shell: str) -> tuple[str, list[int]]:
    command = client.run_command(shell, FAMILY[0], FAMILY[1:])
    said = client.get_command_output_raw(shell, command)[0]
    pids = [int(word) for word in said.split()]
    assert len(pids) == 2
    assert all(alive(pid) for pid in pids)
    return command, pids


@pytest.mark.parametrize("how", ["terminate", "delete", "drop", "idle", "stop"])
def test_nothing_outlives_its_command(tmp_path: Path, how: str) -> None:
    quotas = {"drop": Quotas(drop_grace=0.0), "idle": Quotas(idle=0.0)}.get(how, Quotas())
    with running(tmp_path, quotas=quotas) as double:
        client = double.client()
        shell = client.open_shell()
        command, pids = family(client, shell)
        if how == "terminate":
            client.cleanup_command(shell, command)
        elif how == "delete":
            client.close_shell(shell)
        elif how == "drop":
            client.transport.close_session()
        if how != "stop":
            until("the children ended", lambda: not any(alive(pid) for pid in pids))
    until("the children ended", lambda: not any(alive(pid) for pid in pids))


def test_a_client_that_goes_while_it_waits_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(tmp_path, quotas=Quotas(drop_grace=0.0)) as double:
        client = double.client(operation_timeout_sec=600, read_timeout_sec=601)
        shell = client.open_shell()
        command, pids = family(client, shell)
        asked: list[str] = []
        monkeypatch.setattr(client.transport, "send_message", asked.append)
        with pytest.raises(TypeError):
            client.get_command_output_raw(shell, command)
        bound = double.server.bound[0]
        with socket.create_connection((bound.address, bound.http)) as waiting:
            body = asked[0].encode()
            account = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            waiting.sendall(
                f"POST /wsman HTTP/1.1\r\nAuthorization: Basic {account}\r\nContent-Length: {len(body)}\r\n\r\n"
                .encode() + body
            )  # fmt: skip
            until("Receive waits", lambda: double.server.services[0].shells.clients_waiting == 1)
        until("the children ended", lambda: not any(alive(pid) for pid in pids))


def test_a_dropped_connection_may_come_back_in_time(tmp_path: Path) -> None:
    with running(tmp_path, quotas=Quotas(drop_grace=3600.0)) as double:
        client = double.client()
        shell = client.open_shell()
        client.transport.close_session()
        until("the server saw it", lambda: not double.server.connections)
        assert double.server.services[0].shells.reap() == 0
        command = client.run_command(shell, "echo", ["here"])
        assert client.get_command_output(shell, command)[0] == b"here\n"


def code_of(call: Any) -> tuple[int | None, int | None]:
    with pytest.raises(WSManFaultError) as caught:
        call()
    return caught.value.wsman_fault_code, caught.value.wmierror_code


def test_quotas_are_refused_with_their_codes(tmp_path: Path) -> None:
    quotas = Quotas(shells_per_user=2, processes_per_shell=1, operations_per_user=2)
    with running(tmp_path, quotas=quotas) as double:
        client = double.client()
        shell, second = client.open_shell(), client.open_shell()
        assert code_of(client.open_shell) == (2150859173, None)
        client.close_shell(second)
        assert client.open_shell()
        command = client.run_command(shell, "cat")
        assert code_of(lambda: client.run_command(shell, "true")) == (2150859241, None)
        client.cleanup_command(shell, command)
        client.run_command(shell, "true")
        # Ansible makes a new shell at exactly this code in exactly this place.
        assert code_of(lambda: client.run_command(shell, "true")) == (None, 0x803381A6)


def test_thirty_clients_at_a_time(double: Double) -> None:
    together = threading.Barrier(30, timeout=30)

    def one(number: int) -> bytes:
        client = double.client()
        together.wait()
        return run(client, "cat", stdin=str(number).encode())[0]

    with ThreadPoolExecutor(30) as pool:
        assert list(pool.map(one, range(30))) == [str(number).encode() for number in range(30)]
    until("no shell is left", lambda: not len(double.server.services[0].shells))


def test_identify_tells_a_stranger_less(double: Double) -> None:
    stranger = double.post(headers={"WSMANIDENTIFY": "unauthenticated"})
    assert (stranger.status_code, "OS: 0.0.0 " in stranger.text) == (200, True)
    assert double.post().status_code == 401
    known = double.post(auth=(USER, PASSWORD))
    assert (known.status_code, "OS: 10.0.19043 " in known.text) == (200, True)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 200),
        (b"<not xml", 500),
        (IDENTIFY.replace(b"<s:Envelope", b"<!DOCTYPE x [<!ENTITY y 'z'>]><s:Envelope"), 500),
        (IDENTIFY.decode().encode("utf-16"), 500),
        (b"x" * 512_001, 413),
    ],
)
def test_what_is_no_request_is_refused(double: Double, body: bytes, status: int) -> None:
    assert double.post(body, auth=(USER, PASSWORD.encode())).status_code == status


def test_a_program_that_wants_a_terminal_has_one_beside_its_streams(tmp_path: Path) -> None:
    fifo = process.make_fifo()
    script = f"test -t 2 && echo to the terminal >&2; cat; echo árvíz >{fifo}; exit 4"
    started = process.Process(["/bin/sh", "-c", script], {}, tmp_path, fifo=fifo)
    started.write(b"in", True)
    until("it ended", lambda: started.output.ended)
    chunk = started.output.take(1000)
    # Each stream has a reader of its own: which of them comes first is anybody's guess.
    assert (dict(chunk.streams), chunk.exit_code) == ({"stdout": b"in", "stderr": "árvíz\n".encode()}, 4)
    assert not fifo.parent.exists()


def open_files() -> set[str]:
    found = set()
    for file in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found.add(f"{file.name} {file.readlink()}")
    return {each for each in found if "/proc/" not in each}


def test_a_terminal_leaves_nothing_behind_when_the_program_is_not_there(tmp_path: Path) -> None:
    fifo, held = process.make_fifo(), open_files()
    with pytest.raises(OSError, match="No such file"):
        process.Process(["/does/not/exist"], {}, tmp_path, fifo=fifo)
    # An earlier test's server may close its last ones meanwhile.
    assert open_files() <= held
    assert not fifo.parent.exists()


def test_as_a_program_it_serves_until_it_is_told_to_end(tmp_path: Path) -> None:
    (tmp_path / "users").write_text("u:p\n")
    (tmp_path / "users").chmod(0o600)
    config = tmp_path / "config.json"
    config.write_text('{"listen": [{"address": "127.0.0.1", "host": "a", "http": 0}], "users": "users",'
                      ' "backend": "plain"}')  # fmt: skip
    words: list[str | Path] = [sys.executable, "-m", "wsman", "--config", config]
    with subprocess.Popen(words, cwd=CHECKOUT / "lab/windows", stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        assert re.fullmatch(r"a 127\.0\.0\.1 http \d+\n", started.stdout.readline())
        started.send_signal(signal.SIGTERM)
        assert started.wait(30) == 0


def test_a_password_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "users").write_text("u:p\n")
    config = tmp_path / "config.json"
    config.write_text('{"listen": [], "users": "users", "backend": "plain"}')
    words: list[str | Path] = [sys.executable, "-m", "wsman", "--config", config]
    ended = subprocess.run(words, cwd=CHECKOUT / "lab/windows", capture_output=True, text=True, check=False)
    assert (ended.returncode, "0600" in ended.stderr) == (2, True)
