# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who can read the files of a target on Linux: owner, group and mode, and the access list beside them.

Where a file has a list, the mode's group digit is only the list's mask: the group's own rights stand in the list. What
the mask holds back for now counts as given, since the next chmod gives it; a reader needs it to be let through.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...module_utils.observe.posix_acl import ALL_READ, PUBLIC_MODE, group_counts, key_mode
from .model import Facts

_BITS = {"r": 4, "w": 2, "x": 1}


class Seen(NamedTuple):
    """``cause``: the catalogue's word for what is wrong, None if nothing is; the others in words for people."""

    cause: str | None
    expected: str
    observed: str


def by_mode(target: Facts, key_files: Sequence[Facts], plan: Facts) -> Seen:
    """Compare with the plan; ``key_files`` are those of the target's files that hold the key, all with a known mode.

    The others are public: everybody is to read them, and nobody but the owner to write.
    """
    mode = key_mode(plan.get("mode"))
    paths = [each["path"] for each in key_files]
    public = [each for each in target["files"] if each["path"] not in paths and each["mode"] is not None]
    wide = [each for each in public if _too_wide(each, PUBLIC_MODE)]
    narrow = [each for each in public if _too_narrow(each, plan, PUBLIC_MODE)]
    everybody = mode & ALL_READ == ALL_READ
    accounts = [] if everybody else list(target.get("accounts") or ())
    planned = [] if everybody else list(plan.get("accounts") or ())
    owner, group = plan.get("owner"), plan.get("group")
    wrong = [each for each in public if each in [*wide, *narrow]]
    others = [f"{each['path']}: {_line(owner, None, f'{PUBLIC_MODE:04o}', [])}" for each in wrong]
    expected = "; ".join([_line(owner, group, f"{mode:04o}", [f"{each} r--" for each in planned]), *others])
    observed = "; ".join([*(_seen(each) for each in [*key_files, *wrong]), *_kept_out(accounts)])
    readers = {each["uid"] for each in accounts}
    cause = None
    if wide or any(_too_wide(each, mode) for each in key_files) or _strangers(target, key_files, readers):
        cause = "permissions_too_wide"
    elif (
        narrow or any(_too_narrow(each, plan, mode) for each in key_files) or not _reached(key_files, planned, accounts)
    ):
        cause = "permissions_too_narrow"
    return Seen(cause, expected, observed)


def _bits(letters: str) -> int:
    return sum(_BITS.get(letter, 0) for letter in letters)


def _named(file: Facts) -> list[Facts]:
    # A probe of an earlier version knows no lists.
    acl = file.get("acl")
    return [] if acl is None else list(acl["named"])


def _given(file: Facts, *, masked: bool) -> int:
    """The mode with the group's own rights in it, what the mask lets through of them or all."""
    mode, acl = int(file["mode"], 8), file.get("acl")
    if acl is None:
        return mode
    group = _bits(acl["group"])
    if masked and acl["mask"] is not None:
        group &= _bits(acl["mask"])
    return mode & 0o707 | group << 3


def _too_wide(file: Facts, mode: int) -> bool:
    return bool(_given(file, masked=False) & ~mode)


def _strangers(target: Facts, key_files: Sequence[Facts], readers: set[int | None]) -> bool:
    """Whether a list names somebody who is not to read, or lets one do more; a public file needs no list at all."""
    holds_key = [each["path"] for each in key_files]
    for file in target["files"]:
        allowed = readers if file["path"] in holds_key else set()
        for entry in _named(file):
            reader = entry["kind"] == "user" and entry["id"] in allowed
            if not reader or _bits(entry["permissions"]) & ~_BITS["r"]:
                return True
    return False


def _too_narrow(file: Facts, plan: Facts, mode: int) -> bool:
    """A planned reader that cannot read. A mode tighter than planned that still lets all of them read is no fault."""
    unread = mode & ALL_READ & ~_given(file, masked=True)
    other_owner = plan.get("owner") is not None and plan["owner"] != file["owner"]
    other_group = group_counts(mode) and plan.get("group") is not None and plan["group"] != file["group"]
    return bool(unread) or other_owner or other_group


def _reached(key_files: Sequence[Facts], planned: Sequence[str], accounts: Sequence[Facts]) -> bool:
    """Whether every planned account stands in the list of every file with a key, and nothing keeps it from them."""
    if len(accounts) < len(planned):
        return False
    for account in accounts:
        if account["uid"] is None or account.get("kept_out_by") is not None:
            return False
        if not all(_reads(file, account["uid"]) for file in key_files):
            return False
    return True


def _reads(file: Facts, uid: int) -> bool:
    acl = file.get("acl")
    if acl is None:
        return False
    mask = _bits(acl["mask"] or "rwx")
    own = [_bits(each["permissions"]) for each in acl["named"] if each["kind"] == "user" and each["id"] == uid]
    return any(each & mask & _BITS["r"] for each in own)


def _kept_out(accounts: Sequence[Facts]) -> Iterator[str]:
    for each in accounts:
        if each["uid"] is None:
            yield f"no account {each['account']}"
        elif each.get("kept_out_by") is not None:
            yield f"{each['account']} is kept out by {each['kept_out_by']}"


def _seen(file: Facts) -> str:
    named = [f"{each['name']} {each['permissions']}" for each in _named(file)]
    mode = f"{_given(file, masked=False):04o}"
    return f"{file['path']}: {_line(file['owner'], file['group'], mode, named)}"


def _line(owner: str | None, group: str | None, mode: str, named: Sequence[str]) -> str:
    return ", ".join([f"{owner or '*'}:{group or '*'} {mode}", *named])
