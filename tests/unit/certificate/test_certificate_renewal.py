# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A renewal on the host: what is kept beside, when it goes, when it comes back, and that no kill loses either."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest
from certificate_factory import DAY, NOW, Issued, authority, issue
from certificate_host import ROLES, Host, material, mode
from cryptography.hazmat.primitives.serialization import Encoding
from test_certificate_kills import fails, kills, patch_failing

from ansible_collections.eeszt.connect.plugins.module_utils.certificate_content import not_after
from ansible_collections.eeszt.connect.plugins.module_utils.certificate_delivery import Report, bring, wanted_files
from ansible_collections.eeszt.connect.plugins.module_utils.certificate_renewal import Bringing, Finishing, Removing
from ansible_collections.eeszt.connect.plugins.module_utils.observe.renewal import observe_kept, observe_refused
from ansible_collections.eeszt.connect.plugins.module_utils.observe.shapes import Kept, Refused

OWNER = "E01620K"
KEPT = ".eeszt-connect.certificate.pem.kept"
REFUSED = ".eeszt-connect.certificate.pem.refused"
SEALED_KEPT = ".eeszt-connect.client.p12.kept"
FILES = ["certificate.pem", "chain.pem", "client.p12", "key.pem"]


class Renewed(Host):
    """A host whose certificates are renewed as the module does it."""

    @property
    def sealed(self) -> str:
        return self.pkcs12["path"]

    def take(self, new: dict[str, str], fingerprint: str, *, retry: bool = False, check: bool = False) -> Report:
        """state present, after the controller looked into the PKCS#12 file."""
        other = Path(self.sealed).exists() and not self.holds_sealed(new)
        renewal = Bringing({OWNER: fingerprint}, frozenset([self.sealed] if other else ()), retry)
        return bring(self.sets(new), {self.sealed: ""}, check, renewal=renewal)

    def finish(self, state: str, about: str = "", check: bool = False) -> Report:
        """state retired or rolled_back."""
        paths = dict.fromkeys((*self.pem.values(), self.sealed), "")
        renewal = Finishing(state, {OWNER: about} if about else {}, {OWNER: "client_cert_revoked"})
        return bring(self.sets(None), paths, check, renewal=renewal)

    def sets(self, wanted: dict[str, str] | None) -> list[list[object]]:
        return [wanted_files(target, wanted) for target in (self.pem, self.pkcs12)]

    def holds(self, wanted: dict[str, str]) -> bool:
        return self.holds_sealed(wanted) and {role: self.read(role) for role in ROLES} == {
            role: wanted[role] for role in ROLES
        }

    def holds_sealed(self, wanted: dict[str, str]) -> bool:
        return Path(self.sealed).read_bytes() == base64.b64decode(wanted["pkcs12"])

    def states(self, report: Report) -> list[str]:
        return [change.state for change in report.renewals]


@pytest.fixture
def host(tmp_path: Path, old: dict[str, str]) -> Renewed:
    """A host that holds the old certificate."""
    made = Renewed(tmp_path)
    assert made.take(old, "old").changed
    assert made.names() == FILES, "a first certificate leaves nothing beside"
    return made


def test_the_one_before_is_kept_whole_and_for_root_alone(
    host: Renewed, old: dict[str, str], new: dict[str, str]
) -> None:
    report = host.take(new, "new")
    assert host.states(report) == ["kept", "kept"]
    assert host.holds(new)
    assert host.names() == sorted([*FILES, KEPT, SEALED_KEPT])
    assert {mode(host.folder / name) for name in (KEPT, SEALED_KEPT)} == {0o600}
    kept = {
        each["role"]: base64.b64decode(each["content"])
        for each in json.loads((host.folder / KEPT).read_text())["files"]
    }
    assert kept == {role: old[role].encode() for role in ROLES}


def test_again_changes_nothing_while_it_is_not_proven(host: Renewed, new: dict[str, str]) -> None:
    host.take(new, "new")
    again = host.take(new, "new")
    assert not again.changed
    assert host.states(again) == ["kept", "kept"]


def test_once_proven_it_goes(host: Renewed, new: dict[str, str]) -> None:
    host.take(new, "new")
    assert host.finish("retired", check=True).changed
    assert KEPT in host.names(), "check mode removed it"
    assert host.states(host.finish("retired", "new")) == ["retired", "retired"]
    assert host.names() == FILES
    assert host.holds(new)
    assert not host.finish("retired", "new").changed


def test_a_proof_of_another_certificate_retires_nothing(host: Renewed, new: dict[str, str]) -> None:
    host.take(new, "new")
    assert not host.finish("retired", "another").changed
    assert not host.finish("rolled_back", "another").changed
    assert KEPT in host.names()


def test_nothing_is_retired_where_it_is_all_that_is_left(host: Renewed, new: dict[str, str]) -> None:
    host.take(new, "new")
    (host.folder / "certificate.pem").unlink()
    assert host.states(host.finish("retired", "new")) == ["kept", "retired"]
    assert KEPT in host.names()


def test_once_refused_it_comes_back_and_why_is_noted(host: Renewed, old: dict[str, str], new: dict[str, str]) -> None:
    host.take(new, "new")
    assert host.finish("rolled_back", "new", check=True).changed
    assert host.holds(new), "check mode rolled back"
    assert host.states(host.finish("rolled_back", "new")) == ["rolled_back", "rolled_back"]
    assert host.holds(old)
    assert observe_refused(host.pem["certificate"]) == Refused("new", "client_cert_revoked")
    assert KEPT not in host.names()
    assert not host.finish("rolled_back", "new").changed


def test_what_was_refused_is_not_brought_again(host: Renewed, old: dict[str, str], new: dict[str, str]) -> None:
    host.take(new, "new")
    host.finish("rolled_back", "new")
    again = host.take(new, "new")
    assert not again.changed
    assert host.states(again) == ["held_back", "held_back"]
    assert host.holds(old)
    host.take(new, "new", retry=True)
    assert host.holds(new)
    assert KEPT in host.names()
    assert REFUSED not in host.names()


def test_another_new_one_is_brought_after_a_refusal(host: Renewed, new: dict[str, str], ca: Issued) -> None:
    host.take(new, "new")
    host.finish("rolled_back", "new")
    third = material(issue(OWNER, ca))
    host.take(third, "third")
    assert host.holds(third)
    assert REFUSED not in host.names()


def test_access_is_mended_while_it_is_held_back(host: Renewed, old: dict[str, str], new: dict[str, str]) -> None:
    host.take(new, "new")
    host.finish("rolled_back", "new")
    (host.folder / "key.pem").chmod(0o644)
    assert host.take(new, "new").changed
    assert mode(host.folder / "key.pem") == 0o600
    assert host.holds(old)


def test_what_was_never_proven_is_not_what_one_goes_back_to(
    host: Renewed, old: dict[str, str], new: dict[str, str], ca: Issued
) -> None:
    third = material(issue(OWNER, ca))
    host.take(new, "new")
    host.take(third, "third")
    assert observe_kept(host.pem["certificate"]).renewed_to == "third"
    host.finish("rolled_back", "third")
    assert host.holds(old)


def test_back_to_the_first_by_hand_needs_no_proof(host: Renewed, old: dict[str, str], new: dict[str, str]) -> None:
    host.take(new, "new")
    assert host.states(host.take(old, "old")) == ["settled", "settled"]
    assert host.names() == FILES
    assert host.holds(old)


@pytest.mark.parametrize("fault", ["key of another", "no key", "no certificate", "text"])
def test_what_does_not_work_is_not_kept(host: Renewed, new: dict[str, str], fault: str) -> None:
    Path(host.sealed).unlink()
    if fault == "no key":
        (host.folder / "key.pem").unlink()
    elif fault == "no certificate":
        (host.folder / "certificate.pem").unlink()
    else:
        broken = "key.pem" if fault == "key of another" else "certificate.pem"
        (host.folder / broken).write_text(new["key"] if fault == "key of another" else "text\n")
    host.take(new, "new")
    assert host.names() == FILES


def test_an_expired_one_is_not_kept(tmp_path: Path, ca: Issued, new: dict[str, str]) -> None:
    host = Renewed(tmp_path)
    host.take(material(issue(OWNER, ca, not_before=NOW - 9 * DAY, not_after=NOW - DAY)), "old")
    Path(host.sealed).unlink()
    host.take(new, "new")
    assert host.names() == FILES


def test_another_institutions_is_not_kept(host: Renewed, new: dict[str, str], old: dict[str, str]) -> None:
    der = base64.b64decode("".join(old["certificate"].splitlines()[1:-1]))
    renewal = Bringing({OWNER: "new", "P000301": hashlib.sha256(der).hexdigest()})
    report = bring(host.sets(new)[:1], {}, False, renewal=renewal)
    assert report.changed
    assert KEPT not in host.names()


def test_a_drifted_chain_is_no_renewal(host: Renewed, old: dict[str, str]) -> None:
    (host.folder / "chain.pem").write_text("")
    assert host.take(old, "old").changed
    assert host.names() == FILES


def test_check_mode_keeps_nothing_and_says_so(host: Renewed, old: dict[str, str], new: dict[str, str]) -> None:
    report = host.take(new, "new", check=True)
    assert report.changed
    assert host.states(report) == ["kept", "kept"]
    assert host.names() == FILES
    assert host.holds(old)


def test_removal_leaves_no_copy(host: Renewed, new: dict[str, str]) -> None:
    host.take(new, "new")
    host.finish("rolled_back", "new")
    host.take(new, "new", retry=True)
    bring(host.sets(None), {}, False, renewal=Removing())
    assert not host.folder.exists(), "the folder of the institution goes too, once nothing is in it"


def test_the_probe_sees_it_without_its_key(host: Renewed, old: dict[str, str], new: dict[str, str]) -> None:
    assert observe_kept(host.pem["certificate"]) is None
    host.take(new, "new")
    seen = observe_kept(host.pem["certificate"])
    body = "".join(old["certificate"].splitlines()[1:-1])
    assert seen == Kept(str(host.folder / KEPT), "new", body)
    assert observe_kept(host.sealed) == Kept(str(host.folder / SEALED_KEPT), "new", None)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema_version": 1}', '{"schema_version": 1, "files": [{"role": "key"}]}']
)
def test_what_is_not_ours_to_read_is_no_way_back(host: Renewed, new: dict[str, str], text: str) -> None:
    (host.folder / KEPT).write_text(text)
    assert host.states(host.finish("rolled_back")) == []
    assert observe_kept(host.pem["certificate"]).renewed_to is None
    host.take(new, "new")
    assert observe_kept(host.pem["certificate"]).renewed_to == "new"


def reset(host: Renewed, old: dict[str, str]) -> None:
    """The old certificate, and nothing beside."""
    bring(host.sets(None), {}, False, renewal=Removing())
    host.take(old, "old")


def way_back(host: Renewed, old: dict[str, str], new: dict[str, str]) -> None:
    """Each set stands whole as the old or the new one, or can be had back whole."""
    kept = {name: (host.folder / name).exists() for name in (KEPT, SEALED_KEPT)}
    certificate = host.read("certificate")
    if certificate is None:
        assert kept[KEPT]
    else:
        whole = old if certificate == old["certificate"] else new
        assert {role: host.read(role) for role in ROLES} == {role: whole[role] for role in ROLES}
        assert whole is old or kept[KEPT]
    sealed = Path(host.sealed).read_bytes()
    assert sealed in [base64.b64decode(one["pkcs12"]) for one in (old, new)]
    assert sealed == base64.b64decode(old["pkcs12"]) or kept[SEALED_KEPT]
    for path in host.folder.iterdir():
        public = b"BEGIN CERTIFICATE" in path.read_bytes()
        assert public or mode(path) == 0o600, path.name


def test_a_kill_at_any_step_of_a_renewal_loses_neither(host: Renewed, old: dict[str, str], new: dict[str, str]) -> None:
    steps = 0
    for _ in kills(lambda: host.take(new, "new"), lambda: reset(host, old)):
        steps += 1
        way_back(host, old, new)
        if steps % 2:
            host.take(new, "new")
            host.finish("retired", "new")
            assert host.holds(new)
            assert host.names() == FILES
        else:
            host.finish("rolled_back")
            host.take(old, "old")
            assert host.holds(old)
    assert steps > 40


@pytest.mark.parametrize("state", ["retired", "rolled_back"])
def test_a_kill_at_any_step_of_the_end_leaves_one_of_them(
    host: Renewed, old: dict[str, str], new: dict[str, str], state: str
) -> None:
    def renewed() -> None:
        reset(host, old)
        host.take(new, "new")

    steps, left = 0, new if state == "retired" else old
    for _ in kills(lambda: host.finish(state, "new"), renewed):
        steps += 1
        if state == "rolled_back":
            way_back(host, old, new)
        else:
            assert host.holds(new)
        host.finish(state, "new")
        assert host.holds(left)
        assert not [name for name in host.names() if name.endswith((".kept", ".tmp"))]
    assert steps >= 8


@pytest.mark.parametrize("name", ["write", "fsync", "rename"])
def test_a_full_disk_at_any_step_loses_neither(
    host: Renewed, old: dict[str, str], new: dict[str, str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for at in range(100):
        reset(host, old)
        with monkeypatch.context() as patched:
            patch_failing(patched, name, at)
            if not fails(lambda: host.take(new, "new")):
                break
        way_back(host, old, new)
    assert at > 3


def test_the_end_of_validity_is_read_as_the_library_reads_it() -> None:
    for until in (NOW + 400 * DAY, NOW.replace(year=2049), NOW.replace(year=2051)):
        certificate = issue(OWNER, authority(), not_after=until).certificate
        assert not_after(certificate.public_bytes(Encoding.DER)) == certificate.not_valid_after_utc
    assert not_after(b"") is None
    assert not_after(b"\x30\x03\x30\x01\x02") is None
