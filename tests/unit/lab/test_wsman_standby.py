"""PowerShells that stay: each command gets what it wrote, all of it, and a dead one serves nobody."""

import base64
import json

import pytest

from lab.run import wait_until
from lab.windows.wsman.manifest import SEPARATOR
from lab.windows.wsman.output import STDERR, STDOUT, Output
from lab.windows.wsman.standby import Order, Standby, StandbyCommand

MANIFEST = SEPARATOR.join([b"{}", json.dumps({"scripts": {}, "actions": [{}]}).encode()])
ORDER = Order("script", "C:\\", {})


class FakeWorker:
    """A worker whose answers the test writes."""

    def __init__(self, mark: str) -> None:
        self.mark = mark
        self.output = Output()
        self.jobs: list[dict[str, object]] = []
        self.killed = False

    def write(self, data: bytes, end: bool) -> None:
        assert not end, "more jobs may follow"
        self.jobs.append(json.loads(base64.b64decode(data)))

    def kill(self) -> None:
        self.killed = True
        self.output.finish(137)

    def end(self, stream: str, code: int = 0) -> None:
        self.output.append(stream, f"\n{self.mark}{code}\n".encode())


class Host:
    """Starts fake workers and commands that they serve."""

    def __init__(self) -> None:
        self.workers: list[FakeWorker] = []
        self.standby = Standby(self._start)

    def _start(self, mark: str) -> FakeWorker:
        self.workers.append(FakeWorker(mark))
        return self.workers[-1]

    def command(self) -> StandbyCommand:
        def otherwise() -> FakeWorker:
            raise OSError("not a manifest")

        command = StandbyCommand(self.standby, ORDER, otherwise)
        command.write(MANIFEST, True)
        return command


@pytest.fixture
def host() -> Host:
    return Host()


def worker_of(host: Host, jobs: int) -> FakeWorker:
    """The worker that was given the last of so many jobs, once it was."""
    wait_until("the job", 10, lambda: sum(len(each.jobs) for each in host.workers) == jobs)
    return host.workers[-1]


def finished(command: StandbyCommand) -> tuple[dict[str, bytes], int | None]:
    """What a command wrote by stream, and its exit code."""
    said: dict[str, bytes] = {STDOUT: b"", STDERR: b""}
    while True:
        assert command.output.wait(10)
        chunk = command.output.take(1 << 20)
        for stream, data in chunk.streams:
            said[stream] += data
        if chunk.exit_code is not None:
            return said, chunk.exit_code


def test_a_command_gets_what_it_wrote_and_its_exit_code(host: Host) -> None:
    command = host.command()
    worker = worker_of(host, 1)
    worker.output.append(STDOUT, b"one\ntwo")
    worker.output.append(STDERR, b"no")
    worker.end(STDOUT, 3)
    worker.end(STDERR, 3)
    assert finished(command) == ({STDOUT: b"one\ntwo", STDERR: b"no"}, 3)


@pytest.mark.parametrize(("first", "late"), [(STDOUT, STDERR), (STDERR, STDOUT)])
def test_what_comes_late_on_one_stream_is_not_the_next_commands(host: Host, first: str, late: str) -> None:
    command = host.command()
    worker = worker_of(host, 1)
    worker.end(first)
    worker.output.append(late, b"late")
    worker.end(late)
    said, _ = finished(command)
    assert said == {first: b"", late: b"late"}
    following = host.command()
    assert worker_of(host, 2) is worker, "the same process serves again"
    worker.end(STDOUT)
    worker.end(STDERR)
    assert finished(following) == ({STDOUT: b"", STDERR: b""}, 0)


def test_the_end_of_an_answer_may_come_in_pieces(host: Host) -> None:
    command = host.command()
    worker = worker_of(host, 1)
    worker.end(STDERR)
    for sign in f"text\n{worker.mark}12\n":
        worker.output.append(STDOUT, sign.encode())
    assert finished(command) == ({STDOUT: b"text", STDERR: b""}, 12)


def test_a_worker_that_died_while_it_waited_serves_nobody(host: Host) -> None:
    command = host.command()
    worker = worker_of(host, 1)
    worker.end(STDOUT)
    worker.end(STDERR)
    finished(command)
    worker.kill()
    following = host.command()
    fresh = worker_of(host, 2)
    assert fresh is not worker
    fresh.end(STDOUT)
    fresh.end(STDERR)
    assert finished(following)[1] == 0


def test_a_worker_that_dies_at_work_gives_what_it_wrote(host: Host) -> None:
    command = host.command()
    worker = worker_of(host, 1)
    worker.output.append(STDERR, b"a stack")
    worker.kill()
    said, code = finished(command)
    assert said[STDERR].startswith(b"a stack")
    assert b"ended with exit code 137" in said[STDERR]
    assert code == 137


def test_a_command_that_is_ended_ends_the_process_that_serves_it(host: Host) -> None:
    command = host.command()
    worker = worker_of(host, 1)
    command.kill()
    assert worker.killed
    assert finished(command)[1] == 1
