# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates on the host: what is there, who may read it, and whether the key belongs to the certificate."""

from __future__ import annotations

import grp
import hashlib
import os
import pwd
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from observe_pki import Issued, Pki, issue

from ansible_collections.eeszt.connect.plugins.module_utils.observe.certificate import observe_certificates

Json = dict[str, Any]


@pytest.fixture
def observed(make_request: Callable[..., Json], section: Callable[..., Json]) -> Callable[[Json], Json]:
    def look(target: Json) -> Json:
        asked = {"institution": "E01620K", **target}
        return dict(
            section("certificates", observe_certificates(make_request(certificate_targets=[asked])))["targets"][0]
        )

    return look


@pytest.fixture
def pem_files(tmp_path: Path, observed: Callable[[Json], Json]) -> Callable[..., Json]:
    """Looks at three files with the given texts; a file without a text does not exist."""

    def look(certificate: str | None, key: str | None, chain: str | None = None) -> Json:
        target: Json = {"type": "pem_files"}
        for role, text in {"certificate": certificate, "key": key, "chain": chain}.items():
            path = tmp_path / f"{role}.pem"
            target[role] = str(path)
            if text is not None:
                path.write_text(text)
                path.chmod(0o640 if role == "key" else 0o644)
        return observed(target)

    return look


def test_a_whole_set_of_pem_files(pem_files: Callable[..., Json], pki: Pki, tmp_path: Path) -> None:
    institution = issue("E01620K", pki.intermediate)

    seen = pem_files(institution.pem, institution.key_pem, pki.intermediate.pem + pki.root.pem)

    assert seen["path"] == str(tmp_path / "certificate.pem")
    assert seen["certificate"] == institution.base64
    assert seen["chain"] == [pki.intermediate.base64, pki.root.base64]
    assert seen["key"] == {"present": True, "fits": True, "encrypted": False, "error": None}
    assert [file["role"] for file in seen["files"]] == ["certificate", "key", "chain"]
    assert seen["files"][1] == {
        "role": "key",
        "path": str(tmp_path / "key.pem"),
        "present": True,
        "readable": True,
        "owner": pwd.getpwuid(os.geteuid()).pw_name,
        "group": grp.getgrgid((tmp_path / "key.pem").stat().st_gid).gr_name,
        "mode": "0640",
        "sha256": hashlib.sha256(institution.key_pem.encode()).hexdigest(),
        "size": len(institution.key_pem),
        "error": None,
        "acl": None,
    }


def test_more_certificates_in_the_first_file_belong_to_the_chain(pem_files: Callable[..., Json], pki: Pki) -> None:
    institution = issue("E01620K", pki.intermediate)

    seen = pem_files(institution.pem + pki.intermediate.pem, institution.key_pem, pki.root.pem)

    assert seen["certificate"] == institution.base64
    assert seen["chain"] == [pki.intermediate.base64, pki.root.base64]


def test_nothing_there(pem_files: Callable[..., Json]) -> None:
    seen = pem_files(None, None)

    assert [file["present"] for file in seen["files"]] == [False, False, False]
    assert [file["error"] for file in seen["files"]] == [None, None, None]
    assert seen["certificate"] is None
    assert seen["key"] == {"present": False, "fits": None, "encrypted": None, "error": None}


@pytest.mark.parametrize("kind", ["ec", "rsa", "other type"])
def test_a_key_of_another_certificate_does_not_fit(kind: str, pem_files: Callable[..., Json], pki: Pki) -> None:
    def made(rsa_key: bool) -> Issued:
        return issue("E01620K", pki.root, key=rsa.generate_private_key(65537, 2048) if rsa_key else None)

    own, other = made(kind == "rsa"), made(kind != "ec")

    seen = pem_files(own.pem, other.key_pem)

    assert seen["key"] == {"present": True, "fits": False, "encrypted": False, "error": None}


def test_a_weak_certificate_still_has_its_key(pem_files: Callable[..., Json], pki: Pki) -> None:
    weak = issue("E01620K", pki.root, key=rsa.generate_private_key(65537, 1024))

    assert pem_files(weak.pem, weak.key_pem)["key"]["fits"] is True


def test_an_encrypted_key_is_there_and_cannot_be_judged(pem_files: Callable[..., Json], pki: Pki) -> None:
    seen = pem_files(pki.institution.pem, pki.institution.encrypted_key_pem("árvíztűrő"))

    assert seen["key"] == {"present": True, "fits": None, "encrypted": True, "error": None}


def test_an_old_style_encrypted_key_is_recognised(pem_files: Callable[..., Json], pki: Pki) -> None:
    old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"

    assert pem_files(pki.institution.pem, old)["key"]["encrypted"] is True


def test_a_broken_key_is_no_mismatch(pem_files: Callable[..., Json], pki: Pki) -> None:
    broken = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"

    key = pem_files(pki.institution.pem, broken)["key"]

    assert (key["present"], key["fits"]) == (True, None)
    assert key["error"]["stack"] == "openssl"


def test_a_key_file_without_a_key(pem_files: Callable[..., Json], pki: Pki) -> None:
    assert pem_files(pki.institution.pem, pki.institution.pem)["key"]["present"] is False


def test_a_file_in_another_form_is_named(pem_files: Callable[..., Json], pki: Pki) -> None:
    seen = pem_files("not a certificate", pki.institution.key_pem)

    assert seen["certificate"] is None
    assert seen["files"][0]["error"]["code"] == "no_pem"
    assert seen["key"]["fits"] is None


def test_the_key_of_a_shared_file_is_not_taken_for_the_one_in_the_key_file(
    pem_files: Callable[..., Json], pki: Pki
) -> None:
    seen = pem_files(pki.institution.key_pem + pki.institution.pem, pki.expired_institution.key_pem)

    assert seen["key"]["fits"] is False


def test_accents_around_the_blocks_do_not_matter(pem_files: Callable[..., Json], pki: Pki) -> None:
    attributes = "friendlyName: Tanúsítvány ő\n"

    seen = pem_files(attributes + pki.institution.pem, attributes + pki.institution.key_pem)

    assert seen["certificate"] == pki.institution.base64
    assert seen["key"]["fits"] is True


def test_unreadable_is_not_absent(pem_files: Callable[..., Json], pki: Pki, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Path.read_bytes

    def refuse(self: Path) -> bytes:
        if self.name == "key.pem":
            raise PermissionError(13, "Permission denied")
        return read(self)

    monkeypatch.setattr(Path, "read_bytes", refuse)

    seen = pem_files(pki.institution.pem, pki.institution.key_pem)

    denied = {"stack": "errno", "code": 13, "text": "EACCES: Permission denied"}
    assert (seen["files"][1]["present"], seen["files"][1]["readable"]) == (True, False)
    assert seen["files"][1]["error"] == denied
    assert seen["key"] == {"present": None, "fits": None, "encrypted": None, "error": denied}


def test_a_file_in_a_closed_folder_is_not_called_absent(
    observed: Callable[[Json], Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: Path) -> os.stat_result:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", refuse)

    file = observed({"type": "pkcs12_file", "path": "/closed/institution.p12"})["files"][0]

    assert (file["present"], file["readable"], file["error"]["code"]) == (True, False, 13)


@pytest.mark.parametrize(("kind", "role"), [("pkcs12_file", "pkcs12"), ("java_keystore", "keystore")])
def test_encrypted_stores_are_looked_at_from_outside(
    kind: str, role: str, observed: Callable[[Json], Json], tmp_path: Path
) -> None:
    store = tmp_path / "store"
    store.write_bytes(b"\x30\x82")
    store.chmod(0o600)

    seen = observed({"type": kind, "path": str(store)})

    assert seen["path"] == str(store)
    assert [(file["role"], file["mode"], file["size"]) for file in seen["files"]] == [(role, "0600", 2)]
    assert (seen["certificate"], seen["chain"]) == (None, [])
    assert seen["key"] == {"present": None, "fits": None, "encrypted": None, "error": None}


def test_a_windows_store_is_not_on_this_system(observed: Callable[[Json], Json]) -> None:
    seen = observed({"type": "windows_store", "location": "LocalMachine", "store": "My"})

    assert seen["path"] == "LocalMachine\\My"
    assert seen["files"] == []
    assert seen["key"]["error"]["code"] == "not_on_this_system"


def test_a_folder_in_the_files_place_is_named(observed: Callable[[Json], Json], tmp_path: Path) -> None:
    file = observed({"type": "pkcs12_file", "path": str(tmp_path)})["files"][0]

    assert (file["readable"], file["error"]["code"]) == (False, "not_a_file")
