"""The way to Windows doubles: addresses, and a gate that is open only while the host takes connections."""

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab import forward, net, spec

SECONDS = 20


class SameNamespace(forward.Namespaces):
    """Both sides are the test's own namespace; entering one needs root."""

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Stay."""
        yield


@dataclass
class Host:
    """What stands behind a gate."""

    gate: forward.Gate

    async def start(self) -> asyncio.Server:
        """Echo what comes, until the end or the word `break`, at which the connection is broken off."""
        return await asyncio.start_server(self._echo, *self.gate.there)

    async def _echo(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            if data == b"break":
                forward._reset(writer)
                return
            writer.write(data.upper())
        writer.close()

    async def client(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection through the gate, as soon as it is open."""
        while True:
            try:
                return await asyncio.open_connection(*self.gate.here)
            except ConnectionRefusedError:
                await asyncio.sleep(0.01)


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextlib.asynccontextmanager
async def _kept() -> AsyncIterator[Host]:
    gate = forward.Gate(("127.0.0.1", _free()), ("127.0.0.1", _free()), SameNamespace(0, 0))
    task = asyncio.create_task(gate.keep())
    yield Host(gate)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_bytes_pass_both_ways_and_an_end_is_an_end() -> None:
    async def scenario() -> None:
        async with _kept() as host, await host.start():
            reader, writer = await host.client()
            writer.write(b"hello")
            assert await reader.read(100) == b"HELLO"
            writer.write_eof()
            assert await reader.read(100) == b""
            writer.close()

    asyncio.run(asyncio.wait_for(scenario(), SECONDS))


def test_a_connection_that_the_host_breaks_off_is_broken_off_here() -> None:
    async def scenario() -> None:
        async with _kept() as host, await host.start():
            reader, writer = await host.client()
            writer.write(b"break")
            with pytest.raises(ConnectionResetError):
                await reader.read(100)

    asyncio.run(asyncio.wait_for(scenario(), SECONDS))


def test_what_the_host_refuses_is_refused_here_until_it_takes_connections_again() -> None:
    async def scenario() -> None:
        async with _kept() as host:
            first = await host.start()
            (await host.client())[1].close()
            first.close()
            await first.wait_closed()
            await _until_refused(host)
            async with await host.start():
                (await host.client())[1].close()

    asyncio.run(asyncio.wait_for(scenario(), SECONDS))


async def _until_refused(host: Host) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection(*host.gate.here)
        except ConnectionRefusedError:
            return
        writer.close()


def test_addresses_are_on_the_loopback_and_their_own() -> None:
    last = spec.FIRST_WORKSTATION + spec.MOST_HOSTS - 1
    numbers = range(spec.FIRST_WORKSTATION, last + 1)
    found = {forward.address(name, number) for name in ("demo", "pytest", "x") for number in numbers}
    assert len(found) == 3 * len(numbers)
    assert all(ipaddress.ip_address(one).is_loopback for one in found)
    # The demo's inventory is a file with this address in it.
    assert forward.address("demo", 17) == "127.104.151.17"


def test_listeners_are_read_with_their_address() -> None:
    with socket.create_server(("127.99.1.2", 0)) as listener:
        place = listener.getsockname()
        pid = int(Path("/proc/self").readlink().name)
        assert place in net.listeners(pid)
        assert place[1] in net.listening(pid)
    assert place not in net.listeners(pid)


def test_a_configuration_makes_a_gate_for_each_port(tmp_path: Path) -> None:
    file = tmp_path / "forward.json"
    file.write_text('{"127.64.0.11": "10.77.0.11"}')
    gates = forward.read(file, SameNamespace(0, 0))
    assert [(gate.here, gate.there) for gate in gates] == [
        (("127.64.0.11", port), ("10.77.0.11", port)) for port in (22, 5985, 5986)
    ]
