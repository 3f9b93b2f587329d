# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What passes in a TLS handshake, read from OpenSSL's own messages.

Python's ssl module hides what a diagnosis needs: whether the server asked for a certificate and from whom, which chain
it sent when verification failed, and which alert it answered. OpenSSL's message callback shows all of it decrypted.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field

from .endpoint_shapes import Alert

_ALERT = 21
_HANDSHAKE = 22
_SERVER_HELLO = 2
_CERTIFICATE = 11
_CERTIFICATE_REQUEST = 13
_CLIENT_KEY_EXCHANGE = 16
_FINISHED = 20
_TLS_1_2 = 0x0303
_TLS_1_3 = 0x0304
_CERTIFICATE_AUTHORITIES = 47  # extension, RFC 8446 section 4.2.4
_VERSIONS = {0x0300: "SSLv3", 0x0301: "TLSv1", 0x0302: "TLSv1.1", _TLS_1_2: "TLSv1.2", _TLS_1_3: "TLSv1.3"}

_ALERTS = {  # RFC 8446 section 6, and those of RFC 5246 that it no longer names
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    21: "decryption_failed",
    22: "record_overflow",
    30: "decompression_failure",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    60: "export_restriction",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    111: "certificate_unobtainable",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    114: "bad_certificate_hash_value",
    115: "unknown_psk_identity",
    116: "certificate_required",
    120: "no_application_protocol",
}


class Malformed(ValueError):
    """A message that does not hold what its lengths say."""


class _Bytes:
    """A cursor over TLS vectors: a length of 1 to 3 bytes, then the content."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def take(self, count: int) -> bytes:
        piece = self._data[self._at : self._at + count]
        if len(piece) != count:
            raise Malformed("shorter than its lengths say")
        self._at += count
        return piece

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big")

    def vector(self, width: int) -> _Bytes:
        return _Bytes(self.take(self.number(width)))

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._at)


@dataclass
class HandshakeLog:
    """Collects from ``SSLContext._msg_callback``. ``completed`` is set by whoever drives the handshake."""

    hello: bool = False
    version: str | None = None
    chain: list[str] = field(default_factory=list)
    requested: bool = False
    issuers: list[str] = field(default_factory=list)
    presented: str | None = None
    server_passed: bool = False
    alert: Alert | None = None
    completed: bool = False

    def __call__(
        self, _connection: object, direction: str, version: int, content: int, _kind: int, data: bytes
    ) -> None:
        """The callback. It must never raise: an exception here would be blamed on the server."""
        try:
            if content == _ALERT and direction == "read":
                self._read_alert(data)
            elif content == _HANDSHAKE and direction == "read":
                self._read_message(int(version), data)
            elif content == _HANDSHAKE:
                self._written_message(int(version), data)
        except Malformed:
            return

    def _read_alert(self, data: bytes) -> None:
        self.hello = True  # an alert record is an answer in TLS, if an unfriendly one
        number = data[1] if len(data) == 2 else 0
        if number and self.alert is None:
            phase = "after_handshake" if self.completed else "handshake"
            self.alert = Alert(number, _ALERTS.get(number), phase)

    def _read_message(self, version: int, data: bytes) -> None:
        self.hello = True
        if data[0] != _SERVER_HELLO:  # while that one is read OpenSSL does not know the version yet
            self.version = _VERSIONS.get(version, hex(version))
        if data[0] == _CERTIFICATE:
            self.chain = [base64.b64encode(der).decode() for der in certificates_of(data, version)]
        elif data[0] == _CERTIFICATE_REQUEST:
            self.requested = True
            self.issuers = [base64.b64encode(name).decode() for name in issuers_of(data, version)]

    def _written_message(self, version: int, data: bytes) -> None:
        if data[0] in (_CERTIFICATE, _CLIENT_KEY_EXCHANGE, _FINISHED):
            self.server_passed = True  # a client speaks on only after it has verified the server
        if data[0] == _CERTIFICATE:
            shown = certificates_of(data, version)
            self.presented = hashlib.sha256(shown[0]).hexdigest() if shown else None


def certificates_of(message: bytes, version: int) -> list[bytes]:
    """DER certificates of a Certificate message (RFC 5246 7.4.2, RFC 8446 4.4.2). Raises Malformed."""
    body = _body(message)
    if version >= _TLS_1_3:
        body.vector(1)  # request context
    entries = body.vector(3)
    found = []
    while entries:
        found.append(entries.vector(3).rest())
        if version >= _TLS_1_3:
            entries.vector(2)  # extensions of this certificate
    return found


def issuers_of(message: bytes, version: int) -> list[bytes]:
    """DER names that a CertificateRequest accepts (RFC 5246 7.4.4, RFC 8446 4.3.2). Raises Malformed."""
    body = _body(message)
    if version >= _TLS_1_3:
        body.vector(1)  # request context
        extensions = body.vector(2)
        while extensions:
            number, content = extensions.number(2), extensions.vector(2)
            if number == _CERTIFICATE_AUTHORITIES:
                return _names(content.vector(2))
        return []
    body.vector(1)  # certificate types
    if version >= _TLS_1_2:
        body.vector(2)  # signature algorithms
    return _names(body.vector(2))


def _body(message: bytes) -> _Bytes:
    cursor = _Bytes(message)
    cursor.take(1)  # type
    return cursor.vector(3)


def _names(vector: _Bytes) -> list[bytes]:
    found = []
    while vector:
        found.append(vector.vector(2).rest())
    return found
