# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the hosts' parts to the folders that go to the sites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from ..contract.documents import ContractError
from .packages import Package, PackageStore, PortableHost, new_package
from .site_folder import write_site_folder

LONGEST_DAYS = 366


def packages_of(parts: Sequence[Mapping[str, Any]], made_at: datetime, valid_days: int) -> list[Package]:
    """One package a site, by id; ``parts`` are what portable_request gave. ContractError for none and for bad days."""
    if not 1 <= valid_days <= LONGEST_DAYS:
        raise ContractError(f"eeszt_portable_days: must be 1 to {LONGEST_DAYS}, not {valid_days}")
    if not parts:
        raise ContractError("there is no host to make a package for")
    sites = {part["site"]["id"]: str(part["site"].get("name") or "") for part in parts}
    hosts: dict[str, list[PortableHost]] = {site: [] for site in sorted(sites)}
    for part in parts:
        hosts[part["site"]["id"]].append(
            PortableHost(part["host"], part["system"], tuple(part["names"]), part["request"])
        )
    return [new_package((site, sites[site]), members, made_at, valid_days) for site, members in hosts.items()]


def write_packages(packages: Sequence[Package], store: PackageStore, dest: Path) -> list[Path]:
    """Keep and write them; a package is kept first, for one that nobody knows is useless at the site."""
    folders = []
    for package in packages:
        store.keep(package)
        folders.append(write_site_folder(dest, package))
    return folders
