"""Recordings made from a double that really runs: a backend around another."""

import json
import os
import re
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import manifest
from .backend import Backend, Job, Running
from .manifest import Filter
from .output import END, STDERR, STDOUT, Output
from .recorded import HOST, NOW, TIME

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
# A time that lies so near to the recording (seconds) tells when it was made, and is to tell when it is given.
_NEAR = 300
_LONGEST = 64 * 1024 * 1024


class Recorder:
    """Passes everything on to `inner` and writes each module's answer into `folder`.

    Arguments are not written, for they may hold passwords; who needs them to tell two answers apart adds them.
    """

    def __init__(self, inner: Backend, folder: Path) -> None:
        self._inner = inner
        self._folder = folder
        self._lock = threading.Lock()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def start(self, job: Job) -> Running:
        """Start it, and listen."""
        return _Recorded(self._inner.start(job), self, job)

    def filter(self, job: Job) -> Filter:
        """That of the other backend."""
        return self._inner.filter(job)

    def close(self) -> None:
        """Close the other backend."""
        self._inner.close()

    def save(self, job: Job, stdin: bytes, stdout: bytes, stderr: bytes) -> None:
        """Write a recording if this was a module with a result; a second one that differs gets a number."""
        call = manifest.call(stdin)
        if call is None or not call.module:
            return
        result = _result(stdout)
        if result is None:
            return
        result.pop("invocation", None)
        recording = {"module": call.module, "result": result, "stderr": stderr.decode("utf-8", "replace")}
        text = json.dumps(recording, indent=1, sort_keys=True, ensure_ascii=False).replace(job.host, HOST)
        text = _MOMENT.sub(_now, text)
        with self._lock:
            self._write(call.module, text)

    def _write(self, module: str, text: str) -> None:
        number = 1
        while True:
            path = self._folder / (f"{module}.json" if number == 1 else f"{module}-{number}.json")
            if not path.exists():
                break
            if path.read_text(encoding="utf-8") == text:
                return
            number += 1
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "w", encoding="utf-8") as sink:
            sink.write(text)


class _Recorded:
    """A command that is listened to."""

    def __init__(self, inner: Running, recorder: Recorder, job: Job) -> None:
        self._inner = inner
        self._recorder = recorder
        self._job = job
        self._stdin = bytearray()
        self._said: dict[str, bytearray] = {STDOUT: bytearray(), STDERR: bytearray()}
        inner.output.watch(self._hear)

    @property
    def output(self) -> Output:
        """That of the command."""
        return self._inner.output

    def write(self, data: bytes, end: bool) -> None:
        """Pass it on, and remember it."""
        if len(self._stdin) < _LONGEST:
            self._stdin += data
        self._inner.write(data, end)

    def kill(self) -> None:
        """End the command."""
        self._inner.kill()

    def _hear(self, stream: str, data: bytes) -> None:
        if stream == END:
            out, err = bytes(self._said[STDOUT]), bytes(self._said[STDERR])
            self._recorder.save(self._job, bytes(self._stdin), out, err)
        else:
            self._said[stream] += data


def _now(found: re.Match[str]) -> str:
    moment = datetime.strptime(found[0], TIME).replace(tzinfo=UTC)
    return NOW if abs((datetime.now(UTC) - moment).total_seconds()) < _NEAR else found[0]


def _result(stdout: bytes) -> dict[str, Any] | None:
    try:
        result = json.loads(stdout.decode("utf-8-sig"))
    except ValueError:
        return None
    return result if isinstance(result, dict) else None
