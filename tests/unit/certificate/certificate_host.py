# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder that stands for a host, and certificates to bring there."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

from certificate_factory import PASSWORD, Issued, pack

from ansible_collections.eeszt.connect.plugins.module_utils import certificate_files as files
from ansible_collections.eeszt.connect.plugins.module_utils.certificate_delivery import Report, bring, wanted_files
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.bundle import Bundle
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.pkcs12 import open_pkcs12

ROLES = ("certificate", "key", "chain")


def material(issued: Issued) -> dict[str, str]:
    return material_of(open_pkcs12(pack(issued), PASSWORD))


def material_of(bundle: Bundle) -> dict[str, str]:
    return {
        "certificate": bundle.certificate_pem,
        "key": bundle.key_pem,
        "chain": bundle.chain_pem,
        "pkcs12": base64.b64encode(bundle.pkcs12).decode(),
    }


class Host:
    """A folder that stands for a host."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "etc" / "E01620K"
        self.pem = {
            "institution": "E01620K",
            "type": "pem_files",
            **{role: str(self.folder / f"{role}.pem") for role in ROLES},
        }
        self.pkcs12 = {"institution": "E01620K", "type": "pkcs12_file", "path": str(self.folder / "client.p12")}

    def bring(
        self,
        wanted: dict[str, str] | None,
        *targets: dict[str, str],
        check: bool = False,
        kept: dict[str, str] | None = None,
    ) -> Report:
        sets = [wanted_files(target, wanted) for target in targets or (self.pem, self.pkcs12)]
        return bring(sets, kept or {}, check)

    def read(self, role: str) -> str | None:
        path = self.folder / f"{role}.pem"
        return path.read_text() if path.exists() else None

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir()) if self.folder.exists() else []


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def settle(host: Host, wanted: dict[str, str]) -> None:
    """The next run after a kill completes the work, cleans up, and the one after it has nothing to do."""
    host.bring(wanted, kept={host.pkcs12["path"]: ""})
    assert {role: host.read(role) for role in ROLES} == {role: wanted[role] for role in ROLES}
    assert host.names() == ["certificate.pem", "chain.pem", "client.p12", "key.pem"]
    assert not [path for path in host.folder.parent.iterdir() if path.name.startswith(files.PREFIX)]
    assert not host.bring(wanted).changed
