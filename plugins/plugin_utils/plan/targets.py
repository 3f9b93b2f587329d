# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where certificates go: read the targets, and fill them in for each institution that a host serves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .fields import Form, open_form
from .findings import Findings
from .model import Host, Institution, TargetPattern
from .nodes import Record

PLACEHOLDER = "{institution}"
_FILE_FIELDS = ("owner", "group", "mode")
_PATHS = {"pkcs12_file": ("path",), "pem_files": ("certificate", "key", "chain"), "java_keystore": ("path",)}
_OPTIONAL_PATHS = ("chain",)
_FIELDS = {
    "pkcs12_file": ("path", *_FILE_FIELDS, "accounts"),
    "pem_files": ("certificate", "key", "chain", *_FILE_FIELDS, "accounts"),
    "java_keystore": ("path", "alias", "format", *_FILE_FIELDS, "accounts"),
    "windows_store": ("location", "store", "exportable", "accounts"),
}
_STORE_LOCATIONS = ("LocalMachine", "CurrentUser")


def read_targets(form: Form) -> tuple[TargetPattern, ...]:
    """Return the usable targets of a form's ``certificate_targets``; the rest is noted in its findings."""
    found = (_read_target(record, form.findings) for record in form.records("certificate_targets"))
    return tuple(target for target in found if target is not None)


def _read_target(record: Record, findings: Findings) -> TargetPattern | None:
    target_type = Form(record, findings).choice("type", _FIELDS, required=f"write one of {', '.join(_FIELDS)}")
    if target_type not in _FIELDS:
        return None
    form = open_form(record, ("type", "institution", *_FIELDS[target_type]), findings)
    settings: dict[str, object] = {}
    for name in _PATHS.get(target_type, ()):
        required = "" if name in _OPTIONAL_PATHS else "write the file's full path on the host"
        settings[name] = _path(form, name, required)
    if target_type == "windows_store":
        settings |= _store(form)
    else:
        _refuse_old_keystores(form)
        settings |= {
            "alias": form.text("alias"),
            "owner": form.text("owner"),
            "group": form.text("group"),
            "mode": _mode(form),
            "accounts": _accounts(form),
        }
    given = {name: value for name, value in settings.items() if value is not None}
    return TargetPattern(target_type, form.text("institution"), given, form.at)


def _path(form: Form, name: str, required: str) -> str | None:
    path = form.text(name, required)
    if path is None:
        return None
    if not re.match(r"/|[A-Za-z]:[\\/]|\\\\", path):
        form.findings.error(
            form.where(name), f'{name} "{path}" is not a full path', "begin with / or with a drive like C:\\"
        )
    elif ".." in re.split(r"[\\/]", path):
        form.findings.error(form.where(name), f'{name} "{path}" climbs with ..', "write the path without it")
    for placeholder in re.findall(r"\{[^}]*\}", path.replace(PLACEHOLDER, "")):
        form.findings.error(
            form.where(name),
            f"{name} has the unknown placeholder {placeholder}",
            f"the only one is {PLACEHOLDER}",
        )
    return path


def _mode(form: Form) -> str | None:
    """Return a file mode of four digits; YAML may have read 0600 as a number, but its text is still there."""
    scalar = form.scalar("mode")
    if scalar is None:
        return None
    if not re.fullmatch(r"0?[0-7]{3}", scalar.text, re.ASCII):
        form.findings.error(scalar.at, f'mode "{scalar.text}" is not a file mode', 'write "0600" or tighter')
    elif scalar.text[-1] != "0":
        form.findings.error(
            scalar.at,
            f'mode "{scalar.text}" opens the key to everybody',
            'write "0600", or "0640" with a group',
        )
    return scalar.text.rjust(4, "0")


def _refuse_old_keystores(form: Form) -> None:
    """The one format that is made may be named, and goes without saying."""
    if form.text("format") == "jks":
        message = "keystores of the old form (jks) are not made: only Java's own keytool writes them"
        remedy = "leave format out: Java reads a PKCS#12 keystore also where a program asks for JKS"
        form.findings.error(form.where("format"), message, remedy)
    else:
        form.choice("format", ("pkcs12",))


def _accounts(form: Form) -> list[str] | None:
    """Accounts that may read the key beside the owner, by an access list on either system."""
    return [item.text.strip() for item in form.scalars("accounts")] or None


def _store(form: Form) -> dict[str, object]:
    return {
        "location": form.choice("location", _STORE_LOCATIONS) or "LocalMachine",
        "store": form.text("store") or "My",
        "exportable": form.flag("exportable") or None,
        "accounts": _accounts(form),
    }


@dataclass(frozen=True, slots=True)
class FilledTarget:
    """A target of one institution on one host."""

    institution: str
    type: str
    settings: dict[str, object]
    pattern: TargetPattern

    def variable(self) -> dict[str, object]:
        """Return the entry of ``eeszt_certificate_targets``."""
        return {"institution": self.institution, "type": self.type, **self.settings}


def fill_targets(host: Host, served: list[Institution]) -> list[FilledTarget]:
    """Return the targets of a host and of its institutions, for each institution it serves, each once."""
    filled: list[FilledTarget] = []
    seen: list[dict[str, object]] = []
    for institution in served:
        for pattern in (*host.targets, *institution.targets):
            if pattern.institution not in (None, institution.id):
                continue
            settings = {name: _fill(value, institution.id) for name, value in pattern.settings.items()}
            target = FilledTarget(institution.id, pattern.type, settings, pattern)
            if target.variable() not in seen:
                seen.append(target.variable())
                filled.append(target)
    return filled


def _fill(value: object, institution_id: str) -> object:
    return value.replace(PLACEHOLDER, institution_id) if isinstance(value, str) else value


def refuse_shared_files(host: Host, filled: list[FilledTarget], findings: Findings) -> None:
    """Refuse two certificates, or two parts of one, that would be written to the same place of a host."""
    taken: dict[str, FilledTarget] = {}
    for target in filled:
        for place in _places(target):
            first = taken.setdefault(place.key, target)
            if first is target and place.first:
                continue
            if first is not target and first.institution != target.institution:
                both = f"{first.institution} and {target.institution}"
                message = f"on {host.name} the certificates of {both} both go to {place.shown}"
                remedy = f"put {PLACEHOLDER} into the path, or name one institution in the target"
            else:
                message = f"on {host.name} two files of {target.institution} both go to {place.shown}"
                remedy = "give each its own path"
            findings.error(target.pattern.at, message, remedy)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where something is written. ``key``: equal for equal places. ``first``: not yet used by its target."""

    key: str
    shown: str
    first: bool


def _places(target: FilledTarget) -> Iterator[_Place]:
    used: set[str] = set()
    for name in _PATHS.get(target.type, ()):
        path = target.settings.get(name)
        if not isinstance(path, str):
            continue
        key = _same_path(path)
        yield _Place(key, path, key not in used)
        used.add(key)


def _same_path(path: str) -> str:
    """Return a form that is equal for equal paths; Windows cares neither for case nor for the slash's way."""
    if path.startswith("/"):
        return re.sub(r"/(\./|/)*", "/", path)
    return re.sub(r"[\\/]+", "/", path).casefold()
