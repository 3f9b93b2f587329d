# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever stops a run, and wherever: no half file, no certificate beside another's key, and the next run mends it."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator

import pytest
from certificate_host import ROLES, Host, mode, settle

from ansible_collections.eeszt.connect.plugins.module_utils.certificate_files import FileError


@pytest.mark.parametrize("name", ["open", "write", "fchown", "fchmod", "removexattr", "fsync", "rename"])
def test_an_error_at_any_step_is_undone(
    host: Host, old: dict[str, str], new: dict[str, str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A full disk, say: the old set stands whole as before, and nothing of ours lies beside it."""
    failures = 0
    for at in range(100):
        settle(host, old)
        with monkeypatch.context() as patched:
            uses = patch_failing(patched, name, at)
            if not fails(lambda: host.bring(new, host.pem)):
                assert uses.count < at + 1, "an error was swallowed"
                break
        failures += 1
        complete = old if host.read("certificate") == old["certificate"] else new
        assert {role: host.read(role) for role in ROLES} == {role: complete[role] for role in ROLES}
        assert host.names() == ["certificate.pem", "chain.pem", "client.p12", "key.pem"]
    assert failures >= 3


class Uses:
    count = 0


def patch_failing(patched: pytest.MonkeyPatch, name: str, at: int) -> Uses:
    """Let a system call fail once, at its n-th use."""
    uses, original = Uses(), getattr(os, name)

    def failing(*args: object, **kwargs: object) -> object:
        uses.count += 1
        if uses.count == at + 1:
            raise OSError(28, "No space left on device")
        return original(*args, **kwargs)

    patched.setattr(os, name, failing)
    return uses


def fails(work: Callable[[], object]) -> bool:
    try:
        work()
    except FileError:
        return True
    return False


CALLS = (
    "open",
    "write",
    "fchown",
    "fchmod",
    "fsync",
    "setxattr",
    "removexattr",
    "rename",
    "unlink",
    "mkdir",
    "chmod",
    "chown",
    "rmdir",
    "close",
)


def killed_at(at: int, work: Callable[[], object]) -> bool:
    """Do the work in a process that dies at its n-th system call, without any clean-up; False if it came to its end."""
    child = os.fork()
    if child == 0:
        uses = iter(range(1_000_000))
        for name in CALLS:
            original = getattr(os, name)

            def dying(*args: object, _original: Callable[..., object] = original, **kwargs: object) -> object:
                if next(uses) == at:
                    os._exit(9)
                return _original(*args, **kwargs)

            setattr(os, name, dying)
        try:
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def kills(work: Callable[[], object], reset: Callable[[], object]) -> Iterator[int]:
    """Kill the work at each of its system calls in turn, from the same beginning each time."""
    for at in range(1000):
        reset()
        if not killed_at(at, work):
            return
        yield at


def seen_whole(host: Host, *allowed: dict[str, str]) -> None:
    """Every file is whole; and beside a certificate stand its own key and chain."""
    for role in ROLES:
        assert host.read(role) in (None, *(one[role] for one in allowed))
    path = host.folder / "client.p12"
    assert not path.exists() or path.read_bytes() in [base64.b64decode(one["pkcs12"]) for one in allowed]
    certificate = host.read("certificate")
    if certificate is not None:
        (its,) = (one for one in allowed if one["certificate"] == certificate)
        assert host.read("key") == its["key"]
        assert host.read("chain") == its["chain"]
    for path in host.folder.iterdir() if host.folder.exists() else ():
        if b"PRIVATE KEY" in path.read_bytes() or path.suffix == ".p12":
            assert mode(path) == 0o600


def test_a_kill_at_any_step_of_a_renewal_leaves_no_half(host: Host, old: dict[str, str], new: dict[str, str]) -> None:
    steps = 0
    for _ in kills(lambda: host.bring(new, kept={host.pkcs12["path"]: ""}), lambda: settle(host, old)):
        steps += 1
        seen_whole(host, old, new)
        settle(host, new)
    assert steps > 30


def test_a_kill_at_any_step_of_a_first_run_leaves_no_half(host: Host, old: dict[str, str]) -> None:
    steps = 0
    for _ in kills(lambda: host.bring(old), lambda: host.bring(None)):
        steps += 1
        seen_whole(host, old)
        settle(host, old)
    assert steps > 30


def test_a_kill_at_any_step_of_a_removal_leaves_no_half(host: Host, old: dict[str, str]) -> None:
    steps = 0
    for _ in kills(lambda: host.bring(None), lambda: settle(host, old)):
        steps += 1
        seen_whole(host, old)
        host.bring(None)
        assert host.names() == []
    assert steps > 5
