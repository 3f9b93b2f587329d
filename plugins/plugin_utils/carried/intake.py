# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a carried file may enter the ledger. Nothing is written here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ...module_utils.carry import SUFFIX
from ..contract.documents import ContractError, validate
from ..ledger import Ledger
from ..ledger.documents import moment
from ..readiness.result import utc
from .envelope import claims, read_bounded, refuse_altered
from .packages import Package, PackageStore, PortableHost
from .refusals import RefusedError

TOLERANCE = timedelta(minutes=5)
"""Clocks of two machines that are both right differ less."""


@dataclass(frozen=True)
class Sealed:
    """A file whose seal fits, of a package of this ledger. ``said`` is its content, by carried_file.schema.json."""

    path: Path
    sha256: str
    package: Package
    said: Mapping[str, Any]


@dataclass(frozen=True)
class CarriedFile:
    """A file whose seal fits, from a package of this ledger and of a host of that package."""

    path: Path
    sha256: str
    package: Package
    host: PortableHost
    host_chosen_by: str
    observation: Mapping[str, Any]

    @property
    def observed_at(self) -> datetime:
        return datetime.fromisoformat(self.observation["observed_at"])

    def mark(self, imported_at: datetime) -> dict[str, Any]:
        """What a result says of its origin."""
        return {
            "portable_id": self.package.portable_id,
            "file": self.path.name,
            "file_sha256": self.sha256,
            "host_chosen_by": self.host_chosen_by,
            "hostname": self.observation["host"]["hostname"],
            "observed_at": utc(self.observed_at),
            "imported_at": utc(imported_at),
        }


def carried_files(place: Path) -> list[Path]:
    """The file itself, or all carried files in a folder and below it, by name; FileNotFoundError for nothing there."""
    if place.is_dir():
        return sorted(each for each in place.rglob(f"*{SUFFIX}") if each.is_file())
    if not place.exists():
        raise FileNotFoundError(f"{place}: there is no such file or folder")
    return [place]


def open_sealed(path: Path, store: PackageStore) -> Sealed:
    """Read and prove a file; RefusedError says why it cannot be taken, LedgerError that a package is damaged."""
    content = read_bounded(path)
    said = claims(content)
    package = store.find(said["portable_id"])
    if package is None:
        raise RefusedError(
            "unknown_package",
            f"was made by package {said['portable_id']}, which this ledger does not know: "
            "import it where portable.yml was run",
        )
    refuse_altered(content, package.key)
    if said["site"] != package.site_id:
        raise RefusedError("altered", f"speaks of site {said['site']!r}, which its package is not for")
    return Sealed(path, hashlib.sha256(content).hexdigest(), package, said)


def open_carried(path: Path, store: PackageStore) -> CarriedFile:
    """The same for a file that holds an observation."""
    return as_carried(open_sealed(path, store))


def as_carried(sealed: Sealed) -> CarriedFile:
    """RefusedError unless it is an observation that the judge can read, of a host of its package."""
    said = sealed.said
    if said["kind"] != "observation":
        raise RefusedError("other_file", "holds no observation of a host")
    host = sealed.package.host(said["host"])
    if host is None:
        raise RefusedError("altered", f"speaks of host {said['host']!r}, which its package does not have")
    observation = {**said["observation"], "exchange": None}
    refuse_malformed(observation)
    return CarriedFile(sealed.path, sealed.sha256, sealed.package, host, said["host_chosen_by"], observation)


def refuse_malformed(observation: Mapping[str, Any]) -> None:
    """RefusedError unless the judge can read it; the seal only says that a probe wrote it."""
    try:
        validate("observation", observation, "its observation")
        moment(observation["observed_at"])
    except (ContractError, ValueError) as fault:
        raise RefusedError("schema", f"{fault}. The probe and this controller are of different versions") from fault


def refuse_out_of_plan(carried: CarriedFile, sites: Mapping[str, str]) -> None:
    """RefusedError unless the plan has this host, at this site; ``sites`` gives the site of each host of the plan."""
    name, site = carried.host.name, carried.package.site_id
    if name not in sites:
        raise RefusedError("unknown_host", f"is of host {name}, which the plan does not have (any more)")
    if sites[name] != site:
        raise RefusedError(
            "other_site", f"is of host {name} at site {site}, and the plan has it at {sites[name] or 'no site'}"
        )


def refuse_untimely(carried: CarriedFile, now: datetime) -> None:
    """RefusedError for a time at which the package could not have been used; the host's clock alone gives it."""
    seen, package = carried.observed_at, carried.package
    mend = "Set the clock of the host and look again"
    if seen > now + TOLERANCE:
        raise RefusedError("future", f"says it was made at {utc(seen)}, which is still to come. {mend}")
    if seen < package.made_at - TOLERANCE:
        raise RefusedError(
            "before_package", f"says {utc(seen)}, before its package was made ({utc(package.made_at)}). {mend}"
        )
    if seen > package.expires_at:
        raise RefusedError(
            "expired",
            f"was made at {utc(seen)}, after its package expired ({utc(package.expires_at)}). Make a new package",
        )


def refuse_known(carried: CarriedFile, ledger: Ledger) -> None:
    """RefusedError for what the ledger has already, or knows newer."""
    name = carried.host.name
    latest = ledger.latest_per_host([name]).get(name)
    mark = (latest or {}).get("carried")
    if mark and mark["file_sha256"] == carried.sha256:
        raise RefusedError("duplicate", f"is in the ledger already, imported at {mark['imported_at']}")
    # An unreachable host has newer results that know nothing of it; so only what was seen on the host counts.
    seen = list(ledger.good_proofs(name).values())
    if latest and latest["observation"]:
        seen.append(datetime.fromisoformat(latest["observation"]["observed_at"]))
    if seen and max(seen) >= carried.observed_at:
        raise RefusedError(
            "older", f"is of {utc(carried.observed_at)}, and the ledger has {name} as of {utc(max(seen))}"
        )


def newest_per_host(carried: Sequence[CarriedFile]) -> tuple[list[CarriedFile], list[tuple[Path, RefusedError]]]:
    """Of several files of a host the newest, and why the others are left."""
    newest: dict[str, CarriedFile] = {}
    left: list[tuple[Path, RefusedError]] = []
    for each in sorted(carried, key=lambda one: (one.observed_at, str(one.path)), reverse=True):
        first = newest.setdefault(each.host.name, each)
        if first is each:
            continue
        if first.sha256 == each.sha256:
            left.append((each.path, RefusedError("duplicate", f"is the same as {first.path}")))
        else:
            left.append((each.path, RefusedError("older", f"is older than {first.path}, of the same host")))
    return list(newest.values()), left
