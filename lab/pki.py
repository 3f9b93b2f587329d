"""Certificates of the double: its CA, the server, and one PKCS#12 an institution.

The subject's form (CN = institution id, O = name, OU = "lab double") is ours: nobody published the real one.
"""

import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lab.run import write_file
from lab.spec import FleetSpec, Institution

CA_NAME = "eeszt.connect lab TST CA"
OTHER_CA_NAME = "eeszt.connect lab other CA"
EXPIRED_SINCE = timedelta(days=10)
_LETTERS = string.ascii_letters + string.digits + "-_.+"


@dataclass(frozen=True)
class Authority:
    """A certificate authority with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Leaf:
    """A client's or server's certificate with its key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey


def ensure(folder: Path, spec: FleetSpec) -> list[str]:
    """Make what is missing in `folder`; returns the names of what was made.

    Every file is written whole and no key is ever world-readable; `ca.key` comes last of the CA's two,
    so a CA without key (an interrupted run) is made anew together with all that hung on it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o755)
    made = []
    if not (folder / "ca.key").exists() or not (folder / "ca.pem").exists():
        for stale in folder.iterdir():
            stale.unlink()
        made.append("CA")
        _write_authority(folder)
    authority = read_authority(folder)
    if not (folder / "server.key").exists():
        made.append("server")
        names = [x509.DNSName(one) for one in (spec.centre, spec.control)]
        leaf = issue(authority, subject(spec.centre, "lab double", "gateway"), names)
        write_file(folder / "server.pem", pem(leaf.certificate) + pem(authority.certificate))
        write_file(folder / "server.key", key_pem(leaf.key), 0o600)
    for institution in spec.institutions:
        if not (folder / f"{institution.id}.password").exists():
            made.append(institution.id)
            _write_client(folder, institution.id, authority, institution)
    if not (folder / "untrusted.password").exists():
        made.append("untrusted")
        _write_client(folder, "untrusted", new_authority(OTHER_CA_NAME), spec.institutions[0])
    return made


def _write_client(folder: Path, stem: str, authority: Authority, institution: Institution) -> None:
    leaf = issue(authority, subject(institution.id, institution.name, "lab double"), expired=institution.expired)
    password = "".join(secrets.choice(_LETTERS) for _ in range(12))
    bundle = pkcs12.serialize_key_and_certificates(
        institution.id.encode(),
        leaf.key,
        leaf.certificate,
        [authority.certificate],
        serialization.BestAvailableEncryption(password.encode()),
    )
    write_file(folder / f"{stem}.p12", bundle, 0o600)
    write_file(folder / f"{stem}.password", password, 0o600)


def seed_files(folder: Path, institution: str) -> dict[str, tuple[bytes, int]]:
    """What an earlier roll-out would have left of a certificate: file name to content and mode."""
    bundle = (folder / f"{institution}.p12").read_bytes()
    password = (folder / f"{institution}.password").read_bytes()
    opened = pkcs12.load_pkcs12(bundle, password)
    key, cert = opened.key, opened.cert
    assert isinstance(key, rsa.RSAPrivateKey)
    assert cert is not None
    chain = b"".join(pem(entry.certificate) for entry in opened.additional_certs)
    return {
        "certificate.pem": (pem(cert.certificate), 0o644),
        "chain.pem": (chain, 0o644),
        "key.pem": (key_pem(key), 0o600),
        "client.p12": (bundle, 0o600),
    }


def ssh_key() -> tuple[bytes, str]:
    """A new ed25519 key: the private half in OpenSSH's form, and the public line without a comment."""
    key = ed25519.Ed25519PrivateKey.generate()
    form = serialization.PrivateFormat.OpenSSH
    private = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    encoding, shape = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    return private, key.public_key().public_bytes(encoding, shape).decode()


def key_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    """PKCS#8, unencrypted."""
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def subject(common: str, organisation: str, unit: str) -> x509.Name:
    parts = (
        (NameOID.COMMON_NAME, common),
        (NameOID.ORGANIZATION_NAME, organisation),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
    )
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in parts])


def new_authority(common: str) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
    now = datetime.now(UTC)
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    builder = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=800))
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(True, None), True)
        .add_extension(usage, True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )
    return Authority(builder.sign(key, hashes.SHA256()), key)


def issue(
    authority: Authority,
    name: x509.Name,
    names: Sequence[x509.GeneralName] = (),
    expired: bool = False,
    key: rsa.RSAPrivateKey | None = None,
) -> Leaf:
    """A leaf; with `names` for a server, without for a client; with a new key unless it is given."""
    key = key or rsa.generate_private_key(65537, 2048)
    now = datetime.now(UTC)
    end = now - EXPIRED_SINCE if expired else now + timedelta(days=365)
    use = ExtendedKeyUsageOID.SERVER_AUTH if names else ExtendedKeyUsageOID.CLIENT_AUTH
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    builder = (
        x509.CertificateBuilder(authority.certificate.subject, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(end - timedelta(days=366))
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(False, None), True)
        .add_extension(x509.KeyUsage(True, False, True, False, False, False, False, False, False), True)
        .add_extension(x509.ExtendedKeyUsage([use]), False)
        .add_extension(issuer_id, False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
    return Leaf(builder.sign(authority.key, hashes.SHA256()), key)


def _write_authority(folder: Path) -> None:
    authority = new_authority(CA_NAME)
    write_file(folder / "ca.pem", pem(authority.certificate))
    write_file(folder / "ca.key", key_pem(authority.key), 0o600)


def read_authority(folder: Path) -> Authority:
    key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return Authority(x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes()), key)
