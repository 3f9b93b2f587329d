"""What one host answers to each action."""

import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass

from . import faults, soap
from .backend import Backend, Job
from .faults import Refused
from .shells import Quotas, Shells
from .soap import Message, in_shell

# What the envelope of an answer takes besides its streams, with room to spare.
_ENVELOPE = 4096
_SMALLEST = 8192
# How often a waiting Receive looks whether its client is still there, in seconds.
_LOOK = 0.5
Alive = Callable[[], bool]


class ClientGone(Exception):
    """The client has closed the connection while it waited."""


@dataclass(frozen=True)
class Caller:
    """Who asks, over which connection, and whether the connection still stands."""

    account: str
    connection: int
    address: str
    alive: Alive


class Service:
    """WS-Management of one host."""

    def __init__(self, host: str, backend: Backend, quotas: Quotas) -> None:
        self.host = host
        self.shells = Shells(backend, quotas)
        self._actions: dict[str, Callable[[Message, Caller], bytes]] = {
            soap.CREATE: self._create,
            soap.COMMAND: self._command,
            soap.SEND: self._send,
            soap.RECEIVE: self._receive,
            soap.SIGNAL: self._signal,
            soap.DELETE: self._delete,
        }

    def answer(self, message: Message, caller: Caller) -> bytes:
        """The SOAP answer.  Raises Refused, soap.BadMessage and ClientGone."""
        action = self._actions.get(message.action)
        if action is None:
            raise Refused(faults.NOT_SUPPORTED)
        return action(message, caller)

    def _create(self, message: Message, caller: Caller) -> bytes:
        asked = message.body.find(in_shell("Shell"))
        if asked is None or not message.resource.endswith("/shell/cmd"):
            raise Refused(faults.NOT_SUPPORTED)
        variables = asked.iterfind(f"{in_shell('Environment')}/{in_shell('Variable')}")
        draft = {
            "shell_id": asked.get("ShellId", ""),
            "directory": asked.findtext(in_shell("WorkingDirectory")) or "",
            "code_page": _number(message.options.get("WINRS_CODEPAGE", "")),
            "idle": str(soap.seconds(asked.findtext(in_shell("IdleTimeOut")) or "", 0) or ""),
        }
        environment = {each.get("Name", ""): each.text or "" for each in variables}
        shell = self.shells.create(caller.account, caller.connection, draft, environment)
        return soap.created(message, caller.address, shell.shell_id)

    def _command(self, message: Message, caller: Caller) -> bytes:
        line = message.body.find(in_shell("CommandLine"))
        if line is None:
            raise soap.BadMessage("a Command without CommandLine")
        shell = self.shells.find(message.selectors.get("ShellId", ""), caller.account, caller.connection)
        arguments = [each.text or "" for each in line.iterfind(in_shell("Arguments"))]
        job = Job(
            self.host,
            (line.findtext(in_shell("Command")) or "").strip(),
            " ".join(arguments),
            shell.environment,
            shell.directory,
            shell.code_page,
            # pywinrm and Ansible say so: standard input comes by Send, with an end, rather than from a console.
            message.options.get("WINRS_CONSOLEMODE_STDIN", "TRUE").upper() == "FALSE",
        )
        command = self.shells.run(shell, line.get("CommandId", ""), job)
        return soap.started(message, command.command_id)

    def _send(self, message: Message, caller: Caller) -> bytes:
        shell = self.shells.find(message.selectors.get("ShellId", ""), caller.account, caller.connection)
        for part in soap.stdin_of(message):
            self.shells.command(shell, part.command_id).write(part.data, part.end)
        return soap.done(message)

    def _receive(self, message: Message, caller: Caller) -> bytes:
        command_id = _attribute(message.body, f"{in_shell('Receive')}/{in_shell('DesiredStream')}")
        shell = self.shells.find(message.selectors.get("ShellId", ""), caller.account, caller.connection)
        output = self.shells.command(shell, command_id).running.output
        with self.shells.waiting(shell):
            self._wait(output.wait, message.timeout, caller.alive)
        # Base64 makes four bytes of three.
        room = max(message.envelope, _SMALLEST) - _ENVELOPE
        chunk = output.take(room * 3 // 4)
        return soap.received(message, command_id, chunk.streams, chunk.exit_code)

    @staticmethod
    def _wait(wait: Callable[[float], bool], timeout: float, alive: Alive) -> None:
        deadline = time.monotonic() + timeout
        while not wait(min(max(deadline - time.monotonic(), 0), _LOOK)):
            if not alive():
                raise ClientGone
            if time.monotonic() >= deadline:
                raise Refused(faults.TIMED_OUT)

    def _signal(self, message: Message, caller: Caller) -> bytes:
        command_id = _attribute(message.body, in_shell("Signal"))
        shell = self.shells.find(message.selectors.get("ShellId", ""), caller.account, caller.connection)
        self.shells.end_command(shell, command_id)
        return soap.done(message)

    def _delete(self, message: Message, caller: Caller) -> bytes:
        shell = self.shells.find(message.selectors.get("ShellId", ""), caller.account, caller.connection)
        self.shells.delete(shell)
        return soap.done(message)


def _attribute(body: ET.Element, path: str) -> str:
    element = body.find(path)
    command_id = "" if element is None else element.get("CommandId", "")
    if not command_id:
        raise soap.BadMessage("no CommandId")
    return command_id


def _number(text: str) -> str:
    return text if text.isdigit() and len(text) <= 5 else ""
