# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Windows' utils for certificates say of bytes and words, in one start of PowerShell for Linux."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from powershell_host import UTILS, Pwsh

from ansible_collections.eeszt.connect.plugins.module_utils.certificate_content import seal

HERE = Path(__file__).parent
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
SECRET = bytes(range(256)) * 3
NEWER = "ab" * 32
READ, FULL, LIKE_A_KEY_OF_WINDOWS = 0x120089, 0x1F01FF, 0xD01F01FF


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def certificate(key: Key, name: str = "E01620K", days: int = 0) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    since = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=days)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1, since, since + timedelta(days=9))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def pem(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def written(key: Key, form: PrivateFormat, password: bytes | None = None) -> bytes:
    return key.private_bytes(Encoding.PEM, form, BestAvailableEncryption(password) if password else NoEncryption())


RSA, OTHER_RSA = (rsa.generate_private_key(65537, 2048) for _ in range(2))
EC, OTHER_EC = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
RSA_DER, EC_DER = certificate(RSA), certificate(EC)
OLD, NEW = certificate(RSA, "old"), certificate(EC, "new", days=1)


def key(file: bytes, der: bytes) -> dict[str, str]:
    return {"call": "key", "file": b64(file), "certificate": b64(der)}


def compare(
    lists: dict[str, str], *, older: bool = True, sddl: str | None = None, kept: bool = False
) -> dict[str, Any]:
    case = {"call": "compare", "current": b64(NEW), "older": [b64(OLD)] if older else [], "lists": lists, "sddl": sddl}
    return {**case, "kept": kept}


PLAIN = "D:P(A;;FA;;;SY)(A;;FA;;;BA)"
SERVED = PLAIN + "(A;;FR;;;S-1-5-20)"
PKCS8, TRADITIONAL = PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL
CASES: dict[str, tuple[dict[str, Any], Any]] = {
    "PKCS#8, RSA": (key(written(RSA, PKCS8), RSA_DER), "fits"),
    "PKCS#1": (key(written(RSA, TRADITIONAL), RSA_DER), "fits"),
    "PKCS#8, EC": (key(written(EC, PKCS8), EC_DER), "fits"),
    "SEC 1": (key(b"words\n" + written(EC, TRADITIONAL), EC_DER), "fits"),
    "key of another certificate, RSA": (key(written(OTHER_RSA, PKCS8), RSA_DER), "mismatch"),
    "key of another certificate, EC": (key(written(OTHER_EC, PKCS8), EC_DER), "mismatch"),
    "key of another kind": (key(written(EC, PKCS8), RSA_DER), "mismatch"),
    "encrypted": (key(written(RSA, PKCS8, b"x"), RSA_DER), "encrypted"),
    "encrypted, old form": (key(written(RSA, TRADITIONAL, b"x"), RSA_DER), "encrypted"),
    "certificate beside its key": (key(pem(RSA_DER) + written(RSA, PKCS8), RSA_DER), "fits"),
    "no key": (key(pem(RSA_DER), RSA_DER), "none"),
    "cut short": (key(written(RSA, PKCS8)[:-900] + b"\n-----END PRIVATE KEY-----", RSA_DER), "unknown"),
    "one key": ({"call": "alone", "file": b64(written(EC, PKCS8))}, True),
    "two keys": ({"call": "alone", "file": b64(written(EC, PKCS8) * 2)}, False),
    "key and certificate": ({"call": "alone", "file": b64(written(EC, PKCS8) + pem(EC_DER))}, False),
    "the certificates": ({"call": "only", "file": b64(pem(OLD) + pem(NEW)), "wanted": [b64(OLD), b64(NEW)]}, True),
    "another order": ({"call": "only", "file": b64(pem(NEW) + pem(OLD)), "wanted": [b64(OLD), b64(NEW)]}, False),
    "one too many": ({"call": "only", "file": b64(pem(OLD) * 2), "wanted": [b64(OLD)]}, False),
    "the form of PEM": ({"call": "pem", "file": b64(OLD)}, pem(OLD).decode()),
    "the seal": (
        {"call": "seal", "file": b64(SECRET), "token": "ab", "path": "C:\\ő"},
        b64(seal(SECRET, "ab", "C:\\ő")),
    ),
    "full": ({"call": "rights", "mask": FULL}, "full"),
    "full, as Windows gives it on its keys": ({"call": "rights", "mask": LIKE_A_KEY_OF_WINDOWS}, "full"),
    "read": ({"call": "rights", "mask": READ}, "read"),
    "generic read": ({"call": "rights", "mask": 0x80000000}, "read"),
    "may change the list": ({"call": "rights", "mask": READ | 0x40000}, "write"),
    "attributes alone": ({"call": "rights", "mask": 0x80}, "none"),
    "an English name": ({"call": "sid", "name": "NT AUTHORITY\\Network Service"}, "S-1-5-20"),
    "a SID": ({"call": "sid", "name": "s-1-5-21-1-2-3-1001"}, "S-1-5-21-1-2-3-1001"),
    "nobody else": ({"call": "sddl", "readers": [], "full": []}, "O:BAD:P(A;;FA;;;SY)(A;;FA;;;BA)"),
    "one reader": (
        {"call": "sddl", "readers": ["S-1-5-20"], "full": []},
        "O:BAD:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FR;;;S-1-5-20)",
    ),
    "mark of two": (
        {"call": "mark", "institutions": ["P000301", "E01620K", "P000301"]},
        "eeszt.connect E01620K P000301",
    ),
    "marked for two": ({"call": "marked", "name": "eeszt.connect E01620K P000301\0"}, ["E01620K", "P000301"]),
    "a name of somebody else": ({"call": "marked", "name": "EESZT E01620K"}, []),
    "kept for one and still another's": (
        {"call": "marked", "name": f"eeszt.connect E01620K/kept/{NEWER} P000301"},
        ["P000301"],
    ),
    "what it was renewed to": (
        {"call": "notes", "name": f"eeszt.connect E01620K/kept/{NEWER} P000301\0"},
        [False, NEWER, "", ""],
    ),
    "what was taken back": (
        {"call": "notes", "name": f"eeszt.connect E01620K E01620K/refused/{NEWER}/client_cert_revoked"},
        [True, "", NEWER, "client_cert_revoked"],
    ),
    "notes of another institution": (
        {"call": "notes", "name": f"eeszt.connect P000301/kept/{NEWER}"},
        [False, "", "", ""],
    ),
    "other words for one": (
        {"call": "edit", "name": f"eeszt.connect E01620K/kept/{NEWER} P000301", "words": ["E01620K"]},
        "eeszt.connect E01620K P000301",
    ),
    "no words left": (
        {"call": "edit", "name": f"eeszt.connect E01620K E01620K/refused/{NEWER}/request", "words": []},
        "",
    ),
    "a run that was killed before it let the older one's readers in": (
        compare({"CN=new": PLAIN, "CN=old": SERVED}),
        ["mark", "access", "superseded", SERVED],
    ),
    "the older one's readers are in": (
        compare({"CN=new": SERVED, "CN=old": SERVED}),
        ["mark", "superseded", SERVED],
    ),
    "a new one that was opened to others while the one before it is kept": (
        compare({"CN=new": SERVED, "CN=old": PLAIN}, kept=True),
        PLAIN,
    ),
    "no older one, and no accounts asked for": (compare({"CN=new": PLAIN}, older=False), ["mark", None]),
    "an older one whose key is in no file": (compare({"CN=new": PLAIN}), ["mark", "superseded", None]),
    "a key in no file, and an older one in one": (compare({"CN=old": SERVED}), ["mark", "superseded", SERVED]),
    "accounts that are asked for, and others before": (
        compare({"CN=new": PLAIN, "CN=old": SERVED}, sddl="O:BA" + PLAIN),
        ["mark", "superseded", "O:BA" + PLAIN],
    ),
    "the expected one": (
        {"call": "find", "certificates": [b64(OLD), b64(NEW)], "fingerprint": hashlib.sha256(OLD).hexdigest()},
        "CN=old",
    ),
    "neither expected nor marked": ({"call": "find", "certificates": [b64(OLD)], "fingerprint": "00"}, None),
}


@pytest.fixture(scope="module")
def answers(pwsh: Pwsh, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("cases") / "cases.json"
    path.write_text(json.dumps({name: case for name, (case, _expected) in CASES.items()}), "utf-8")
    found: dict[str, Any] = json.loads(pwsh(HERE / "run_certificate_cases.ps1", UTILS, path))
    return found


@pytest.mark.parametrize("name", CASES)
def test_case(answers: dict[str, Any], name: str) -> None:
    assert answers[name] == CASES[name][1]


@pytest.mark.parametrize(
    ("code", "location", "word", "never"),
    [
        (0x80070056, "LocalMachine", "The password is right", "what Windows says"),
        (0x80090345, "CurrentUser", "runas", "password"),
        (0x80070005, "LocalMachine", "administrators", "runas"),
        (0x80004005, "LocalMachine", "what Windows says. (0x80004005)", "password"),
    ],
)
def test_a_failed_import_is_told_by_its_code(
    pwsh: Pwsh, tmp_path: Path, code: int, location: str, word: str, never: str
) -> None:
    path = tmp_path / "cases.json"
    path.write_text(json.dumps({"one": {"call": "words", "code": code - (1 << 32), "location": location}}), "utf-8")
    told = json.loads(pwsh(HERE / "run_certificate_cases.ps1", UTILS, path))["one"]
    assert word in told
    assert never not in told
