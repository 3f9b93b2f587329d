"""One virtual card: a process that speaks the vpcd protocol into the pcscd of its host.

The protocol: each message is a 2-byte big-endian length and a body.  A body of one byte from the reader is
a control (0 off, 1 on, 2 reset, 4 tell the ATR); any other is an APDU and gets an answer.
This module is self-contained and runs in the host's network namespace (see `cards.py`).
"""

import argparse
import os
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

ATR_HU_2016 = bytes.fromhex("3B8780018031B973842160B8")
EID_AID = bytes.fromhex("E80704007F00070302")
OFF, ON, RESET, TELL_ATR = 0, 1, 2, 4
PORT = 35963
OK, NOT_FOUND, NOT_SUPPORTED, WRONG_LENGTH = 0x9000, 0x6A82, 0x6D00, 0x6700
INS_SELECT = 0xA4
BY_AID = 0x04


class Application(Protocol):
    """What is on a card: later ones add EF.CardAccess and PACE."""

    def reset(self) -> None:
        """Forget the session (power off, power on, reset)."""

    def answer(self, apdu: bytes) -> bytes:
        """Answer one command APDU with data and status word."""


@dataclass
class EidCard:
    """A card that has the eID application and nothing in it yet."""

    applications: frozenset[bytes] = frozenset({EID_AID})
    handlers: dict[int, Callable[[bytes], bytes]] = field(default_factory=dict)
    selected: bytes | None = None

    def __post_init__(self) -> None:
        """Register the instructions that the card knows."""
        self.handlers.setdefault(INS_SELECT, self._select)

    def reset(self) -> None:
        """Forget what is selected."""
        self.selected = None

    def answer(self, apdu: bytes) -> bytes:
        """Answer one command APDU."""
        if len(apdu) < 4:
            return status(WRONG_LENGTH)
        handler = self.handlers.get(apdu[1])
        return handler(apdu) if handler else status(NOT_SUPPORTED)

    def _select(self, apdu: bytes) -> bytes:
        if apdu[2] != BY_AID or command_data(apdu) not in self.applications:
            return status(NOT_FOUND)
        self.selected = command_data(apdu)
        return status(OK)


def status(word: int) -> bytes:
    """A status word as two bytes."""
    return word.to_bytes(2, "big")


def command_data(apdu: bytes) -> bytes:
    """The data field of a command APDU (short or extended length), empty when it has none."""
    body = apdu[4:]
    if len(body) > 3 and body[0] == 0:
        return body[3 : 3 + int.from_bytes(body[1:3], "big")]
    return body[1 : 1 + body[0]] if len(body) > 1 else b""


def frame(body: bytes) -> bytes:
    """A message: length and body; raises ValueError for a body over 65535 bytes."""
    if len(body) > 0xFFFF:
        raise ValueError("a vpcd message carries at most 65535 bytes")
    return len(body).to_bytes(2, "big") + body


def split_frames(buffer: bytes) -> tuple[list[bytes], bytes]:
    """Whole bodies at the front of a stream, and the rest that has to wait for more."""
    bodies = []
    while len(buffer) >= 2 and len(buffer) >= (end := 2 + int.from_bytes(buffer[:2], "big")):
        bodies.append(buffer[2:end])
        buffer = buffer[end:]
    return bodies, buffer


def serve(conversation: socket.socket, card: Application, atr: bytes, powered: Callable[[], None]) -> None:
    """Talk to one pcscd until it goes away; `powered` is called when it switches the card on."""
    buffer = b""
    while data := conversation.recv(65536):
        bodies, buffer = split_frames(buffer + data)
        for body in bodies:
            reply = _react(body, card, atr, powered)
            if reply is not None:
                conversation.sendall(frame(reply))


def _react(body: bytes, card: Application, atr: bytes, powered: Callable[[], None]) -> bytes | None:
    if len(body) != 1:
        return card.answer(body) if body else None
    if body[0] == TELL_ATR:
        return atr
    card.reset()
    if body[0] == ON:
        powered()
    return None


def run(port: int, card: Application, atr: bytes, mark: Path) -> None:
    """Stay inserted for ever: reconnect whenever pcscd comes back.

    `mark` exists while a pcscd has the card in use; it is how the lab learns that reader and card were seen.
    """
    while True:
        mark.unlink(missing_ok=True)
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as conversation:
                conversation.settimeout(None)
                # Without it each APDU waits 40 ms for the other side's acknowledgement.
                conversation.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                serve(conversation, card, atr, mark.touch)
        except OSError:
            pass
        # Nothing tells when pcscd listens again.
        time.sleep(0.05)


def main(argv: list[str]) -> None:
    """Command line: `--port N --mark FILE`."""
    parser = argparse.ArgumentParser(prog="lab.card")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--mark", type=Path, required=True)
    options = parser.parse_args(argv)
    os.umask(0o077)
    run(options.port, EidCard(), ATR_HU_2016, options.mark)


if __name__ == "__main__":
    main(sys.argv[1:])
