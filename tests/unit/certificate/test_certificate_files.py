# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host's part does with files: compares what they hold, repairs what drifted, and never leaves a half."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from certificate_factory import DAY, NOW
from certificate_host import ROLES, Host, mode
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ansible_collections.eeszt.connect.plugins.module_utils import certificate_directories as directories
from ansible_collections.eeszt.connect.plugins.module_utils import certificate_files as files
from ansible_collections.eeszt.connect.plugins.module_utils.certificate_content import key_fits, seal
from ansible_collections.eeszt.connect.plugins.module_utils.certificate_delivery import (
    Report,
    describe,
)
from ansible_collections.eeszt.connect.plugins.module_utils.certificate_files import FileError


def reasons(report: Report) -> dict[str, list[str]]:
    return {finding.wanted.role: finding.reasons for finding in report.findings if finding.reasons}


def test_a_fresh_host_gets_everything_and_a_second_run_changes_nothing(host: Host, old: dict[str, str]) -> None:
    first = host.bring(old)
    assert first.changed
    assert first.created == [str(host.folder.parent), str(host.folder)]
    assert {role: host.read(role) for role in ROLES} == {role: old[role] for role in ROLES}
    assert {name: mode(host.folder / name) for name in host.names()} == {
        "certificate.pem": 0o644,
        "chain.pem": 0o644,
        "client.p12": 0o600,
        "key.pem": 0o600,
    }
    assert (mode(host.folder.parent), mode(host.folder)) == (0o755, 0o750)
    assert not host.bring(old).changed


def test_check_mode_tells_the_same_and_writes_nothing(host: Host, old: dict[str, str]) -> None:
    before = host.bring(old, check=True)
    assert before.changed
    assert not host.folder.parent.exists()
    done = host.bring(old)
    assert reasons(before) == reasons(done)
    assert before.created == done.created
    assert not host.bring(old, check=True).changed


def test_an_existing_directory_is_left_as_it_is(host: Host, old: dict[str, str]) -> None:
    host.folder.mkdir(parents=True, mode=0o777)
    host.folder.chmod(0o777)
    assert host.bring(old).created == []
    assert mode(host.folder) == 0o777


@pytest.mark.parametrize("name", ["key.pem", "client.p12", "certificate.pem", "chain.pem"])
def test_a_drifted_mode_is_repaired_in_place(host: Host, old: dict[str, str], name: str) -> None:
    host.bring(old)
    path = host.folder / name
    number, wanted = path.stat().st_ino, mode(path)
    path.chmod(0o666)
    report = host.bring(old)
    assert list(reasons(report).values()) == [["mode"]]
    assert mode(path) == wanted
    assert path.stat().st_ino == number
    assert not host.bring(old).changed


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_owner_and_group_are_compared_only_when_given(host: Host, old: dict[str, str]) -> None:
    host.bring(old)
    key = host.folder / "key.pem"
    os.chown(key, 12345, 54321)
    assert not host.bring(old).changed
    given = {**host.pem, "owner": "0", "group": "root", "mode": "0640"}
    assert reasons(host.bring(old, given)) == {"key": ["owner", "group", "mode"]}
    assert (key.stat().st_uid, key.stat().st_gid, mode(key)) == (0, 0, 0o640)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_replaced_file_keeps_the_owner_that_nobody_asked_to_change(
    host: Host, old: dict[str, str], new: dict[str, str]
) -> None:
    host.bring(old)
    os.chown(host.folder / "key.pem", 12345, 54321)
    host.bring(new, host.pem)
    state = (host.folder / "key.pem").stat()
    assert (state.st_uid, state.st_gid) == (12345, 54321)


def test_an_unknown_owner_stops_the_run_before_anything_is_written(host: Host, old: dict[str, str]) -> None:
    with pytest.raises(FileError, match="no user nobody-such"):
        host.bring(old, {**host.pem, "owner": "nobody-such"})
    assert not host.folder.parent.exists()
    assert host.bring(old, {**host.pem, "owner": "nobody-such"}, check=True).changed


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("damage", ["", "garbage", "of another"])
def test_drifted_content_is_repaired(
    host: Host, old: dict[str, str], new: dict[str, str], role: str, damage: str
) -> None:
    host.bring(old)
    (host.folder / f"{role}.pem").write_text(new[role] if damage == "of another" else damage)
    assert reasons(host.bring(old)) == {role: ["content"]}
    assert host.read(role) == old[role]
    assert not host.bring(old).changed


def test_pem_is_compared_by_what_it_holds(host: Host, old: dict[str, str]) -> None:
    host.bring(old)
    (host.folder / "certificate.pem").write_text("subject=CN = E01620K\n" + old["certificate"].replace("\n", "\r\n"))
    key = serialization.load_pem_private_key(old["key"].encode(), None)
    sec1 = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    (host.folder / "key.pem").write_bytes(sec1)
    assert not host.bring(old).changed
    (host.folder / "chain.pem").write_text(old["chain"] + old["certificate"])
    assert reasons(host.bring(old)) == {"chain": ["content"]}


def test_an_encrypted_key_is_not_the_wanted_key(host: Host, old: dict[str, str]) -> None:
    host.bring(old)
    key = serialization.load_pem_private_key(old["key"].encode(), None)
    encrypted = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
    )
    (host.folder / "key.pem").write_bytes(encrypted)
    assert reasons(host.bring(old)) == {"key": ["content"]}


def test_a_link_is_replaced_and_its_goal_spared(host: Host, old: dict[str, str], tmp_path: Path) -> None:
    host.folder.mkdir(parents=True)
    goal = tmp_path / "precious"
    goal.write_text("precious")
    (host.folder / "key.pem").symlink_to(goal)
    host.bring(old)
    assert not (host.folder / "key.pem").is_symlink()
    assert goal.read_text() == "precious"


def test_a_directory_in_a_files_place_is_an_error(host: Host, old: dict[str, str]) -> None:
    (host.folder / "key.pem").mkdir(parents=True)
    with pytest.raises(FileError, match="is a directory"):
        host.bring(old)
    (host.folder / "key.pem").rmdir()
    host.folder.rmdir()
    host.folder.write_text("")
    with pytest.raises(FileError, match="not a directory"):
        host.bring(old)


def test_without_issuers_there_is_no_chain_file(host: Host, old: dict[str, str]) -> None:
    host.bring(old)
    assert reasons(host.bring({**old, "chain": ""}, host.pem)) == {"chain": ["unwanted"]}
    assert host.read("chain") is None
    assert not host.bring({**old, "chain": ""}, host.pem).changed


def test_a_pkcs12_file_of_other_bytes_is_left_to_the_controller(host: Host, old: dict[str, str]) -> None:
    host.bring(old)
    path = host.folder / "client.p12"
    path.write_bytes(b"encoded anew")
    (host.folder / "key.pem").chmod(0o666)
    (undecided,) = host.bring(old).undecided
    assert undecided.before.data == b"encoded anew"
    assert mode(host.folder / "key.pem") == 0o666, "nothing is written before all is decided"
    sha256 = hashlib.sha256(b"encoded anew").hexdigest()
    assert reasons(host.bring(old, kept={str(path): sha256})) == {"key": ["mode"]}
    assert path.read_bytes() == b"encoded anew"
    assert reasons(host.bring(old, kept={str(path): "0" * 64})) == {"pkcs12": ["content"]}, "it changed meanwhile"
    assert not host.bring(old).changed


def test_what_goes_back_is_sealed() -> None:
    sealed = seal(b"secret" * 50, "token", "/path")
    assert b"secret" not in sealed
    assert seal(sealed, "token", "/path") == b"secret" * 50
    assert seal(b"secret" * 50, "token", "/other") != sealed


def test_absent_takes_the_files_and_the_institutions_own_empty_directory(host: Host, old: dict[str, str]) -> None:
    host.bring(old)
    assert host.bring(None, check=True).changed
    assert host.bring(None).removed == [str(host.folder)]
    assert not host.folder.exists()
    assert host.folder.parent.exists()
    assert not host.bring(None).changed
    assert not host.bring(None, check=True).changed


def test_absent_spares_what_others_put_beside(host: Host, old: dict[str, str]) -> None:
    host.bring(old)
    (host.folder / "notes.txt").write_text("mine")
    host.bring(None)
    assert host.names() == ["notes.txt"]


def test_leftovers_of_a_killed_run_go_with_the_next(host: Host, old: dict[str, str]) -> None:
    host.bring(old)
    left = host.folder / f"{files.PREFIX}0123456789abcdef{files.SUFFIX}"
    left.write_text("half a key")
    assert host.bring(old, check=True).changed
    assert left.exists()
    assert host.bring(old).removed == [str(left)]
    assert not left.exists()
    assert not host.bring(old).changed


def test_a_second_run_waits_for_the_first(host: Host, old: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    host.bring(old)
    monkeypatch.setattr(directories.locked, "__defaults__", (0.2,), raising=False)
    monkeypatch.setattr(directories.locked.__wrapped__, "__defaults__", (0.2,))
    with directories.locked([str(host.folder)]), pytest.raises(FileError, match="Another run"):
        host.bring(old)


def test_a_weak_certificate_is_no_reason_to_write_its_key_again() -> None:
    """RSA of 1024 bits: OpenSSL refuses it at its usual level, but whether it fits is another question."""
    key = rsa.generate_private_key(65537, 1024)
    name = x509.Name([])
    weak = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + DAY)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    assert key_fits(pem, weak.public_bytes(serialization.Encoding.PEM))


def test_what_goes_to_the_controller_holds_no_secret(host: Host, old: dict[str, str]) -> None:
    host.bring(old)
    (host.folder / "key.pem").chmod(0o666)
    shown = repr([describe(finding) for finding in host.bring(old).findings])
    assert "PRIVATE" not in shown
    assert old["pkcs12"] not in shown
    assert "'mode': '0666'" in shown
