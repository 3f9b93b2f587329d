# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts that may read a key: those that a target names and no others, from the first byte on and after a drift."""

from __future__ import annotations

import errno
import os
import pwd
import stat
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from certificate_factory import PASSWORD, Issued, issue, pack
from certificate_host import ROLES, Host, mode
from test_certificate_files import reasons
from test_certificate_kills import kills
from test_certificate_module import Process

from ansible_collections.eeszt.connect.plugins.module_utils import certificate_files as files
from ansible_collections.eeszt.connect.plugins.module_utils.certificate_delivery import bring, describe, wanted_files
from ansible_collections.eeszt.connect.plugins.module_utils.certificate_files import FileError
from ansible_collections.eeszt.connect.plugins.module_utils.certificate_plan import Report
from ansible_collections.eeszt.connect.plugins.module_utils.certificate_renewal import Bringing, Finishing
from ansible_collections.eeszt.connect.plugins.module_utils.observe import posix_acl
from ansible_collections.eeszt.connect.plugins.module_utils.observe.access_shapes import Account, AclEntry, AclFact
from ansible_collections.eeszt.connect.plugins.module_utils.observe.certificate import observe_certificates
from ansible_collections.eeszt.connect.plugins.module_utils.observe.posix_acl import Acl, Named
from ansible_collections.eeszt.connect.plugins.module_utils.observe.shapes import as_json
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.delivery import deliver, prepare
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.sources import Rules
from ansible_collections.eeszt.connect.plugins.plugin_utils.judge.posix_permissions import Seen, by_mode

READER, STRANGER = "daemon", "bin"
UID, OTHER_UID = (pwd.getpwnam(name).pw_uid for name in (READER, STRANGER))
READ_BY_ONE = Acl(6, 0, 0, frozenset({Named("user", UID, 4)}), 4)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root acts for another account")


class Shared(Host):
    """A host whose files one account reads that neither owns them nor is in their group."""

    def __init__(self, root: Path, accounts: tuple[str, ...] = (READER,)) -> None:
        super().__init__(root)
        self.pem["accounts"] = self.pkcs12["accounts"] = list(accounts)

    @property
    def key(self) -> Path:
        return self.folder / "key.pem"

    def judged(self) -> Seen:
        """What the judge says of the key's file, by what the probe sees."""
        (target,) = observe_certificates({"certificate_targets": [self.pem], "trust_anchors": None}).targets
        facts = as_json(target)
        return by_mode(facts, [each for each in facts["files"] if each["role"] == "key"], self.pem)


@pytest.fixture
def host() -> Iterator[Shared]:
    # Not pytest's own folder, which no other account can walk through.
    with tempfile.TemporaryDirectory(prefix="accounts") as folder:
        Path(folder).chmod(0o755)
        yield Shared(Path(folder))


def acl(path: Path) -> Acl:
    return posix_acl.read(str(path), path.stat().st_mode)


def reads(account: str, path: Path) -> bool:
    """Whether the kernel lets an account read a file."""
    user = posix_acl.user_of(account)
    assert user is not None
    child = os.fork()
    if child == 0:
        os.setgroups(sorted(user.groups))
        os.setresgid(*[min(user.groups)] * 3)
        os.setresuid(*[user.uid] * 3)
        try:
            path.read_bytes()
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def test_the_named_account_stands_in_the_lists_of_what_not_everybody_reads(host: Shared, old: dict[str, str]) -> None:
    first = host.bring(old)
    assert {name: acl(host.folder / name) for name in host.names()} == {
        "certificate.pem": Acl(6, 4, 4),
        "chain.pem": Acl(6, 4, 4),
        "client.p12": READ_BY_ONE,
        "key.pem": READ_BY_ONE,
    }
    assert acl(host.folder) == Acl(7, 5, 0, frozenset({Named("user", UID, 1)}), 5)
    assert first.changed
    assert not host.bring(old).changed
    assert not host.bring(old, check=True).changed
    assert host.judged() == Seen(None, "*:* 0600, daemon r--", host.judged().observed)


@needs_root
def test_that_account_reads_everything_and_another_no_secret(host: Shared, old: dict[str, str]) -> None:
    host.bring(old)
    assert [reads(READER, host.folder / name) for name in host.names()] == [True] * 4
    assert [reads(STRANGER, host.folder / name) for name in host.names()] == [False] * 4


def test_the_list_is_there_before_the_name_and_nobody_reads_while_it_is_written(
    host: Shared, old: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    written, renamed = [], {}
    write, rename = os.write, os.rename

    def writing(descriptor: int, data: bytes) -> int:
        written.append(posix_acl.read(descriptor, os.fstat(descriptor).st_mode))
        return write(descriptor, data)

    def renaming(before: str, after: str) -> None:
        renamed[Path(after).name] = acl(Path(before))
        rename(before, after)

    monkeypatch.setattr(os, "write", writing)
    monkeypatch.setattr(os, "rename", renaming)
    host.bring(old)
    assert set(written) == {Acl(6, 0, 0)}
    assert renamed["key.pem"] == renamed["client.p12"] == READ_BY_ONE
    assert Named("user", UID, 1) in renamed["E01620K"].named


def widened(path: Path, *more: Named, **changes: int) -> None:
    found = acl(path)
    posix_acl.write(str(path), replace(found, named=found.named | set(more), **changes))


DRIFTS: dict[str, tuple[Callable[[Shared], object], str]] = {
    "list removed": (lambda host: (posix_acl.remove(str(host.key)), host.key.chmod(0o600)), "permissions_too_narrow"),
    "mask closed": (lambda host: host.key.chmod(0o600), "permissions_too_narrow"),
    "another account": (lambda host: widened(host.key, Named("user", OTHER_UID, 4)), "permissions_too_wide"),
    "another account behind the mask": (
        lambda host: widened(host.key, Named("user", OTHER_UID, 2)),
        "permissions_too_wide",
    ),
    "a group": (lambda host: widened(host.key, Named("group", OTHER_UID, 4)), "permissions_too_wide"),
    "more than to read": (
        lambda host: posix_acl.write(str(host.key), Acl(6, 0, 0, frozenset({Named("user", UID, 6)}), 6)),
        "permissions_too_wide",
    ),
    "another account instead": (
        lambda host: posix_acl.write(str(host.key), Acl(6, 0, 0, frozenset({Named("user", OTHER_UID, 4)}), 4)),
        "permissions_too_wide",
    ),
    "folder closed": (
        lambda host: (posix_acl.remove(str(host.folder)), host.folder.chmod(0o750)),
        "permissions_too_narrow",
    ),
}


@pytest.mark.parametrize("name", DRIFTS)
def test_a_drift_is_seen_by_the_probe_told_in_check_mode_and_repaired_in_place(
    host: Shared, old: dict[str, str], name: str
) -> None:
    drift, cause = DRIFTS[name]
    host.bring(old)
    number, folder = host.key.stat().st_ino, acl(host.folder)
    drift(host)
    drifted = acl(host.key), acl(host.folder)
    assert host.judged().cause == cause
    told = reasons(host.bring(old, host.pem, check=True))
    assert told["key"] == ["accounts"]
    assert (acl(host.key), acl(host.folder)) == drifted, "check mode changes nothing"
    assert reasons(host.bring(old, host.pem)) == told
    assert (acl(host.key), acl(host.folder), host.key.stat().st_ino) == (READ_BY_ONE, folder, number)
    assert host.judged().cause is None
    assert not host.bring(old).changed


def test_a_mode_is_compared_without_the_mask(host: Shared, old: dict[str, str]) -> None:
    host.bring(old)
    assert mode(host.key) == 0o640, "the digit of the group is the mask"
    widened(host.key, group=4)
    assert host.judged().cause == "permissions_too_wide"
    assert reasons(host.bring(old, host.pem)) == {"key": ["mode"]}
    assert acl(host.key) == READ_BY_ONE


def test_an_account_that_is_named_no_more_goes(host: Shared, old: dict[str, str]) -> None:
    host.bring(old)
    del host.pem["accounts"], host.pkcs12["accounts"]
    assert host.judged().cause == "permissions_too_wide"
    assert reasons(host.bring(old)) == {"key": ["accounts"], "pkcs12": ["accounts"]}
    assert acl(host.key) == Acl(6, 0, 0)
    assert not host.bring(old).changed


def test_a_replaced_set_has_its_accounts_again(host: Shared, old: dict[str, str], new: dict[str, str]) -> None:
    host.bring(old)
    assert reasons(host.bring(new, host.pem))["key"] == ["content"]
    assert acl(host.key) == READ_BY_ONE


def test_a_list_that_a_folder_hands_down_lets_nobody_in(host: Shared, old: dict[str, str]) -> None:
    host.folder.mkdir(parents=True)
    handed = Acl(7, 7, 5, frozenset({Named("user", OTHER_UID, 7)}), 7)
    for name in ("access", "default"):
        os.setxattr(host.folder, f"system.posix_acl_{name}", posix_acl.encode(handed))
    host.pem["mode"], host.pem["accounts"] = "0640", []
    host.bring(old, host.pem)
    assert acl(host.key) == Acl(6, 4, 0)
    host.pem["accounts"] = [READER]
    host.bring(old, host.pem)
    assert acl(host.key) == replace(READ_BY_ONE, group=4)


def test_a_list_that_the_folder_above_hands_down_does_not_open_ours(host: Shared, old: dict[str, str]) -> None:
    host.folder.parent.mkdir()
    handed = Acl(7, 7, 5, frozenset({Named("user", OTHER_UID, 7)}), 7)
    os.setxattr(host.folder.parent, "system.posix_acl_default", posix_acl.encode(handed))
    host.bring(old)
    assert acl(host.folder) == Acl(7, 5, 0, frozenset({Named("user", UID, 1)}), 5)


def test_an_unknown_account_stops_the_run_before_anything_is_written(host: Shared, old: dict[str, str]) -> None:
    host.pem["accounts"] = [READER, "nobody-such"]
    with pytest.raises(FileError, match="no user nobody-such"):
        host.bring(old)
    assert not host.folder.parent.exists()
    assert host.bring(old, check=True).changed, "it may be made by then"
    host.bring(old, {**host.pem, "accounts": [READER]})
    assert reasons(host.bring(old, host.pem, check=True))["key"] == ["accounts"]
    assert host.bring(None, host.pem).changed, "to take files away, nobody has to be known"


def test_a_file_system_without_lists_is_named_before_anything_is_written(
    host: Shared, old: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_given: object, **_named: object) -> bytes:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    for name in ("getxattr", "setxattr", "removexattr"):
        monkeypatch.setattr(os, name, refuse)
    for check in (True, False):
        with pytest.raises(FileError, match=r"has none\. Mount it with acl"):
            host.bring(old, check=check)
    assert not host.folder.parent.exists()
    del host.pem["accounts"], host.pkcs12["accounts"]
    host.bring(old)
    assert mode(host.key) == 0o600
    assert not host.bring(old).changed


def test_a_folder_of_others_in_the_way_is_named_before_anything_is_written(host: Shared, old: dict[str, str]) -> None:
    host.folder.parent.mkdir(mode=0o700)
    with pytest.raises(FileError, match=rf"{READER} is to read .* cannot walk through {host.folder.parent};"):
        host.bring(old)
    assert list(host.folder.parent.iterdir()) == []
    host.folder.parent.chmod(0o711)
    assert host.bring(old).changed


def test_targets_with_other_accounts_share_a_folder_that_was_made(host: Shared, old: dict[str, str]) -> None:
    shared = host.folder.parent / "shared" / "client.p12"
    host.bring(old, {**host.pkcs12, "path": str(shared)}, {**host.pkcs12, "path": f"{shared}x", "accounts": [STRANGER]})
    assert {one.number for one in acl(shared.parent).named} == {UID, OTHER_UID}
    assert {one.number for one in acl(shared).named} == {UID}


def test_what_a_folder_gave_to_others_is_neither_taken_nor_widened(host: Shared, old: dict[str, str]) -> None:
    """Behind the mask lies more than the kernel gives; making room for our account must not bring it out."""
    host.folder.mkdir(parents=True)
    posix_acl.write(str(host.folder), Acl(7, 7, 0, frozenset({Named("user", OTHER_UID, 7)}), 4))
    host.bring(old, host.pem)
    assert acl(host.folder) == Acl(7, 4, 0, frozenset({Named("user", OTHER_UID, 4), Named("user", UID, 1)}), 5)


def sets(host: Shared, wanted: dict[str, str] | None) -> list[list[files.Wanted]]:
    return [wanted_files(host.pem, wanted)]


def test_what_is_kept_is_for_its_owner_alone_and_comes_back_with_its_accounts(
    host: Shared, old: dict[str, str], new: dict[str, str]
) -> None:
    bring(sets(host, old), {}, False, renewal=Bringing({"E01620K": "old"}))
    bring(sets(host, new), {}, False, renewal=Bringing({"E01620K": "new"}))
    kept = host.folder / ".eeszt-connect.certificate.pem.kept"
    assert acl(kept) == Acl(6, 0, 0)
    bring(sets(host, None), {}, False, renewal=Finishing("rolled_back", {}, {}))
    assert {role: host.read(role) for role in ROLES} == {role: old[role] for role in ROLES}
    assert acl(host.key) == READ_BY_ONE
    host.key.chmod(0o600)
    held: Report = bring(sets(host, new), {}, False, renewal=Bringing({"E01620K": "new"}))
    assert [change.state for change in held.renewals] == ["held_back"]
    assert acl(host.key) == READ_BY_ONE, "what is held back is still for its accounts"


def test_a_kill_at_any_step_lets_nobody_else_in(host: Shared, old: dict[str, str]) -> None:
    steps = 0
    for _ in kills(lambda: host.bring(old), lambda: host.bring(None)):
        steps += 1
        for path in host.folder.iterdir() if host.folder.exists() else ():
            if b"PRIVATE KEY" in path.read_bytes() or path.suffix == ".p12":
                assert acl(path) in (READ_BY_ONE, Acl(6, 0, 0))
                assert path.name.startswith(files.PREFIX) or acl(path) == READ_BY_ONE
        host.bring(old)
        assert not host.bring(old).changed
    assert steps > 40


def test_the_accounts_before_and_after_are_told(host: Shared, old: dict[str, str]) -> None:
    host.bring(old)
    widened(host.key, Named("user", OTHER_UID, 6), mask=6)
    posix_acl.remove(str(host.folder))
    host.folder.chmod(0o750)
    (key,) = (one for one in host.bring(old, check=True).findings if one.wanted.role == "key")
    told = describe(key)
    assert told["accounts"] == [READER]
    assert told["before"]["accounts"] == [READER, f"{STRANGER} (rw-)", f"kept out by {host.folder}"]
    assert told["before"]["mode"] == "0600"


def test_the_module_takes_accounts_and_its_diff_names_them(
    host: Shared, ca: Issued, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = host.folder.parents[1] / "source.p12"
    source.write_bytes(pack(issue("E01620K", ca)))
    sources = {"E01620K": {"path": str(source), "password": PASSWORD}}

    def brought(*accounts: str) -> dict[str, tuple[str, str]]:
        targets = [{**host.pem, "accounts": list(accounts)}]
        delivery = prepare("present", ["E01620K"], sources, targets, Rules(), lambda path: Path(path).read_bytes())
        shown = deliver(delivery, Process(capsys, monkeypatch), diff=True)["diff"]
        return {Path(one["before_header"]).name: (one["before"], one["after"]) for one in shown}

    first = brought(READER)
    assert "accounts: daemon\n" in first["key.pem"][1]
    assert "accounts" not in first["certificate.pem"][1], "everybody reads it"
    assert brought(READER) == {}
    (before, after) = brought()["key.pem"]
    assert ("accounts: daemon\n" in before, "accounts: none\n" in after) == (True, True)


def test_the_probe_tells_the_list_and_who_the_accounts_are(host: Shared, old: dict[str, str]) -> None:
    host.bring(old)
    host.pem["accounts"] = [READER, "nobody-such"]
    (target,) = observe_certificates({"certificate_targets": [host.pem], "trust_anchors": None}).targets
    key = next(each for each in target.files if each.role == "key")
    assert key.mode == "0640"
    assert key.acl == AclFact("---", "r--", [AclEntry("user", UID, READER, "r--")])
    assert target.accounts == [Account(READER, UID), Account("nobody-such", None)]
    host.folder.chmod(0o700)
    (target,) = observe_certificates({"certificate_targets": [host.pem], "trust_anchors": None}).targets
    assert target.accounts is not None
    assert target.accounts[0].kept_out_by == str(host.folder)
    host.folder.chmod(0o755)
    (host.folder / "chain.pem").chmod(0o600)
    (target,) = observe_certificates({"certificate_targets": [host.pem], "trust_anchors": None}).targets
    assert target.accounts is not None
    assert target.accounts[0].kept_out_by == str(host.folder / "chain.pem")


def test_a_list_that_cannot_be_understood_is_no_mode(host: Shared, old: dict[str, str], tmp_path: Path) -> None:
    host.bring(old)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "getxattr", lambda *_given, **_named: b"\3\0\0\0")
        (target,) = observe_certificates({"certificate_targets": [host.pem], "trust_anchors": None}).targets
        assert {(each.mode, each.acl) for each in target.files} == {(None, None)}
        assert "version 2" in str(target.files[1].error)
        with pytest.raises(FileError, match="version 2"):
            host.bring(old)


BY_USER_AND_GROUP = bytes.fromhex(
    "02000000 01000600ffffffff 0200040001000000 04000000ffffffff 0800050002000000 10000500ffffffff 20000000ffffffff"
)


def test_the_attribute_is_read_and_written_as_the_kernel_has_it(tmp_path: Path) -> None:
    found = Acl(6, 0, 0, frozenset({Named("user", 1, 4), Named("group", 2, 5)}), 5)
    assert posix_acl.decode(BY_USER_AND_GROUP) == found
    assert posix_acl.encode(found) == BY_USER_AND_GROUP
    path = tmp_path / "file"
    path.touch()
    posix_acl.write(str(path), found)
    assert os.getxattr(path, posix_acl.ATTRIBUTE) == BY_USER_AND_GROUP
    assert mode(path) == 0o650


@pytest.mark.parametrize("at", [0, 3, 4, 9, 12, len(BY_USER_AND_GROUP) - 1])
def test_a_damaged_attribute_is_refused(at: int) -> None:
    with pytest.raises(ValueError, match="access control list"):
        posix_acl.decode(BY_USER_AND_GROUP[:at])


LISTS = (
    Acl(6, 4, 0),
    Acl(6, 0, 4),
    Acl(0, 4, 4, frozenset({Named("user", UID, 0)}), 4),
    Acl(6, 0, 0, frozenset({Named("user", UID, 4)}), 4),
    Acl(6, 0, 0, frozenset({Named("user", UID, 4)}), 0),
    Acl(6, 0, 4, frozenset({Named("group", UID, 0)}), 4),
    Acl(6, 0, 0, frozenset({Named("group", UID, 4)}), 4),
    Acl(6, 0, 0, frozenset({Named("group", UID, 4), Named("group", OTHER_UID, 4)}), 2),
)


@needs_root
@pytest.mark.parametrize("given", LISTS)
@pytest.mark.parametrize("owner", [0, UID])
@pytest.mark.parametrize("group", [0, UID])
def test_the_kernel_agrees_on_who_may_read(host: Shared, given: Acl, owner: int, group: int) -> None:
    path = host.folder.parents[1] / "file"
    path.touch()
    os.chown(path, owner, group)
    posix_acl.write(str(path), given) if given.mask is not None else path.chmod(given.mode)
    user = posix_acl.user_of(READER)
    assert user is not None
    assert acl(path).grants(user, owner, group, posix_acl.READ) is reads(READER, path)
    assert posix_acl.keeps_out(str(path), user, posix_acl.READ) is not reads(READER, path)


def test_nothing_keeps_root_out() -> None:
    assert Acl(0, 0, 0).grants(posix_acl.User(0), UID, UID, posix_acl.READ)
    assert not Acl(0, 4, 4).grants(posix_acl.User(UID, frozenset({UID})), UID, UID, posix_acl.READ)


def test_the_special_bits_of_a_mode_are_no_accounts(host: Shared, old: dict[str, str]) -> None:
    host.bring(old)
    host.key.chmod(0o4640)
    assert reasons(host.bring(old, host.pem)) == {"key": ["mode"]}
    assert stat.S_IMODE(host.key.stat().st_mode) == 0o640


def test_a_number_is_an_account_too(host: Shared, old: dict[str, str]) -> None:
    host.bring(old, {**host.pem, "accounts": [str(UID), "1234567"]})
    assert {one.number for one in acl(host.key).named} == {UID, 1234567}
