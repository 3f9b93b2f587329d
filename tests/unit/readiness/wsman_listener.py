# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A listener on loopback that answers every request in one way: what stands where WinRM should be."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SOAP = "application/soap+xml;charset=UTF-8"
WINDOWS = "Microsoft-HTTPAPI/2.0"


@dataclass(frozen=True)
class Answer:
    """What is said to every request. ``end`` in place of an answer: ``close`` or ``mute``."""

    status: int = 401
    schemes: Sequence[str] = ()
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    server: str = WINDOWS
    clock: datetime.timedelta = datetime.timedelta(0)
    end: str = ""


def fault(code: int, text: str, wmi: bool = False) -> Answer:
    """A SOAP fault as WinRM sends it."""
    inner = (
        f'<e:MSFT_WmiError xmlns:e="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError">'
        f"<e:error_Code>{code}</e:error_Code></e:MSFT_WmiError>"
        if wmi
        else f'<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="{code}" '
        f'Machine="ws"><f:Message>{text}</f:Message></f:WSManFault>'
    )
    body = (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault>'
        "<s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>w:InternalError</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="hu-HU">{text}</s:Text></s:Reason><s:Detail>{inner}</s:Detail>'
        "</s:Fault></s:Body></s:Envelope>"
    )
    return Answer(500, body=body.encode(), headers={"Content-Type": SOAP})


@dataclass(frozen=True)
class Pair:
    """A server certificate and its key in PEM files."""

    certificate: Path
    key: Path


def self_signed(folder: Path, names: Sequence[str] = ("127.0.0.1",), days: int = 365) -> Pair:
    """Make a certificate as New-SelfSignedCertificate does: no CA, signed by itself. Negative days: expired."""
    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.datetime.now(datetime.UTC)
    alternatives = x509.SubjectAlternativeName([_name(name) for name in names])
    usage = x509.KeyUsage(
        digital_signature=True, key_encipherment=True, content_commitment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=400))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(usage, critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .add_extension(alternatives, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pair = Pair(folder / f"{names[0]}{days}.pem", folder / f"{names[0]}{days}.key")
    pair.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pair.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pair


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@dataclass
class Listener:
    """A running listener; ``requests`` are the headers of what it was asked."""

    port: int
    requests: list[Mapping[str, str]]


@contextlib.contextmanager
def listening(answer: Answer, tls: Pair | None = None) -> Iterator[Listener]:
    """Answer on a free port of 127.0.0.1 until the block is left."""
    over = threading.Event()
    asked: list[Mapping[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def version_string(self) -> str:
            return answer.server

        def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002
            return format_datetime(datetime.datetime.now(datetime.UTC) + answer.clock, usegmt=True)

        def do_POST(self) -> None:
            asked.append(dict(self.headers))
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if answer.end:
                self._end()
                return
            self.send_response(answer.status)
            for scheme in answer.schemes:
                self.send_header("WWW-Authenticate", scheme)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_CONNECT = do_POST

        def _end(self) -> None:
            self.close_connection = True
            if answer.end == "mute":
                over.wait()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.certificate, tls.key)
        # The handshake belongs to the connection's own thread, or a refused one would stop the listener.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.handle_error = lambda *_arguments: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield Listener(server.server_address[1], asked)
    finally:
        over.set()
        server.shutdown()
        thread.join()
        server.server_close()
