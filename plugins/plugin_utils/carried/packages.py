# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages that were made to be carried, kept beside the ledger: what was asked of whom, and the key of the seal."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ..contract.documents import ContractError, validate
from ..ledger import LedgerError
from ..readiness.result import utc

FOLDER_NAME = ".portable"
"""Inside the ledger's folder; the dot tells it from a run, whose id never begins with one."""

ID_FORM = re.compile(r"[0-9a-f]{32}")
KEY_BYTES = 32


@dataclass(frozen=True)
class PortableHost:
    """A host that a package may look at. ``names`` are those by which the machine may know itself."""

    name: str
    system: str
    names: tuple[str, ...]
    request: Mapping[str, Any]


@dataclass(frozen=True)
class Package:
    """A package for one site. Times are aware and in UTC."""

    portable_id: str
    site_id: str
    site_name: str
    made_at: datetime
    expires_at: datetime
    key: bytes
    hosts: tuple[PortableHost, ...]

    def host(self, name: str) -> PortableHost | None:
        return next((each for each in self.hosts if each.name == name), None)

    def document(self, system: str | None = None) -> dict[str, Any]:
        """In the form of carried_package.schema.json, with the hosts of one ``system`` or of all."""
        return {
            "schema_version": 1,
            "portable_id": self.portable_id,
            "site": {"id": self.site_id, "name": self.site_name},
            "made_at": utc(self.made_at),
            "expires_at": utc(self.expires_at),
            "key": self.key.hex(),
            "hosts": [
                {"name": each.name, "system": each.system, "names": list(each.names), "request": dict(each.request)}
                for each in self.hosts
                if system in (None, each.system)
            ],
        }


def new_package(
    site: tuple[str, str], hosts: Sequence[PortableHost], made_at: datetime, valid_days: int, portable_id: str = ""
) -> Package:
    """Make a package for a site (id, name) with a key of its own."""
    return Package(
        portable_id=portable_id or secrets.token_hex(16),
        site_id=site[0],
        site_name=site[1],
        made_at=made_at,
        expires_at=made_at + timedelta(days=valid_days),
        key=secrets.token_bytes(KEY_BYTES),
        hosts=tuple(hosts),
    )


class PackageStore:
    """The packages of a ledger in a folder: a file each, 0600, in a folder that is 0700."""

    def __init__(self, ledger: str | Path) -> None:
        self.folder = Path(ledger).expanduser() / FOLDER_NAME

    def keep(self, package: Package) -> None:
        """Write a new package down before it goes out; LedgerError when it cannot be written."""
        content = json.dumps(package.document(), ensure_ascii=False, indent=1).encode()
        path = self.folder / f"{package.portable_id}.json"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(descriptor)
        except OSError as fault:
            raise LedgerError(f"{path}: cannot be written: {fault.strerror}") from fault

    def find(self, portable_id: str) -> Package | None:
        """The package of this id; None when this ledger has none. LedgerError when its file is damaged."""
        if not ID_FORM.fullmatch(portable_id):
            return None
        path = self.folder / f"{portable_id}.json"
        try:
            document = json.loads(path.read_bytes())
            validate("carried_package", document, "the package")
        except FileNotFoundError:
            return None
        except OSError as fault:
            raise LedgerError(f"{path}: cannot be read: {fault.strerror}") from fault
        except (ValueError, ContractError) as fault:
            raise LedgerError(f"{path}: is damaged: {fault}") from fault
        return _package(document)


def _package(document: Mapping[str, Any]) -> Package:
    return Package(
        portable_id=document["portable_id"],
        site_id=document["site"]["id"],
        site_name=document["site"]["name"],
        made_at=datetime.fromisoformat(document["made_at"]),
        expires_at=datetime.fromisoformat(document["expires_at"]),
        key=bytes.fromhex(document["key"]),
        hosts=tuple(
            PortableHost(each["name"], each["system"], tuple(each["names"]), each["request"])
            for each in document["hosts"]
        ),
    )
