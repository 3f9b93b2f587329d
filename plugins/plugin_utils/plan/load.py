# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From files to an inventory: choose the reader, build the plan, keep the result while the files stay."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from .build import PARTS, build_plan
from .fields import open_form
from .findings import Findings, Location, PlanError
from .inventory import Inventory, plan_inventory
from .kept import pack, unpack
from .nodes import Record
from .yaml_reader import read_yaml


@dataclass(frozen=True, slots=True)
class Source:
    """A file and its text."""

    path: str
    text: str

    @property
    def shown(self) -> str:
        """The path as messages show it: relative where the user stands above the file."""
        relative = os.path.relpath(self.path)
        return self.path if relative.startswith("..") else relative


@dataclass(frozen=True, slots=True)
class Loaded:
    """An inventory, the plan's warnings, and an entry for a cache; ``was_kept``: it came from there."""

    inventory: Inventory
    warnings: list[str]
    kept: dict[str, object]
    was_kept: bool


def load_inventory(sources: list[Source], kept: object, option_names: Collection[str]) -> Loaded:
    """Return the inventory of a plan.

    ``sources`` is the inventory source, and after it the plan's own file when it names one. ``kept`` is what
    an earlier call returned, or anything else; it is used only when the texts are the same. ``option_names``
    are the source's fields that are not the plan's. Raises ``PlanError``.
    """
    digest = hashlib.sha256(repr(sources).encode("utf-8", "surrogateescape")).hexdigest()
    if isinstance(kept, dict) and kept.get("digest") == digest:
        return Loaded(unpack(kept["inventory"]), list(kept["warnings"]), kept, True)
    findings = Findings()
    plan = build_plan(_tree(sources, findings, option_names), findings, option_names)
    inventory = plan_inventory(plan)
    warnings = [str(finding) for finding in sorted(set(findings.warnings))]
    entry: dict[str, object] = {"digest": digest, "inventory": pack(inventory), "warnings": warnings}
    return Loaded(inventory, warnings, entry, False)


def _tree(sources: list[Source], findings: Findings, option_names: Collection[str]) -> Record:
    """Return the tree that holds the plan; raises ``PlanError`` when there is none to look at."""
    trees = [_read(source, findings) for source in sources]
    tree = trees[-1]
    if tree is None or trees[0] is None:
        raise PlanError(findings)
    if len(trees) > 1:
        option_form = open_form(trees[0], (*PARTS, *option_names), findings)
        for part in PARTS:
            if option_form.node(part):
                findings.error(option_form.where(part), f"{part} stands beside plan", "keep the plan in one place")
    return tree


def _read(source: Source, findings: Findings) -> Record | None:
    if Path(source.path).suffix.lower() in (".yml", ".yaml"):
        return read_yaml(source.text, source.shown, findings)
    findings.error(Location(source.shown, 1, 1), "no reader knows this kind of file", "give the plan as .yml or .yaml")
    return None
