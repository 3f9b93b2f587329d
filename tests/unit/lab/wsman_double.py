"""The WinRM double for its tests: certificates, a server on free loopback ports, and pywinrm as its client."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from winrm.protocol import Protocol

from lab.windows.wsman.backend import Backend, PlainBackend
from lab.windows.wsman.config import Address, Config, Pair, Tls
from lab.windows.wsman.server import Server

USER, PASSWORD = "Administrator", "Árvíz: tükör"
IDENTIFY = (
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
    b' xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">'
    b"<s:Header/><s:Body><i:Identify/></s:Body></s:Envelope>"
)


class Authority:
    """A CA that writes certificates with their keys into a folder."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._signed(self._name, self._key.public_key(), days=1, ca=True)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str, address: str = "", days: int = 1) -> Pair:
        """A certificate with this common name, for an address if one is given; days < 0: expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._signed(subject, key.public_key(), days=days, address=address)
        pair = Pair(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        pair.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        form = serialization.PrivateFormat.PKCS8
        pair.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
        return pair

    def _signed(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, days: int, ca: bool = False, address: str = ""
    ) -> x509.Certificate:
        end = datetime.now(UTC) + timedelta(days=days)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(end - timedelta(days=30))
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(_usage(ca), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if address:
            names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _usage(ca: bool) -> x509.KeyUsage:
    # Python 3.13 and later refuse an authority that does not say what its key may do.
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


@dataclass(frozen=True)
class Double:
    """A running double and what its clients need."""

    server: Server
    folder: Path
    authority: Authority

    def url(self, scheme: str = "http") -> str:
        """Where it listens."""
        bound = self.server.bound[0]
        return f"{scheme}://{bound.address}:{bound.http if scheme == 'http' else bound.https}/wsman"

    def client(self, scheme: str = "http", **options: Any) -> Protocol:
        """pywinrm, by Basic unless told otherwise."""
        defaults: dict[str, Any] = {
            "transport": "basic",
            "username": USER,
            "password": PASSWORD,
            "ca_trust_path": str(self.authority.file),
            "proxy": None,
        }
        return Protocol(self.url(scheme), **{**defaults, **options})

    def trouble(self, *faults: dict[str, Any]) -> None:
        """Order trouble."""
        new = self.folder / "control.new"
        new.write_text(json.dumps({"faults": faults}), encoding="utf-8")
        new.replace(self.folder / "control.json")

    def post(self, body: bytes = IDENTIFY, scheme: str = "http", **options: Any) -> requests.Response:
        """A bare request."""
        options.setdefault("timeout", 20)
        with requests.Session() as session:
            session.trust_env = False
            return session.post(self.url(scheme), data=body, verify=str(self.authority.file), **options)


@contextlib.contextmanager
def running(folder: Path, backend: Backend | None = None, **changes: Any) -> Iterator[Double]:
    """Serve one host, `ws1`, until the end of the block; `changes` are keys of the configuration."""
    authority = Authority(folder)
    users = folder / "users"
    users.write_text(f"{USER}:{PASSWORD}\nother:x\n", encoding="utf-8")
    users.chmod(0o600)
    tls = Tls(
        authority.issue("server", "127.0.0.1"),
        authority.file,
        {"wrong": authority.issue("wrong", "127.9.9.9"), "expired": authority.issue("expired", "127.0.0.1", -1)},
    )
    listen = [Address("127.0.0.1", "ws1", 0, 0)]
    config = Config(listen=listen, users=users, tls=tls, control=folder / "control.json", backend="plain")
    server = Server(replace(config, **changes), backend or PlainBackend())
    server.start()
    try:
        yield Double(server, folder, authority)
    finally:
        server.stop()


def run(client: Protocol, command: str, *arguments: str, stdin: bytes | None = None) -> tuple[bytes, bytes, int]:
    """A command in a shell of its own, as `Session.run_cmd` does it, with standard input."""
    shell = client.open_shell(codepage=65001)
    started = client.run_command(shell, command, arguments, console_mode_stdin=stdin is None)
    if stdin is not None:
        client.send_command_input(shell, started, stdin, end=True)
    result: tuple[bytes, bytes, int] = client.get_command_output(shell, started)
    client.cleanup_command(shell, started)
    client.close_shell(shell)
    return result
