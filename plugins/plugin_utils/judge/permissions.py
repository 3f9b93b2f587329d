# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate: who can read the private key, by owner, group, mode and access list of its file, or on Windows."""

from __future__ import annotations

from collections.abc import Sequence

from ..contract.records import Check
from .holding import Holding
from .model import Case, Facts
from .posix_permissions import by_mode

PERMISSIONS = "certificate.permissions"
HOLD_A_KEY = frozenset({"key", "pkcs12", "keystore"})

SYSTEM, ADMINISTRATORS = "S-1-5-18", "S-1-5-32-544"
ANYBODY = frozenset(
    {"S-1-1-0", "S-1-5-2", "S-1-5-4", "S-1-5-7", "S-1-5-11", "S-1-5-32-545", "S-1-5-32-546", "S-1-5-32-547"}
)
"""Everyone, network, interactive, anonymous, authenticated users, users, guests, power users (MS-DTYP 2.4.2.4)."""


def permissions(case: Case, held: Holding) -> Check:
    """Compare with the plan: more rights than planned is too wide, a planned reader without reading is too narrow."""
    plan = held.request or {}
    files = [each for each in _key_files(held) if each["present"]]
    subject = held.subject
    if held.facts["type"] == "windows_store":
        return _in_store(case, held, plan)
    if not files:
        return case.build.not_tested(PERMISSIONS, "no file of the key was seen", subject)
    if all(each.get("access") is not None for each in files):
        return _by_access(case, held, [each["access"] for each in files], planned=True)
    if any(each["mode"] is None for each in files):
        reason = "the probe could not read who may read this file"
        return case.build.not_tested(PERMISSIONS, reason, subject)
    seen = by_mode(held.facts, files, plan)
    if seen.cause is None:
        return case.build.ok(PERMISSIONS, subject, expected=seen.expected, observed=seen.observed)
    return case.build.fail(PERMISSIONS, [seen.cause], subject, expected=seen.expected, observed=seen.observed)


def _in_store(case: Case, held: Holding, plan: Facts) -> Check:
    """Accounts that are not given are not compared; that just anybody reads the key is wrong all the same."""
    access, planned = held.facts.get("access"), plan.get("accounts") is not None
    if access is not None:
        return _by_access(case, held, [access], planned=planned)
    if plan.get("accounts"):
        return case.build.not_tested(PERMISSIONS, "the probe could not read who may read the key", held.subject)
    reason = "the store of the system guards the key, and no account was to be given access"
    return case.build.not_applicable(PERMISSIONS, reason, held.subject)


def _by_access(case: Case, held: Holding, lists: Sequence[Sequence[Facts]], *, planned: bool) -> Check:
    accounts = held.facts.get("accounts") or []
    readers = {each["sid"] for each in accounts if each["sid"] is not None}
    said = {
        "expected": _accounts(accounts) if planned else "not everybody",
        "observed": "; ".join(_listed(each) for each in lists),
    }
    if any(_opens(entry, readers, planned=planned, own=_own(held)) for each in lists for entry in each):
        return case.build.fail(PERMISSIONS, ["permissions_too_wide"], held.subject, **said)
    unknown = any(each["sid"] is None for each in accounts)
    if planned and (unknown or any(not _reads(sid, each) for sid in readers for each in lists)):
        return case.build.fail(PERMISSIONS, ["permissions_too_narrow"], held.subject, **said)
    return case.build.ok(PERMISSIONS, held.subject, **said)


def _own(held: Holding) -> bool:
    """Whether the key is that of the account itself that the probe runs as, whose SID nobody plans."""
    return str(held.facts["path"]).startswith("CurrentUser\\")


def _opens(entry: Facts, readers: set[str], *, planned: bool, own: bool) -> bool:
    """Whether an entry lets somebody at the key who has no business there; one planned to read may only read."""
    sid, rights = entry["sid"], entry["rights"]
    if rights == "deny" or sid in (SYSTEM, ADMINISTRATORS):
        return False
    if sid in ANYBODY and sid not in readers:
        return True
    if not planned or (own and rights == "full"):
        return False
    return sid not in readers or rights != "read"


def _reads(sid: str, access: Sequence[Facts]) -> bool:
    found = {each["rights"] for each in access if each["sid"] == sid}
    return bool(found) and "deny" not in found


def _accounts(accounts: Sequence[Facts]) -> str:
    return ", ".join(["SYSTEM", "Administrators", *(f"{each['account']} read" for each in accounts)])


def _listed(access: Sequence[Facts]) -> str:
    return ", ".join(f"{each['account'] or each['sid']} {each['rights']}" for each in access)


def _key_files(held: Holding) -> list[Facts]:
    """The files with a key; where the plan puts it into the certificate's file, that one."""
    files = [each for each in held.facts["files"] if each["role"] in HOLD_A_KEY]
    return files or [each for each in held.facts["files"] if each["role"] == "certificate"]
