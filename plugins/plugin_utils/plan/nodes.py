# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a reader hands to the model: text with its place, never a file format.

A YAML file, a sheet and a CSV file all become the same tree: a ``Record`` with ``institutions``, ``sites``,
``hosts`` and ``users``, each a ``Series`` of ``Record``. A spreadsheet's column ``administrator.email`` is a
record in a record, a cell with a list is a ``Series``. So the model is written once and every format gets
every check.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .findings import Location

Kind = Literal["text", "integer", "decimal", "boolean", "date", "nothing", "vault"]


@dataclass(frozen=True, slots=True)
class Encrypted:
    """A value of Ansible Vault, still closed."""

    ciphertext: str


@dataclass(frozen=True, slots=True)
class Unsafe:
    """A text marked ``!unsafe``: never a template."""

    text: str


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value.

    ``text`` is what stands in the source (empty for Vault), ``value`` what the format made of it. When the
    format did not take the value for text, ``not_text`` holds the reader's (message, remedy) about it.
    """

    text: str
    kind: Kind
    value: object
    at: Location
    not_text: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Series:
    """A list of values."""

    items: tuple[Node, ...]
    at: Location


@dataclass(frozen=True, slots=True)
class Record:
    """Values by name; ``key_at`` says where each name stands."""

    fields: dict[str, Node]
    key_at: dict[str, Location]
    at: Location


Node = Scalar | Series | Record


def plain(node: Node) -> object:
    """Return a node's ordinary Python value; ``Encrypted`` and ``Unsafe`` stay marked."""
    if isinstance(node, Record):
        return {key: plain(item) for key, item in node.fields.items()}
    if isinstance(node, Series):
        return [plain(item) for item in node.items]
    return node.value
