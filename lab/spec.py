"""The fleet file: what a fleet is made of.

Every fault of a file is reported in one go, each with the place where it stands.
"""

import ipaddress
import re
from collections.abc import Collection
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from lab.errors import LabError
from lab.paths import FLEET_FILES

NETWORK = ipaddress.ip_network("10.77.0.0/22")
CONTROLLER, GATEWAY, CONTROL = (str(NETWORK[n]) for n in (1, 2, 3))
FIRST_WORKSTATION = 11
MOST_HOSTS = 900
RELEASES = ("trixie", "bookworm")
NAME = re.compile(r"[a-z][a-z0-9-]{0,30}[a-z0-9]")
FLEET_NAME = re.compile(r"[a-z][a-z0-9-]{0,19}")
_KEYS = {"name", "kind", "release", "serves", "seed_certificate", "outbound", "faults"}
# A light one has no system of its own: one process answers for all of them from recordings.
LINUX, WINDOWS, WINDOWS_LIGHT = "linux", "windows", "windows_light"
KINDS = (LINUX, WINDOWS, WINDOWS_LIGHT)
OUTBOUND = ("closed", "open")
OPEN, ACCOUNT = "open", "account"


@dataclass(frozen=True)
class Institution:
    """A healthcare provider of the double; `expired`: its certificate has run out."""

    id: str
    name: str
    expired: bool = False


@dataclass(frozen=True)
class Host:
    """A workstation: `number` fixes its address, its MAC and its place in the bridge."""

    name: str
    number: int
    kind: str = LINUX
    release: str = "trixie"
    serves: tuple[str, ...] = ()
    seed_certificate: str = ""
    card: bool = True
    blocked: tuple[int, ...] = ()
    outbound: str = "closed"

    @property
    def address(self) -> str:
        """Its IPv4 address."""
        return str(NETWORK[self.number])


@dataclass(frozen=True)
class FleetSpec:
    """A whole fleet as its file (or `--hosts N`) describes it.

    `left_out`: hosts of the file that cannot be made on this machine, for the reason `why_left_out`.
    `proxy`: "" (none), OPEN, or ACCOUNT, which has a port that asks for an account beside the open one.
    """

    name: str
    domain: str
    institutions: tuple[Institution, ...]
    hosts: tuple[Host, ...]
    generated: bool = field(default=False)
    left_out: tuple[str, ...] = ()
    why_left_out: str = ""
    proxy: str = ""

    @property
    def centre(self) -> str:
        """Name of the double of the centre."""
        return f"centre.{self.domain}"

    @property
    def control(self) -> str:
        """Name of the unrelated host."""
        return f"control.{self.domain}"

    def host(self, name: str) -> Host:
        """The host called `name`; raises LabError when there is none."""
        for host in self.hosts:
            if host.name == name:
                return host
        known = ", ".join(host.name for host in self.hosts)
        raise LabError(f"The fleet {self.name} has no host {name}; it has {known}.")

    def of_kind(self, *kinds: str) -> tuple[Host, ...]:
        """The hosts of these kinds."""
        return tuple(host for host in self.hosts if host.kind in kinds)

    def without(self, kinds: Collection[str], why: str) -> "FleetSpec":
        """The same without the hosts of these kinds; the others keep their numbers."""
        gone = tuple(host.name for host in self.of_kind(*kinds))
        rest = tuple(host for host in self.hosts if host.name not in gone)
        return replace(self, hosts=rest, left_out=gone, why_left_out=why) if gone else self

    def to_json(self) -> dict[str, Any]:
        """A form that `from_json` reads back."""
        return asdict(self)


def from_json(data: dict[str, Any]) -> FleetSpec:
    """Read back what `to_json` made; raises LabError for what another version of the lab made."""
    try:
        return _from_json(data)
    except (KeyError, TypeError) as fault:
        raise LabError(
            "The fleet was started by another version of the lab; run `lab down` (with its --fleet) and `lab up`."
        ) from fault


def _from_json(data: dict[str, Any]) -> FleetSpec:
    hosts = tuple(
        Host(**{**host, "serves": tuple(host["serves"]), "blocked": tuple(host["blocked"])}) for host in data["hosts"]
    )
    institutions = tuple(Institution(**entry) for entry in data["institutions"])
    about = (data["name"], data["domain"], institutions, hosts, data["generated"])
    return FleetSpec(*about, tuple(data["left_out"]), data["why_left_out"], data.get("proxy", ""))


def check_fleet_name(name: str) -> str:
    """Return `name`, or raise LabError when namespaces and machines cannot carry it."""
    if not FLEET_NAME.fullmatch(name):
        raise LabError(f"'{name}' cannot name a fleet: 1 to 20 of a-z, 0-9 and '-', a letter first.")
    return name


def generated(name: str, count: int, kind: str = LINUX) -> FleetSpec:
    """A fleet of `count` workstations ws-001... (on trixie, if they are Linux) that serve E99901A."""
    if not 1 <= count <= MOST_HOSTS:
        raise LabError(f"--hosts takes 1 to {MOST_HOSTS}, not {count}.")
    if kind not in KINDS:
        raise LabError(f"--kind takes {', '.join(KINDS)}, not {kind}.")
    hosts = tuple(
        Host(f"ws-{index + 1:03d}", FIRST_WORKSTATION + index, kind, serves=("E99901A",), card=kind != WINDOWS_LIGHT)
        for index in range(count)
    )
    return FleetSpec(name, "demo.test", (Institution("E99901A", "Mintarendelő Kft."),), hosts, True)


def load(name: str, folder: Path = FLEET_FILES, file: str = "") -> FleetSpec:
    """Read `<folder>/<file>.yml` (by default the fleet's own name) for the fleet `name`."""
    path = folder / f"{file or name}.yml"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        known = ", ".join(sorted(file.stem for file in folder.glob("*.yml")))
        raise LabError(
            f"There is no fleet file {path.name} (known: {known}); give --hosts N for a made-up fleet."
        ) from None
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as fault:
        raise LabError(f"{path.name} is not YAML: {' '.join(str(fault).split())}") from fault
    return parse(name, data, path.name)


def parse(name: str, data: Any, source: str) -> FleetSpec:
    """Turn a parsed fleet file into a FleetSpec; raises LabError that names every fault."""
    faults: list[str] = []
    if not isinstance(data, dict):
        raise LabError(f"{source}: the file must be a mapping with domain, institutions and hosts.")
    faults += [f"unknown key {key}" for key in data if key not in {"domain", "institutions", "hosts", "proxy"}]
    domain = data.get("domain")
    if not isinstance(domain, str) or not domain.endswith(".test"):
        faults.append("domain must end in .test, which no real name does")
    institutions = _institutions(data.get("institutions"), faults)
    hosts = _hosts(data.get("hosts"), {entry.id for entry in institutions}, faults)
    proxy = _proxy(data.get("proxy"), faults)
    if faults:
        raise LabError(f"{source}: {'; '.join(faults)}.")
    return FleetSpec(name, str(domain), tuple(institutions), tuple(hosts), proxy=proxy)


def _proxy(data: Any, faults: list[str]) -> str:
    if data is None:
        return ""
    if not isinstance(data, dict) or list(data) != ["account"] or not isinstance(data["account"], bool):
        faults.append("proxy must be {account: true} or {account: false}")
        return ""
    return ACCOUNT if data["account"] else OPEN


def _institutions(data: Any, faults: list[str]) -> list[Institution]:
    if not isinstance(data, dict) or not data:
        faults.append("institutions must be a mapping of id to name")
        return []
    found = []
    for key, entry in data.items():
        where = f"institution {key}"
        if not isinstance(key, str) or not re.fullmatch(r"[A-Z0-9]{3,12}", key):
            faults.append(f"{where}: the id must be text of capital letters and digits")
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            faults.append(f"{where}: name is missing")
            continue
        state = entry.get("certificate", "valid")
        if state not in ("valid", "expired"):
            faults.append(f"{where}: certificate must be valid or expired, not {state}")
        found.append(Institution(str(key), entry["name"], state == "expired"))
    return found


def _hosts(data: Any, known: set[str], faults: list[str]) -> list[Host]:
    if not isinstance(data, list) or not data:
        faults.append("hosts must be a list")
        return []
    hosts: list[Host] = []
    seen = {"gateway"}
    for index, entry in enumerate(data):
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            faults.append(f"host {index + 1}: name is missing")
            continue
        name = entry["name"]
        own = _host_faults(entry, known)
        if name in seen:
            own.append("the name is taken")
        seen.add(name)
        faults += [f"host {name}: {fault}" for fault in own]
        if not own:
            hosts.append(_host(entry, FIRST_WORKSTATION + index))
    return hosts


def _host_faults(entry: dict[str, Any], known: set[str]) -> list[str]:
    faults = [f"unknown key {key}" for key in entry if key not in _KEYS]
    if not NAME.fullmatch(entry["name"]):
        faults.append("the name must be 2 to 32 of a-z, 0-9 and '-'")
    if entry.get("release", "trixie") not in RELEASES:
        faults.append(f"release must be one of {', '.join(RELEASES)}, not {entry['release']}")
    faults += _kind_faults(entry)
    serves = entry.get("serves", [])
    if not isinstance(serves, list):
        faults.append("serves must be a list of institutions")
        serves = []
    seed = entry.get("seed_certificate")
    faults += [f"unknown institution {one}" for one in [*serves, *([seed] if seed else [])] if one not in known]
    wrong = entry.get("faults", {})
    if not isinstance(wrong, dict) or set(wrong) - {"block", "no_card"}:
        faults.append("faults may hold block and no_card only")
    elif not _ports(wrong.get("block", [])):
        faults.append("faults.block must be a list of ports")
    return faults


def _kind_faults(entry: dict[str, Any]) -> list[str]:
    """What does not go with a host's kind."""
    kind = entry.get("kind", LINUX)
    if kind not in KINDS:
        return [f"kind must be one of {', '.join(KINDS)}, not {kind}"]
    only_linux = {"release", "seed_certificate"}
    wrong = sorted(only_linux & set(entry)) if kind != LINUX else []
    wrong += ["outbound"] if kind != WINDOWS and "outbound" in entry else []
    wrong += ["faults"] if kind == WINDOWS_LIGHT and "faults" in entry else []
    faults = [f"{key} does not go with the kind {kind}" for key in wrong]
    if entry.get("outbound", "closed") not in OUTBOUND:
        faults.append(f"outbound must be one of {', '.join(OUTBOUND)}, not {entry['outbound']}")
    return faults


def _ports(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(port, int) and 0 < port < 65536 for port in value)


def _host(entry: dict[str, Any], number: int) -> Host:
    wrong, kind = entry.get("faults", {}), entry.get("kind", LINUX)
    return Host(
        name=entry["name"],
        number=number,
        kind=kind,
        release=entry.get("release", "trixie"),
        serves=tuple(entry.get("serves", [])),
        seed_certificate=entry.get("seed_certificate", ""),
        card=kind != WINDOWS_LIGHT and not wrong.get("no_card", False),
        blocked=tuple(wrong.get("block", [])),
        outbound=entry.get("outbound", "closed"),
    )
