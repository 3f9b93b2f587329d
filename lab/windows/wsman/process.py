"""The process behind a command: its pipes, its end and the end of its children."""

import contextlib
import os
import pty as terminal
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from .output import STDERR, STDOUT, Output

# Every process that a command starts inherits this, also those that leave its session, as Wine's do.
MARK = "WSMAN_COMMAND"
# How long a command's streams may stay open after its end, in seconds: the first program in a Wine prefix
# starts services that keep them, and the console's last words come from a process of their own.
LINGER = 1.0
_BLOCK = 65536
# How often, and after how long (seconds), to look again for what is to be killed.
_LOOKS, _BETWEEN = 50, 0.01


class Process:
    """A process in a session of its own, with pipes.

    With a `fifo` (from `make_fifo`) its standard error is a terminal that nobody reads, for a program that does nothing
    without one, and what it writes into the fifo counts as its standard error.
    """

    def __init__(
        self,
        words: Sequence[str],
        environment: Mapping[str, str],
        directory: Path,
        *,
        fifo: Path | None = None,
        spare: Collection[str] = (),
    ) -> None:
        """Start it.  `spare`: names of processes that outlive the command.  Raises OSError."""
        self._output = Output()
        self._mark = uuid.uuid4().hex
        self._spare = frozenset(spare)
        self._input: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._drained = threading.Semaphore(0)
        self._fifo = fifo
        # Pipes of our own rather than Popen's: each reader closes what it reads, however late its end comes.
        out, out_theirs = os.pipe()
        err, err_theirs = os.pipe() if fifo is None else _open_fifo(fifo)
        console, console_theirs = (None, err_theirs) if fifo is None else _terminal()
        try:
            self._child = subprocess.Popen(
                list(words),
                stdin=subprocess.PIPE,
                stdout=out_theirs,
                stderr=console_theirs,
                env={**os.environ, **environment, MARK: self._mark},
                cwd=directory,
                start_new_session=True,
                bufsize=0,
            )
        except OSError:
            for ours in (out, err, err_theirs if console is not None else None, console):
                if ours is not None:
                    os.close(ours)
            self._remove_fifo()
            raise
        finally:
            os.close(out_theirs)
            os.close(console_theirs)
        self._since = _since(self._child.pid)
        _start(self._read, out, STDOUT)
        _start(self._read, err, STDERR)
        if console is not None:
            _start(_discard, console)
        _start(self._write)
        # The fifo's own writing end stays until the process has ended: before its first writer there is no end.
        _start(self._wait, err_theirs if console is not None else None)

    @property
    def output(self) -> Output:
        """What it writes."""
        return self._output

    def write(self, data: bytes, end: bool) -> None:
        """Hand over standard input; a process that has closed it misses nothing."""
        if data:
            self._input.put(data)
        if end:
            self._input.put(None)

    def kill(self) -> None:
        """End it and everything that it started."""
        self._input.put(None)
        if not self._output.ended:
            kill_marked(self._mark, self._spare, self._since)
            if self._child.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._child.pid, signal.SIGKILL)

    def _read(self, file: int, stream: str) -> None:
        with contextlib.suppress(OSError):
            while block := os.read(file, _BLOCK):
                self._output.append(stream, block)
        os.close(file)
        self._drained.release()

    def _write(self) -> None:
        assert self._child.stdin is not None
        with contextlib.suppress(OSError, ValueError), self._child.stdin as sink:
            while (block := self._input.get()) is not None:
                view = memoryview(block)
                while view:
                    view = view[sink.write(view) :]

    def _wait(self, held: int | None) -> None:
        status = self._child.wait()
        self._input.put(None)
        if held is not None:
            os.close(held)
        for _ in (STDOUT, STDERR):
            self._drained.acquire(timeout=LINGER)
        self._remove_fifo()
        self._output.finish(status if status >= 0 else 128 - status)

    def _remove_fifo(self) -> None:
        if self._fifo is not None:
            shutil.rmtree(self._fifo.parent, ignore_errors=True)


def make_fifo() -> Path:
    """A new fifo in a folder of its own, which a Process removes.  Raises OSError."""
    fifo = Path(tempfile.mkdtemp(prefix="wsman-")) / "stderr"
    os.mkfifo(fifo, 0o600)
    return fifo


def _open_fifo(fifo: Path) -> tuple[int, int]:
    ours = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    theirs = os.open(fifo, os.O_WRONLY)
    os.set_blocking(ours, True)
    return ours, theirs


def _start(target: Callable[..., None], *args: object) -> None:
    threading.Thread(target=target, args=args, daemon=True).start()


def _terminal() -> tuple[int, int]:
    ours, theirs = terminal.openpty()
    return ours, theirs


def _discard(file: int) -> None:
    # A terminal whose other side is closed answers EIO.
    with contextlib.suppress(OSError):
        while os.read(file, _BLOCK):
            pass
    os.close(file)


def kill_marked(mark: str, spare: Collection[str], since: int) -> None:
    """Kill every process that carries the mark, but for those of the names in `spare`.

    `since`: start of the eldest (see `_start_of`).  A process that is just being replaced by another program shows no
    environment for a moment, and one may start another behind our back: so look again until there is nothing to see.
    """
    wanted = f"{MARK}={mark}".encode()
    for _ in range(_LOOKS):
        running = [entry for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        # All of them in each look, not up to the first.
        if True not in [_kill(entry, wanted, spare, since) for entry in running]:
            return
        time.sleep(_BETWEEN)


def _kill(entry: Path, wanted: bytes, spare: Collection[str], since: int) -> bool:
    """Kill the process if it carries the mark; True where another look is needed."""
    try:
        if _start_of(entry) < since:
            return False
        environment = (entry / "environ").read_bytes()
        if not environment:
            return True
        if wanted not in environment.split(b"\0") or (entry / "comm").read_text().strip() in spare:
            return False
        os.kill(int(entry.name), signal.SIGKILL)
    except OSError:
        return False
    return True


def _since(pid: int) -> int:
    try:
        return _start_of(Path(f"/proc/{pid}"))
    except OSError:
        return 0


def _start_of(entry: Path) -> int:
    """When a process started, in ticks since boot.  Raises ProcessLookupError for one that has ended."""
    state, *rest = (entry / "stat").read_text().rpartition(")")[2].split()
    if state in "ZX":
        raise ProcessLookupError
    return int(rest[18])
