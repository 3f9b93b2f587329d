# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of bringing certificates to a host: what to send, what to make of the answer."""

from __future__ import annotations

import base64
import contextlib
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ...module_utils.certificate_content import seal
from .bundle import Bundle, fingerprint_of, utc
from .errors import CertificateError
from .pkcs12 import open_pkcs12
from .sources import Rules, open_sources
from .targets import Target, read_targets

with contextlib.suppress(ImportError):  # library.require says it
    from cryptography import x509

Run = Callable[[dict[str, Any]], dict[str, Any]]
"""Execute the module on the host with these arguments and return its answer."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a host should have. ``passwords`` open PKCS#12 files of the host that were encoded anew."""

    state: Literal["present", "absent"]
    institutions: tuple[str, ...]
    targets: tuple[Target, ...]
    bundles: Mapping[str, Bundle] = field(default_factory=dict)
    passwords: Mapping[str, str] = field(default_factory=dict, repr=False)


def prepare(
    state: Literal["present", "absent"],
    institutions: Iterable[str],
    sources: Mapping[str, Any],
    targets: Iterable[Any],
    rules: Rules,
    read: Callable[[str], bytes],
) -> Delivery:
    """Check the targets, open and check every certificate they need. Raises CertificateErrors; touches no host."""
    checked = read_targets(targets, institutions)
    wanted = tuple(dict.fromkeys(target.institution for target in checked))
    if state == "absent":
        return Delivery(state, wanted, checked)
    bundles = open_sources(wanted, sources, rules, read).all_good()
    passwords = {institution: sources[institution]["password"] for institution in wanted}
    return Delivery(state, wanted, checked, bundles, passwords)


def _material(delivery: Delivery, token: str) -> dict[str, Any]:
    """What the targets need and no more: a host without PEM files never sees the bare key."""
    types: dict[str, set[str]] = {}
    for target in delivery.targets:
        types.setdefault(target.institution, set()).add(target.type)
    institutions: dict[str, dict[str, str]] = {}
    for institution, bundle in delivery.bundles.items():
        given: dict[str, str] = {}
        if "pem_files" in types[institution]:
            given |= {"certificate": bundle.certificate_pem, "key": bundle.key_pem, "chain": bundle.chain_pem}
        if "pkcs12_file" in types[institution]:
            given["pkcs12"] = base64.b64encode(bundle.pkcs12).decode("ascii")
        institutions[institution] = given
    return {"token": token, "institutions": institutions}


def _looked_into(answer: Mapping[str, Any], delivery: Delivery, token: str) -> Iterator[tuple[str, str, Bundle | None]]:
    """Yield (path, sha256, what is inside, None if it does not open) of each PKCS#12 file that the host left to us."""
    for one in answer["undecided"]:
        data = seal(base64.b64decode(one["sealed"]), token, one["path"])
        try:
            inside: Bundle | None = open_pkcs12(data, delivery.passwords[one["institution"]])
        except CertificateError:
            inside = None
        yield one["path"], one["sha256"], inside


def deliver(delivery: Delivery, run: Run, *, diff: bool = False) -> dict[str, Any]:
    """Bring it to the host: one execution, two when a PKCS#12 file of other bytes had to be looked into here.

    Returns the task's result, without any secret. When the module failed, its answer is returned with failed set.
    """
    if not delivery.targets:
        return {"changed": False, "certificates": [], "files": [], "directories": {"created": [], "removed": []}}
    arguments: dict[str, Any] = {
        "state": delivery.state,
        "targets": [target.as_arguments() for target in delivery.targets],
    }
    token = secrets.token_hex(32)
    if delivery.state == "present":
        arguments["material"] = _material(delivery, token)
    answer = run(dict(arguments))
    on_host: dict[str, Bundle | None] = {}
    if answer.get("undecided"):
        kept: dict[str, str] = {}
        bundle_of = {path: delivery.bundles[one.institution] for one in delivery.targets for dummy, path in one.files}
        for path, sha256, inside in _looked_into(answer, delivery, token):
            on_host[path] = inside
            kept[path] = sha256 if inside is not None and inside.same_content(bundle_of[path]) else ""
        answer = run({**arguments, "kept": kept})
    if "files" not in answer:
        return _failure(answer)
    return _result(delivery, answer, on_host, diff)


def _failure(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of a module that did not come to its end, without what we sent and what it sent for us alone."""
    return {key: value for key, value in answer.items() if key not in ("invocation", "undecided", "diff")}


def _result(
    delivery: Delivery, answer: Mapping[str, Any], on_host: Mapping[str, Bundle | None], diff: bool
) -> dict[str, Any]:
    shown = ("path", "role", "institution", "changed", "reasons")
    result: dict[str, Any] = {
        "changed": answer["changed"],
        "certificates": [_certificate(institution, delivery) for institution in delivery.institutions],
        "files": [{key: one[key] for key in shown} for one in answer["files"]],
        "directories": answer["directories"],
    }
    notes = [f"{institution}: {note}" for institution, one in delivery.bundles.items() for note in one.warnings]
    result["warnings"] = [*answer.get("warnings", []), *notes]
    if len(delivery.institutions) == 1:
        only = result["certificates"][0]
        result |= {key: only[key] for key in ("institution", "fingerprint", "not_after") if key in only}
    if diff:
        result["diff"] = list(_diff(delivery, answer, on_host))
    return result


def _certificate(institution: str, delivery: Delivery) -> dict[str, Any]:
    if delivery.state == "absent":
        return {"institution": institution}
    bundle = delivery.bundles[institution]
    return {
        "institution": institution,
        "fingerprint": bundle.fingerprint,
        "subject": bundle.subject,
        "not_after": utc(bundle.not_after),
        "warnings": list(bundle.warnings),
    }


def _about(certificate: x509.Certificate) -> str:
    lines = (
        f"fingerprint: {fingerprint_of(certificate)}",
        f"subject: {certificate.subject.rfc4514_string()}",
        f"not_after: {utc(certificate.not_valid_after_utc)}",
    )
    return "".join(line + "\n" for line in lines)


def _before(one: Mapping[str, Any], inside: Bundle | None) -> str:
    found = one["before"]
    if not found["present"]:
        return ""
    text = f"owner: {found['owner']}\ngroup: {found['group']}\nmode: {found['mode']}\n"
    if inside is not None:
        return text + _about(inside.certificate)
    if found.get("certificate"):
        try:
            return text + _about(x509.load_der_x509_certificate(base64.b64decode(found["certificate"])))
        except ValueError:
            return text + "content: cannot be read\n"
    return text + ("content: differs\n" if "content" in one["reasons"] else "content: as wanted\n")


def _after(one: Mapping[str, Any], target: Target, bundle: Bundle | None) -> str:
    role = one["role"]
    if bundle is None or "unwanted" in one["reasons"]:
        return ""
    found = one["before"]
    owner = target.owner or found.get("owner") or "(who connects)"
    group = target.group or found.get("group") or "(of who connects)"
    text = f"owner: {owner}\ngroup: {group}\nmode: {one['mode']}\n"
    if role == "key":
        return text + "content: as wanted\n"
    return text + _about(bundle.chain[0] if role == "chain" else bundle.certificate)


def _diff(
    delivery: Delivery, answer: Mapping[str, Any], on_host: Mapping[str, Bundle | None]
) -> Iterator[dict[str, str]]:
    """Before and after of each file that changes: who it belongs to and whose certificate it is, never a secret."""
    target_of = {path: target for target in delivery.targets for dummy, path in target.files}
    for one in answer["files"]:
        if one["changed"]:
            target = target_of[one["path"]]
            yield {
                "before_header": one["path"],
                "after_header": one["path"],
                "before": _before(one, on_host.get(one["path"])),
                "after": _after(one, target, delivery.bundles.get(one["institution"])),
            }
    for path in answer["directories"]["created"]:
        yield {"before_header": path, "after_header": path, "before": "", "after": "directory\n"}
    for path in answer["directories"]["removed"]:
        yield {"before_header": path, "after_header": path, "before": "to be removed\n", "after": ""}
