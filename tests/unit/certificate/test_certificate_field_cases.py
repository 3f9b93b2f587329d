# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What went wrong at others with PKCS#12 files: each is told on the controller, and no host hears of it."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from certificate_factory import DAY, NOW, PASSWORD, Issued, issue, pack, pack_by_openssl
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs7,
    pkcs12,
)
from test_certificate_engine import two_pairs

from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate import container
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.delivery import deliver, prepare
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.errors import CertificateErrors
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.pkcs12 import open_pkcs12
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.sources import Rules

OWNER = "E01620K"
RULES = Rules(subject_pattern="CN={institution}$", test_issuer_words=("DEV", "TST", "UAT"))


@dataclass(frozen=True)
class Case:
    """A file and the password that is given for it, then the word and a part of the sentence that it earns."""

    make: Callable[[Issued], bytes]
    kind: str
    words: str
    password: str = PASSWORD


def der_key(ca: Issued) -> bytes:
    return ca.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def mine(ca: Issued) -> Issued:
    return issue(OWNER, ca)


CASES = {
    "wrong password": Case(lambda ca: pack(mine(ca)), "wrong_password", "does not open", "hunter2-secret"),
    "wrong password of an old container (openssl/openssl#19167)": Case(
        lambda ca: pack_by_openssl(mine(ca), b"simple", "-legacy"), "wrong_password", "does not open", "hunter2-secret"
    ),
    "no password where there is one": Case(lambda ca: pack(mine(ca)), "wrong_password", "does not open", ""),
    "a line break behind the password (openssl/openssl#21757)": Case(
        lambda ca: pack(mine(ca)), "wrong_password", "line break", PASSWORD + "\n"
    ),
    "AES made on a cp1250 terminal (openssl/openssl#6341)": Case(
        lambda ca: pack_by_openssl(mine(ca), PASSWORD.encode("cp1250")), "unsupported_encryption", "password is right"
    ),
    "certificates without a key": Case(
        lambda ca: pack(None, certificates=[mine(ca).certificate]), "no_key", "no private"
    ),
    "a key without its certificate (bcgit/bc-csharp#247)": Case(
        lambda ca: pack(None, key=ca.key), "key_without_certificate", "no certificate"
    ),
    "a key of another certificate": Case(
        lambda ca: pack(None, key=ec.generate_private_key(ec.SECP256R1()), certificates=[mine(ca).certificate]),
        "key_mismatch",
        "belongs to none",
    ),
    "two pairs for clients (m32/endesive#40)": Case(
        lambda ca: two_pairs(mine(ca), mine(ca)), "several_pairs", "which one to show", "simple"
    ),
    "expired": Case(
        lambda ca: pack(issue(OWNER, ca, not_before=NOW - 9 * DAY, not_after=NOW - DAY)), "expired", "expired on"
    ),
    "not yet valid": Case(lambda ca: pack(issue(OWNER, ca, not_before=NOW + DAY)), "not_yet_valid", "clock says"),
    **{
        f"of a {word} authority": Case(
            lambda _ca, word=word: pack(issue(OWNER, issue(f"EESZT {word} CA", usage=None))), "test_ca", f"EESZT {word}"
        )
        for word in ("DEV", "TST", "UAT")
    },
    "of another institution": Case(lambda ca: pack(issue("P000301", ca)), "wrong_institution", "CN=P000301"),
    "PEM": Case(lambda ca: mine(ca).certificate.public_bytes(Encoding.PEM), "not_pkcs12", "PEM"),
    "a certificate in DER": Case(
        lambda ca: mine(ca).certificate.public_bytes(Encoding.DER), "not_pkcs12", "certificate alone"
    ),
    "a key in DER": Case(der_key, "not_pkcs12", "private key alone"),
    "PKCS#7": Case(
        lambda ca: pkcs7.serialize_certificates([ca.certificate], Encoding.DER), "not_pkcs12", "PKCS#7 file"
    ),
    "cut short": Case(lambda ca: pack(mine(ca))[:-40], "not_pkcs12", "cut short"),
    "a web page": Case(lambda _ca: b"<html>Please log in</html>", "not_pkcs12", "web page"),
    "empty": Case(lambda _ca: b"", "not_pkcs12", "empty"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_fault_of_the_field_is_told_before_any_host_is_touched(ca: Issued, tmp_path: Path, name: str) -> None:
    case, called = CASES[name], []
    (tmp_path / "bad.p12").write_bytes(case.make(ca))
    (tmp_path / "good.p12").write_bytes(pack(issue("P000302", ca)))
    sources = {
        "P000302": {"path": str(tmp_path / "good.p12"), "password": PASSWORD},
        OWNER: {"path": str(tmp_path / "bad.p12"), "password": case.password},
    }
    targets = [{"institution": each, "type": "pkcs12_file", "path": f"/etc/eeszt/{each}.p12"} for each in sources]
    with pytest.raises(CertificateErrors) as caught:
        deliver(
            prepare("present", list(sources), sources, targets, RULES, lambda path: Path(path).read_bytes()),
            lambda given: called.append(given) or {},
        )
    (error,) = caught.value.errors
    assert (error.institution, error.kind) == (OWNER, case.kind)
    assert case.words in error.message
    assert error.remedy
    assert not case.password or case.password not in str(error)
    assert called == []


def test_old_ciphers_open_with_the_right_password(ca: Issued) -> None:
    issued = mine(ca)
    for options in (("-legacy",), ("-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-RC2-40", "-legacy")):
        assert open_pkcs12(pack_by_openssl(issued, b"simple", *options), "simple").certificate == issued.certificate


def sealed_with(encoded: bytes, plain: bytes) -> bytes:
    """An unencrypted container with a checksum under these bytes of a password: the library cannot make one."""

    def element(tag: int, content: bytes) -> bytes:
        size = len(content)
        return bytes([tag]) + (bytes([size]) if size < 0x80 else b"\x82" + size.to_bytes(2, "big")) + content

    pfx, salt = container.parse(plain), os.urandom(8)
    safes = pfx.children[1].children[1].children[0].octets()
    key = b"\3" * 64 + salt * 8 + (encoded * 64)[:64]
    key = hashlib.sha1(key).digest()
    seal = hmac.new(key, safes, "sha1").digest()
    digest = element(0x30, element(0x30, bytes.fromhex("06052b0e03021a0500")) + element(0x04, seal))
    mac = element(0x30, digest + element(0x04, salt) + element(0x02, b"\1"))
    return element(0x30, pfx.children[0].whole + pfx.children[1].whole + mac)


@pytest.mark.parametrize(("encoded", "said"), [(b"\0\0", "utf-8"), (b"", "null")])
def test_no_password_and_an_empty_one_both_open_and_are_told_apart(ca: Issued, encoded: bytes, said: str) -> None:
    """zeroc-ice/ice#6529, dotnet/corefx#11046."""
    issued = mine(ca)
    plain = pack_by_openssl(issued, b"", "-keypbe", "NONE", "-certpbe", "NONE", "-nomac")
    bundle = open_pkcs12(sealed_with(encoded, plain), "")
    assert (bundle.certificate, bundle.password_encoding) == (issued.certificate, said)
    assert any("without any password" in each for each in bundle.warnings) == (said == "null")


GARBLED = {"of halves of letters": b"\xd8\0" * 3, "of nothing": b"\0\0" * 3, "as it was": "waf".encode("utf-16-be")}


@pytest.mark.parametrize("name", GARBLED)
def test_a_garbled_name_is_no_fault(ca: Issued, name: str) -> None:
    """chris2511/xca#568: the subject and the fingerprint tell, not the name."""
    issued = mine(ca)
    plain = pack_by_openssl(issued, b"", "-keypbe", "NONE", "-certpbe", "NONE", "-nomac", "-name", "waf")
    assert plain.count(GARBLED["as it was"]) == 2
    bundle = open_pkcs12(plain.replace(GARBLED["as it was"], GARBLED[name]), "")
    assert (bundle.certificate, bundle.warnings) == (issued.certificate, ())


def test_no_name_is_no_fault(ca: Issued) -> None:
    issued, sealed = mine(ca), BestAvailableEncryption(PASSWORD.encode())
    data = pkcs12.serialize_key_and_certificates(None, issued.key, issued.certificate, list(issued.above), sealed)
    assert open_pkcs12(data, PASSWORD).certificate == issued.certificate
