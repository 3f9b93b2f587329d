"""PowerShells that stay: a command of Ansible is given to one that has served before.

Windows starts a process for each command of a text shell, and so does the double for all that is not Ansible's. The
start of PowerShell costs this emulation more than most commands do, and an exec manifest is a program of its own that
asks nothing of the process it runs in but C# types. So a process serves only manifests with the same C# sources, one
at a time, each in a new runspace, with directory and environment as they were; it ends after `JOBS` of them.
"""

import base64
import hashlib
import json
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from . import manifest
from .backend import Running
from .output import STDERR, STDOUT, Output

JOBS = 60
IDLE = 4
"""So many stay at most without a command, the newest."""


@dataclass(frozen=True)
class Order:
    """A command: the script that it names, and what it finds around itself."""

    script: str
    directory: str
    environment: Mapping[str, str]

    def line(self, stdin: bytes) -> bytes:
        """The line that tells a worker."""
        lines = stdin.decode("utf-8", "replace").splitlines()
        about = {
            "script": self.script,
            "directory": self.directory,
            "environment": dict(self.environment),
            "lines": lines,
        }
        return base64.b64encode(json.dumps(about).encode()) + b"\n"


def encoded_script(words: list[str]) -> str | None:
    """The script of `PowerShell … -EncodedCommand X`, if that is all the command says."""
    lowered = [word.lower() for word in words]
    if "-encodedcommand" not in lowered[:-1] or "|" in words or lowered[-2] != "-encodedcommand":
        return None
    try:
        return base64.b64decode(words[-1], validate=True).decode("utf-16-le")
    except ValueError:
        return None


@dataclass
class Worker:
    """One PowerShell, the mark that ends its answers, and how many commands it has served."""

    process: Running
    mark: str
    served: int = 0


@dataclass
class Standby:
    """All that stay; `start` makes one with a mark, `fresh` runs a command as one of its own.  Thread-safe."""

    start: Callable[[str], Running]
    _idle: list[tuple[str, Worker]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, kind: str) -> Worker:
        """One that waits, or a new one.  Raises OSError."""
        with self._lock:
            self._idle = [each for each in self._idle if not each[1].process.output.ended]
            for place, (its_kind, worker) in reversed(list(enumerate(self._idle))):
                if its_kind == kind:
                    del self._idle[place]
                    return worker
        mark = f"worker-{uuid.uuid4().hex}:"
        return Worker(self.start(mark), mark)

    def give_back(self, kind: str, worker: Worker) -> None:
        """Let it wait for the next command, or end it."""
        worker.served += 1
        surplus = worker
        if worker.served < JOBS and not worker.process.output.ended:
            with self._lock:
                self._idle.append((kind, worker))
                if len(self._idle) <= IDLE:
                    return
                surplus = self._idle.pop(0)[1]
        surplus.process.kill()

    def close(self) -> None:
        """End all that wait."""
        with self._lock:
            waiting, self._idle = self._idle, []
        for _, worker in waiting:
            worker.process.kill()


class StandbyCommand:
    """A command that a worker serves as soon as its standard input is whole."""

    def __init__(self, standby: Standby, order: Order, otherwise: Callable[[], Running]) -> None:
        self._standby = standby
        self._order = order
        self._otherwise = otherwise
        self._output = Output()
        self._stdin = b""
        self._running: Running | None = None
        self._killed = False
        self._lock = threading.Lock()

    @property
    def output(self) -> Output:
        """What it writes."""
        return self._output

    def write(self, data: bytes, end: bool) -> None:
        """Collect standard input; at its end the command begins."""
        self._stdin += data
        if end:
            threading.Thread(target=self._run, daemon=True).start()

    def kill(self) -> None:
        """End the process that serves it."""
        with self._lock:
            self._killed = True
            running = self._running
        if running is not None:
            running.kill()
        self._output.finish(1)

    def _run(self) -> None:
        kind = kind_of(self._stdin)
        try:
            if kind is None:
                self._pass_on(self._otherwise())
            else:
                self._serve(kind)
        except OSError as fault:
            self._output.append(STDERR, str(fault).encode())
            self._output.finish(1)

    def _take(self, running: Running) -> bool:
        with self._lock:
            self._running = running
            return not self._killed

    def _let_go(self) -> bool:
        """Whether the process may live on: from here it is none of this command's."""
        with self._lock:
            self._running = None
            return not self._killed

    def _pass_on(self, running: Running) -> None:
        """A command that is not a manifest: a process of its own."""
        if not self._take(running):
            running.kill()
            return
        running.write(self._stdin, True)
        while True:
            running.output.wait(60)
            chunk = running.output.take(1 << 20)
            for stream, data in chunk.streams:
                self._output.append(stream, data)
            if chunk.exit_code is not None:
                self._output.finish(chunk.exit_code)
                return

    def _serve(self, kind: str) -> None:
        worker = self._standby.take(kind)
        if not self._take(worker.process):
            worker.process.kill()
            return
        worker.process.write(self._order.line(self._stdin), False)
        # The two streams come by ways of their own, and what is late on one of them is not the next command's.
        said = {STDOUT: Answer(worker.mark), STDERR: Answer(worker.mark)}
        while True:
            worker.process.output.wait(60)
            chunk = worker.process.output.take(1 << 20)
            for stream, data in chunk.streams:
                said[stream].add(data)
            codes = [each.exit_code for each in said.values()]
            ended = None not in codes
            if ended or chunk.exit_code is not None:
                for stream, answer in said.items():
                    self._output.append(stream, answer.text)
                if not ended:
                    told = f"The process that served this command has ended with exit code {chunk.exit_code}.\r\n"
                    self._output.append(STDERR, told.encode())
                elif self._let_go():
                    self._standby.give_back(kind, worker)
                self._output.finish(codes[0] if codes[0] is not None else chunk.exit_code or 1)
                return


class Answer:
    """What a worker writes to one stream for one command, up to the line that ends it."""

    def __init__(self, mark: str) -> None:
        self._mark = b"\n" + mark.encode()
        self._held = b""

    def add(self, data: bytes) -> None:
        """Take more of the stream."""
        self._held += data

    @property
    def exit_code(self) -> int | None:
        """The command's exit code; None before its end."""
        _, mark, code = self._held.partition(self._mark)
        return int(code) if mark and code.endswith(b"\n") else None

    @property
    def text(self) -> bytes:
        """What the command wrote."""
        return self._held.partition(self._mark)[0]


def kind_of(stdin: bytes) -> str | None:
    """What a worker must have been started for to serve this input: its C# sources.  None: no manifest."""
    parts = stdin.split(manifest.SEPARATOR, 2)
    parsed = manifest.read(parts[1]) if len(parts) > 1 else None
    if parsed is None:
        return None
    sources = sorted(
        f"{name}\0{info.get('script', '')}" for name, info in parsed["scripts"].items() if name.endswith(".cs")
    )
    return hashlib.sha256("\0".join(sources).encode()).hexdigest()
