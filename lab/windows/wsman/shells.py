"""Shells and their commands: made, found, counted against the quotas, and cleared away."""

import contextlib
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from . import faults
from .backend import Backend, Job, Running
from .faults import Refused
from .manifest import Filter


@dataclass(frozen=True)
class Quotas:
    """Limits with the defaults of Windows 10 and Server 2016 and later; times in seconds.

    `drop_grace` is ours: how long a shell outlives the connection that used it last.
    """

    shells_per_user: int = 30
    processes_per_shell: int = 25
    operations_per_user: int = 1500
    idle: float = 7200.0
    drop_grace: float = 20.0


@dataclass
class Command:
    """A command of a shell; `filter` stands between Send and the process."""

    command_id: str
    running: Running
    filter: Filter
    lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, data: bytes, end: bool) -> None:
        """Pass on what a client sent, in the order of the requests."""
        with self.lock:
            self.running.write(self.filter.feed(data, end), end)


@dataclass
class Shell:
    """One shell of one user.  `orphaned`: since when its last connection is gone."""

    shell_id: str
    owner: str
    environment: Mapping[str, str]
    directory: str
    code_page: int
    idle: float
    used: float
    connection: int
    commands: dict[str, Command] = field(default_factory=dict)
    started: int = 0
    orphaned: float | None = None
    waiting: int = 0


class Shells:
    """All shells of one host; thread-safe."""

    def __init__(self, backend: Backend, quotas: Quotas) -> None:
        self._backend = backend
        self._quotas = quotas
        self._lock = threading.RLock()
        self._shells: dict[str, Shell] = {}

    def create(self, owner: str, connection: int, draft: Mapping[str, str], environment: Mapping[str, str]) -> Shell:
        """Open a shell; Raises Refused at the quota.

        `draft` may hold shell_id, directory, code_page and idle (seconds).
        """
        with self._lock:
            if sum(shell.owner == owner for shell in self._shells.values()) >= self._quotas.shells_per_user:
                raise Refused(faults.MAX_SHELLS)
            shell = Shell(
                shell_id=draft.get("shell_id") or str(uuid.uuid4()).upper(),
                owner=owner,
                environment=dict(environment),
                directory=draft.get("directory", ""),
                code_page=int(draft.get("code_page") or 437),
                idle=float(draft.get("idle") or self._quotas.idle),
                used=time.monotonic(),
                connection=connection,
            )
            self._shells[shell.shell_id.upper()] = shell
            return shell

    def find(self, shell_id: str, owner: str, connection: int) -> Shell:
        """The shell, marked as used now by this connection.  Raises Refused: unknown, or another user's."""
        with self._lock:
            shell = self._shells.get(shell_id.upper())
            if shell is None or shell.owner != owner:
                raise Refused(faults.NO_SHELL)
            shell.used, shell.connection, shell.orphaned = time.monotonic(), connection, None
            return shell

    def run(self, shell: Shell, command_id: str, job: Job) -> Command:
        """Start a command.  Raises Refused at a quota, or when it cannot be started."""
        with self._lock:
            running = sum(not each.running.output.ended for each in shell.commands.values())
            if running >= self._quotas.processes_per_shell:
                raise Refused(faults.MAX_COMMANDS)
            # A text shell's operations are counted but never counted down ([MS-WSMV] note 118), which is why
            # Ansible makes a new shell at this fault.
            if shell.started >= self._quotas.operations_per_user:
                raise Refused(faults.MAX_OPERATIONS)
            shell.started += 1
            name = command_id or str(uuid.uuid4()).upper()
            try:
                process = self._backend.start(job)
            except OSError as fault:
                raise Refused(faults.NOT_FOUND) from fault
            command = Command(name, process, self._backend.filter(job))
            shell.commands[name.upper()] = command
            return command

    @contextlib.contextmanager
    def waiting(self, shell: Shell) -> Iterator[None]:
        """While a client waits for output its shell is not idle."""
        with self._lock:
            shell.waiting += 1
        try:
            yield
        finally:
            with self._lock:
                shell.waiting -= 1
                shell.used = time.monotonic()

    def command(self, shell: Shell, command_id: str) -> Command:
        """A command of the shell.  Raises Refused."""
        with self._lock:
            found = shell.commands.get(command_id.upper())
            if found is None:
                raise Refused(faults.NO_SHELL)
            return found

    def end_command(self, shell: Shell, command_id: str) -> None:
        """End a command with its children, and forget it; an unknown one is no fault."""
        with self._lock:
            command = shell.commands.pop(command_id.upper(), None)
        if command is not None:
            command.running.kill()

    def delete(self, shell: Shell) -> None:
        """End a shell with all its commands."""
        with self._lock:
            self._shells.pop(shell.shell_id.upper(), None)
            commands = list(shell.commands.values())
            shell.commands.clear()
        for command in commands:
            command.running.kill()

    def disconnected(self, connection: int) -> None:
        """A connection is gone: shells that no other connection has used since are on their own."""
        with self._lock:
            for shell in self._shells.values():
                if shell.connection == connection:
                    shell.orphaned = time.monotonic()

    def reap(self) -> int:
        """Delete idle and orphaned shells; how many."""
        now = time.monotonic()
        with self._lock:
            old = [shell for shell in self._shells.values() if self._is_old(shell, now)]
        for shell in old:
            self.delete(shell)
        return len(old)

    def _is_old(self, shell: Shell, now: float) -> bool:
        if shell.orphaned is not None and now - shell.orphaned > self._quotas.drop_grace:
            return True
        return not shell.waiting and now - shell.used > shell.idle

    def __len__(self) -> int:
        with self._lock:
            return len(self._shells)

    @property
    def clients_waiting(self) -> int:
        """How many clients wait for output."""
        with self._lock:
            return sum(shell.waiting for shell in self._shells.values())

    def close(self) -> None:
        """Delete every shell."""
        with self._lock:
            every = list(self._shells.values())
        for shell in every:
            self.delete(shell)
