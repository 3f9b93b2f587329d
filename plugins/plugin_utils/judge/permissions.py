# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate: who can read the private key, by owner, group and mode of its file."""

from __future__ import annotations

from ..contract.records import Check
from .holding import Holding
from .model import Case, Facts

PERMISSIONS = "certificate.permissions"
HOLD_A_KEY = frozenset({"key", "pkcs12", "keystore"})
DEFAULT_MODE = "0600"
READ = 0o444


def permissions(case: Case, held: Holding) -> Check:
    """Compare with the plan: more bits than planned is too wide, a planned reader without reading is too narrow."""
    plan = held.request or {}
    files = [each for each in _key_files(held) if each["present"]]
    subject = held.subject
    if not files:
        return _without_files(case, held, plan)
    if any(each["mode"] is None for each in files):
        reason = "the probe does not read the access list of this file yet"
        return case.build.not_tested(PERMISSIONS, reason, subject)
    mode = int(plan.get("mode") or DEFAULT_MODE, 8)
    said = {"expected": _said(plan, mode), "observed": "; ".join(_seen(each) for each in files)}
    if any(int(each["mode"], 8) & ~mode for each in files):
        return case.build.fail(PERMISSIONS, ["permissions_too_wide"], subject, **said)
    if any(_too_narrow(each, plan, mode) for each in files):
        return case.build.fail(PERMISSIONS, ["permissions_too_narrow"], subject, **said)
    return case.build.ok(PERMISSIONS, subject, **said)


def _without_files(case: Case, held: Holding, plan: Facts) -> Check:
    if held.facts["type"] != "windows_store":
        return case.build.not_tested(PERMISSIONS, "no file of the key was seen", held.subject)
    if plan.get("accounts"):
        reason = "the probe does not read the access list of keys in the store yet"
        return case.build.not_tested(PERMISSIONS, reason, held.subject)
    reason = "the store of the system guards the key, and no account was to be given access"
    return case.build.not_applicable(PERMISSIONS, reason, held.subject)


def _key_files(held: Holding) -> list[Facts]:
    """The files with a key; where the plan puts it into the certificate's file, that one."""
    files = [each for each in held.facts["files"] if each["role"] in HOLD_A_KEY]
    return files or [each for each in held.facts["files"] if each["role"] == "certificate"]


def _too_narrow(file: Facts, plan: Facts, mode: int) -> bool:
    """A planned reader that cannot read. A mode tighter than planned that still lets all of them read is no fault."""
    unread = mode & READ & ~int(file["mode"], 8)
    other_owner = plan.get("owner") is not None and plan["owner"] != file["owner"]
    # A group that gets no bit may be any.
    other_group = bool(mode & 0o040) and plan.get("group") is not None and plan["group"] != file["group"]
    return bool(unread) or other_owner or other_group


def _said(plan: Facts, mode: int) -> str:
    return _line(plan.get("owner"), plan.get("group"), f"{mode:04o}")


def _seen(file: Facts) -> str:
    return f"{file['path']}: {_line(file['owner'], file['group'], file['mode'])}"


def _line(owner: str | None, group: str | None, mode: str) -> str:
    return f"{owner or '*'}:{group or '*'} {mode}"
