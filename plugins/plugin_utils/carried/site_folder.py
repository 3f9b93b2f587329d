# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder that goes to a site: a start file for each system that the site has, and a page that says what to do."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ..ledger import LedgerError
from .for_linux import FILE_NAME as LINUX_FILE
from .for_linux import linux_archive
from .for_windows import (
    ACCEPTANCE_NAME,
    ACCEPTANCE_START_NAME,
    SCRIPT_NAME,
    START_NAME,
    acceptance_script,
    start_file,
    windows_script,
)
from .packages import Package

README = "OLVASS-EL - README.txt"


@dataclass(frozen=True)
class PackageFile:
    """A file of a folder; the key of the seal is in some, so nobody else reads any."""

    name: str
    content: bytes
    mode: int = 0o600


def _for_linux(package: Package) -> list[PackageFile]:
    return [PackageFile(LINUX_FILE, linux_archive(package), 0o700)]


def _for_windows(package: Package) -> list[PackageFile]:
    return [
        PackageFile(SCRIPT_NAME, windows_script(package)),
        PackageFile(START_NAME, start_file()),
        PackageFile(ACCEPTANCE_NAME, acceptance_script(package)),
        PackageFile(ACCEPTANCE_START_NAME, start_file(ACCEPTANCE_NAME)),
    ]


MAKERS: Mapping[str, Callable[[Package], list[PackageFile]]] = {"linux": _for_linux, "windows": _for_windows}


def write_site_folder(dest: Path, package: Package) -> Path:
    """Write the folder of a package, replacing an older one; files that were brought back into it stay.

    LedgerError when it cannot be written.
    """
    folder = dest / quote(package.site_id, safe="")
    systems = sorted({each.system for each in package.hosts})
    files = [made for system in systems for made in MAKERS[system](package)]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for each in [*files, PackageFile(README, _readme(package, systems).encode("utf-8-sig"))]:
            _write(folder / each.name, each)
    except OSError as fault:
        raise LedgerError(f"{folder}: cannot be written: {fault.strerror}") from fault
    return folder


def _write(path: Path, file: PackageFile) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, file.mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(file.content)
    temporary.replace(path)


def _readme(package: Package, systems: list[str]) -> str:
    hosts = ", ".join(each.name for each in package.hosts)
    until = f"{package.expires_at:%Y-%m-%d}"
    hungarian = [
        f"EESZT-vizsgálat: {package.site_name or package.site_id}. Gépek: {hosts}",
        f"Használható eddig: {until}. Csak ennek a telephelynek a gépein használja. Semmit sem módosít.",
        "",
        *(_STEPS[system][0] for system in systems),
        "Az elkészült *.eeszt-observation.json fájlokat hozza vissza, vagy küldje el csatolmányként;",
        "ne nyissa meg és ne mentse újra.",
        "A végén törölje ezt a mappát a gépről.",
    ]
    english = [
        f"A look at EESZT readiness: {package.site_name or package.site_id}. Hosts: {hosts}",
        f"To be used until {until}, on the machines of this site only. It changes nothing.",
        "",
        *(_STEPS[system][1] for system in systems),
        "Carry back the *.eeszt-observation.json files, or send them as attachments; do not open and save them.",
        "At the end, remove this folder from the machine.",
    ]
    return "\r\n".join([*hungarian, "", "-" * 60, "", *english, ""])


_STEPS = {
    "windows": (
        f"Windows: kattintson duplán erre: {START_NAME}   (rendszergazdaként többet lát)",
        f"Windows: double-click {START_NAME}   (it sees more when run as administrator)",
    ),
    "linux": (
        f"Linux: sudo python3 {LINUX_FILE}   (ha a gép neve más, mint a tervben: --host NÉV)",
        f"Linux: sudo python3 {LINUX_FILE}   (where the machine's name is not the plan's: --host NAME)",
    ),
}
