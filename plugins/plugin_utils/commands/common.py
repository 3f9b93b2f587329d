# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several subcommands share."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..ledger import Ledger
    from ..plan.load import Source

LANGUAGES = ("en", "hu")

# Fields of an inventory source that are not the plan's: those of the plugin, of constructed inventories and the cache.
SOURCE_OPTIONS = (
    *("plugin", "plan", "strict", "compose", "groups", "keyed_groups", "use_extra_vars", "leading_separator"),
    *("cache", "cache_plugin", "cache_timeout", "cache_connection", "cache_prefix"),
)


class CannotDoError(Exception):
    """Why the command stops, for the user."""


def existing_ledger(place: str) -> Ledger:
    """Open a ledger to read; a folder that is not there is a mistyped one."""
    from ..ledger import open_ledger

    ledger = open_ledger(place)
    if not Path(place).expanduser().is_dir():
        raise CannotDoError(f"there is no ledger at {place}")
    return ledger


def plan_sources(file: str) -> list[Source]:
    """Read a plan, or an inventory source and the plan that it names. Raises OSError and UnicodeDecodeError."""
    import yaml

    from ..plan.load import open_source

    def read_text(path: str) -> str:
        return Path(path).read_text("utf-8")

    source = open_source(file, read_text)
    try:
        document = yaml.load(source.text, Loader=yaml.BaseLoader)
    except yaml.YAMLError:
        document = None  # the plan's own reader says where it is broken
    if isinstance(document, dict) and isinstance(document.get("plan"), str):
        path = Path(file).parent / Path(document["plan"]).expanduser()
        return [source, open_source(str(path), read_text)]
    return [source]


def warn(warnings: Iterable[object]) -> None:
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
