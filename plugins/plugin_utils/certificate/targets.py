# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where certificates go on a Linux host: the plan's targets, checked on the controller."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import CertificateError, CertificateErrors

_FILES_OF_TYPE = {
    "pkcs12_file": {"path": "pkcs12"},
    "pem_files": {"certificate": "certificate", "key": "key", "chain": "chain"},
}
_OPTIONAL_FILE = "chain"
_LATER = ("windows_store", "java_keystore")
_ATTRIBUTES = ("owner", "group", "mode")
_MODE = re.compile(r"0[0-7]{3}")


@dataclass(frozen=True, slots=True)
class Target:
    """One target of one institution. ``files``: (role, absolute path), role one of certificate, key, chain, pkcs12."""

    institution: str
    type: str
    files: tuple[tuple[str, str], ...]
    owner: str | None = None
    group: str | None = None
    mode: str | None = None

    def as_arguments(self) -> dict[str, Any]:
        """In the shape of the contract, as the module takes it."""
        names = {role: option for option, role in _FILES_OF_TYPE[self.type].items()}
        arguments: dict[str, Any] = {"institution": self.institution, "type": self.type}
        arguments |= {names[role]: path for role, path in self.files}
        return arguments | {name: getattr(self, name) for name in _ATTRIBUTES if getattr(self, name) is not None}


def _fault(message: str, institution: str) -> CertificateError:
    remedy = "Correct eeszt_certificate_targets in the plan (waf_certificate_targets of the role)."
    return CertificateError("target", message, remedy, institution=institution)


def _files(given: Mapping[str, Any], kind: str) -> Iterator[tuple[str, str] | str]:
    """Yield (role, path), or a sentence about what is wrong."""
    for option, role in _FILES_OF_TYPE[kind].items():
        path = given.get(option)
        if path is None:
            if option != _OPTIONAL_FILE:
                yield f"A target of type {kind} needs {option}."
        elif not isinstance(path, str) or not path.startswith("/") or path.endswith("/"):
            yield f"{option} of a {kind} target must be the absolute path of a file, not {path!r}."
        else:
            yield role, posixpath.normpath("/" + path.lstrip("/"))


def _attributes(given: Mapping[str, Any]) -> Iterator[str]:
    for name in _ATTRIBUTES:
        value = given.get(name)
        if value is not None and not isinstance(value, str):
            yield f"{name} must be text, in quotes, not {value!r}."
    mode = given.get("mode")
    if isinstance(mode, str) and not _MODE.fullmatch(mode):
        yield f'mode must be four octal digits such as "0640", not {mode!r}.'


def read_target(given: Mapping[str, Any], institution: str) -> Target:
    """Check one target. Raises CertificateErrors of kind target."""
    kind = given.get("type")
    if kind in _LATER:
        raise CertificateErrors((_fault(f"Targets of type {kind} cannot be served on Linux yet.", institution),))
    if kind not in _FILES_OF_TYPE:
        message = f"Unknown type of target {kind!r}; there are {', '.join(_FILES_OF_TYPE)}."
        raise CertificateErrors((_fault(message, institution),))
    unknown = sorted(set(given) - {"institution", "type", *_FILES_OF_TYPE[kind], *_ATTRIBUTES})
    faults = [f"A target of type {kind} has no option {', '.join(unknown)}."] if unknown else []
    files = list(_files(given, kind))
    faults += [one for one in files if isinstance(one, str)]
    faults += _attributes(given)
    if faults:
        raise CertificateErrors(tuple(_fault(message, institution) for message in faults))
    good = tuple(one for one in files if not isinstance(one, str))
    attributes = {name: given[name] for name in _ATTRIBUTES if given.get(name)}
    return Target(institution, kind, good, **attributes)


def _collisions(targets: Iterable[Target]) -> Iterator[CertificateError]:
    owner_of: dict[str, Target] = {}
    for target in targets:
        for role, path in target.files:
            first = owner_of.setdefault(path, target)
            if first is not target or [one for dummy, one in target.files].count(path) > 1:
                message = f"{path} is wanted twice ({first.institution} and {role} of {target.institution})."
                yield _fault(message, target.institution)


def read_targets(given: Iterable[Any], institutions: Iterable[str]) -> tuple[Target, ...]:
    """Check the targets of these institutions; those of others are left out.

    A target without institution belongs to the only one asked for. Raises CertificateErrors (target), all at once.
    """
    wanted = tuple(dict.fromkeys(institutions))
    targets: list[Target] = []
    errors: list[CertificateError] = []
    for one in given:
        if not isinstance(one, Mapping):
            errors.append(_fault(f"A target must be a dictionary, not {one!r}.", ""))
            continue
        institution = one.get("institution") or (wanted[0] if len(wanted) == 1 else None)
        if institution is None:
            errors.append(_fault(f"A target names no institution: {dict(one)!r}.", ""))
        elif institution in wanted:
            try:
                targets.append(read_target(one, institution))
            except CertificateErrors as found:
                errors += found.errors
    errors += _collisions(targets)
    if errors:
        raise CertificateErrors(tuple(dict.fromkeys(errors)))
    return tuple(targets)
