# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From records to sites."""

from __future__ import annotations

import re

from .connections import read_connection
from .fields import Form, open_form
from .findings import Findings
from .model import RING_OF_ALL_OTHERS, RINGS, Proxy, Site
from .nodes import Record, Scalar

HOST_ADDRESS = r"[A-Za-z0-9:][A-Za-z0-9.:_-]{0,252}"
_JUMP_HOST = r"([A-Za-z0-9._\\-]+@)?[A-Za-z0-9][A-Za-z0-9._-]*(:[0-9]{1,5})?"
_FIELDS = ("id", "name", "address", "ring", "proxy", "jump_host", "connection")


def read_site(record: Record, findings: Findings) -> Site | None:
    """Return the site of a record, or None when it has no usable id; all else is noted in ``findings``."""
    form = open_form(record, _FIELDS, findings)
    site_id = form.text("id", required="give the site a short name of its own")
    name = form.text("name")
    address = form.text("address")
    ring = _ring(form)
    proxy = _proxy(form)
    jump_host = form.pattern("jump_host", _JUMP_HOST, "a host like admin@jump.example:22")
    connection = read_connection(form)
    if site_id is None:
        return None
    return Site(site_id, name or site_id, address, ring, proxy, jump_host, connection, form.where("id"))


def _ring(form: Form) -> int:
    scalar = form.scalar("ring")
    if scalar is None:
        return RING_OF_ALL_OTHERS
    if scalar.text in RINGS:
        return RINGS[scalar.text]
    form.findings.error(scalar.at, f'ring "{scalar.text}" is not known', "use canary, early, broad or a number 1 to 9")
    return RING_OF_ALL_OTHERS


def _proxy(form: Form) -> Proxy | None:
    """Return the proxy, given as ``host:port`` or as a record with host, port and exceptions."""
    node = form.node("proxy")
    if isinstance(node, Scalar):
        return _short_proxy(form)
    fields = form.form("proxy", ("host", "port", "exceptions"))
    if fields is None:
        return None
    host = fields.pattern("host", HOST_ADDRESS, "a host name or an address", required="write the proxy's host name")
    port = fields.number("port", 1, 65535)
    if fields.node("port") is None:
        form.findings.error(fields.at, "port is missing", "write the proxy's port, often 3128 or 8080")
    exceptions = tuple(item.text.strip() for item in fields.scalars("exceptions"))
    return Proxy(host, port, exceptions) if host and port else None


def _short_proxy(form: Form) -> Proxy | None:
    text = form.text("proxy")
    if text is None:
        return None
    if "@" in text:
        form.findings.error(
            form.where("proxy"),
            "proxy holds an account, and a plan has no secrets",
            "write host:port; the account goes to group_vars",
        )
        return None
    match = re.fullmatch(r"(?:http://)?([A-Za-z0-9][A-Za-z0-9._-]*):([1-9][0-9]{0,4})/?", text, re.ASCII)
    if match and int(match[2]) <= 65535:
        return Proxy(match[1], int(match[2]), ())
    form.findings.error(form.where("proxy"), f'proxy "{text}" is not known', "write proxy.example:3128")
    return None
