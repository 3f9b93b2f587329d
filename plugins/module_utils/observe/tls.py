# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One TLS connection as a client that verifies the server and shows the institution's certificate."""

from __future__ import annotations

import base64
import select
import socket
import ssl
import time
from dataclasses import dataclass

from . import credentials as client_credentials
from .credentials import Credentials
from .endpoint_shapes import Tls
from .evidence import of_exception, timed_out
from .handshake import HandshakeLog
from .route import elapsed
from .shapes import Evidence

_SHORTEST_VERDICT_WAIT = 0.2  # seconds; a server on the same desk needs time to think too
_ROUND_TRIPS = 3


@dataclass
class TlsSession:
    """A connection after its handshake, with what was seen on it; ``log`` goes on listening for alerts."""

    socket: ssl.SSLSocket
    log: HandshakeLog
    early: bytes = b""
    closed: bool = False
    error: Evidence | None = None


@dataclass(frozen=True)
class Trust:
    """Anchors on this host: a PEM file, or null for the system's own."""

    anchors: str | None

    def load(self, context: ssl.SSLContext) -> Evidence | None:
        """The evidence if the anchors cannot be read; nothing is trusted then."""
        try:
            if self.anchors is None:
                context.load_default_certs()
            else:
                context.load_verify_locations(cafile=self.anchors)
        except OSError as error:
            found = of_exception(error)
            return Evidence(found.stack, found.code, f"trust anchors {self.anchors}: {found.text}")
        return None


def uncompressed(openssl: tuple[int, ...]) -> int:
    """Options that switch off compressed certificates (RFC 8879), which OpenSSL 3.2 and newer would send and take.

    Their message is not one that the log could read everywhere: brotli and zstd are not in the standard library.
    ssl.h: SSL_OP_NO_TX_CERTIFICATE_COMPRESSION, SSL_OP_NO_RX_CERTIFICATE_COMPRESSION; Python has no names for them.
    """
    return (1 << 32) | (1 << 33) if openssl >= (3, 2) and ssl.HAS_TLSv1_3 else 0


def handshake(
    connection: socket.socket, server_name: str, trust: Trust, shown: Credentials | None, seconds: float
) -> tuple[Tls, TlsSession | None]:
    """Runs the handshake within ``seconds``. Never raises; the session is null unless it completed.

    A client certificate that OpenSSL refuses is recorded, and the handshake goes on without it: what the server is
    remains worth knowing. A failed verification stands in ``server.verify_error`` alone, not in ``error``.
    """
    tls, log = Tls(), HandshakeLog()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # What OpenSSL itself allows: Python's stricter list would make an old server look like a dead one.
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT")
    context.options |= uncompressed(ssl.OPENSSL_VERSION_INFO)
    has_callback = hasattr(context, "_msg_callback")
    if has_callback:
        context._msg_callback = log  # type: ignore[attr-defined]
    trust_error = trust.load(context)
    if shown is not None:
        tls.client_certificate.error = client_credentials.load(context, shown)
    start = time.monotonic()
    secured = None
    try:
        connection.settimeout(seconds)
        secured = context.wrap_socket(connection, server_hostname=server_name, do_handshake_on_connect=False)
        secured.do_handshake()
        log.completed = tls.completed = True
    except ssl.SSLCertVerificationError as error:
        tls.server.verified, tls.server.verify_error = False, trust_error or of_exception(error)
    except TimeoutError as error:
        tls.error = of_exception(error) if error.errno else timed_out("TLS handshake", seconds)
    except (OSError, ValueError) as error:
        tls.error = of_exception(error)
    tls.seconds = elapsed(start)
    _fill(tls, log, secured, has_callback)
    if tls.completed and secured is not None:
        return tls, TlsSession(secured, log)
    (secured or connection).close()
    return tls, None


def _fill(tls: Tls, log: HandshakeLog, secured: ssl.SSLSocket | None, has_callback: bool) -> None:
    tls.version, tls.alert = log.version, log.alert
    tls.server.hello, tls.server.chain = log.hello, log.chain
    tls.client_certificate.acceptable_issuers = log.issuers
    tls.client_certificate.presented = log.presented
    if tls.completed or log.server_passed:
        tls.server.verified = True
    if has_callback:
        # "Not asked" is known only once the server's whole flight was read.
        tls.client_certificate.requested = True if log.requested else (False if tls.server.verified else None)
    if not tls.completed or secured is None:
        return
    cipher = secured.cipher()
    tls.cipher = cipher[0] if cipher else None
    tls.version = secured.version()
    if not has_callback:
        tls.server.hello = True
        der = secured.getpeercert(binary_form=True)
        tls.server.chain = [base64.b64encode(der).decode()] if der else []


def await_verdict(session: TlsSession, round_trip: float, limit: float) -> None:
    """Under TLS 1.3 a server judges the client after the client is done: gives it a moment to say no.

    Writing at once would often be answered by a reset that destroys the alert in our own buffers. A server that is
    content mostly sends session tickets, which end the wait early.
    """
    wait = min(limit, max(_SHORTEST_VERDICT_WAIT, _ROUND_TRIPS * round_trip))
    if session.log.requested and session.socket.version() == "TLSv1.3":
        listen(session, wait, until_data=False)


def listen(session: TlsSession, seconds: float, until_data: bool) -> None:
    """Takes in whatever the server sends by itself: data, an alert or a close. Never raises.

    With ``until_data`` anything but data or an end is passed over (tickets); without it the first of them is enough.
    """
    end = time.monotonic() + seconds
    connection = session.socket
    connection.setblocking(False)
    try:
        while connection.pending() or select.select([connection], [], [], max(0.0, end - time.monotonic()))[0]:
            if _take(session) or not until_data:
                return
    finally:
        connection.settimeout(max(0.001, seconds))


def _take(session: TlsSession) -> bool:
    """Reads once; whether there was data or an end."""
    try:
        data = session.socket.recv(4096)
    except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
        return False
    except OSError as error:
        session.error, session.closed = of_exception(error), True
        return True
    session.early += data
    session.closed = not data
    return True
