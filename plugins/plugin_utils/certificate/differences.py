# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a diff shows of certificates' files: who they belong to and whose certificate it is, never a secret."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .bundle import Bundle, fingerprint_of, utc
from .targets import Target

with contextlib.suppress(ImportError):  # library.require says it
    from cryptography import x509


def about(certificate: x509.Certificate) -> str:
    lines = (
        f"fingerprint: {fingerprint_of(certificate)}",
        f"subject: {certificate.subject.rfc4514_string()}",
        f"not_after: {utc(certificate.not_valid_after_utc)}",
    )
    return "".join(line + "\n" for line in lines)


def content_before(one: Mapping[str, Any], inside: Bundle | None) -> str:
    """Whose certificate was found; ``inside`` is what the controller read in a PKCS#12 file of the host."""
    if inside is not None:
        return about(inside.certificate)
    if one["before"].get("certificate"):
        try:
            return about(x509.load_der_x509_certificate(base64.b64decode(one["before"]["certificate"])))
        except ValueError:
            return "content: cannot be read\n"
    return "content: differs\n" if "content" in one["reasons"] else "content: as wanted\n"


def _before(one: Mapping[str, Any], inside: Bundle | None) -> str:
    found = one["before"]
    if not found["present"]:
        return ""
    text = f"owner: {found['owner']}\ngroup: {found['group']}\nmode: {found['mode']}\n"
    text += _accounts(found.get("accounts") or (), one)
    return text + content_before(one, inside)


def _after(one: Mapping[str, Any], target: Target, bundle: Bundle | None) -> str:
    role = one["role"]
    if "unwanted" in one["reasons"]:
        return ""
    found = one["before"]
    owner = target.settings.get("owner") or found.get("owner") or "(who connects)"
    group = target.settings.get("group") or found.get("group") or "(of who connects)"
    text = f"owner: {owner}\ngroup: {group}\nmode: {one['mode']}\n"
    text += _accounts(one.get("accounts") or (), one)
    if bundle is None:
        return text + _put_back(one)
    if role == "key":
        return text + "content: as wanted\n"
    return text + about(bundle.chain[0] if role == "chain" else bundle.certificate)


def _accounts(names: Sequence[str], one: Mapping[str, Any]) -> str:
    """Who may read beside owner and group; nothing where nobody was to and nobody did."""
    speaks = names or one.get("accounts") or one["before"].get("accounts")
    return f"accounts: {', '.join(names) or 'none'}\n" if speaks else ""


def _put_back(one: Mapping[str, Any]) -> str:
    der = one["after"]["certificate"]
    return about(x509.load_der_x509_certificate(base64.b64decode(der))) if der else "content: as before the renewal\n"


def differences(
    targets: Iterable[Target],
    bundles: Mapping[str, Bundle],
    answer: Mapping[str, Any],
    on_host: Mapping[str, Bundle | None],
) -> Iterator[dict[str, str]]:
    """Before and after of each file that changes: who it belongs to and whose certificate it is, never a secret."""
    target_of = {path: target for target in targets for dummy, path in target.files}
    for one in answer["files"]:
        if one["changed"]:
            target = target_of[one["path"]]
            yield {
                "before_header": one["path"],
                "after_header": one["path"],
                "before": _before(one, on_host.get(one["path"])),
                "after": _after(one, target, bundles.get(one["institution"])),
            }
    for one in answer.get("renewals", ()):
        if one["changed"]:
            header = f"renewal of {one['path']}"
            after = f"{one['state']}: {one['fingerprint']}\n"
            yield {"before_header": header, "after_header": header, "before": "", "after": after}
    yield from diff_of_directories(answer)


def diff_of_directories(answer: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Before and after of the directories that are made or removed."""
    for path in answer["directories"]["created"]:
        yield {"before_header": path, "after_header": path, "before": "", "after": "directory\n"}
    for path in answer["directories"]["removed"]:
        yield {"before_header": path, "after_header": path, "before": "to be removed\n", "after": ""}
