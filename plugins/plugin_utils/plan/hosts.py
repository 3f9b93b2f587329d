# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From records to hosts."""

from __future__ import annotations

import ipaddress
import re

from .connections import Connection, read_connection
from .fields import Form, looks_secret, open_form, refuse_secret
from .findings import Findings
from .model import LOGIN_METHODS, PURPOSES, SYSTEMS, Host, Reference
from .nodes import Node, Record, Scalar, Series, plain
from .services import read_services
from .sites import HOST_ADDRESS
from .targets import read_targets

_FIELDS = (
    *("name", "address", "site", "system", "connection", "purpose", "login_methods", "reader", "reader_accounts"),
    *("serves", "certificate_targets", "certificate_notify", "vars"),
)
PLAN_VARIABLES = (
    *(
        "eeszt_site",
        "eeszt_institutions",
        "eeszt_users",
        "eeszt_system",
        "eeszt_purpose",
        "eeszt_login_methods",
    ),
    *("eeszt_reader", "eeszt_reader_accounts", "eeszt_certificate_targets", "eeszt_certificate_notify"),
)


def read_host(record: Record, findings: Findings) -> Host | None:
    """Return the host of a record, or None when it has no usable name; all else is noted in ``findings``."""
    form = open_form(record, _FIELDS, findings)
    name = form.pattern(
        "name",
        r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}",
        "a host name of the letters A-Z, digits, dots, dashes and underscores",
        required="give the host a name of its own",
    )
    site = _site(form)
    purpose = form.choice("purpose", PURPOSES) or "workstation"
    connection = read_connection(form)
    system = _system(form, connection)
    address = _address(form)
    login_methods = _login_methods(form, purpose)
    reader = form.text("reader")
    reader_accounts = _reader_accounts(form, system)
    serves = references(form, "serves")
    targets = read_targets(form)
    services = read_services(form)
    variables = _variables(form)
    if name is None:
        return None
    return Host(
        *(
            name,
            site,
            serves,
            address,
            system,
            connection,
            purpose,
            login_methods,
            reader,
            reader_accounts,
            targets,
            services,
            variables,
        ),
        at=form.where("name"),
    )


def references(form: Form, key: str) -> tuple[Reference, ...]:
    """Return a list of names of other parts of the plan, each once, exactly as typed."""
    found: dict[str, Reference] = {}
    for item in form.scalars(key):
        if item.text in found:
            form.findings.error(item.at, f'{key} names "{item.text}" twice', "remove one")
        found.setdefault(item.text, Reference(item.text, item.at))
    return tuple(found.values())


def _site(form: Form) -> Reference | None:
    text = form.text("site", required="write the id of the site where the host stands")
    return Reference(text, form.where("site")) if text else None


def _system(form: Form, connection: Connection | None) -> str | None:
    system = form.choice("system", SYSTEMS)
    if connection is not None and connection.is_winrm:
        if system == "linux":
            form.findings.warn(
                form.where("connection"),
                f"{connection.type} is a way to Windows, yet the system is linux",
                "compare both",
            )
        return system or "windows"
    return system


def _address(form: Form) -> str | None:
    address = form.pattern("address", HOST_ADDRESS, "a host name or an IP address")
    if address and (":" in address or re.fullmatch(r"[0-9.]+", address)):
        try:
            ipaddress.ip_address(address)
        except ValueError:
            form.findings.error(
                form.where("address"),
                f'address "{address}" is not an IP address',
                "write four numbers 0 to 255 with dots, or a name",
            )
            return None
    return address


def _login_methods(form: Form, purpose: str) -> tuple[str, ...]:
    """Return the login methods; by default the card, and none on a server, where nobody sits."""
    chosen = form.choices("login_methods", LOGIN_METHODS)
    if chosen is None:
        return () if purpose == "server" else ("eid_card",)
    return tuple(chosen)


def _reader_accounts(form: Form, system: str | None) -> tuple[str, ...]:
    """Return the accounts that may use the reader from afar; Windows asks nobody's leave, so none counts there."""
    accounts = references(form, "reader_accounts")
    for account in accounts:
        if not re.fullmatch(r"[^\s:/,;]{1,256}", account.name):
            form.findings.error(
                account.at,
                f'reader_accounts "{account.name}" is not an account',
                "write the name that its user logs in by",
            )
    if accounts and system == "windows":
        form.findings.warn(form.where("reader_accounts"), "reader_accounts is for Linux alone", "remove it")
    return tuple(account.name for account in accounts)


def _variables(form: Form) -> dict[str, object]:
    """Return ordinary host variables, from which names that belong to the plan and secrets are refused."""
    node = form.node("vars")
    if node is None:
        return {}
    if not isinstance(node, Record):
        form.findings.error(node.at, "vars must have fields of its own", "write name: value below it")
        return {}
    for name, at in node.key_at.items():
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            form.findings.error(at, f'"{name}" is not the name of a variable', "use letters, digits and underscores")
        if name in PLAN_VARIABLES:
            form.findings.error(at, f"{name} is made by the plan", "give the plan's own field instead")
    _refuse_secrets(node, form.findings)
    return {name: plain(value) for name, value in node.fields.items()}


def _refuse_secrets(node: Node, findings: Findings) -> None:
    if isinstance(node, Scalar):
        return
    if isinstance(node, Series):
        for item in node.items:
            _refuse_secrets(item, findings)
        return
    for name, value in node.fields.items():
        if looks_secret(name):
            refuse_secret(name, node.key_at[name], findings)
        _refuse_secrets(value, findings)
