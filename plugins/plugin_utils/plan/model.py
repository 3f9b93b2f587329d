# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The site plan: institutions, sites, hosts and users, checked.

An institution is a legal provider with one EESZT id and one certificate; a site is a place with a network; a
host stands in one site and serves any number of institutions; a user works for institutions on hosts. Days
are ISO text.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .connections import Connection
from .findings import Location
from .services import Service

RINGS = {"canary": 1, "early": 2, "broad": 3, **{str(number): number for number in range(1, 10)}}
RING_OF_ALL_OTHERS = 3
SYSTEMS = ("windows", "linux")
PURPOSES = ("workstation", "server", "terminal_server")
LOGIN_METHODS = ("eid_card", "mobile_token", "phone_reader")
ONBOARDING_STEPS = (
    "declaration_accepted",
    "administrator_registered",
    "certificate_issued",
    "password_received",
    "administrator_activated",
    "certificate_downloaded",
    "checker_passed",
    "result_uploaded",
    "receipt",
)
USER_DATES = ("registered", "test_passed", "activated", "card_valid_until")


@dataclass(frozen=True, slots=True)
class Administrator:
    """The institution's EESZT administrator: the one who downloads the certificate with his card."""

    name: str | None
    user_name: str | None
    email: str | None


@dataclass(frozen=True, slots=True)
class TargetPattern:
    """A certificate target as the plan gives it, before it is filled in for an institution.

    ``settings`` holds the target's other fields; its texts may have the placeholder ``{institution}``.
    """

    type: str
    institution: str | None
    settings: dict[str, object]
    at: Location


@dataclass(frozen=True, slots=True)
class Institution:
    """A provider.

    ``id`` is the EESZT institution id, ``authority_id`` the authority's own as it was typed.
    """

    id: str
    name: str
    authority: str
    authority_id: str
    administrator: Administrator | None
    onboarding: dict[str, str]
    targets: tuple[TargetPattern, ...]
    at: Location


@dataclass(frozen=True, slots=True)
class Proxy:
    """The way out of a site: an HTTP proxy, and the names that go without it."""

    host: str
    port: int
    exceptions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """A place with a network. ``ring`` is 1 to 9; ``jump_host`` is ``[user@]host[:port]``.

    ``connection`` is that of its hosts, for all that they do not say themselves.
    """

    id: str
    name: str
    address: str | None
    ring: int
    proxy: Proxy | None
    jump_host: str | None
    connection: Connection | None
    at: Location


@dataclass(frozen=True, slots=True)
class Reference:
    """A name of something that stands elsewhere in the plan."""

    name: str
    at: Location


@dataclass(frozen=True, slots=True)
class Host:
    """A machine.

    ``variables`` are ordinary host variables, with ``Encrypted`` and ``Unsafe`` values still marked.
    """

    name: str
    site: Reference | None
    serves: tuple[Reference, ...]
    address: str | None
    system: str | None
    connection: Connection | None
    purpose: str
    login_methods: tuple[str, ...]
    reader: str | None
    reader_accounts: tuple[str, ...]
    targets: tuple[TargetPattern, ...]
    services: tuple[Service, ...]
    variables: dict[str, object]
    at: Location


@dataclass(frozen=True, slots=True)
class User:
    """A person with an EESZT user name."""

    name: str
    user_name: str
    profession: str
    institutions: tuple[Reference, ...]
    hosts: tuple[Reference, ...]
    login_method: str
    dates: dict[str, str]
    at: Location


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole plan; each part by its id or name, in the order of the source."""

    institutions: dict[str, Institution] = field(default_factory=dict)
    sites: dict[str, Site] = field(default_factory=dict)
    hosts: dict[str, Host] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
