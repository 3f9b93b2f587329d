# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put the report's files in place, and leave those alone that would say the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..ledger.writing import make_folder, write_whole
from .as_html import to_html
from .as_json import to_json
from .model import Report

FILE_STEM = "fleet-report"
GENERATED_IN_HTML = re.compile(r'<meta name="generated" content="([^"]*)">')

WRITERS: Mapping[str, Callable[[Report, str], str]] = {
    "html": to_html,
    "json": lambda report, _language: to_json(report),
}
FORMATS = tuple(WRITERS)


@dataclass(frozen=True)
class Written:
    """One file of the report; ``changed`` tells whether it says, or in a dry run would say, something new."""

    format: str
    path: Path
    changed: bool


def publish(
    report: Report, folder: Path, formats: Sequence[str], language: str, dry_run: bool = False
) -> list[Written]:
    """Write ``folder``/fleet-report.<format> for each format; raises OSError, KeyError for an unknown format.

    A file that differs in the time of its making only stays untouched. ``dry_run`` writes nothing.
    """
    written = []
    for name in formats:
        path = folder / f"{FILE_STEM}.{name}"
        content = _new_content(path, WRITERS[name], report, language)
        if content is not None and not dry_run:
            make_folder(folder)
            write_whole(path, content.encode())
        written.append(Written(name, path, content is not None))
    return written


def _new_content(path: Path, write: Callable[[Report, str], str], report: Report, language: str) -> str | None:
    """What the file should hold; None when it holds just that, made at another time."""
    try:
        old = path.read_text("utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return write(report, language)
    made_at = _made_at(old)
    if made_at is not None and write(replace(report, generated_at=made_at), language) == old:
        return None
    return write(report, language)


def _made_at(content: str) -> str | None:
    found = GENERATED_IN_HTML.search(content, 0, 4096)
    if found is not None:
        return found[1]
    try:
        made_at = json.loads(content)["generated_at"]
    except (ValueError, KeyError, TypeError):
        return None
    return made_at if isinstance(made_at, str) else None
