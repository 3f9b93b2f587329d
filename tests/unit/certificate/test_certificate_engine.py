# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine opens every PKCS#12 file that is somehow right, and says of every other one what is wrong with it."""

from __future__ import annotations

import shutil
import subprocess
import unicodedata
from pathlib import Path

import pytest
from certificate_factory import CLIENT, DAY, NOW, PASSWORD, SERVER, Issued, issue, pack, pack_by_openssl
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.container import (
    MalformedError,
    is_pkcs12,
    key_bags,
    mac_agrees,
    parse,
)
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.errors import CertificateError
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.pkcs12 import open_pkcs12, order_chain
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.summary import summarise


@pytest.fixture(scope="module")
def practice(ca: Issued) -> Issued:
    return issue("E01620K", ca)


def refusal(data: bytes, password: str = PASSWORD) -> CertificateError:
    with pytest.raises(CertificateError) as caught:
        open_pkcs12(data, password)
    return caught.value


def test_a_good_file_gives_certificate_key_and_chain(practice: Issued) -> None:
    bundle = open_pkcs12(pack(practice), PASSWORD)
    assert bundle.certificate == practice.certificate
    assert bundle.key_pem == practice.key_pem()
    assert bundle.chain == practice.above
    assert bundle.subject == "CN=E01620K"
    assert bundle.issuer == "CN=Test Intermediate CA"
    assert bundle.not_after == NOW + 365 * DAY
    assert len(bundle.fingerprint) == 64
    assert bundle.chain_pem.count("BEGIN CERTIFICATE") == 2
    assert bundle.chain_complete
    assert not bundle.warnings


def test_the_chain_runs_from_leaf_to_root_however_the_file_is_ordered(practice: Issued) -> None:
    stranger = issue("Somebody Else CA", usage=None).certificate
    bundle = open_pkcs12(pack(practice, certificates=[*reversed(practice.above), stranger]), PASSWORD)
    assert bundle.chain == practice.above
    assert bundle.others == (stranger,)


def test_of_two_issuers_with_one_key_the_root_and_then_the_longer_valid_wins() -> None:
    root = issue("Root", usage=None)
    older = issue("Root", issue("Old Root", usage=None), usage=None, key=root.key)
    leaf = issue("leaf", root)
    assert order_chain(leaf.certificate, [older.certificate, root.certificate])[0] == (root.certificate,)


def test_a_file_without_its_issuers_opens_with_a_warning(practice: Issued) -> None:
    bundle = open_pkcs12(pack(practice, certificates=[]), PASSWORD)
    assert bundle.chain == ()
    assert bundle.chain_pem == ""
    assert any("root" in warning for warning in bundle.warnings)


def test_a_certificate_for_servers_opens_with_a_warning(ca: Issued) -> None:
    bundle = open_pkcs12(pack(issue("server", ca, usage=SERVER)), PASSWORD)
    assert any("client authentication" in warning for warning in bundle.warnings)


def test_nothing_secret_shows_in_the_representation(practice: Issued) -> None:
    shown = repr(open_pkcs12(pack(practice), PASSWORD))
    assert "key=" not in shown
    assert "pkcs12=" not in shown


@pytest.mark.parametrize(
    ("encoding", "typed"),
    [
        ("utf-8", PASSWORD.encode()),
        ("cp1250-as-latin-1", PASSWORD.encode("cp1250")),
        ("nfd", unicodedata.normalize("NFD", PASSWORD).encode()),
    ],
)
def test_an_accented_password_opens_whatever_terminal_made_the_file(
    practice: Issued, encoding: str, typed: bytes
) -> None:
    data = pack_by_openssl(practice, typed, "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1")
    bundle = open_pkcs12(data, PASSWORD)
    assert bundle.password_encoding == encoding
    assert bundle.certificate == practice.certificate
    assert any(encoding in warning for warning in bundle.warnings) == (encoding != "utf-8")


def test_a_password_typed_on_a_mac_opens_an_ordinary_file(practice: Issued) -> None:
    decomposed = unicodedata.normalize("NFD", PASSWORD)
    assert open_pkcs12(pack(practice), decomposed).certificate == practice.certificate


def test_a_legacy_container_opens(practice: Issued) -> None:
    assert open_pkcs12(pack_by_openssl(practice, b"simple", "-legacy"), "simple").chain == practice.above


def test_an_empty_password_is_a_password(practice: Issued) -> None:
    assert open_pkcs12(pack_by_openssl(practice, b""), "").certificate == practice.certificate


def test_a_wrong_password_is_called_wrong_and_never_shown(practice: Issued) -> None:
    error = refusal(pack(practice), "hunter2-secret")
    assert error.kind == "wrong_password"
    assert "vault" in error.remedy
    assert "hunter2" not in str(error)


def test_a_right_password_is_not_asked_for_again_when_the_cipher_is_the_trouble(practice: Issued) -> None:
    """AES made on a cp1250 terminal: the checksum knows the password as Latin-1, the cipher as bytes."""
    error = refusal(pack_by_openssl(practice, PASSWORD.encode("cp1250")))
    assert error.kind == "unsupported_encryption"
    assert "password is right" in error.message


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "empty"),
        (b"-----BEGIN CERTIFICATE-----\n", "PEM"),
        (b"PK\x03\x04rest", "ZIP"),
        (b"\n<!DOCTYPE html>", "web page"),
        (b"$ANSIBLE_VAULT;1.1;AES256\n", "Vault"),
        (b"\xfe\xed\xfe\xed\0\0", "Java"),
        (b"\0\1\2\3", "cut short"),
    ],
)
def test_another_file_is_named_for_what_it_is(data: bytes, what: str) -> None:
    error = refusal(data)
    assert error.kind == "not_pkcs12"
    assert what in error.message


def test_a_certificate_alone_and_a_cut_file_are_no_pkcs12(practice: Issued) -> None:
    der = practice.certificate.public_bytes(Encoding.DER)
    assert "certificate alone" in refusal(der).message
    assert refusal(pack(practice)[:200]).kind == "not_pkcs12"


def test_a_file_without_key_is_refused(practice: Issued) -> None:
    error = refusal(pack(None, certificates=[practice.certificate]))
    assert error.kind == "no_key"


def test_a_key_without_certificate_is_refused(practice: Issued) -> None:
    assert refusal(pack(None, key=practice.key)).kind == "key_without_certificate"


def test_a_key_of_another_certificate_is_refused(practice: Issued) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    assert refusal(pack(None, key=other, certificates=[practice.certificate])).kind == "key_mismatch"


def merged(first: Issued, second: Issued, folder: Path) -> bytes:
    """Two pairs in one file, as keytool merges them."""
    for name, issued in (("a", first), ("b", second)):
        (folder / f"{name}.p12").write_bytes(pack_by_openssl(issued, b"simple", "-name", name))
        command = ["keytool", "-importkeystore", "-noprompt", "-srcstoretype", "PKCS12", "-deststoretype", "PKCS12"]
        command += ["-srckeystore", str(folder / f"{name}.p12"), "-srcstorepass", "simple"]
        command += ["-destkeystore", str(folder / "both.p12"), "-deststorepass", "simple"]
        subprocess.run(command, check=True, capture_output=True)
    return (folder / "both.p12").read_bytes()


def two_pairs(first: Issued, second: Issued) -> bytes:
    """Two pairs in one file without Java: the safes of both, one after the other, without a checksum."""
    safes = b""
    for issued in (first, second):
        pfx = parse(pack(issued, "simple"))
        safes += parse(pfx.children[1].children[1].children[0].octets()).content

    def wrapped(tag: int, content: bytes) -> bytes:
        size = len(content).to_bytes(4, "big")
        return bytes([tag, 0x84]) + size + content

    data_oid = bytes.fromhex("06092a864886f70d010701")
    info = wrapped(0x30, data_oid + wrapped(0xA0, wrapped(0x04, wrapped(0x30, safes))))
    return wrapped(0x30, b"\x02\x01\x03" + info)


def test_of_several_pairs_the_one_for_clients_is_chosen(ca: Issued) -> None:
    client, server = issue("client", ca, usage=CLIENT), issue("server", ca, usage=SERVER)
    silent = issue("silent", ca, usage=())
    for pair in ((client, server), (server, client), (client, silent), (silent, client)):
        bundle = open_pkcs12(two_pairs(*pair), "simple")
        assert bundle.certificate == client.certificate
        assert bundle.key_pem == client.key_pem()


def test_a_certificate_that_is_silent_about_its_usage_wins_over_one_for_servers(ca: Issued) -> None:
    server, silent = issue("server", ca, usage=SERVER), issue("silent", ca, usage=())
    assert open_pkcs12(two_pairs(server, silent), "simple").certificate == silent.certificate


def test_between_two_pairs_for_clients_nobody_guesses(ca: Issued) -> None:
    error = refusal(two_pairs(issue("first", ca), issue("second", ca)), "simple")
    assert error.kind == "several_pairs"
    assert "CN=first" in error.message
    assert "CN=second" in error.message


@pytest.mark.skipif(shutil.which("keytool") is None, reason="needs Java's keytool")
def test_every_key_of_a_file_that_java_merged_is_found(ca: Issued, tmp_path: Path) -> None:
    data = merged(issue("first", ca), issue("second", ca), tmp_path)
    assert [encrypted for encrypted, _ in key_bags(data)] == [True, True]
    assert refusal(data, "simple").kind == "several_pairs"


def test_the_checksum_tells_the_right_password(practice: Issued) -> None:
    data = pack(practice)
    assert mac_agrees(data, PASSWORD) is True
    assert mac_agrees(data, "another") is False
    assert mac_agrees(b"no file", PASSWORD) is None


def test_no_bytes_make_the_reader_fall(practice: Issued) -> None:
    """Cut anywhere, or with any byte turned, a file is read or refused, never worse."""
    data = pack(practice)
    for at in range(len(data)):
        is_pkcs12(data[:at])
        turned = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
        is_pkcs12(turned)
        try:
            list(key_bags(turned))
        except MalformedError:
            continue


def test_ber_of_indefinite_length_is_read() -> None:
    node = parse(bytes.fromhex("30800201032480040161040162" + "0000" + "0000"))
    assert node.children[0].content == b"\x03"
    assert node.children[1].octets() == b"ab"


def test_the_summary_speaks_of_files_that_cannot_be_delivered_too(practice: Issued) -> None:
    good = summarise(pack(practice), PASSWORD)
    assert (good["subject"], good["key"], good["chain"]) == ("CN=E01620K", True, 2)
    without_key = summarise(pack(None, certificates=[*practice.above, practice.certificate]), PASSWORD)
    assert (without_key["subject"], without_key["key"], without_key["chain"]) == ("CN=E01620K", False, 2)
    assert summarise(pack(None, key=practice.key), PASSWORD)["subject"] is None
