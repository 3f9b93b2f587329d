# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where certificates go on a host: the plan's targets, checked on the controller."""

from __future__ import annotations

import ntpath
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .errors import CertificateError, CertificateErrors

System = Literal["linux", "windows"]

_FILES_OF_TYPE: Mapping[str, Mapping[str, str]] = {
    "pkcs12_file": {"path": "pkcs12"},
    "pem_files": {"certificate": "certificate", "key": "key", "chain": "chain"},
    "java_keystore": {"path": "keystore"},
    "windows_store": {},
}
_TYPES: Mapping[System, tuple[str, ...]] = {
    "linux": ("pkcs12_file", "pem_files", "java_keystore"),
    "windows": ("windows_store", "pkcs12_file", "pem_files"),
}
_OPTIONAL_FILE = "chain"
_LATER = ("windows_store", "java_keystore")
_MODE = re.compile(r"0[0-7]{3}")
_ON_A_DRIVE = re.compile(r"[A-Za-z]:[\\/](?!.*[\\/]$)[^<>:\"|?*]+")
_LOCATIONS = ("LocalMachine", "CurrentUser")
_NO_JKS = (
    "Keystores of the old form (format: jks) are not made: only Java's own keytool writes them, and they protect a key "
    "badly. Leave format out: Java reads a PKCS#12 keystore also where a program asks for JKS."
)
_DEFAULT_PLACE = {"location": "LocalMachine", "store": "My"}


@dataclass(frozen=True, slots=True)
class Target:
    """One target of one institution.

    ``files``: (role, absolute path), role one of certificate, key, chain, pkcs12, keystore; none for a store of
    Windows. ``settings``: the other options in the shape of the contract, those of a store with their defaults.
    """

    institution: str
    type: str
    files: tuple[tuple[str, str], ...]
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> str | None:
        r"""The store as results name it, ``LocalMachine\My``; None for files."""
        return None if self.type != "windows_store" else f"{self.settings['location']}\\{self.settings['store']}"

    @property
    def alias(self) -> str:
        """Under which a Java program finds the key."""
        return str(self.settings.get("alias") or self.institution)

    def as_arguments(self) -> dict[str, Any]:
        """In the shape of the contract, as the module takes it."""
        names = {role: option for option, role in _FILES_OF_TYPE[self.type].items()}
        arguments: dict[str, Any] = {"institution": self.institution, "type": self.type}
        return arguments | {names[role]: path for role, path in self.files} | dict(self.settings)


def _fault(message: str, institution: str) -> CertificateError:
    remedy = "Correct eeszt_certificate_targets in the plan (waf_certificate_targets of the role)."
    return CertificateError("target", message, remedy, institution=institution)


def _path(value: object, system: System) -> str | None:
    """The path in its plain form; None when it is no absolute path of a file."""
    if not isinstance(value, str):
        return None
    if system == "windows":
        return ntpath.normpath(value) if _ON_A_DRIVE.fullmatch(value) else None
    if not value.startswith("/") or value.endswith("/"):
        return None
    return posixpath.normpath("/" + value.lstrip("/"))


def _files(given: Mapping[str, Any], kind: str, system: System) -> Iterator[tuple[str, str] | str]:
    """Yield (role, path), or a sentence about what is wrong."""
    for option, role in _FILES_OF_TYPE[kind].items():
        value = given.get(option)
        if value is None:
            if option != _OPTIONAL_FILE:
                yield f"A target of type {kind} needs {option}."
        elif path := _path(value, system):
            yield role, path
        else:
            where = " on a drive of the host" if system == "windows" else ""
            yield f"{option} of a {kind} target must be the absolute path of a file{where}, not {value!r}."


def _settings_of(kind: str, system: System) -> tuple[str, ...]:
    if kind == "windows_store":
        return ("location", "store", "exportable", "accounts")
    if system == "windows":
        return ("accounts",)
    files = ("owner", "group", "mode", "accounts")
    return ("alias", "format", *files) if kind == "java_keystore" else files


def _wrong_settings(given: Mapping[str, Any], names: Iterable[str]) -> Iterator[str]:
    for name in names:
        value = given.get(name)
        if value is None:
            continue
        if name == "exportable":
            if not isinstance(value, bool):
                yield f"exportable must be true or false, not {value!r}."
        elif name == "accounts":
            if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
                yield f"accounts must be a list of names or SIDs, not {value!r}."
        elif not isinstance(value, str):
            yield f"{name} must be text, in quotes, not {value!r}."
        elif name == "mode" and not _MODE.fullmatch(value):
            yield f'mode must be four octal digits such as "0640", not {value!r}.'
        elif name == "format" and value != "pkcs12":
            yield _NO_JKS if value == "jks" else f"format must be pkcs12, not {value!r}."
        elif name == "location" and value not in _LOCATIONS:
            yield f"location must be {' or '.join(_LOCATIONS)}, not {value!r}."
        elif name == "store" and not re.fullmatch(r"[^\\]+", value):
            yield f"store must be the name of a certificate store such as My, not {value!r}."


def read_target(given: Mapping[str, Any], institution: str, system: System = "linux") -> Target:
    """Check one target. Raises CertificateErrors of kind target."""
    kind, types = given.get("type"), _TYPES[system]
    if kind in _LATER and kind not in types:
        why = "There are none on Linux" if kind == "windows_store" else "They cannot be served yet"
        raise CertificateErrors((_fault(f"A target is of type {kind}. {why}.", institution),))
    if kind not in types:
        message = f"Unknown type of target {kind!r}; there are {', '.join(types)}."
        raise CertificateErrors((_fault(message, institution),))
    names = _settings_of(kind, system)
    unknown = sorted(set(given) - {"institution", "type", *_FILES_OF_TYPE[kind], *names})
    faults = [f"A target of type {kind} on {system.title()} has no option {', '.join(unknown)}."] if unknown else []
    files = list(_files(given, kind, system))
    faults += [one for one in files if isinstance(one, str)]
    faults += _wrong_settings(given, names)
    if faults:
        raise CertificateErrors(tuple(_fault(message, institution) for message in faults))
    # The one format that is made goes without saying.
    named = (name for name in names if name != "format")
    settings = {name: given[name] for name in named if given.get(name) is not None and given[name] != ""}
    if kind == "windows_store":
        settings = _DEFAULT_PLACE | settings
    return Target(institution, kind, tuple(one for one in files if not isinstance(one, str)), settings)


def _places(target: Target, system: System) -> Iterator[tuple[str, str, str]]:
    """Yield (role, name, key) of what the target fills; equal keys are one place. Institutions may share a store."""
    if target.place is not None:
        yield "store", target.place, f"{target.institution} {target.place.casefold()}"
    for role, path in target.files:
        yield role, path, path.casefold() if system == "windows" else path


def _collisions(targets: Iterable[Target], system: System) -> Iterator[CertificateError]:
    taken: dict[str, Target] = {}
    for target in targets:
        for role, name, key in _places(target, system):
            if key in taken:
                message = f"{name} is wanted twice ({taken[key].institution} and {role} of {target.institution})."
                yield _fault(message, target.institution)
            taken.setdefault(key, target)


def read_targets(given: Iterable[Any], institutions: Iterable[str], system: System = "linux") -> tuple[Target, ...]:
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
                targets.append(read_target(one, institution, system))
            except CertificateErrors as found:
                errors += found.errors
    errors += _collisions(targets, system)
    if errors:
        raise CertificateErrors(tuple(dict.fromkeys(errors)))
    return tuple(targets)
