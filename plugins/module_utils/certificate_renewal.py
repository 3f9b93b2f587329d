# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the certificate before a renewal until the centre has taken the new one; then retire it, or put it back.

The promises, and how they are kept:

* The set before a renewal (certificate, key and chain, or a PKCS#12 file) is one file of ours beside it, mode 0600.
  It is complete before the first file of the set changes, and goes after the last: whenever a run is killed, the old
  set or the new one stands whole, and the old one can be had back.
* Only a set that works is kept: its key fits, and it has not expired. Where one is kept already, it stays the one to go
  back to, since what came after it was never proven.
* What the centre refused is noted beside, so that the next run does not bring the same certificate again.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from . import certificate_content as content
from . import certificate_files as files
from .certificate_files import FileError, Wanted
from .certificate_plan import Change, Finding
from .observe.renewal import VERSION, holds_path, kept_path, read_document, refused_path, untold_path

MAIN_ROLES = ("certificate", "pkcs12", "keystore")


def main_of(one_set: list[Wanted]) -> Wanted:
    """The file of a set that holds its certificate."""
    return next(one for one in one_set if one.role in MAIN_ROLES)


def _document(path: str) -> dict[str, Any] | None:
    try:
        return read_document(path)
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}; use become.") from error


def own_file(path: str, institution: str, document: Mapping[str, Any]) -> Wanted:
    """A document of ours beside a certificate, for its owner alone."""
    text = json.dumps({"schema_version": VERSION, "institution": institution, **document}, sort_keys=True)
    return Wanted(path, "kept", institution, text.encode("ascii"))


@dataclass
class Kept:
    """A set before a renewal: its files by role, and the SHA-256 of the certificate that took its place."""

    path: str
    renewed_to: str
    records: list[dict[str, Any]] = field(repr=False)

    @classmethod
    def of(cls, main: Wanted) -> Kept | None:
        """The set that is kept beside; None where none is, or what is there is not ours to read."""
        path = kept_path(main.path)
        document = _document(path)
        if document is None:
            return None
        try:
            records = [{**one, "data": base64.b64decode(one["content"])} for one in document["files"]]
            return cls(path, str(document["renewed_to"]), records) if records else None
        except (KeyError, TypeError, ValueError, binascii.Error):
            return None

    def data(self, role: str) -> bytes | None:
        return next((one["data"] for one in self.records if one["role"] == role), None)

    def wanted(self, one_set: list[Wanted]) -> list[Wanted]:
        """The files of the target as they were, with the modes and accounts that the target asks for."""
        back = []
        for one in one_set:
            record = next((each for each in self.records if each["role"] == one.role), None)
            owner, group = one.owner, one.group
            if record is not None:
                owner, group = owner or str(record["uid"]), group or str(record["gid"])
            data = None if record is None else record["data"]
            back.append(replace(one, content=data, owner=owner, group=group))
        return back

    def renewed(self, main: Wanted, fingerprint: str) -> Wanted:
        """The same set, with another certificate in its place."""
        records = [{name: one[name] for name in ("role", "uid", "gid", "content")} for one in self.records]
        return own_file(self.path, main.institution, {"renewed_to": fingerprint, "files": records})


def _kept_anew(findings: list[Finding], fingerprint: str) -> Wanted:
    main = main_of([one.wanted for one in findings])
    records = [
        {
            "role": one.wanted.role,
            "uid": one.before.uid,
            "gid": one.before.gid,
            "content": base64.b64encode(one.before.data).decode("ascii"),
        }
        for one in findings
        if one.before.data is not None
    ]
    return own_file(kept_path(main.path), main.institution, {"renewed_to": fingerprint, "files": records})


def _before(findings: list[Finding], role: str) -> bytes:
    return next((one.before.data or b"" for one in findings if one.wanted.role == role), b"")


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)  # noqa: UP017 - Python 3.9 runs here


def works(findings: list[Finding], older: frozenset[str], foreign: frozenset[str]) -> bool:
    """Whether a set holds another certificate than the one that comes, and one that can be gone back to.

    ``older``: paths of PKCS#12 files of which the controller said so, since it alone has passwords. ``foreign``:
    SHA-256 of certificates that belong to other institutions.
    """
    main = next(one for one in findings if one.wanted.role in MAIN_ROLES)
    if main.wanted.role != "certificate":
        return main.before.data is not None and main.wanted.path in older
    here, coming = (content.certificates_in(data or b"") for data in (main.before.data, main.wanted.content))
    if not here or here[:1] == coming[:1] or hashlib.sha256(here[0]).hexdigest() in foreign:
        return False
    until = content.not_after(here[0])
    if until is None or until <= _now():
        return False
    return content.key_fits(_before(findings, "key"), main.before.data or b"")


class Bringing:
    """state present: keep what works, hold back what the centre refused."""

    def __init__(
        self, fingerprints: Mapping[str, str], older: frozenset[str] = frozenset(), retry: bool = False
    ) -> None:
        self.fingerprints, self.older, self.retry = dict(fingerprints), older, retry
        self.held: set[str] = set()

    def wish(self, sets: list[list[Wanted]]) -> list[list[Wanted]]:
        """The sets, those that the centre refused as they are."""
        return [self._as_it_is(one) if self._refused(one) else one for one in sets]

    def _refused(self, one_set: list[Wanted]) -> bool:
        main = main_of(one_set)
        document = None if self.retry else _document(refused_path(main.path))
        refused = document is not None and document.get("fingerprint") == self.fingerprints.get(main.institution)
        return refused and files.look(main.path).data is not None

    def _as_it_is(self, one_set: list[Wanted]) -> list[Wanted]:
        self.held.add(main_of(one_set).path)
        return [replace(one, content=files.look(one.path).data) for one in one_set]

    def changes(self, found: list[list[Finding]]) -> list[Change]:
        """What this renewal writes and removes beside each set."""
        return [change for findings in found if (change := self._change(findings)) is not None]

    def _change(self, findings: list[Finding]) -> Change | None:
        main = main_of([one.wanted for one in findings])
        fingerprint = self.fingerprints.get(main.institution, "")
        kept = Kept.of(main)
        if main.path in self.held:
            settled = kept is not None and kept.data(main.role) == main.content
            return Change(main, "held_back", fingerprint, remove=[kept_path(main.path)] if settled else [])
        removed = [refused_path(main.path)] if os.path.lexists(refused_path(main.path)) else []
        if kept is None:
            if any(one.rewrites or one.removes for one in findings) and self._works(main, findings):
                return Change(main, "kept", fingerprint, _kept_anew(findings, fingerprint), removed)
            # One that is not ours to read can be no way back either.
            removed += [kept_path(main.path)] if os.path.lexists(kept_path(main.path)) else []
        elif self._same(kept, main):
            removed.append(kept.path)
        else:
            newer = kept.renewed(main, fingerprint) if kept.renewed_to != fingerprint else None
            return Change(main, "kept", fingerprint, newer, removed)
        return Change(main, "settled", fingerprint, remove=removed) if removed else None

    def notes(self, found: list[list[Finding]]) -> list[Wanted]:
        """Which certificate a Java keystore holds: nobody on the host has its password, and no two have equal bytes."""
        mains = [one for findings in found for one in findings if one.wanted.role == "keystore"]
        return [note for one in mains if one.wanted.path not in self.held and (note := self._note(one)) is not None]

    def _note(self, main: Finding) -> Wanted | None:
        data = main.wanted.content if main.rewrites else main.before.data
        fingerprint = self.fingerprints.get(main.wanted.institution, "")
        held = {"sha256": hashlib.sha256(data or b"").hexdigest(), "fingerprint": fingerprint}
        path = holds_path(main.wanted.path)
        there = _document(path)
        if there is not None and all(there.get(name) == value for name, value in held.items()):
            return None
        return own_file(path, main.wanted.institution, held)

    def _works(self, main: Wanted, findings: list[Finding]) -> bool:
        foreign = {one for institution, one in self.fingerprints.items() if institution != main.institution}
        return works(findings, self.older, frozenset(foreign))

    @staticmethod
    def _same(kept: Kept, main: Wanted) -> bool:
        data, wanted = kept.data(main.role), main.content
        if main.role != "certificate":
            return data == wanted
        return content.certificates_in(data or b"")[:1] == content.certificates_in(wanted or b"")[:1]


class Finishing:
    """state retired or rolled_back: the centre has spoken, or the operator."""

    def __init__(self, state: str, fingerprints: Mapping[str, str], reasons: Mapping[str, str]) -> None:
        self.state, self.fingerprints, self.reasons = state, dict(fingerprints), dict(reasons)
        self.found: list[tuple[Wanted, Kept]] = []

    def wish(self, sets: list[list[Wanted]]) -> list[list[Wanted]]:
        """Nothing when an old set is retired; the old sets where they come back."""
        back = []
        for one in sets:
            main = main_of(one)
            kept = Kept.of(main)
            if kept is not None and self.fingerprints.get(main.institution, kept.renewed_to) == kept.renewed_to:
                self.found.append((main, kept))
                back.append(kept.wanted(one))
        return back if self.state == "rolled_back" else []

    def changes(self, _found: list[list[Finding]]) -> list[Change]:
        """What goes, and in front of a way back the note why."""
        changes = []
        for main, kept in self.found:
            change = Change(main, self.state, kept.renewed_to, remove=[kept.path])
            if self.state == "rolled_back":
                note = {"fingerprint": kept.renewed_to, "reason": self.reasons.get(main.institution, "request")}
                change.write = own_file(refused_path(main.path), main.institution, note)
            elif files.look(main.path).data is None:
                # What is to be retired is all that is left.
                change = Change(main, "kept", kept.renewed_to)
            changes.append(change)
        return changes

    def notes(self, _found: list[list[Finding]]) -> list[Wanted]:
        return []


class Removing:
    """state absent: nothing of ours stays beside."""

    def wish(self, sets: list[list[Wanted]]) -> list[list[Wanted]]:
        return sets

    def changes(self, found: list[list[Finding]]) -> list[Change]:
        """Kept sets and notes go with their target."""
        mains = [main_of([one.wanted for one in findings]) for findings in found]
        return [Change(main, "removed", "", remove=gone) for main in mains if (gone := self._ours(main.path))]

    @staticmethod
    def _ours(main: str) -> list[str]:
        ours = (kept_path(main), refused_path(main), holds_path(main), untold_path(main))
        return [path for path in ours if os.path.lexists(path)]

    def notes(self, _found: list[list[Finding]]) -> list[Wanted]:
        return []
