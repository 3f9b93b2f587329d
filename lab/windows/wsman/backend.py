"""What stands behind a command: the interface, and the backend that starts a process as it is told."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from .manifest import Filter, plain
from .output import Output
from .process import Process


@dataclass(frozen=True)
class Job:
    """A command as the client asks for it.

    `arguments` is one line, as WinRM carries it; `stdin`: the client is going to send standard input and its end.
    """

    host: str
    command: str
    arguments: str
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: str = ""
    code_page: int = 437
    stdin: bool = False


class Running(Protocol):
    """A command that runs, or has run."""

    @property
    def output(self) -> Output:
        """What it writes."""

    def write(self, data: bytes, end: bool) -> None:
        """Give it standard input; after `end` there is no more."""

    def kill(self) -> None:
        """End it with all its children; after its end this does nothing."""


class Backend(Protocol):
    """Starts commands."""

    def start(self, job: Job) -> Running:
        """Start one.  Raises OSError when it cannot be started."""

    def filter(self, job: Job) -> Filter:
        """What its standard input goes through."""

    def close(self) -> None:
        """Release what the backend holds."""


class Said:
    """A command that had ended before it began: it has said one thing."""

    def __init__(self, stream: str, text: bytes, exit_code: int) -> None:
        self._output = Output()
        self._output.append(stream, text)
        self._output.finish(exit_code)

    @property
    def output(self) -> Output:
        """What it said."""
        return self._output

    def write(self, data: bytes, end: bool) -> None:
        """Nobody reads it."""

    def kill(self) -> None:
        """It has ended."""


class PlainBackend:
    """Programs of this system, for tests: the command's words as a POSIX shell would split them."""

    def __init__(self, standins: Path | None = None) -> None:
        self._standins = standins

    def start(self, job: Job) -> Process:
        """Start the program in a session of its own."""
        words = [job.command, *shlex.split(job.arguments)]
        return Process(words, dict(job.environment), Path(job.directory or "/"))

    def filter(self, job: Job) -> Filter:  # noqa: ARG002
        """Stand-ins, if there are any."""
        return plain() if self._standins is None else Filter(self._standins)

    def close(self) -> None:
        """Nothing to release."""
