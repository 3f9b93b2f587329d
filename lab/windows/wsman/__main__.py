"""`python3 -m wsman --config FILE`: serve until SIGTERM or SIGINT."""

import argparse
import signal
import subprocess
import sys
import threading
from pathlib import Path

from .auth import UnsafePasswords
from .backend import Backend, PlainBackend
from .config import BadConfig, Config, load
from .recorded import RecordedBackend
from .recorded import load as load_recordings
from .recorder import Recorder
from .server import Server
from .wine import WineBackend


def backend_of(config: Config) -> Backend:
    """The backend that the configuration asks for.  Raises OSError, ValueError, subprocess.TimeoutExpired."""
    if config.backend == "recorded" and config.recordings is not None:
        return RecordedBackend(load_recordings(config.recordings))
    backend: Backend = PlainBackend(config.standins)
    if config.backend == "wine" and config.wine is not None:
        backend = WineBackend(config.wine)
        backend.warm()
    return backend if config.record_to is None else Recorder(backend, config.record_to)


def main() -> int:
    """Serve.  0 after a signal, 2 when it cannot start."""
    parser = argparse.ArgumentParser(prog="wsman", description="A double of Windows' WS-Management service.")
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="JSON, see lab/windows/README.md")
    options = parser.parse_args()
    try:
        config = load(options.config)
        server = Server(config, backend_of(config))
    except (BadConfig, UnsafePasswords, OSError, ValueError, subprocess.TimeoutExpired) as fault:
        print(f"wsman: {fault}", file=sys.stderr)
        return 2
    ended = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: ended.set())
    server.start()
    for bound in server.bound:
        ports = [f"{name} {port}" for name, port in (("http", bound.http), ("https", bound.https)) if port]
        print(bound.host, bound.address, *ports, flush=True)
    ended.wait()
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
