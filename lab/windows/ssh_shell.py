"""The login shell of a double's account over ssh, in place of the one that Windows' OpenSSH starts.

Runs in the host as `python3 -m ssh_shell -c COMMAND`; the command goes the way of one of WinRM, stand-ins included.
sshd is Debian's: file transfers work because `/C:` of the host is Windows' drive.
"""

import contextlib
import os
import sys
import threading
import tty
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.windows.wsman.backend import Job
    from lab.windows.wsman.config import load
    from lab.windows.wsman.output import STDERR
    from lab.windows.wsman.wine import WineBackend
else:
    # In the host this folder is all there is of the lab.
    from wsman.backend import Job
    from wsman.config import load
    from wsman.output import STDERR
    from wsman.wine import WineBackend

CONFIG = Path("/etc/eeszt-double/wsman.json")
_BLOCK = 65536
_OUT, _ERR = 1, 2


def run(line: str, config: Path = CONFIG) -> int:
    """Run one command line; returns its exit status."""
    loaded = load(config)
    if loaded.wine is None:
        raise SystemExit(f"{config} names no Wine.")
    command, _, arguments = line.strip().partition(" ")
    job = Job("", command, arguments)
    backend = WineBackend(loaded.wine)
    running, passing = backend.start(job), backend.filter(job)

    def read() -> None:
        while block := os.read(0, _BLOCK):
            running.write(passing.feed(block, False), False)
        running.write(passing.feed(b"", True), True)

    if os.isatty(0):
        # A terminal means that nothing is going to be typed; lines end as Windows ends them.
        with contextlib.suppress(OSError):
            tty.setraw(0)
        running.write(passing.feed(b"", True), True)
    else:
        threading.Thread(target=read, daemon=True).start()
    try:
        while True:
            running.output.wait(60)
            chunk = running.output.take(_BLOCK)
            for stream, data in chunk.streams:
                _write(_ERR if stream == STDERR else _OUT, data)
            if chunk.exit_code is not None:
                return chunk.exit_code
    finally:
        running.kill()


def _write(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def main(argv: Sequence[str]) -> int:
    """`-c COMMAND`, as sshd calls a shell; without it PowerShell with nothing to read."""
    return run(argv[1] if argv[:1] == ["-c"] and len(argv) > 1 else "powershell -NoProfile -Command exit")


if __name__ == "__main__":
    # Not sys.exit: the thread that reads may stand in its read for ever.
    os._exit(main(sys.argv[1:]))
