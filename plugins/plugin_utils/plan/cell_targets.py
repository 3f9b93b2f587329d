# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
r"""Certificate targets in one cell of a table.

One a line, or between semicolons: a type, after a colon its place, in brackets its settings.

    windows_store:LocalMachine\My (accounts=HIS|Backup)
    pem_files:/etc/his/{institution}.pem|/etc/his/{institution}.key (owner=his mode=0640)
"""

from __future__ import annotations

import re

from .findings import Findings, Location
from .nodes import Node, Record, Scalar, Series

_FORM = re.compile(r"(?P<type>[a-z0-9_]+)\s*(?::\s*(?P<place>[^()]*?))?\s*(?:\((?P<settings>[^()]*)\))?")
_PLACES = {"pem_files": ("certificate", "key", "chain"), "windows_store": ("location", "store")}
_SEPARATORS = {"pem_files": "|", "windows_store": "\\"}
_REMEDY = r"write type:place (setting=value), for example windows_store:LocalMachine\My"


def read_targets_cell(cell: Scalar, findings: Findings) -> Node | None:
    """Return the targets of a cell as the records that YAML would give; None when one could not be read."""
    lines = [line.strip() for line in re.split(r"[;\n]", cell.text) if line.strip()]
    records = [_read_target(line, cell.at, findings) for line in lines]
    found = tuple(record for record in records if record is not None)
    return Series(found, cell.at) if len(found) == len(records) else None


def _read_target(line: str, at: Location, findings: Findings) -> Record | None:
    match = _FORM.fullmatch(line)
    if match is None:
        findings.error(at, f'"{line}" is not a certificate target', _REMEDY)
        return None
    kind, place = match["type"], (match["place"] or "").strip()
    names = _PLACES.get(kind, ("path",))
    parts = [part.strip() for part in place.split(_SEPARATORS[kind])] if kind in _SEPARATORS else [place]
    if len(parts) > len(names):
        findings.error(at, f'"{line}" has {len(parts)} places where {kind} has {", ".join(names)}', _REMEDY)
        return None
    fields: dict[str, Node] = {"type": _text(kind, at)}
    fields |= {name: _text(part, at) for name, part in zip(names, parts, strict=False) if part}
    for setting in (match["settings"] or "").split():
        name, sign, value = setting.partition("=")
        if not sign or name in fields:
            findings.error(at, f'"{setting}" is not a setting of a certificate target', _REMEDY)
            return None
        fields[name] = _setting(name, value, at)
    return Record(fields, dict.fromkeys(fields, at), at)


def _setting(name: str, value: str, at: Location) -> Node:
    if name == "accounts":
        return Series(tuple(_text(each, at) for each in value.split("|") if each), at)
    if value in ("true", "false"):
        return Scalar(value, "boolean", value == "true", at, (f"{name} is {value}, not text", "write text"))
    return _text(value, at)


def _text(text: str, at: Location) -> Scalar:
    return Scalar(text, "text", text, at)
