"""The backend `recorded`: a host without a process, which answers Ansible from recordings.

A recording is a JSON file (its form: lab/windows/README.md).  What Ansible does around a module (temporary folders,
file transfer) is answered here, so that recordings hold modules alone.
"""

import base64
import binascii
import hashlib
import json
import ntpath
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import manifest
from .backend import Job
from .manifest import Call, Filter, plain
from .output import STDERR, STDOUT, Output

HOST, NOW = "@HOST@", "@NOW@"
TIME = "%Y-%m-%dT%H:%M:%SZ"
_HOME = r"C:\Users\Administrator"
_TEMP = ntpath.join(_HOME, "AppData", "Local", "Temp")
_LARGEST_FILE = 16 * 1024 * 1024


@dataclass(frozen=True)
class Recording:
    """One recorded answer.  `args`: what the module's arguments must hold for it to fit."""

    module: str
    result: Any
    args: Mapping[str, Any] = field(default_factory=dict)
    rc: int = 0
    stderr: str = ""

    def fits(self, call: Call) -> bool:
        """Is it an answer to this call?"""
        return self.module == call.module and all(call.args.get(key) == self.args[key] for key in self.args)


def load(folder: Path) -> list[Recording]:
    """All recordings of a folder, the more particular before the more general.  Raises ValueError."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(Recording(**json.loads(path.read_text(encoding="utf-8"))))
        except (ValueError, TypeError) as fault:
            raise ValueError(f"{path} is no recording: {fault}") from fault
    return sorted(found, key=lambda each: -len(each.args))


class RecordedBackend:
    """Answers for any number of hosts; files that were sent are kept in memory."""

    def __init__(self, recordings: Sequence[Recording]) -> None:
        self._recordings = recordings
        self._lock = threading.Lock()
        self._files: dict[tuple[str, str], bytes] = {}

    def start(self, job: Job) -> "Answering":
        """An answer that comes with the end of standard input, or at once where there is none."""
        answering = Answering(self, job)
        if not job.stdin:
            answering.write(b"", True)
        return answering

    def filter(self, job: Job) -> Filter:  # noqa: ARG002
        """Nothing to replace."""
        return plain()

    def close(self) -> None:
        """Nothing to release."""

    def answer(self, job: Job, stdin: bytes, output: Output) -> int:
        """Write the answer and give the exit code."""
        call = manifest.call(stdin)
        if call is None:
            # A bare script: Ansible's own clearing away of files.
            return 0
        own = {
            "winrm_put_file.ps1": self._put,
            "winrm_fetch_file.ps1": self._fetch,
            "powershell_mkdtemp.ps1": _make_folder,
            "powershell_expand_user.ps1": _expand,
        }.get(call.script)
        return own(job, call, output) if own else self._module(job, call, output)

    def _module(self, job: Job, call: Call, output: Output) -> int:
        found = next((each for each in self._recordings if each.fits(call)), None)
        if found is None:
            result: Any = {"failed": True, "msg": f"This double has no recording of {call.module or call.script}."}
            found = Recording(call.module, result, rc=1)
        output.append(STDOUT, _placed(json.dumps(found.result), job.host))
        output.append(STDERR, _placed(found.stderr, job.host))
        return found.rc

    def _put(self, job: Job, call: Call, output: Output) -> int:
        content = b"".join(_decoded(line) for line in call.rest.splitlines())
        if len(content) <= _LARGEST_FILE:
            with self._lock:
                self._files[job.host, str(call.params.get("Path", "")).lower()] = content
        output.append(STDOUT, json.dumps({"sha1": hashlib.sha1(content, usedforsecurity=False).hexdigest()}).encode())
        return 0

    def _fetch(self, job: Job, call: Call, output: Output) -> int:
        path, start = str(call.params.get("Path", "")), int(call.params.get("Offset", 0))
        with self._lock:
            content = self._files.get((job.host, path.lower()))
        if content is None:
            output.append(STDERR, f"{path} does not exist\r\n".encode())
            return 1
        output.append(STDOUT, base64.b64encode(content[start : start + int(call.params.get("BufferSize", 0))]))
        return 0


class Answering:
    """A command of the recorded backend."""

    def __init__(self, backend: RecordedBackend, job: Job) -> None:
        self._backend = backend
        self._job = job
        self._stdin: list[bytes] = []
        self._output = Output()

    @property
    def output(self) -> Output:
        """What it writes."""
        return self._output

    def write(self, data: bytes, end: bool) -> None:
        """Collect standard input, and answer at its end."""
        self._stdin.append(data)
        if end:
            self._output.finish(self._backend.answer(self._job, b"".join(self._stdin), self._output))

    def kill(self) -> None:
        """It has no process."""
        self._output.finish(137)


def _make_folder(_job: Job, call: Call, output: Output) -> int:
    folder = str(call.params.get("Directory", "")).replace("%TEMP%", _TEMP)
    output.append(STDOUT, f"{ntpath.join(folder, str(call.params.get('Name', '')))}\r\n".encode())
    return 0


def _expand(_job: Job, call: Call, output: Output) -> int:
    path = str(call.params.get("Path", ""))
    output.append(STDOUT, f"{_HOME + path[1:] if path.startswith('~') else path}\r\n".encode())
    return 0


def _placed(text: str, host: str) -> bytes:
    return text.replace(HOST, host).replace(NOW, datetime.now(UTC).strftime(TIME)).encode()


def _decoded(line: bytes) -> bytes:
    try:
        return base64.b64decode(line)
    except binascii.Error:
        return b""
