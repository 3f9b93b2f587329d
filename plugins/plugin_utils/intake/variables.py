# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of group_vars that holds eeszt_certificates and nothing else.

It is kept as text: an entry that is not replaced stays byte for byte, comments included.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ..contract.documents import SAFE_LOADER
from ..ledger.writing import make_folder, write_whole
from .problems import IntakeError
from .vault import MARK

NAME = "eeszt_certificates"
MODE = 0o600
HEADER = f"""\
# Certificates of the institutions: the PKCS#12 file on the controller, and its password in Ansible Vault.
# eeszt-connect intake writes this file. Change nothing but to remove an entry: one that is renewed is written anew,
# and a comment in it is lost. Other variables do not belong here.
---
{NAME}:
"""
_TEMPLATES = ("{{", "{%", "{#")


class VariablesError(IntakeError):
    """The file cannot be used as the place of the variables."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One institution's entry. ``path`` is None where it is a template, ``vaulted`` where no vault text stands.

    ``text`` has its lines, ``after`` the comments that follow it; both are empty for a new one.
    """

    path: str | None
    vaulted: str | None = field(repr=False)
    plain: bool = False
    text: str = field(repr=False, default="")
    after: str = ""


@dataclass(frozen=True, slots=True)
class Variables:
    """The file: what stands before the first entry, the entries in their order, and how far they are indented."""

    head: str
    entries: Mapping[str, Entry]
    indent: int = 2


def read_variables(path: Path) -> Variables:
    """Read the file; one that is not there is empty. Raises OSError and VariablesError."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return Variables(HEADER, {})
    return parse(text, str(path))


def parse(text: str, where: str) -> Variables:
    """Understand the file's text. Raises VariablesError, which quotes nothing that could be a secret."""
    if text.startswith(MARK):
        remedy = f"decrypt it (ansible-vault decrypt {where}); its passwords are encrypted one by one"
        raise VariablesError(f"{where}: the file is encrypted as a whole: {remedy}")
    root = _compose(text, where)
    if root is None or root.value == "":
        return Variables(_ended(text) + f"{NAME}:\n" if text.strip() else HEADER, {})
    names = [key.value for key, _value in root.value] if isinstance(root, yaml.MappingNode) else []
    others = [str(name) for name in names if name != NAME]
    if not names or others:
        held = f"it holds {', '.join(others)}" if others else f"it does not hold {NAME}"
        raise VariablesError(f"{where}: {held}; name a file for {NAME} alone, it is written anew at each intake")
    key, value = root.value[0]
    lines = text.splitlines(keepends=True)
    if not value.value or value.value in ("~", "null"):
        return Variables("".join(lines[: key.start_mark.line]) + f"{NAME}:\n", {})
    if not isinstance(value, yaml.MappingNode) or value.flow_style:
        raise VariablesError(f"{where}: {NAME} must be a dictionary, an institution a line and its entry below it")
    return _entries(value, lines, where)


def _compose(text: str, where: str) -> Any:
    try:
        return yaml.compose(text, Loader=SAFE_LOADER)
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        place = f":{mark.line + 1}" if mark else ""
        raise VariablesError(f"{where}{place}: this is no YAML: {getattr(fault, 'problem', '')}") from None


def _entries(node: yaml.MappingNode, lines: list[str], where: str) -> Variables:
    starts = [key.start_mark.line for key, _value in node.value]
    ends = [*starts[1:], len(lines)]
    entries: dict[str, Entry] = {}
    for (key, value), start, end in zip(node.value, starts, ends, strict=True):
        if key.value in entries:
            raise VariablesError(f"{where}:{start + 1}: {key.value} stands there twice; remove one")
        entries[key.value] = _entry(value, lines[start:end])
    return Variables("".join(lines[: starts[0]]), entries, node.value[0][0].start_mark.column)


def _entry(node: Any, lines: list[str]) -> Entry:
    fields = {key.value: value for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}
    path: Any = fields.get("path")
    password: Any = fields.get("password")
    body = len(lines)
    while body > 1 and (not lines[body - 1].strip() or lines[body - 1].lstrip().startswith("#")):
        body -= 1
    return Entry(
        path=path.value if _is_plain(path) else None,
        vaulted=password.value if _is_text(password) and MARK in password.value else None,
        plain=_is_plain(password) and MARK not in password.value,
        text="".join(lines[:body]),
        after="".join(lines[body:]),
    )


def _is_text(node: Any) -> bool:
    return isinstance(node, yaml.ScalarNode)


def _is_plain(node: Any) -> bool:
    """Text that Ansible takes as it stands."""
    return _is_text(node) and (node.tag == "!unsafe" or not any(mark in node.value for mark in _TEMPLATES))


def merge(variables: Variables, new: Mapping[str, Entry]) -> str:
    """The file's text with new entries, in the place of those of the same institution, else at the end."""
    parts = [variables.head]
    for institution, entry in variables.entries.items():
        changed = new.get(institution)
        body = entry.text if changed is None else _text(institution, changed, variables.indent)
        parts.append(_ended(body) + entry.after)
    parts += [_text(each, new[each], variables.indent) for each in sorted(new) if each not in variables.entries]
    return "".join(_ended(part) for part in parts)


def write_variables(path: Path, new: Mapping[str, Entry]) -> None:
    """Put entries into the file as it is now, in one step. Raises OSError and VariablesError; then nothing changed."""
    text = merge(read_variables(path), new)
    written = parse(text, str(path))
    for institution, entry in new.items():
        kept = written.entries.get(institution)
        if kept is None or (kept.path, (kept.vaulted or "").split()) != (entry.path, (entry.vaulted or "").split()):
            raise VariablesError(f"{path}: the form of this file leaves no place for {institution}; name a new file")
    # A link stays a link: what it points to is replaced.
    path = path.resolve()
    make_folder(path.parent)
    write_whole(path, text.encode(), MODE)


def _text(institution: str, entry: Entry, indent: int) -> str:
    shown = yaml.safe_dump(entry.path, default_style='"', allow_unicode=True, width=math.inf).strip()
    # Ansible would take {{ in a path for a template.
    tag = "!unsafe " if any(mark in (entry.path or "") for mark in _TEMPLATES) else ""
    lines = [f"{institution}:", f"  path: {tag}{shown}", "  password: !vault |"]
    lines += [f"    {line}" for line in (entry.vaulted or "").splitlines()]
    return "".join(f"{' ' * indent}{line}\n" for line in lines)


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"
