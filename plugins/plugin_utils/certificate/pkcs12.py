# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open a PKCS#12 file and choose the certificate in it."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from .bundle import Bundle, names_client_authentication, spki
from .container import MalformedError, is_pkcs12, key_bags, mac_agrees
from .errors import CertificateError
from .library import require
from .passwords import Encoding, variants

with contextlib.suppress(ImportError):  # library.require says it
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.hazmat.primitives.serialization import load_der_private_key, pkcs12

Pair: TypeAlias = "tuple[x509.Certificate, PrivateKeyTypes]"

_DOWNLOAD = "Take the file as it was downloaded from the portal."
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")  # pkcs7-signedData, 1.2.840.113549.1.7.2
_LIKELY_OTHERS = (
    (b"-----BEGIN", "it is a PEM text file"),
    (b"PK\x03\x04", "it is a ZIP archive"),
    (b"<", "it is a web page or an XML file"),
    (b"\xd0\xcf\x11\xe0", "it is an Office document"),
    (b"\xfe\xed\xfe\xed", "it is a Java keystore (JKS)"),
    (b"$ANSIBLE_VAULT", "it is still encrypted by Ansible Vault"),
)


@dataclass(frozen=True, slots=True)
class Contents:
    """All that lies in a PKCS#12 file, nothing chosen yet. Certificates and keys stand in the file's order."""

    keys: tuple[PrivateKeyTypes, ...] = field(repr=False)
    certificates: tuple[x509.Certificate, ...]
    password_encoding: Encoding


def _load(data: bytes, password: str) -> tuple[PrivateKeyTypes | None, list[x509.Certificate]] | None:
    """What the library gives; None when it refuses. An empty password has two encodings: both are tried."""
    for secret in (password.encode("utf-8", "surrogatepass"), None) if not password else (password.encode(),):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that older programs write BER is nothing the user could mend
                loaded = pkcs12.load_pkcs12(data, secret)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            continue
        certificates = [loaded.cert] if loaded.cert else []
        certificates += loaded.additional_certs
        return loaded.key, [one.certificate for one in certificates]
    return None


def _all_keys(data: bytes, password: str, first: PrivateKeyTypes | None) -> Iterator[PrivateKeyTypes]:
    """The library's key, then those that it hides."""
    known = set()
    if first is not None:
        known.add(spki(first.public_key()))
        yield first
    try:
        bags = list(key_bags(data))
    except MalformedError:
        return
    for encrypted, der in bags:
        try:
            key = load_der_private_key(der, password.encode() if encrypted else None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            continue
        if spki(key.public_key()) not in known:
            known.add(spki(key.public_key()))
            yield key


def _other_der(data: bytes) -> str:
    if not data:
        return "it is empty"
    if _SIGNED_DATA in data[:32]:
        return "it is a PKCS#7 file (.p7b), which holds certificates and never a key"
    try:
        x509.load_der_x509_certificate(data)
    except ValueError:
        pass
    else:
        return "it is a certificate alone, without a key"
    try:
        load_der_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return "its beginning does not look like one, or it was cut short"
    return "it is a private key alone, without a certificate"


def _not_pkcs12(data: bytes) -> CertificateError:
    what = next((words for mark, words in _LIKELY_OTHERS if data.lstrip()[: len(mark)] == mark), "")
    if not what:
        what = _other_der(data)
    return CertificateError("not_pkcs12", f"This is not a PKCS#12 file: {what}.", _DOWNLOAD)


def _refused(data: bytes, password: str) -> CertificateError:
    """Why the library refuses a file that looks like PKCS#12."""
    if any(mac_agrees(data, spelling) for dummy, spelling in variants(password)):
        return CertificateError(
            "unsupported_encryption",
            "The password is right (the file's checksum agrees), but the contents cannot be decrypted: the file uses "
            "a cipher that this controller lacks, or it was encrypted under another character set.",
            "Convert the file on a system that opens it (openssl pkcs12 -legacy), to AES-256; do not ask for the "
            "password again.",
        )
    bare = password.strip()
    if bare != password and any(mac_agrees(data, spelling) for dummy, spelling in variants(bare)):
        return CertificateError(
            "wrong_password",
            "The password opens the PKCS#12 file only without the blank or line break at its beginning or end.",
            "Take it off under eeszt_certificates in the vault, or in the file that a lookup reads.",
        )
    return CertificateError(
        "wrong_password",
        "The password does not open the PKCS#12 file (tried as UTF-8, as cp1250 read as Latin-1, and as NFD).",
        "Correct the password of this institution under eeszt_certificates in the vault; mind case and spaces.",
    )


def read_pkcs12(data: bytes, password: str) -> Contents:
    """Open the file and list what is inside.

    Raises CertificateError: no_library, not_pkcs12, wrong_password, unsupported_encryption.
    """
    require()
    if not is_pkcs12(data):
        raise _not_pkcs12(data)
    for encoding, spelling in variants(password):
        loaded = _load(data, spelling)
        if loaded is not None:
            key, certificates = loaded
            # The library takes one for the other; the checksum tells them apart.
            encoding = "null" if not spelling and mac_agrees(data, spelling) is False else encoding
            return Contents(tuple(_all_keys(data, spelling, key)), tuple(certificates), encoding)
    raise _refused(data, password)


def _pairs(contents: Contents) -> list[Pair]:
    of_key = {spki(key.public_key()): key for key in contents.keys}
    pairs: dict[x509.Certificate, PrivateKeyTypes] = {}
    for certificate in contents.certificates:
        key = of_key.get(spki(certificate.public_key()))
        if key is not None:
            pairs.setdefault(certificate, key)
    return list(pairs.items())


def _without_pair(contents: Contents) -> CertificateError:
    if not contents.keys:
        return CertificateError(
            "no_key",
            "The PKCS#12 file holds certificates but no private key.",
            "Somebody exported it without the key: " + _DOWNLOAD[0].lower() + _DOWNLOAD[1:],
        )
    if not contents.certificates:
        return CertificateError(
            "key_without_certificate",
            "The PKCS#12 file holds a private key but no certificate.",
            "Ask for the issued certificate: " + _DOWNLOAD[0].lower() + _DOWNLOAD[1:],
        )
    return CertificateError(
        "key_mismatch",
        "The private key in the PKCS#12 file belongs to none of its certificates.",
        "Two downloads were mixed: " + _DOWNLOAD[0].lower() + _DOWNLOAD[1:],
    )


def choose(contents: Contents) -> Pair:
    """The only pair, or the only one for client authentication. Raises CertificateError when there is no one answer."""
    pairs = _pairs(contents)
    if not pairs:
        raise _without_pair(contents)
    if len(pairs) == 1:
        return pairs[0]
    for when_silent in (False, True):
        fitting = [pair for pair in pairs if names_client_authentication(pair[0], when_silent=when_silent)]
        if len(fitting) == 1:
            return fitting[0]
    subjects = "; ".join(certificate.subject.rfc4514_string() for certificate, dummy in pairs)
    raise CertificateError(
        "several_pairs",
        f"The PKCS#12 file holds {len(pairs)} certificates with keys and their usage does not tell which one to show "
        f"({subjects}).",
        "Export the one for the WAF (client authentication) alone into a file of its own.",
    )


def _issues(issuer: x509.Certificate, subject: x509.Certificate) -> bool:
    if issuer.subject != subject.issuer or issuer == subject:
        return False
    try:
        subject.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def order_chain(
    leaf: x509.Certificate, candidates: Iterable[x509.Certificate]
) -> tuple[tuple[x509.Certificate, ...], tuple[x509.Certificate, ...]]:
    """Return (chain from the leaf's issuer to the root, certificates that are no part of it).

    Where two certificates could follow (a cross-signed issuer), a self-signed one and then the longest valid one wins.
    """
    pool: Sequence[x509.Certificate] = [one for one in dict.fromkeys(candidates) if one != leaf]
    chain: list[x509.Certificate] = []
    current = leaf
    while current.subject != current.issuer:
        following = [one for one in pool if one not in chain and _issues(one, current)]
        if not following:
            break
        current = max(following, key=lambda one: (one.subject == one.issuer, one.not_valid_after_utc))
        chain.append(current)
    return tuple(chain), tuple(one for one in pool if one not in chain)


def open_pkcs12(data: bytes, password: str) -> Bundle:
    """Open a PKCS#12 file and choose the institution's certificate in it; nothing is checked against the calendar yet.

    Raises CertificateError with the kinds not_pkcs12, wrong_password, unsupported_encryption, no_key,
    key_without_certificate, key_mismatch, several_pairs.
    """
    contents = read_pkcs12(data, password)
    certificate, key = choose(contents)
    chain, others = order_chain(certificate, contents.certificates)
    return Bundle(certificate, key, chain, others, data, contents.password_encoding)
