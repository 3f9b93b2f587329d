# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The package of a workbook (.xlsx): what it is, and of its parts those that a plan needs, looked through first.

The library that reads cells trusts what a file says of itself. So every part is gone through once before, with a
bound on all that could grow: what is left for the library are cells that stand in order.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from dataclasses import dataclass

from .sheet_shape import ShapeError, SheetShape, look_through

MOST_BYTES = 48 * 1024 * 1024
"""All parts of a workbook, unpacked. A plan of 10,000 hosts has about 10 MB."""
MOST_PACKED = 16 * 1024 * 1024
_MOST_PARTS = 5000
_OLD_FORMAT = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_UNREADABLE = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError)
_MANIFEST = "[Content_Types].xml"
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument"
_NOT_NEEDED = re.compile(
    r"(docProps|customXml|xl/(theme|media|drawings|charts|chartsheets|dialogsheets|macrosheets|externalLinks|pivot\w*"
    r"|printerSettings|comments\w*|threadedComments|persons|tables|ctrlProps|activeX|worksheets/_rels))/|.*\.(bin|vml)$",
    re.IGNORECASE,
)
_SAVE = "open it in a spreadsheet program and save it as .xlsx"


class PackageError(Exception):
    """Why a file is no workbook that can be read: ``message`` and ``remedy``."""

    def __init__(self, message: str, remedy: str = _SAVE) -> None:
        self.message = message
        self.remedy = remedy
        super().__init__(f"{message} – {remedy}")


@dataclass(frozen=True, slots=True)
class Package:
    """``content``: the needed parts alone, as a package. ``shapes``: what each sheet is like, by its part's name."""

    content: bytes
    shapes: dict[str, SheetShape]


def open_package(content: bytes) -> Package:
    """Return the part of a workbook that a plan needs. Raises ``PackageError``."""
    _refuse_other_files(content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = _needed_parts(package)
    except _UNREADABLE as broken:
        raise PackageError("this is not a workbook, or a damaged one") from broken
    shapes: dict[str, SheetShape] = {}
    slim = io.BytesIO()
    with zipfile.ZipFile(slim, "w", zipfile.ZIP_STORED) as target:
        for name, part in _as_named(parts).items():
            try:
                kept, shape = look_through(part)
            except ShapeError as refused:
                raise PackageError(f"the workbook's part {name} {refused.message}", refused.remedy) from refused
            if shape is not None:
                shapes[name] = shape
            target.writestr(name, kept)
    return Package(slim.getvalue(), shapes)


def _refuse_other_files(content: bytes) -> None:
    if content.startswith(_OLD_FORMAT):
        if _ENCRYPTED in content:
            raise PackageError("this workbook is behind a password", "save it without one; a plan has no secrets")
        raise PackageError("this is a workbook of the old format (.xls)")
    if content.lstrip()[:1] == b"<":
        raise PackageError("this is HTML or XML that somebody named .xlsx")
    if len(content) > MOST_PACKED:
        raise PackageError(
            f"the workbook has more than {MOST_PACKED // 1024 // 1024} MB", "delete pictures and other sheets"
        )


def _needed_parts(package: zipfile.ZipFile) -> dict[str, bytes]:
    """Return the parts by name; some programs write the names with backslashes."""
    parts = package.infolist()
    names = [part.filename.replace("\\", "/").lstrip("/") for part in parts]
    _refuse_other_packages(package, names)
    if len(parts) > _MOST_PARTS:
        raise PackageError(f"the workbook has {len(parts)} parts, more than any plan", "copy the plan's sheets alone")
    if sum(part.file_size for part in parts) > MOST_BYTES:
        size = f"more than {MOST_BYTES // 1024 // 1024} MB when unpacked"
        raise PackageError(f"the workbook has {size}", "delete empty rows with formats, pictures and other sheets")
    if len(set(names)) < len(names):
        raise PackageError("the workbook has two parts of one name")
    wanted = [(name, part) for name, part in zip(names, parts, strict=True) if not _NOT_NEEDED.match(name)]
    return {name: package.read(part) for name, part in wanted if not name.endswith("/")}


def _refuse_other_packages(package: zipfile.ZipFile, names: list[str]) -> None:
    if "mimetype" in names:
        with package.open("mimetype") as part:
            is_open_document = part.read(len(_OPEN_DOCUMENT)) == _OPEN_DOCUMENT
        what = "an OpenDocument file (.ods)" if is_open_document else "another program's file"
        raise PackageError(f"this is {what} that somebody named .xlsx")
    if any(name.lower() == "xl/workbook.bin" for name in names):
        raise PackageError("this is a binary workbook (.xlsb) that somebody named .xlsx")
    if _MANIFEST.casefold() not in map(str.casefold, names):
        raise PackageError("this is an archive, but no workbook")


def _as_named(parts: dict[str, bytes]) -> dict[str, bytes]:
    """Return the parts under the names by which others speak of them; in a package case does not count."""
    spoken = [_MANIFEST]
    for name, part in parts.items():
        text = part.decode("utf-8", "replace") if name.casefold().endswith((".rels", _MANIFEST.casefold())) else ""
        base = posixpath.dirname(posixpath.dirname(name))
        for target in re.findall(r'(?:PartName|Target)\s*=\s*"([^"]*)"', text):
            spoken.append(posixpath.normpath(posixpath.join("/", base, target)).lstrip("/"))
    spoken += [posixpath.join(posixpath.dirname(name), "_rels", f"{posixpath.basename(name)}.rels") for name in spoken]
    right = {name.casefold(): name for name in spoken}
    return {right.get(name.casefold(), name): part for name, part in parts.items()}
