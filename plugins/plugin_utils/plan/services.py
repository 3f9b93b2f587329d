# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Services that take a new certificate only when they are told: read them, also out of one cell of a table.

In a cell one a line, or between semicolons or commas: a name, after a colon what is done, which is a restart unless
it is said.

    postgresql: reload; his
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .fields import Form, open_form
from .findings import Findings
from .nodes import Node, Record, Scalar, Series

ACTIONS = ("restart", "reload")
_FIELDS = ("name", "action")
_NAME = r"[^\s/-][^/]{0,255}"
_REMEDY = "write name: restart or name: reload, for example postgresql: reload"


@dataclass(frozen=True, slots=True)
class Service:
    """A service of a host. ``action``: restart or reload; Windows knows the first alone."""

    name: str
    action: str

    def variable(self) -> dict[str, object]:
        """Return the entry of ``eeszt_certificate_notify``."""
        return {"name": self.name, "action": self.action}


def read_services(form: Form) -> tuple[Service, ...]:
    """Return the usable services of a form's ``certificate_notify``; the rest is noted in its findings."""
    found: dict[str, Service] = {}
    for record in form.records("certificate_notify"):
        service = _read_service(record, form.findings)
        if service is None:
            continue
        if service.name in found:
            form.findings.error(record.at, f'certificate_notify names "{service.name}" twice', "remove one")
        found.setdefault(service.name, service)
    return tuple(found.values())


def _read_service(record: Record, findings: Findings) -> Service | None:
    form = open_form(record, _FIELDS, findings)
    name = form.pattern("name", _NAME, "the name of a service", required="write the name of the service")
    action = form.choice("action", ACTIONS) or "restart"
    return Service(name, action) if name else None


def read_services_cell(cell: Scalar, findings: Findings) -> Node | None:
    """Return the services of a cell as the records that YAML would give; None when one could not be read."""
    if cell.kind != "text":
        # What a program made of it is said where its field is read.
        return cell
    entries = [entry.strip() for entry in re.split(r"[;,\n]", cell.text) if entry.strip()]
    records: list[Record] = []
    for entry in entries:
        # A unit's name may have a colon, so it is the last that counts.
        name, colon, action = (part.strip() for part in entry.rpartition(":"))
        if colon and (not name or action not in ACTIONS):
            findings.error(cell.at, f'"{entry}" is not a service and what is done to it', _REMEDY)
            return None
        texts = {"name": name, "action": action} if colon else {"name": entry}
        fields: dict[str, Node] = {key: Scalar(text, "text", text, cell.at) for key, text in texts.items()}
        records.append(Record(fields, dict.fromkeys(fields, cell.at), cell.at))
    return Series(tuple(records), cell.at)
