# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of bringing certificates to a host: what to send, what to make of the answer."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from ...module_utils.certificate_content import seal
from .bundle import Bundle, utc
from .container import is_pkcs12
from .differences import differences
from .errors import CertificateError, CertificateErrors
from .keystore import keystore_fits, make_keystore, store_password
from .pkcs12 import open_pkcs12
from .sources import Rules, open_sources
from .targets import System, Target, read_targets

Run = Callable[[dict[str, Any]], dict[str, Any]]
"""Execute the module on the host with these arguments and return its answer."""


State = Literal["present", "absent", "retired", "rolled_back", "told"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a host should have. ``passwords`` open PKCS#12 files of the host that were encoded anew.

    ``store_passwords``: of Java keystores, by institution.
    ``renewal``: the module's options on what becomes of the certificates before.
    """

    state: State
    institutions: tuple[str, ...]
    targets: tuple[Target, ...]
    bundles: Mapping[str, Bundle] = field(default_factory=dict)
    passwords: Mapping[str, str] = field(default_factory=dict, repr=False)
    store_passwords: Mapping[str, str] = field(default_factory=dict, repr=False)
    renewal: Mapping[str, Any] = field(default_factory=dict)

    def as_arguments(self) -> dict[str, Any]:
        """The module's options, on Linux and Windows, without what is to be brought."""
        targets = [target.as_arguments() for target in self.targets]
        return {"state": self.state, "targets": targets, **self.renewal}


def prepare(
    state: State,
    institutions: Iterable[str],
    sources: Mapping[str, Any],
    targets: Iterable[Any],
    rules: Rules,
    read: Callable[[str], bytes],
    system: System = "linux",
) -> Delivery:
    """Check the targets, open and check every certificate they need. Raises CertificateErrors; touches no host."""
    checked = read_targets(targets, institutions, system)
    wanted = tuple(dict.fromkeys(target.institution for target in checked))
    if state != "present":
        return Delivery(state, wanted, checked)
    bundles = open_sources(wanted, sources, rules, read).all_good()
    passwords = {institution: sources[institution]["password"] for institution in wanted}
    return Delivery(state, wanted, checked, bundles, passwords, _store_passwords(checked, sources))


def _store_passwords(targets: Iterable[Target], sources: Mapping[str, Any]) -> dict[str, str]:
    """Raises CertificateErrors, all at once."""
    found: dict[str, str] = {}
    errors: list[CertificateError] = []
    for institution in dict.fromkeys(one.institution for one in targets if one.type == "java_keystore"):
        try:
            found[institution] = store_password(institution, sources)
        except CertificateError as error:
            errors.append(error)
    if errors:
        raise CertificateErrors(tuple(errors))
    return found


def _material(delivery: Delivery, token: str) -> dict[str, Any]:
    """What the targets need and no more: a host without PEM files never sees the bare key."""
    types: dict[str, set[str]] = {}
    for target in delivery.targets:
        types.setdefault(target.institution, set()).add(target.type)
    institutions: dict[str, dict[str, Any]] = {}
    for institution, bundle in delivery.bundles.items():
        given: dict[str, Any] = {"fingerprint": bundle.fingerprint}
        if "pem_files" in types[institution]:
            given |= {"certificate": bundle.certificate_pem, "key": bundle.key_pem, "chain": bundle.chain_pem}
        if "pkcs12_file" in types[institution]:
            given["pkcs12"] = base64.b64encode(bundle.pkcs12).decode("ascii")
        if "java_keystore" in types[institution]:
            given["keystore"] = _keystores(delivery, institution)
        institutions[institution] = given
    return {"token": token, "institutions": institutions}


def _keystores(delivery: Delivery, institution: str) -> dict[str, str]:
    """Base64 of a keystore by its path: each target may have an alias of its own."""
    bundle, password = delivery.bundles[institution], delivery.store_passwords[institution]
    return {
        path: base64.b64encode(make_keystore(bundle, target.alias, password)).decode("ascii")
        for target in delivery.targets
        if target.institution == institution and target.type == "java_keystore"
        for _role, path in target.files
    }


def look_into(
    answer: Mapping[str, Any], delivery: Delivery, token: str
) -> tuple[dict[str, Bundle | None], dict[str, str]]:
    """Open the PKCS#12 files that the host left to us.

    Returns by path what is inside (None if it does not open), and its SHA-256 if that is what should be there, else "".
    """
    target_of = {path: one for one in delivery.targets for dummy, path in one.files}
    found: dict[str, Bundle | None] = {}
    kept: dict[str, str] = {}
    for one in answer["undecided"]:
        path, data = one["path"], seal(base64.b64decode(one["sealed"]), token, one["path"])
        target, bundle = target_of[path], delivery.bundles[one["institution"]]
        in_java = target.type == "java_keystore"
        password = (delivery.store_passwords if in_java else delivery.passwords)[one["institution"]]
        inside = found[path] = _opened(data, password)
        same = inside is not None and inside.same_content(bundle)
        if in_java:
            same = same and keystore_fits(data, bundle, target.alias, password)
        kept[path] = one["sha256"] if same else ""
    return found, kept


def _opened(data: bytes, password: str) -> Bundle | None:
    try:
        return open_pkcs12(data, password)
    except CertificateError:
        return None


def older_in(
    answer: Mapping[str, Any], delivery: Delivery, token: str, found: Mapping[str, Bundle | None]
) -> list[str]:
    """Which of those PKCS#12 files hold another certificate that one could go back to.

    A renewed file often comes with a password of its own, so one that does not open may well be a working one.
    """
    older = []
    for one in answer["undecided"]:
        path, inside = one["path"], found[one["path"]]
        if inside is None:
            usable = is_pkcs12(seal(base64.b64decode(one["sealed"]), token, path))
        else:
            # The new one is no older one, and another institution's is none of this one.
            other = all(inside.certificate != bundle.certificate for bundle in delivery.bundles.values())
            usable = other and inside.not_after > datetime.now(UTC)
        older += [path] if usable else []
    return older


def deliver(delivery: Delivery, run: Run, *, diff: bool = False) -> dict[str, Any]:
    """Bring it to the host: one execution, two when a PKCS#12 file of other bytes had to be looked into here.

    Returns the task's result, without any secret. When the module failed, its answer is returned with failed set.
    """
    if not delivery.targets:
        return nothing_to_do()
    arguments = delivery.as_arguments()
    token = secrets.token_hex(32)
    if delivery.state == "present":
        arguments["material"] = _material(delivery, token)
    answer = run(dict(arguments))
    on_host: dict[str, Bundle | None] = {}
    if answer.get("undecided"):
        on_host, kept = look_into(answer, delivery, token)
        older = older_in(answer, delivery, token, on_host)
        answer = run({**arguments, "kept": kept, "older": older})
    if "files" not in answer:
        return failure(answer)
    result = result_of(delivery, answer)
    if diff:
        result["diff"] = list(differences(delivery.targets, delivery.bundles, answer, on_host))
    return result


def nothing_to_do() -> dict[str, Any]:
    """The task's result where none of the institutions has a target."""
    nothing: dict[str, Any] = {"changed": False, "certificates": [], "files": [], "renewals": [], "untold": []}
    return nothing | {"directories": {"created": [], "removed": []}}


def failure(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of a module that did not come to its end, without what we sent and what it sent for us alone."""
    return {key: value for key, value in answer.items() if key not in ("invocation", "undecided", "diff", "needs")}


def result_of(delivery: Delivery, answer: Mapping[str, Any]) -> dict[str, Any]:
    """The task's result from the module's answer, without its diff."""
    shown = ("path", "role", "institution", "changed", "reasons")
    result: dict[str, Any] = {
        "changed": answer["changed"],
        "certificates": [_certificate(institution, delivery) for institution in delivery.institutions],
        "files": [{key: one[key] for key in shown} for one in answer["files"]],
        "directories": answer["directories"],
        "renewals": answer.get("renewals", []),
        "untold": answer.get("untold", []),
    }
    notes = [f"{institution}: {note}" for institution, one in delivery.bundles.items() for note in one.warnings]
    notes += [_held_back(one) for one in result["renewals"] if one["state"] == "held_back"]
    result["warnings"] = [*answer.get("warnings", []), *notes]
    if len(delivery.institutions) == 1:
        only = result["certificates"][0]
        result |= {key: only[key] for key in ("institution", "fingerprint", "not_after") if key in only}
    return result


def _held_back(one: Mapping[str, Any]) -> str:
    return (
        f"{one['institution']}: the certificate {one['fingerprint'][:16]}… was rolled back from {one['path']} before, "
        "so it was not brought again. Give a new one under eeszt_certificates, or set retry_refused to try this one."
    )


def _certificate(institution: str, delivery: Delivery) -> dict[str, Any]:
    if delivery.state != "present":
        return {"institution": institution}
    bundle = delivery.bundles[institution]
    return {
        "institution": institution,
        "fingerprint": bundle.fingerprint,
        "subject": bundle.subject,
        "not_after": utc(bundle.not_after),
        "warnings": list(bundle.warnings),
    }
