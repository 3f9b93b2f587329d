# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From files to an inventory: choose the reader, build the plan, keep the result while the files stay."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from .build import PARTS, build_plan
from .csv_folder import MOST_BYTES, read_csv_files
from .fields import open_form
from .findings import Findings, Location, PlanError
from .inventory import Inventory, plan_inventory
from .kept import pack, unpack
from .model import Plan
from .nodes import Record
from .workbook import read_workbook
from .yaml_reader import read_yaml

WORKBOOK, TABLE = ".xlsx", ".csv"
MOST_READ = MOST_BYTES + 1
_YAML = (".yml", ".yaml")


@dataclass(frozen=True, slots=True)
class Source:
    """A plan's file with its text, or a workbook or a folder with its ``files``: names and contents."""

    path: str
    text: str = ""
    files: tuple[tuple[str, bytes], ...] = ()

    @property
    def shown(self) -> str:
        """The path as messages show it."""
        return _shown(self.path)


@dataclass(frozen=True, slots=True)
class Loaded:
    """An inventory, the plan's warnings, and an entry for a cache; ``was_kept``: it came from there."""

    inventory: Inventory
    warnings: list[str]
    kept: dict[str, object]
    was_kept: bool


def open_source(path: str, read_text: Callable[[str], str]) -> Source:
    """Read what a path names. ``read_text`` opens a text file, which may be encrypted. Raises ``OSError``."""
    place = Path(path)
    if place.is_dir():
        names = sorted(each for each in place.iterdir() if each.suffix.lower() == TABLE)
        return Source(path, files=tuple((str(each), _read_bytes(each)) for each in names))
    if place.suffix.lower() in (WORKBOOK, TABLE):
        return Source(path, files=((path, _read_bytes(place)),))
    return Source(path, read_text(path))


def _read_bytes(place: Path) -> bytes:
    """Read a file; of one that is too large only so much that its reader sees it is."""
    if not place.is_file():
        raise OSError(errno.EINVAL, "not a file", str(place))
    with place.open("rb") as file:
        return file.read(MOST_READ)


def load_inventory(sources: list[Source], kept: object, option_names: Collection[str]) -> Loaded:
    """Return the inventory of a plan.

    ``sources`` is the inventory source, and after it the plan's own file when it names one. ``kept`` is what
    an earlier call returned, or anything else; it is used only when the texts are the same. ``option_names``
    are the source's fields that are not the plan's. Raises ``PlanError``.
    """
    digest = _digest(sources)
    if isinstance(kept, dict) and kept.get("digest") == digest:
        return Loaded(unpack(kept["inventory"]), list(kept["warnings"]), kept, True)
    plan, warnings = load_plan(sources, option_names)
    inventory = plan_inventory(plan)
    entry: dict[str, object] = {"digest": digest, "inventory": pack(inventory), "warnings": warnings}
    return Loaded(inventory, warnings, entry, False)


def load_plan(sources: list[Source], option_names: Collection[str]) -> tuple[Plan, list[str]]:
    """Return the plan itself and its warnings, a line each; ``sources`` as above. Raises ``PlanError``."""
    findings = Findings()
    plan = build_plan(_tree(sources, findings, option_names), findings, option_names)
    return plan, [str(finding) for finding in sorted(set(findings.warnings))]


def _digest(sources: list[Source]) -> str:
    """What is the same only when all names and contents are."""
    digest = hashlib.sha256()
    for source in sources:
        texts = [source.path, source.text, *(name for name, content in source.files)]
        parts = [text.encode("utf-8", "surrogatepass") for text in texts] + [content for name, content in source.files]
        for part in parts:
            digest.update(b"%d:" % len(part))
            digest.update(part)
        digest.update(b"|%d" % len(parts))
    return digest.hexdigest()


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
    suffix = Path(source.path).suffix.lower()
    if suffix in _YAML:
        return read_yaml(source.text, source.shown, findings)
    if suffix == WORKBOOK:
        return read_workbook(source.files[0][1], source.shown, findings)
    if source.files or Path(source.path).is_dir():
        return read_csv_files([(_shown(name), content) for name, content in source.files], source.shown, findings)
    findings.error(
        Location(source.shown, 1, 1),
        "no reader knows this kind of file",
        "give the plan as .yml, as .xlsx or as a folder of .csv files",
    )
    return None


def _shown(path: str) -> str:
    """A path as messages show it: relative where the user stands above the file."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative
