# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# System calls are meant here, one by one: tests interrupt after each.
# ruff: noqa: PTH104, PTH106, PTH108, PTH112, PTH118, PTH120, PTH208
"""Compare the files of certificates with what they should be, and bring them there: the whole of the host's part.

The steps: look at every file (nothing is written until all could be looked at), decide, and only outside check mode
write. What cannot be decided here, a PKCS#12 file of other bytes, goes back to the controller, which has the password.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from . import certificate_access as access
from . import certificate_content as content
from . import certificate_directories as directories
from . import certificate_files as files
from .certificate_files import FileError, Found, Label, UnknownAccountError, Wanted
from .certificate_plan import Change, Finding, Report
from .certificate_swap import Move, discard, swap
from .observe.posix_acl import ALL_READ, PUBLIC_MODE, group_counts, key_mode, mode_fits
from .observe.system import account_name, group_name

_ROLES_OF_TYPE = {
    "pkcs12_file": (("path", "pkcs12"),),
    "java_keystore": (("path", "keystore"),),
    # The order is the order of renaming: the certificate seals its set and comes last.
    "pem_files": (("chain", "chain"), ("key", "key"), ("certificate", "certificate")),
}
_SEALED_ROLES = ("pkcs12", "keystore")
_SECRET_ROLES = ("key", *_SEALED_ROLES)


class Renewal(Protocol):
    """What becomes of the certificates before (certificate_renewal)."""

    def wish(self, sets: list[list[Wanted]]) -> list[list[Wanted]]:
        """The sets as they really should be."""

    def changes(self, found: list[list[Finding]]) -> list[Change]:
        """What is written and removed beside them."""

    def notes(self, found: list[list[Finding]]) -> list[Wanted]:
        """What is noted beside them."""


def wanted_files(target: Mapping[str, Any], material: Mapping[str, Any] | None) -> list[Wanted]:
    """The files of one target, in the order of renaming; ``material`` None: they should not exist.

    ``material``: certificate, key and chain as PEM, pkcs12 as base64, and keystore by its path as base64.
    An empty chain means that there is no such file.
    """
    wanted = []
    for option, role in _ROLES_OF_TYPE[target["type"]]:
        if not target.get(option):
            continue
        data = None
        if material is not None:
            text = material[role][target[option]] if role == "keystore" else material[role]
            data = base64.b64decode(text) if role in _SEALED_ROLES else text.encode("ascii")
        mode = key_mode(target.get("mode")) if role in _SECRET_ROLES else PUBLIC_MODE
        owner, group, accounts = target.get("owner"), target.get("group"), tuple(target.get("accounts") or ())
        wanted.append(Wanted(target[option], role, target["institution"], data or None, mode, owner, group, accounts))
    return wanted


def _same_content(finding: Finding, certificate: bytes, kept: Mapping[str, str]) -> bool | None:
    """Whether the file holds what is wanted; None when only the controller can tell."""
    wanted, data = finding.wanted, finding.before.data
    if data is None or wanted.content is None:
        return False
    if data == wanted.content:
        return True
    if wanted.role in _SEALED_ROLES:
        if not data or wanted.path not in kept:
            return None if data else False
        return kept[wanted.path] == hashlib.sha256(data).hexdigest()
    if wanted.role == "key":
        return content.same_key(data, wanted.content, certificate)
    return content.same_certificates(data, wanted.content)


def _attributes(finding: Finding, check: bool) -> list[str]:
    """What differs of owner, group, mode and accounts. In check mode a user who does not exist may be made by then."""
    wanted, before = finding.wanted, finding.before
    try:
        uid, gid = files.ids_of(wanted)
    except FileError:
        if not check:
            raise
        return ["owner"]
    group = gid not in (-1, before.gid) and group_counts(wanted.mode)
    differs = (
        ("owner", uid not in (-1, before.uid)),
        ("group", group),
        ("mode", not mode_fits(wanted.mode, before.mode)),
    )
    found = [name for name, yes in differs if yes]
    try:
        finding.opens = access.closed_directories(wanted)
        other = access.differs(wanted, before)
    except UnknownAccountError:
        if not check:
            raise
        other = True
    return [*found, "accounts"] if other or finding.opens else found


def examine(one_set: list[Wanted], kept: Mapping[str, str], check: bool) -> list[Finding]:
    """Compare the files of one target with the host. Raises FileError."""
    certificate = next((one.content for one in one_set if one.role == "certificate" and one.content), b"")
    findings = [Finding(wanted, files.look(wanted.path)) for wanted in one_set]
    for finding in findings:
        if finding.wanted.content is None:
            finding.reasons = ["unwanted"] if finding.before.present else []
        elif not finding.before.present:
            _attributes(finding, check)
            finding.reasons = ["absent"]
        else:
            same = _same_content(finding, certificate, kept)
            finding.undecided = same is None
            finding.reasons = ([] if same else ["content"]) + _attributes(finding, check)
    return findings


def _replace_set(one_set: list[Finding], label: Label) -> None:
    """Write what changes under names of ours, then let it all take its place. Raises OSError with nothing changed."""
    early: dict[str, str] = {}
    try:
        for one in one_set:
            if one.rewrites:
                early[one.wanted.path] = files.write_temporary(one.wanted, one.before, label)
        swap(
            [
                Move(one.wanted.path, one.before.present, early.get(one.wanted.path), one.wanted.role == "certificate")
                for one in one_set
                if one.rewrites or one.removes
            ]
        )
    except OSError:
        discard(early.values())
        raise


def _own_directories(report: Report) -> list[str]:
    """Directories that bear an institution's id and hold nothing but what goes now."""
    going = {one.wanted.path for one in report.findings if one.wanted.content is None}
    going |= {path for change in report.renewals for path in change.remove}
    own = set()
    for finding in report.findings:
        directory = os.path.dirname(finding.wanted.path)
        named = access.is_own(directory, finding.wanted.institution)
        if finding.wanted.content is None and finding.wanted.role != "chain" and named and os.path.isdir(directory):
            rest = {os.path.join(directory, name) for name in os.listdir(directory)} - going
            if rest <= set(directories.leftovers([directory])):
                own.add(directory)
    return sorted(own)


def _missing_directories(report: Report) -> list[str]:
    missing = set()
    for finding in report.findings:
        directory = os.path.dirname(finding.wanted.path)
        while finding.rewrites and not os.path.isdir(directory):
            missing.add(directory)
            directory = os.path.dirname(directory)
    return sorted(missing)


def _place(wanted: Wanted, label: Label) -> None:
    """Write one file of ours, whole or not at all."""
    early = files.write_temporary(wanted, Found(), label)
    try:
        os.rename(early, wanted.path)
    except OSError:
        discard([early])
        raise
    files.sync(os.path.dirname(wanted.path))


def _write(report: Report, own: list[str], label: Label) -> None:
    directories.remove_leftovers(path for path in report.removed if path not in own)
    for finding in report.findings:
        if finding.rewrites:
            report.created += directories.make_directories(finding.wanted, label)
    for finding in report.findings:
        if finding.wanted.content is not None:
            # One that was made for a file lets that file's accounts through: here are those of the others in it.
            finding.opens = access.closed_directories(finding.wanted, report.created)
    with directories.locked(report.created):
        for note in report.notes:
            _place(note, label)
        for change in report.renewals:
            if change.write is not None:
                _place(change.write, label)
        for one_set in report.sets:
            if any(finding.rewrites or finding.removes for finding in one_set):
                _replace_set(one_set, label)
            for finding in one_set:
                if finding.reasons and not finding.rewrites and not finding.removes:
                    files.adjust(finding.wanted)
                for directory in finding.opens:
                    directories.open_directory(directory, finding.wanted)
    for change in report.renewals:
        for path in change.remove:
            os.unlink(path)
            files.sync(os.path.dirname(path))
    for directory in own:
        os.rmdir(directory)
        files.sync(os.path.dirname(directory))


def _read_back(report: Report, kept: Mapping[str, str]) -> None:
    """Never trust the absence of an error. Raises FileError."""
    for one_set in report.sets:
        for finding in examine([one.wanted for one in one_set], kept, False):
            if finding.reasons:
                what = ", ".join(finding.reasons)
                path = finding.wanted.path
                raise FileError(
                    f"{path} was written but reads back differently ({what}); does another program manage it?"
                )


def bring(
    sets: Iterable[list[Wanted]],
    kept: Mapping[str, str],
    check: bool,
    label: Label = files.unlabelled,
    renewal: Renewal | None = None,
) -> Report:
    """Bring each set of files to its state, or say in check mode what that would take. Raises FileError.

    ``kept``: sha256 by path of PKCS#12 files of other bytes that the controller looked into and found right; one with
    an empty sha256 is to be written. When the report has undecided files, nothing was written. ``renewal`` None: what
    was there before is not kept.
    """
    sets = [list(one) for one in sets]
    existing = {files.existing_directory(wanted.path) for one in sets for wanted in one}
    try:
        with contextlib.ExitStack() as stack:
            if not check:
                stack.enter_context(directories.locked(existing))
            wished = sets if renewal is None else renewal.wish(sets)
            report = Report([examine(one, kept, check) for one in wished])
            if report.undecided:
                return report
            if renewal is not None:
                report.renewals, report.notes = renewal.changes(report.sets), renewal.notes(report.sets)
            own = _own_directories(report)
            report.removed = directories.leftovers(existing) + own
            if check:
                report.created = _missing_directories(report)
            elif report.changed:
                _write(report, own, label)
                _read_back(report, kept)
            return report
    except OSError as error:
        where = error.filename or "a certificate's file"
        why = error.strerror or error
        raise FileError(f"{where} could not be written: {why}; use become, or choose another path.") from error


def describe(finding: Finding) -> dict[str, Any]:
    """One file for the controller: no key and no PKCS#12 in it; ``certificate`` is public DER in base64."""
    wanted, before = finding.wanted, finding.before
    found: dict[str, Any] = {"present": before.present}
    if before.present:
        found.update(owner=account_name(before.uid), group=group_name(before.gid), mode=f"0{before.mode:03o}")
        found["accounts"] = access.describe(before.acl, finding.opens)
        if wanted.role in ("certificate", "chain"):
            ders = content.certificates_in(before.data or b"")
            found["certificate"] = base64.b64encode(ders[0]).decode("ascii") if ders else None
    coming = content.certificates_in(wanted.content or b"") if wanted.role == "certificate" else []
    return {
        "path": wanted.path,
        "role": wanted.role,
        "institution": wanted.institution,
        "changed": bool(finding.reasons),
        "reasons": finding.reasons,
        "mode": f"0{wanted.mode:03o}",
        "accounts": list(wanted.accounts if wanted.mode & ALL_READ != ALL_READ else ()),
        "before": found,
        "after": {"certificate": base64.b64encode(coming[0]).decode("ascii") if coming else None},
    }
