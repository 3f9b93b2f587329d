"""The listeners: one process, many addresses, one thread for each connection."""

import contextlib
import itertools
import os
import selectors
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from . import auth
from .auth import Accounts
from .backend import Backend
from .config import Address, Config, Pair, Tls
from .connection import Connection, Host
from .service import Service
from .trouble import CERTIFICATE, HANDSHAKE, Control

_BACKLOG = 128
_REAP = 1.0
_HANDSHAKE = 30.0
_BLOCK = 65536


@dataclass(frozen=True)
class Bound:
    """A host and the ports that it got."""

    address: str
    host: str
    http: int | None
    https: int | None


@dataclass(frozen=True)
class _Listener:
    socket: socket.socket
    host: Host
    secure: bool


class Server:
    """Serves every address of the configuration until `stop`."""

    def __init__(self, config: Config, backend: Backend) -> None:
        """Bind the ports.  Raises OSError, auth.UnsafePasswords, ssl.SSLError."""
        self._config = config
        self._backend = backend
        passwords = auth.read_passwords(config.users) if config.users else {}
        self._accounts = Accounts(passwords, config.subjects)
        self._control = Control(config.control)
        self._contexts = Contexts(config.tls)
        self._stopping = threading.Event()
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = os.pipe()[::-1]
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        self._numbers = itertools.count(1)
        self._open: dict[int, socket.socket] = {}
        self.services: list[Service] = []
        self._threads: list[threading.Thread] = []
        self.bound = [self._bind(address) for address in config.listen]

    def _bind(self, address: Address) -> Bound:
        service = Service(address.host, self._backend, self._config.quotas)
        self.services.append(service)
        host = Host(self._config, service, self._accounts, self._control, self._stopping)
        http = self._listen(address.address, address.http, host, secure=False)
        https = self._listen(address.address, address.https, host, secure=True) if self._config.tls else None
        return Bound(address.address, address.host, http, https)

    def _listen(self, address: str, port: int | None, host: Host, secure: bool) -> int | None:
        if port is None:
            return None
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = socket.create_server((address, port), family=family, backlog=_BACKLOG)
        self._selector.register(listener, selectors.EVENT_READ, _Listener(listener, host, secure))
        return int(listener.getsockname()[1])

    @property
    def connections(self) -> int:
        """How many connections stand."""
        return len(self._open)

    def start(self) -> None:
        """Serve in threads."""
        for target in (self._accept, self._reap):
            thread = threading.Thread(target=target, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Close every connection, end every command and free the ports."""
        self._stopping.set()
        os.write(self._wake, b"x")
        for thread in self._threads:
            thread.join()
        for key in list(self._selector.get_map().values()):
            if isinstance(key.data, _Listener):
                key.data.socket.close()
        self._selector.close()
        for each in list(self._open.values()):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for service in self.services:
            service.shells.close()
        self._backend.close()
        os.close(self._wake)
        os.close(self._woken)

    def _accept(self) -> None:
        while not self._stopping.is_set():
            for key, _ in self._selector.select():
                listener = key.data
                if listener is None:
                    continue
                with contextlib.suppress(OSError):
                    client, peer = listener.socket.accept()
                    target = threading.Thread(target=self._serve, args=(listener, client, peer), daemon=True)
                    target.start()

    def _serve(self, listener: _Listener, client: socket.socket, peer: tuple[str, int]) -> None:
        number = next(self._numbers)
        self._open[number] = client
        try:
            if listener.secure:
                client = self._open[number] = self._secured(listener, client)
                _shake_hands(client)
            Connection(client, peer, listener.host, number)
        except OSError:
            # A handshake that the client broke off, or a connection that is gone: nothing to answer.
            pass
        finally:
            del self._open[number]
            listener.host.service.shells.disconnected(number)
            client.close()

    def _secured(self, listener: _Listener, client: socket.socket) -> ssl.SSLSocket:
        picked = self._control.pick(listener.host.service.host, HANDSHAKE).get(CERTIFICATE)
        context = self._contexts.get(str(picked.details.get("name", "")) if picked else "")
        client.settimeout(_HANDSHAKE)
        return context.wrap_socket(client, server_side=True, do_handshake_on_connect=False)

    def _reap(self) -> None:
        while not self._stopping.wait(_REAP):
            for service in self.services:
                service.shells.reap()


def _shake_hands(client: ssl.SSLSocket) -> None:
    """Raises ssl.SSLError when a side refuses, once the other has read why: closing with bytes unread is a reset."""
    try:
        client.do_handshake()
    except ssl.SSLError:
        client.shutdown(socket.SHUT_WR)
        while client.recv(_BLOCK):
            pass
        raise


class Contexts:
    """TLS contexts by the name of their certificate ('' is the usual one), made anew when its file changes."""

    def __init__(self, tls: Tls | None) -> None:
        self._tls = tls
        self._made: dict[str, tuple[int, ssl.SSLContext]] = {}
        if tls is not None:
            self.get("")

    def get(self, name: str) -> ssl.SSLContext:
        """The context; an unknown name is the usual certificate.  Raises OSError (ssl.SSLError is one)."""
        if self._tls is None:
            raise OSError("there is no TLS here")
        others: Mapping[str, Pair] = self._tls.others
        pair = others.get(name, self._tls.pair)
        stamp = pair.certificate.stat().st_mtime_ns
        held = self._made.get(name)
        if held is None or held[0] != stamp:
            held = self._made[name] = (stamp, _context(pair, self._tls))
        return held[1]


def _context(pair: Pair, tls: Tls) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(pair.certificate, pair.key)
    if tls.client_ca is not None:
        context.load_verify_locations(tls.client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context
