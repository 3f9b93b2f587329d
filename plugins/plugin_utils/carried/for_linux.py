# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The package for Linux hosts: one executable archive for the host's own Python."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

from .packages import Package

FILE_NAME = "eeszt-probe.pyz"
INSIDE = "eeszt_probe"
"""Name of the Python package in the archive; the probe's own imports are relative."""

_MODULE_UTILS = Path(__file__).resolve().parents[2] / "module_utils"
_START = f"import sys\n\nfrom {INSIDE}.carry import main\n\nsys.exit(main())\n"
_EARLIEST = (1980, 1, 1, 0, 0, 0)


def linux_archive(package: Package) -> bytes:
    """An archive that Python executes; same package, same bytes."""
    stream = io.BytesIO(b"#!/usr/bin/env python3\n")
    stream.seek(0, io.SEEK_END)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _members(package):
            archive.writestr(zipfile.ZipInfo(name, _EARLIEST), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _members(package: Package) -> Iterator[tuple[str, str]]:
    yield "__main__.py", _START
    yield f"{INSIDE}/__init__.py", ""
    for name in ("version.py", "carry.py"):
        yield f"{INSIDE}/{name}", (_MODULE_UTILS / name).read_text("utf-8")
    yield f"{INSIDE}/observe/__init__.py", ""
    for path in sorted((_MODULE_UTILS / "observe").glob("*.py")):
        if path.name != "__init__.py":
            yield f"{INSIDE}/observe/{path.name}", path.read_text("utf-8")
    yield f"{INSIDE}/package.json", json.dumps(package.document("linux"), indent=1)
