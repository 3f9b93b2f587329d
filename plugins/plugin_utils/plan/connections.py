# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From records to connections: what a host or a site says of the way from the controller, and both together."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass

from .fields import Form
from .findings import Findings, Location
from .nodes import Record
from .pins import check_pin

TYPE = r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*"
SCHEMES = ("https", "http")
AUTHENTICATIONS = ("certificate", "kerberos", "ntlm", "basic")
_PATH = r"[^\x00-\x1f]{1,4096}"
_PROXY = r"(https?|socks5h?)://[A-Za-z0-9\[][A-Za-z0-9.:\]_-]*:[1-9][0-9]{0,4}/?"
_TEXTS = {
    "certificate": (_PATH, "the path of a PEM file"),
    "fingerprint": (r"([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}", "a SHA-256 of 64 hexadecimal digits"),
    "client_certificate": (_PATH, "the path of a PEM file on the controller"),
    "client_key": (_PATH, "the path of a PEM file on the controller"),
    "proxy": (_PROXY, "a URL like socks5h://127.0.0.1:1080 or http://proxy.example:3128"),
    "user": (r"[^\x00-\x1f:]{1,256}", "an account like tech, .\\tech or tech@clinic.example"),
}
_NUMBERS = {"port": (1, 65535), "operation_timeout": (5, 3600), "read_timeout": (10, 3610), "retries": (1, 10)}
FIELDS = ("type", "scheme", "authentication", *_TEXTS, *_NUMBERS)
_FOR_SSH = ("type", "port", "user")


@dataclass(frozen=True, slots=True)
class Connection:
    """The way from the controller to a host; times are seconds.

    ``type`` is the connection plugin, ``certificate`` the path of the PEM file that pins the listener's certificate,
    as typed (relative to the plan). ``field_at`` says where each given field stands.
    """

    type: str | None = None
    port: int | None = None
    scheme: str | None = None
    authentication: str | None = None
    user: str | None = None
    certificate: str | None = None
    fingerprint: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None
    proxy: str | None = None
    operation_timeout: int | None = None
    read_timeout: int | None = None
    retries: int | None = None
    field_at: dict[str, Location] = dataclasses.field(default_factory=dict, compare=False)

    @property
    def kind(self) -> str | None:
        """``winrm``, ``psrp``, ``ssh`` or None for any other; a full name (``ansible.builtin.ssh``) is the same."""
        short = self.type.rpartition(".")[2] if self.type else None
        return short if short in ("winrm", "psrp", "ssh") else None

    @property
    def is_winrm(self) -> bool:
        """Whether the way leads to a WinRM listener, by either plugin."""
        return self.kind in ("winrm", "psrp")

    def given(self) -> dict[str, object]:
        """The fields that were given."""
        return {name: value for name in FIELDS if (value := getattr(self, name)) is not None}


def read_connection(form: Form) -> Connection | None:
    """Return the connection of a host's or a site's record: a word, or a record with fields of its own."""
    node = form.node("connection")
    if node is None:
        return None
    if not isinstance(node, Record):
        word = form.pattern("connection", TYPE, "the name of a connection like ssh or psrp")
        return Connection(type=word, field_at={"type": node.at}) if word else None
    fields = form.form("connection", FIELDS)
    if fields is None:
        return None
    texts = {name: fields.pattern(name, *rule) for name, rule in _TEXTS.items()}
    numbers = {name: fields.number(name, *bounds) for name, bounds in _NUMBERS.items()}
    return Connection(
        type=fields.pattern("type", TYPE, "the name of a connection like ssh or psrp"),
        scheme=fields.choice("scheme", SCHEMES),
        authentication=fields.choice("authentication", AUTHENTICATIONS),
        **texts,  # type: ignore[arg-type]
        **numbers,  # type: ignore[arg-type]
        field_at={"": node.at, **{name: fields.where(name) for name in FIELDS if fields.node(name)}},
    )


def join(own: Connection | None, of_site: Connection | None, system: str | None) -> Connection | None:
    """Return a host's connection: its own fields first, its site's for the rest.

    A host of another kind than its site's connection, or with Linux behind a site's WinRM, takes nothing from the site.
    """
    if of_site is None or (of_site.is_winrm and system == "linux"):
        return own
    if own is None:
        return of_site
    if own.type is not None and own.kind != of_site.kind:
        return own
    merged = {**of_site.given(), **own.given()}
    return Connection(**merged, field_at={**of_site.field_at, **own.field_at})  # type: ignore[arg-type]


def check_connection(connection: Connection, names: tuple[str, ...], jump_host: str | None, findings: Findings) -> None:
    """Note what cannot work together. ``names``: by what the controller calls the host, name or address."""
    where = connection.field_at

    def error(field: str, message: str, remedy: str) -> None:
        findings.error(where.get(field) or next(iter(where.values())), message, remedy)

    if connection.type is None:
        error("", "the connection has no type", "write type: winrm, psrp or ssh, here or at the site")
        return
    if not connection.is_winrm:
        for field in connection.given():
            if field not in _FOR_SSH:
                error(field, f"{field} is for winrm and psrp, not for {connection.type}", "remove it")
        return
    if connection.scheme == "http":
        _check_http(connection, error)
    if connection.authentication == "certificate" and not (connection.client_certificate and connection.client_key):
        error(
            "authentication",
            "authentication by certificate needs a certificate",
            "name its PEM files in client_certificate and client_key",
        )
    if (connection.read_timeout or READ_TIMEOUT) <= (connection.operation_timeout or OPERATION_TIMEOUT):
        error(
            "read_timeout" if connection.read_timeout else "operation_timeout",
            "read_timeout must be longer than operation_timeout",
            "add ten seconds to it",
        )
    if connection.retries is not None and connection.kind == "winrm":
        findings.warn(where["retries"], "winrm knows no retries", "use psrp, or remove it")
    if connection.authentication == "kerberos" and names and _is_address(names[0]):
        findings.warn(
            where["authentication"],
            f"Kerberos knows machines by name, and {names[0]} is an address",
            "write the full DNS name into address",
        )
    if jump_host and not connection.proxy:
        findings.warn(
            where["type"],
            f"{connection.type} does not go through the jump host {jump_host}",
            f"run ssh -N -D 127.0.0.1:1080 {jump_host} and write proxy: socks5h://127.0.0.1:1080 into the connection",
        )
    _check_pin(connection, names, findings)


OPERATION_TIMEOUT, READ_TIMEOUT = 30, 50


def _check_http(connection: Connection, error: Callable[[str, str, str], None]) -> None:
    if connection.authentication == "basic":
        error("scheme", "basic over http sends the password for everybody to read", "use https, or kerberos or ntlm")
    if connection.authentication == "certificate":
        error("scheme", "a client certificate needs https", "write scheme: https")
    for field in ("certificate", "fingerprint"):
        if getattr(connection, field):
            error(field, f"{field} pins the certificate of https, and the scheme is http", "write scheme: https")


def _check_pin(connection: Connection, names: tuple[str, ...], findings: Findings) -> None:
    where = connection.field_at
    if connection.fingerprint and not connection.certificate:
        findings.error(
            where["fingerprint"],
            f"{connection.type} cannot trust a fingerprint without its certificate",
            "put the .pem file that Enable-EesztRemoting.ps1 wrote beside the plan and name it in certificate",
        )
    if connection.certificate and connection.scheme != "http":
        check_pin(where["certificate"], connection.certificate, connection.fingerprint, names, findings)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
