# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# System calls are meant here, one by one: tests interrupt after each.
# ruff: noqa: PTH106, PTH112, PTH118, PTH119, PTH120, PTH208
"""Compare the files of certificates with what they should be, and bring them there: the whole of the host's part.

The steps: look at every file (nothing is written until all could be looked at), decide, and only outside check mode
write. What cannot be decided here, a PKCS#12 file of other bytes, goes back to the controller, which has the password.
"""

from __future__ import annotations

import base64
import contextlib
import grp
import hashlib
import os
import pwd
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import certificate_content as content
from . import certificate_files as files
from .certificate_files import FileError, Found, Label, Wanted
from .certificate_swap import Move, discard, swap

_ROLES_OF_TYPE = {
    "pkcs12_file": (("path", "pkcs12"),),
    # The order is the order of renaming: the certificate seals its set and comes last.
    "pem_files": (("chain", "chain"), ("key", "key"), ("certificate", "certificate")),
}
_SECRET_ROLES = ("key", "pkcs12")
_PUBLIC_MODE = 0o644


@dataclass
class Finding:
    """One file, as wanted and as found. ``reasons``: what is wrong; empty when nothing is.

    absent, unwanted, content, owner, group, mode.
    """

    wanted: Wanted
    before: Found
    reasons: list[str] = field(default_factory=list)
    undecided: bool = False

    @property
    def rewrites(self) -> bool:
        return "absent" in self.reasons or "content" in self.reasons

    @property
    def removes(self) -> bool:
        return "unwanted" in self.reasons


@dataclass
class Report:
    """What was, or in check mode would be, done."""

    sets: list[list[Finding]]
    created: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    @property
    def findings(self) -> list[Finding]:
        return [finding for one in self.sets for finding in one]

    @property
    def undecided(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.undecided]

    @property
    def changed(self) -> bool:
        return bool(self.created or self.removed or any(finding.reasons for finding in self.findings))


def wanted_files(target: Mapping[str, Any], material: Mapping[str, str] | None) -> list[Wanted]:
    """The files of one target, in the order of renaming; ``material`` None: they should not exist.

    ``material``: certificate, key and chain as PEM, pkcs12 as base64. An empty chain means that there is no such file.
    """
    wanted = []
    for option, role in _ROLES_OF_TYPE[target["type"]]:
        if not target.get(option):
            continue
        data = None
        if material is not None:
            text = material[role]
            data = base64.b64decode(text) if role == "pkcs12" else text.encode("ascii")
        mode = int(target.get("mode") or "0600", 8) if role in _SECRET_ROLES else _PUBLIC_MODE
        owner, group = target.get("owner"), target.get("group")
        wanted.append(Wanted(target[option], role, target["institution"], data or None, mode, owner, group))
    return wanted


def _same_content(finding: Finding, certificate: bytes, kept: Mapping[str, str]) -> bool | None:
    """Whether the file holds what is wanted; None when only the controller can tell."""
    wanted, data = finding.wanted, finding.before.data
    if data is None or wanted.content is None:
        return False
    if data == wanted.content:
        return True
    if wanted.role == "pkcs12":
        if not data or wanted.path not in kept:
            return None if data else False
        return kept[wanted.path] == hashlib.sha256(data).hexdigest()
    if wanted.role == "key":
        return content.same_key(data, wanted.content, certificate)
    return content.same_certificates(data, wanted.content)


def _attributes(finding: Finding, check: bool) -> list[str]:
    """What differs of owner, group and mode. In check mode a user who does not exist yet may be made by then."""
    wanted, before = finding.wanted, finding.before
    try:
        uid, gid = files.ids_of(wanted)
    except FileError:
        if not check:
            raise
        return ["owner"]
    differs = (("owner", uid not in (-1, before.uid)), ("group", gid not in (-1, before.gid)))
    return [name for name, yes in (*differs, ("mode", wanted.mode != before.mode)) if yes]


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
    own = set()
    for finding in report.findings:
        directory = os.path.dirname(finding.wanted.path)
        named = os.path.basename(directory).lower() == finding.wanted.institution.lower()
        if finding.wanted.content is None and finding.wanted.role != "chain" and named and os.path.isdir(directory):
            rest = {os.path.join(directory, name) for name in os.listdir(directory)} - going
            if rest <= set(files.leftovers([directory])):
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


def _write(report: Report, own: list[str], label: Label) -> None:
    files.remove_leftovers(path for path in report.removed if path not in own)
    for finding in report.findings:
        if finding.rewrites:
            report.created += files.make_directories(finding.wanted, label)
    with files.locked(report.created):
        for one_set in report.sets:
            if any(finding.rewrites or finding.removes for finding in one_set):
                _replace_set(one_set, label)
            for finding in one_set:
                if finding.reasons and not finding.rewrites and not finding.removes:
                    files.adjust(finding.wanted)
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
    sets: Iterable[list[Wanted]], kept: Mapping[str, str], check: bool, label: Label = files.unlabelled
) -> Report:
    """Bring each set of files to its state, or say in check mode what that would take. Raises FileError.

    ``kept``: sha256 by path of PKCS#12 files of other bytes that the controller looked into and found right; one with
    an empty sha256 is to be written. When the report has undecided files, nothing was written.
    """
    sets = [list(one) for one in sets]
    directories = {files.existing_directory(wanted.path) for one in sets for wanted in one}
    try:
        with contextlib.ExitStack() as stack:
            if not check:
                stack.enter_context(files.locked(directories))
            report = Report([examine(one, kept, check) for one in sets])
            if report.undecided:
                return report
            own = _own_directories(report)
            report.removed = files.leftovers(directories) + own
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


def _name_of_user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _name_of_group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def describe(finding: Finding) -> dict[str, Any]:
    """One file for the controller: no key and no PKCS#12 in it; ``certificate`` is public DER in base64."""
    wanted, before = finding.wanted, finding.before
    found: dict[str, Any] = {"present": before.present}
    if before.present:
        found.update(owner=_name_of_user(before.uid), group=_name_of_group(before.gid), mode=f"0{before.mode:03o}")
        if wanted.role in ("certificate", "chain"):
            ders = content.certificates_in(before.data or b"")
            found["certificate"] = base64.b64encode(ders[0]).decode("ascii") if ders else None
    return {
        "path": wanted.path,
        "role": wanted.role,
        "institution": wanted.institution,
        "changed": bool(finding.reasons),
        "reasons": finding.reasons,
        "mode": f"0{wanted.mode:03o}",
        "before": found,
    }
