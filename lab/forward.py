"""The way from the machine's own network to hosts of a fleet: loopback addresses that lead into its namespace.

pywinrm knows no proxy command, so a Windows double gets an address of its own on the machine's loopback.  This module
is self-contained and runs as a process of the fleet.  A port is open here only while it is open in the host, so that a
service that is gone refuses here too: it is shut at the first refusal, and opens when the host takes connections again.
"""

import argparse
import asyncio
import contextlib
import ctypes
import hashlib
import json
import os
import socket
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

CLONE_NEWNET = 0x40000000
PORTS = (22, 5985, 5986)
AGAIN = 0.1
_BLOCK = 65536


def address(fleet: str, number: int) -> str:
    """The loopback address of host `number` (below 1024) of a fleet.

    13 bits come from the fleet's name, so that fleets run side by side: 127.64.0.0 to 127.191.255.255.
    """
    digest = hashlib.sha256(fleet.encode()).digest()
    return f"127.{64 + (digest[0] & 31) * 4 + (number >> 8)}.{digest[1]}.{number & 255}"


@dataclass(frozen=True)
class Namespaces:
    """Handles of the machine's network namespace and of the fleet's."""

    own: int
    fleet: int

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Sockets made in here belong to the fleet's namespace for good."""
        _enter(self.fleet)
        try:
            yield
        finally:
            _enter(self.own)


def _enter(handle: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(handle, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@dataclass
class Gate:
    """One port: `(address, port)` here and in the fleet."""

    here: tuple[str, int]
    there: tuple[str, int]
    namespaces: Namespaces
    shut: asyncio.Event = field(default_factory=asyncio.Event)

    async def keep(self) -> None:
        """Listen whenever the host takes connections, for ever."""
        while True:
            while (first := await self.reach()) is None:
                await asyncio.sleep(AGAIN)
            first.close()
            self.shut.clear()
            server = await asyncio.start_server(self._serve, *self.here, backlog=128)
            await self.shut.wait()
            server.close()

    async def reach(self) -> socket.socket | None:
        """A connection to the host, or None when it takes none."""
        with self.namespaces.inside():
            talk = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            await asyncio.get_running_loop().sock_connect(talk, self.there)
        except OSError:
            talk.close()
            return None
        return talk

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward = await self.reach()
        if onward is None:
            self.shut.set()
            _reset(writer)
            return
        back, forth = await asyncio.open_connection(sock=onward)
        tasks = [asyncio.create_task(_pump(reader, forth)), asyncio.create_task(_pump(back, writer))]
        done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        # What one side broke off is broken off for the other; what it ended is ended.
        broken = any(task.exception() is not None for task in done)
        for task in rest:
            task.cancel()
        for end in (writer, forth):
            if broken:
                _reset(end)
            end.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while block := await source.read(_BLOCK):
        sink.write(block)
        await sink.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    talk = writer.get_extra_info("socket")
    if talk is not None:
        with contextlib.suppress(OSError):
            talk.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _serve_all(gates: list[Gate]) -> None:
    await asyncio.gather(*(gate.keep() for gate in gates))


def read(config: Path, namespaces: Namespaces) -> list[Gate]:
    """The gates of a file {loopback address: address in the fleet}."""
    pairs: dict[str, str] = json.loads(config.read_text())
    return [Gate((here, port), (there, port), namespaces) for here, there in pairs.items() for port in PORTS]


def main(argv: list[str]) -> None:
    """Command line: `--netns FILE --config FILE`."""
    parser = argparse.ArgumentParser(prog="lab.forward")
    parser.add_argument("--netns", required=True)
    parser.add_argument("--config", type=Path, required=True)
    options = parser.parse_args(argv)
    own, fleet = (os.open(path, os.O_RDONLY | os.O_CLOEXEC) for path in ("/proc/self/ns/net", options.netns))
    asyncio.run(_serve_all(read(options.config, Namespaces(own, fleet))))


if __name__ == "__main__":
    main(sys.argv[1:])
