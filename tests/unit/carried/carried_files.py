# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A package, a ledger and sealed files, as they are at a site."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible_collections.eeszt.connect.plugins.module_utils.carry import carried_document, seal
from ansible_collections.eeszt.connect.plugins.plugin_utils.carried.packages import (
    Package,
    PackageStore,
    PortableHost,
    new_package,
)
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.documents import FOLDER

MADE_AT = datetime(2026, 5, 4, 6, 0, tzinfo=UTC)
SEEN_AT = "2026-05-04T07:30:00.000Z"
NOW = datetime(2026, 5, 5, 6, 0, tzinfo=UTC)
GOLDEN = FOLDER / "fixtures" / "healthy_linux"


def golden(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))
    return document


def package_of(*names: str, site: str = "buda") -> Package:
    hosts = [PortableHost(name, "linux", (name,), golden("request")) for name in names]
    return new_package((site, "Budai rendelő"), hosts, MADE_AT, 30)


def observation(seen_at: str = SEEN_AT) -> dict[str, Any]:
    return {**golden("observation"), "observed_at": seen_at, "exchange": None}


def sealed(package: Package, host: str, seen: Mapping[str, Any] | None = None, **changes: Any) -> bytes:
    document = carried_document(package.document(), {"name": host}, "name", dict(seen or observation()))
    return seal({**document, **changes}, package.key)


def kept(ledger: Path, package: Package) -> PackageStore:
    store = PackageStore(ledger)
    store.keep(package)
    return store
