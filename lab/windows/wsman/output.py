"""What a command has written so far, between the threads that read its pipes and the requests that ask for it."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

STDOUT, STDERR, END = "stdout", "stderr", "end"
Watch = Callable[[str, bytes], None]


@dataclass(frozen=True)
class Chunk:
    """A part of the output.  `exit_code` None: more may come."""

    streams: tuple[tuple[str, bytes], ...]
    exit_code: int | None


class Output:
    """Both streams and the end of one command, in order of arrival; thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: list[tuple[str, bytes]] = []
        self._exit_code: int | None = None
        self._watch: Watch | None = None

    def watch(self, watch: Watch) -> None:
        """Let `watch` see the stream's name and data of all that is written, and ("end", b"") at the end."""
        with self._changed:
            for stream, data in self._held:
                watch(stream, data)
            self._watch = watch

    def append(self, stream: str, data: bytes) -> None:
        """Add to a stream; what comes after the end is nobody's and is dropped."""
        with self._changed:
            if data and self._exit_code is None:
                self._held.append((stream, data))
                if self._watch is not None:
                    self._watch(stream, data)
                self._changed.notify_all()

    def finish(self, exit_code: int) -> None:
        """Mark the end; only the first call counts."""
        with self._changed:
            if self._exit_code is None:
                self._exit_code = exit_code
                if self._watch is not None:
                    self._watch(END, b"")
                self._changed.notify_all()

    @property
    def ended(self) -> bool:
        """Has the command ended (its output may still be here)?"""
        with self._changed:
            return self._exit_code is not None

    def wait(self, timeout: float) -> bool:
        """Wait for anything to give, at most `timeout` seconds."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while not self._held and self._exit_code is None:
                rest = deadline - time.monotonic()
                if rest <= 0:
                    return False
                self._changed.wait(rest)
            return True

    def take(self, limit: int) -> Chunk:
        """Take at most `limit` bytes; neighbours of one stream are joined."""
        with self._changed:
            taken: list[tuple[str, bytes]] = []
            while self._held and limit > 0:
                stream, data = self._held.pop(0)
                if len(data) > limit:
                    self._held.insert(0, (stream, data[limit:]))
                    data = data[:limit]
                limit -= len(data)
                if taken and taken[-1][0] == stream:
                    data = taken.pop()[1] + data
                taken.append((stream, data))
            return Chunk(tuple(taken), None if self._held else self._exit_code)
