# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All certificates of a host are checked together on the controller, and nothing reaches a host before that."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from certificate_factory import DAY, NOW, PASSWORD, Issued, issue, pack

from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.errors import (
    CertificateError,
    CertificateErrors,
)
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.sources import Rules, open_sources
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.targets import read_targets


def entry(folder: Path, name: str, issued: Issued, password: str = PASSWORD) -> dict[str, str]:
    path = folder / f"{name}.p12"
    path.write_bytes(pack(issued))
    return {"path": str(path), "password": password}


def faults(sources: Mapping[str, Any], rules: Rules | None = None) -> list[CertificateError]:
    return list(open_sources(list(sources), sources, rules).errors)


def test_every_institution_gets_its_own(ca: Issued, tmp_path: Path) -> None:
    practices = {name: issue(name, ca) for name in ("E01620K", "P000301")}
    sources = {name: entry(tmp_path, name, issued) for name, issued in practices.items()}
    opened = open_sources(["E01620K", "P000301"], sources).all_good()
    assert {name: bundle.certificate for name, bundle in opened.items()} == {
        name: issued.certificate for name, issued in practices.items()
    }


def test_entries_of_others_are_not_looked_at(ca: Issued, tmp_path: Path) -> None:
    sources = {"E01620K": entry(tmp_path, "E01620K", issue("E01620K", ca)), "P000301": {"path": "/nowhere"}}
    assert not open_sources(["E01620K"], sources).errors


def test_all_faults_come_at_once_and_each_says_whose_it_is(ca: Issued, tmp_path: Path) -> None:
    sources = {
        "WRONG": entry(tmp_path, "WRONG", issue("WRONG", ca), password="wrong"),
        "OLD": entry(tmp_path, "OLD", issue("OLD", ca, not_before=NOW - 9 * DAY, not_after=NOW - DAY)),
        "EARLY": entry(tmp_path, "EARLY", issue("EARLY", ca, not_before=NOW + DAY)),
        "GONE": {"path": str(tmp_path / "gone.p12"), "password": "x"},
        "GOOD": entry(tmp_path, "GOOD", issue("GOOD", ca)),
    }
    opened = open_sources([*sources, "FORGOTTEN"], sources)
    assert {error.institution: error.kind for error in opened.errors} == {
        "WRONG": "wrong_password",
        "OLD": "expired",
        "EARLY": "not_yet_valid",
        "GONE": "unreadable",
        "FORGOTTEN": "no_source",
    }
    assert "GOOD" in opened.bundles
    with pytest.raises(CertificateErrors) as caught:
        opened.all_good()
    assert len(str(caught.value).splitlines()) == 5
    assert "eeszt_certificates['FORGOTTEN']" in str(caught.value)
    assert str(tmp_path / "gone.p12") in str(caught.value)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ("text", "dictionary"),
        ({"path": "/x"}, "no password"),
        ({"password": "x"}, "no path"),
        ({"path": "/x", "password": 12345}, "quotes"),
    ],
)
def test_an_entry_that_is_no_entry_says_what_it_lacks(given: object, word: str) -> None:
    (error,) = faults({"E01620K": given})
    assert error.kind == "no_source"
    assert word in error.message
    assert "12345" not in str(error)


def test_an_expired_certificate_may_travel_when_it_is_wished(ca: Issued, tmp_path: Path) -> None:
    old = entry(tmp_path, "OLD", issue("OLD", ca, not_before=NOW - 9 * DAY, not_after=NOW - DAY))
    assert not faults({"OLD": old}, Rules(accept_expired=True))


def test_the_pattern_tells_swapped_files(ca: Issued, tmp_path: Path) -> None:
    sources = {
        "E01620K": entry(tmp_path, "one", issue("P000301", ca)),
        "P000301": entry(tmp_path, "two", issue("E01620K", ca)),
    }
    found = faults(sources, Rules(subject_pattern=r"CN={institution}(,|$)"))
    assert [error.kind for error in found] == ["wrong_institution", "wrong_institution"]
    assert not faults(sources, Rules(subject_pattern=None))
    (broken, _) = faults(sources, Rules(subject_pattern="("))
    assert "no regular expression" in broken.message


@pytest.mark.parametrize(
    ("issuer", "refused"),
    [("EESZT TST CA", True), ("eeszt-dev issuing", True), ("UAT", True), ("Devecser CA", False), ("Issuing CA", False)],
)
def test_a_test_authority_is_told_by_whole_words(tmp_path: Path, issuer: str, refused: bool) -> None:
    given = {"E01620K": entry(tmp_path, "E01620K", issue("E01620K", issue(issuer, usage=None)))}
    words = Rules(test_issuer_words=("DEV", "TST", "UAT"))
    assert [error.kind for error in faults(given, words)] == (["test_ca"] if refused else [])
    assert faults(given) == []


def test_an_id_is_no_regular_expression(ca: Issued, tmp_path: Path) -> None:
    sources = {"E0.620K": entry(tmp_path, "one", issue("E01620K", ca))}
    assert faults(sources, Rules(subject_pattern="CN={institution}"))


def test_one_certificate_for_two_institutions_needs_a_word(ca: Issued, tmp_path: Path) -> None:
    shared = entry(tmp_path, "shared", issue("E01620K", ca))
    (error,) = faults({"E01620K": shared, "P000301": shared})
    assert error.kind == "shared"
    assert "E01620K, P000301" in error.message
    assert not faults({"E01620K": shared, "P000301": shared}, Rules(allow_shared=True))


PEM = {"type": "pem_files", "certificate": "/e/c.pem", "key": "/e/k.pem"}


def target_faults(*targets: object, institutions: tuple[str, ...] = ("E01620K",)) -> str:
    with pytest.raises(CertificateErrors) as caught:
        read_targets(targets, institutions)
    return str(caught.value)


def test_targets_of_other_institutions_are_left_out() -> None:
    targets = [{**PEM, "institution": "E01620K"}, {**PEM, "institution": "P000301", "key": 1}]
    (target,) = read_targets(targets, ["E01620K"])
    assert target.files == (("certificate", "/e/c.pem"), ("key", "/e/k.pem"))


def test_a_target_without_institution_belongs_to_the_only_one() -> None:
    assert read_targets([PEM], ["E01620K"])[0].institution == "E01620K"
    assert "names no institution" in target_faults(PEM, institutions=("E01620K", "P000301"))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"type": "floppy"}, "floppy"),
        ({"type": "windows_store"}, "none on Linux"),
        ({"type": "java_keystore"}, "needs path"),
        ({"type": "java_keystore", "path": "/e/x.jks", "format": "jks"}, "also where a program asks for JKS"),
        ({"type": "java_keystore", "path": "/e/x.bks", "format": "bks"}, "must be pkcs12"),
        ({"accounts": "his"}, "list of names"),
        ({"accounts": [" "]}, "list of names"),
        ({"key": None}, "needs key"),
        ({"key": "relative.pem"}, "absolute"),
        ({"key": "/e/folder/"}, "absolute"),
        ({"mode": "644"}, "octal"),
        ({"mode": 0o600}, "quotes"),
        ({"colour": "red"}, "colour"),
        ({"key": "/e/c.pem"}, "twice"),
        ({"chain": "/e/../e/./c.pem"}, "twice"),
    ],
)
def test_a_target_that_cannot_be_is_refused(change: dict[str, Any], word: str) -> None:
    assert word in target_faults({**PEM, **change})


def test_linux_knows_accounts_and_the_one_format_of_a_keystore() -> None:
    keystore = {"type": "java_keystore", "path": "/e/x.p12", "format": "pkcs12", "accounts": ["his"]}
    (target,) = read_targets([keystore], ["E01620K"])
    assert dict(target.settings) == {"accounts": ["his"]}


def test_two_institutions_never_share_a_file() -> None:
    one, other = ({**PEM, "institution": name} for name in ("E01620K", "P000301"))
    message = target_faults(one, other, institutions=("E01620K", "P000301"))
    assert "/e/c.pem is wanted twice (E01620K and certificate of P000301)" in message


WINDOWS_PEM = {"type": "pem_files", "certificate": "C:\\e\\c.pem", "key": "C:/e/./k.pem"}
STORE = {"type": "windows_store"}


def test_windows_has_stores_paths_on_drives_and_accounts() -> None:
    store, files = read_targets([STORE, {**WINDOWS_PEM, "accounts": ["svc"]}], ["E01620K"], "windows")
    assert store.as_arguments() == {
        "institution": "E01620K",
        "type": "windows_store",
        "location": "LocalMachine",
        "store": "My",
    }
    assert files.files == (("certificate", "C:\\e\\c.pem"), ("key", "C:\\e\\k.pem"))
    assert files.as_arguments()["accounts"] == ["svc"]


def test_no_account_at_all_is_something_else_than_not_given() -> None:
    (target,) = read_targets([{**STORE, "accounts": [], "exportable": False}], ["E01620K"], "windows")
    assert (target.settings["accounts"], target.settings["exportable"]) == ([], False)


@pytest.mark.parametrize(
    ("target", "word"),
    [
        ({**WINDOWS_PEM, "key": "/e/k.pem"}, "on a drive"),
        ({**WINDOWS_PEM, "key": "e:k.pem"}, "on a drive"),
        ({**WINDOWS_PEM, "key": "\\\\server\\share\\k.pem"}, "on a drive"),
        ({**WINDOWS_PEM, "key": "C:\\e\\"}, "on a drive"),
        ({**WINDOWS_PEM, "key": "C:\\e\\k.pem:stream"}, "on a drive"),
        ({**WINDOWS_PEM, "key": "c:\\E\\C.pem"}, "twice"),
        ({**WINDOWS_PEM, "mode": "0600"}, "no option mode"),
        ({**WINDOWS_PEM, "accounts": "svc"}, "list"),
        ({**STORE, "accounts": [" "]}, "list"),
        ({**STORE, "location": "Machine"}, "LocalMachine or CurrentUser"),
        ({**STORE, "store": "LocalMachine\\My"}, "name of a certificate store"),
        ({**STORE, "exportable": "yes"}, "true or false"),
        ({**STORE, "path": "C:\\x"}, "no option path"),
        ({"type": "java_keystore"}, "yet"),
    ],
)
def test_a_target_that_cannot_be_on_windows_is_refused(target: dict[str, Any], word: str) -> None:
    with pytest.raises(CertificateErrors) as caught:
        read_targets([target], ["E01620K"], "windows")
    assert word in str(caught.value)


def test_institutions_share_a_store_and_one_has_it_once() -> None:
    targets = [{**STORE, "institution": name} for name in ("E01620K", "P000301")]
    assert len(read_targets(targets, ["E01620K", "P000301"], "windows")) == 2
    with pytest.raises(CertificateErrors, match="twice"):
        read_targets([STORE, {**STORE, "store": "my"}], ["E01620K"], "windows")
