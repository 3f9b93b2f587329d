# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The observation's shape, in its neutral form: what a field says when nobody looked.

One dataclass for one object of ``contract/schemas/observation.schema.json`` (endpoints: ``endpoint_shapes``);
``as_json`` gives the plain data. A section that failed is the neutral form with ``error`` set, so no reader ever meets
a missing field.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from .access_shapes import Account, AclFact

Json = dict[str, Any]


@dataclass(frozen=True)
class Evidence:
    """What a system said, unread: ``stack`` names who said it, ``code`` is its own code, ``text`` its own words."""

    stack: str
    code: int | str | None
    text: str


@dataclass
class Host:
    system: str = "linux"
    distribution: str | None = None
    version: str | None = None
    hostname: str = ""
    machine_id_hash: str | None = None
    boot_id: str | None = None
    account: str = ""
    privileged: bool = False


@dataclass
class UsbPower:
    """``control``: auto or on; ``delay_ms``: negative is never; ``status``: the kernel's runtime state."""

    control: str | None
    delay_ms: int | None
    status: str | None


@dataclass
class UsbDevice:
    """``claimed_by``: PC/SC drivers that list the device, null without any driver; ``bus_id``: its folder in sysfs."""

    vendor_id: str
    product_id: str
    product: str | None
    driver: str | None
    problem: int | None = None  # Windows' device problem code; Linux has none
    bus_id: str | None = None
    power: UsbPower | None = None
    claimed_by: list[str] | None = None


@dataclass
class KernelModule:
    """``blocked_by``: the file of modprobe.d that keeps the module from loading by itself."""

    name: str
    loaded: bool
    blocked_by: str | None


@dataclass
class Service:
    """Of the PC/SC daemon; null: this system's init cannot be asked."""

    present: bool | None = None
    active: bool | None = None
    socket_active: bool | None = None
    enabled: bool | None = None


@dataclass
class PcscContext:
    established: bool = False
    error: Evidence | None = None


@dataclass
class Session:
    account: str = ""
    remote: bool | None = None


@dataclass
class Connect:
    ok: bool
    error: Evidence | None = None


@dataclass
class Reader:
    """``state``: PC/SC event state, lower 16 bits; ``atr``: hexadecimal capitals; ``connect``: null without a card."""

    name: str
    state: int = 0
    card_present: bool = False
    card_mute: bool = False
    exclusive: bool = False
    in_use: bool = False
    atr: str | None = None
    connect: Connect | None = None


@dataclass
class Readers:
    error: Evidence | None = None
    usb_bus: bool = False
    usb_devices: list[UsbDevice] = field(default_factory=list)
    kernel_modules: list[KernelModule] = field(default_factory=list)
    library: bool = False
    service: Service = field(default_factory=Service)
    context: PcscContext = field(default_factory=PcscContext)
    session: Session = field(default_factory=Session)
    readers: list[Reader] = field(default_factory=list)


@dataclass
class Package:
    """``programs``: paths of the executable files that it brought."""

    name: str
    version: str
    programs: list[str] = field(default_factory=list)


@dataclass
class Process:
    executable: str
    account: str | None
    package: str | None = None


@dataclass
class Client:
    """``autostart``: desktop entries that start a program of the packages; null where no package was found."""

    error: Evidence | None = None
    packages: list[Package] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    autostart: list[str] | None = None


@dataclass
class Outbound:
    """``verdict``: accept, drop, reject, depends (a match cannot be told), unknown. ``address``: null = any."""

    port: int
    address: str | None
    verdict: str
    by: str
    explicit: bool


@dataclass
class Chain:
    family: str
    table: str
    name: str
    policy: str


@dataclass
class Owned:
    family: str
    table: str
    chain: str
    handle: int
    kind: str
    ports: list[int] = field(default_factory=list)
    destinations: list[str] = field(default_factory=list)


@dataclass
class Persistence:
    present: bool | None = None
    included: bool | None = None
    service_enabled: bool | None = None
    sha256: str | None = None


@dataclass
class Firewall:
    error: Evidence | None = None
    backend: str = "unknown"
    outbound: list[Outbound] = field(default_factory=list)
    chains: list[Chain] = field(default_factory=list)
    owned: list[Owned] = field(default_factory=list)
    persistence: Persistence = field(default_factory=Persistence)


@dataclass
class FileFact:
    """``present`` stays true when rights alone hide the file: unreadable is not absent.

    ``acl`` is null where the mode says everything, or where nothing is known (``mode`` null).
    """

    role: str
    path: str
    present: bool = False
    readable: bool = False
    owner: str | None = None
    group: str | None = None
    mode: str | None = None
    sha256: str | None = None
    size: int | None = None
    error: Evidence | None = None
    acl: AclFact | None = None


@dataclass
class Key:
    present: bool | None = None
    fits: bool | None = None
    encrypted: bool | None = None
    error: Evidence | None = None


@dataclass
class Kept:
    """A certificate (DER in base64) that waits for the proof of its successor, whose SHA-256 is ``renewed_to``.

    Both are null where the file tells nothing; ``certificate`` also where only a password could tell.
    """

    path: str
    renewed_to: str | None = None
    certificate: str | None = None
    error: Evidence | None = None


@dataclass
class Refused:
    """A certificate (SHA-256) that was taken back: the cause in the judge's words, or ``request``."""

    fingerprint: str
    reason: str


@dataclass
class Certificate:
    """``certificate`` and ``chain``: DER in base64. ``untold``: services are still to be told; None: not known."""

    institution: str
    type: str
    path: str
    files: list[FileFact] = field(default_factory=list)
    certificate: str | None = None
    chain: list[str] = field(default_factory=list)
    key: Key = field(default_factory=Key)
    kept: Kept | None = None
    refused: Refused | None = None
    untold: bool | None = None
    holds: str | None = None
    accounts: list[Account] | None = None


@dataclass
class Certificates:
    """``anchors``: the file of the request's trust_anchors; null where it names none."""

    error: Evidence | None = None
    targets: list[Certificate] = field(default_factory=list)
    anchors: FileFact | None = None


@dataclass
class Clock:
    error: Evidence | None = None
    utc: str = "1970-01-01T00:00:00.000Z"
    synchronized: bool | None = None
    source: str | None = None


def as_json(value: object) -> Json:
    """Plain data of one of the dataclasses above."""
    return asdict(value)  # type: ignore[call-overload, no-any-return]
