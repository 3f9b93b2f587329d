"""Running commands, writing files whole, and telling the user what goes on."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lab.errors import LabError


def run(
    argv: Sequence[str | Path],
    *,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> str:
    """Run a command and return its stdout.

    With `log`, both streams go to that file instead.  Raises LabError with the command's last words.
    """
    words = [str(word) for word in argv]
    try:
        if log is not None:
            with log.open("ab") as sink:
                done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, env=env, check=False)
            said = log.read_text(errors="replace") if done.returncode else ""
            return _checked(words, done.returncode, "", said)
        result = subprocess.run(
            words, input=stdin, capture_output=True, text=True, env=env, check=False, errors="replace"
        )
    except OSError as fault:
        raise LabError(f"{words[0]} cannot be run: {fault.strerror}.") from fault
    return _checked(words, result.returncode, result.stdout, result.stderr or result.stdout)


def _checked(words: Sequence[str], status: int, out: str, said: str) -> str:
    if status == 0:
        return out
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = lines[-1] if lines else "it said nothing"
    raise LabError(f"'{' '.join(words[:6])}' ended with status {status}: {last}")


def last_words(log: Path) -> str:
    """The last line that a process wrote to its log."""
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1].strip() if lines else "it said nothing"


def write_file(path: Path, content: str | bytes, mode: int = 0o644) -> None:
    """Write a file whole or not at all, with its final mode from the first byte."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".lab-")
    try:
        with os.fdopen(handle, "wb") as sink:
            sink.write(data)
            os.fchmod(sink.fileno(), mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@dataclass
class Progress:
    """One line a step on stdout, with the seconds since the start."""

    quiet: bool = False
    started: float = field(default_factory=time.monotonic)

    def __call__(self, text: str) -> None:
        """Print one line."""
        if not self.quiet:
            sys.stdout.write(f"[{time.monotonic() - self.started:6.1f} s] {text}\n")
            sys.stdout.flush()


def wait_until(what: str, seconds: float, ready: Callable[[], bool], pause: float = 0.02) -> None:
    """Return when `ready()` is true; raise LabError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise LabError(f"Waited {seconds:.0f} s in vain for {what}.")
        time.sleep(pause)
