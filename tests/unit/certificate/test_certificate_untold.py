# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services learn of a new certificate: a note lies there before it does, until somebody says that they were told."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from certificate_host import Host, mode
from test_certificate_kills import kills
from test_certificate_renewal import FILES, OWNER, Renewed

from ansible_collections.eeszt.connect.plugins.module_utils.certificate_delivery import Report, bring
from ansible_collections.eeszt.connect.plugins.module_utils.certificate_renewal import Bringing, Finishing, Removing
from ansible_collections.eeszt.connect.plugins.module_utils.certificate_untold import Telling
from ansible_collections.eeszt.connect.plugins.module_utils.observe.renewal import observe_untold

NOTE, SEALED_NOTE = ".eeszt-connect.certificate.pem.untold", ".eeszt-connect.client.p12.untold"
Material = dict[str, str]


class Told(Renewed):
    """A host with services to tell; ``untold`` are the files that the last run named."""

    services = True
    untold: tuple[str, ...] = ()

    def run(self, renewal: Telling, wanted: Material | None, check: bool = False) -> Report:
        kept = {self.sealed: ""} if wanted else dict.fromkeys((*self.pem.values(), self.sealed), "")
        report = bring(self.sets(wanted), kept, check, renewal=renewal)
        self.untold = tuple(Path(one.path).name for one in renewal.untold)
        return report

    def take(self, new: Material, fingerprint: str, *, retry: bool = False, check: bool = False) -> Report:
        other = Path(self.sealed).exists() and not self.holds_sealed(new)
        bringing = Bringing({OWNER: fingerprint}, frozenset([self.sealed] if other else ()), retry)
        return self.run(Telling(bringing, self.services), new, check)

    def finish(self, state: str, about: str = "", check: bool = False) -> Report:
        finishing = Finishing(state, {OWNER: about} if about else {}, {})
        return self.run(Telling(finishing, self.services), None, check)

    def tell(self, check: bool = False) -> Report:
        """state told."""
        return self.run(Telling(None, services=False), None, check)

    def noted(self) -> list[str]:
        return [name for name in self.names() if name.endswith(".untold")]


@pytest.fixture
def host(tmp_path: Path, old: Material) -> Told:
    """A host that holds the old certificate, of which its services were told."""
    made = Told(tmp_path)
    assert made.take(old, "old").changed
    assert made.noted() == sorted([NOTE, SEALED_NOTE]), "a first certificate is a new one, too"
    assert made.tell().changed
    assert made.names() == FILES
    return made


BOTH = ("certificate.pem", "client.p12")


def test_a_note_stays_until_the_services_were_told(host: Told, new: Material) -> None:
    assert host.take(new, "new").changed
    assert host.untold == BOTH
    assert not host.take(new, "new").changed, "the note is there and stays"
    assert host.untold == BOTH, "a run that has nothing else to do names it all the same"
    assert host.states(host.tell()) == ["told", "told"]
    assert host.noted() == []
    assert not host.tell().changed
    assert not host.take(new, "new").changed
    assert host.untold == ()


def test_a_note_is_roots_alone_and_holds_no_secret(host: Told, new: Material) -> None:
    host.take(new, "new")
    assert [mode(host.folder / name) for name in host.noted()] == [0o600, 0o600]
    assert json.loads((host.folder / NOTE).read_text()) == {"schema_version": 1, "institution": OWNER}


def test_check_mode_says_whom_it_would_tell_and_changes_nothing(host: Told, new: Material) -> None:
    before = host.names()
    assert host.take(new, "new", check=True).changed
    assert (host.untold, host.names()) == (BOTH, before)
    host.take(new, "new")
    assert host.tell(check=True).changed
    assert host.noted() == sorted([NOTE, SEALED_NOTE])


def test_what_stays_as_it_is_is_not_noted(host: Told, old: Material) -> None:
    os.chmod(host.folder / "key.pem", 0o640)  # noqa: PTH101 - as a person would
    host.take(old, "old")
    assert (host.untold, host.noted()) == (("certificate.pem",), [NOTE])


def test_a_note_where_no_service_is_planned_goes(host: Told, new: Material) -> None:
    host.take(new, "new")
    host.services = False
    assert host.take(new, "new", check=True).changed
    assert "told" in host.states(host.take(new, "new"))
    assert (host.untold, host.noted()) == ((), [])
    assert not host.take(new, "new").changed


def test_a_way_back_is_noted_like_a_way_forward(host: Told, old: Material, new: Material) -> None:
    host.take(new, "new")
    host.tell()
    host.finish("rolled_back", "new")
    assert host.holds(old)
    assert (host.untold, host.noted()) == (BOTH, sorted([NOTE, SEALED_NOTE]))


def test_retiring_the_one_before_is_nothing_to_a_service(host: Told, new: Material) -> None:
    host.take(new, "new")
    host.tell()
    host.finish("retired", "new")
    assert (host.untold, host.names()) == ((), FILES)


def test_a_note_that_was_left_is_named_whatever_a_run_does(host: Told, new: Material) -> None:
    host.take(new, "new")
    host.finish("retired", "new")
    assert host.untold == BOTH


def test_removal_leaves_no_note(host: Told, new: Material) -> None:
    host.take(new, "new")
    paths = dict.fromkeys((*host.pem.values(), host.sealed), "")
    bring(host.sets(None), paths, False, renewal=Removing())
    assert not host.folder.exists(), "nothing of ours was left in the folder"


def test_the_probe_sees_the_note(host: Told, new: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    main = host.pem["certificate"]
    assert observe_untold(main) is False
    assert observe_untold("/nowhere/c.pem") is False
    host.take(new, "new")
    assert observe_untold(main) is True

    def hidden(path: str) -> object:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "lstat", hidden)
    assert observe_untold(main) is None


def is_told_or_noted(host: Told, before: Material | None) -> bool:
    """Each certificate is the one that the services know, or beside it lies a note."""
    known = None if before is None else before["certificate"]
    pem = host.read("certificate") in (None, known) or NOTE in host.noted()
    sealed = Path(host.sealed)
    same = not sealed.exists() or (before is not None and host.holds_sealed(before))
    return pem and (same or SEALED_NOTE in host.noted())


def test_a_kill_at_any_step_of_a_first_run_leaves_no_service_untold(tmp_path: Path, old: Material) -> None:
    host, steps = Told(tmp_path), 0
    for _ in kills(lambda: host.take(old, "old"), lambda: shutil.rmtree(host.folder, ignore_errors=True)):
        steps += 1
        assert is_told_or_noted(host, None), steps
    assert steps > 30


@pytest.mark.parametrize("way", ["forward", "back"])
def test_a_kill_at_any_step_leaves_no_service_untold(host: Told, old: Material, new: Material, way: str) -> None:
    start, end = (old, new) if way == "forward" else (new, old)

    def reset() -> None:
        shutil.rmtree(host.folder, ignore_errors=True)
        Host.bring(host, old)
        if way == "back":
            host.take(new, "new")
            host.tell()

    steps = 0
    for _ in kills(lambda: host.take(new, "new") if way == "forward" else host.finish("rolled_back", "new"), reset):
        steps += 1
        assert is_told_or_noted(host, start), steps
        # The next run has something to say to them, and after that nobody has anything to do.
        host.take(new, "new") if way == "forward" else host.finish("rolled_back", "new")
        assert (host.holds(end), host.untold) == (True, BOTH), steps
        host.tell()
        assert host.noted() == []
        assert not (host.take(new, "new") if way == "forward" else host.finish("rolled_back", "new")).changed
    assert steps > 30
