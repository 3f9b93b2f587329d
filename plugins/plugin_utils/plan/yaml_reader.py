# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read a plan from YAML without losing where each value stands, nor how it was written.

PyYAML's ordinary loading turns ``000301`` into 193 and forgets the line. So the file is only *composed*: the
node tree still has the text of every value and its mark, and an unquoted id can be quoted back to the user as
he typed it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import yaml
from yaml.constructor import SafeConstructor

from .findings import Findings, Location
from .nodes import Encrypted, Kind, Node, Record, Scalar, Series, Unsafe

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_MOST_REPEATS = 300_000  # values read again through an alias; more than this is a bomb
_DEEPEST = 30
_LONGEST = 32 * 1024 * 1024  # characters of a file
_KINDS: dict[str, tuple[Kind, str]] = {
    "int": ("integer", "the number"),
    "float": ("decimal", "the number"),
    "bool": ("boolean", "the logical value"),
    "null": ("nothing", "nothing"),
    "timestamp": ("date", "the date"),
}


def read_yaml(text: str, source: str, findings: Findings) -> Record | None:
    """Return the tree of one YAML document, or None after noting in ``findings`` why there is none.

    ``source`` is the name that locations carry, usually the file's path.
    """
    if len(text) > _LONGEST:
        findings.error(Location(source, 1, 1), "the file has more than 32 MB", "give the plan alone")
        return None
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as broken:
        mark = broken.problem_mark or broken.context_mark
        at = Location(source, mark.line + 1, mark.column + 1) if mark else Location(source, 1, 1)
        findings.error(at, f"this is not YAML: {broken.problem}", "mend the file's form")
        return None
    except (yaml.YAMLError, RecursionError) as broken:
        findings.error(Location(source, 1, 1), f"this is not YAML: {_first_line(broken)}", "mend the file's form")
        return None
    if root is None:
        findings.error(Location(source, 1, 1), "the file is empty", "write institutions, sites, hosts and users")
        return None
    tree = _Reading(source, findings).node(root, "", 0)
    if tree is None or isinstance(tree, Record):
        return tree
    findings.error(tree.at, "the file is not a mapping", "begin lines with institutions:, sites:, hosts: and users:")
    return None


def _first_line(broken: Exception) -> str:
    return (str(broken).splitlines() or [type(broken).__name__])[0]


@dataclass(slots=True)
class _Reading:
    """One walk over a composed tree."""

    source: str
    findings: Findings
    constructor: SafeConstructor = field(default_factory=SafeConstructor)
    repeats: int = 0
    seen: set[int] = field(default_factory=set)
    open_nodes: set[int] = field(default_factory=set)

    def node(self, node: yaml.Node, path: str, depth: int) -> Node | None:
        """Return the tree below ``node``; None when a part of it had to be refused as a whole."""
        at = self._at(node, path)
        self.repeats += id(node) in self.seen
        self.seen.add(id(node))
        if self.repeats > _MOST_REPEATS or depth > _DEEPEST or id(node) in self.open_nodes:
            if self.repeats <= _MOST_REPEATS + 1:
                self.findings.error(at, "the plan is too large or too deep here", "write it without nested aliases")
            return None
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, at)
        self.open_nodes.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return self._series(node, at, depth)
            return self._record(node, at, depth) if isinstance(node, yaml.MappingNode) else None
        finally:
            self.open_nodes.discard(id(node))

    def _at(self, node: yaml.Node, path: str) -> Location:
        return Location(self.source, node.start_mark.line + 1, node.start_mark.column + 1, path)

    def _series(self, node: yaml.SequenceNode, at: Location, depth: int) -> Series:
        items = (self.node(item, f"{at.field}[{index}]", depth + 1) for index, item in enumerate(node.value))
        return Series(tuple(item for item in items if item is not None), at)

    def _record(self, node: yaml.MappingNode, at: Location, depth: int) -> Record:
        fields: dict[str, Node] = {}
        key_at: dict[str, Location] = {}
        merged: list[Record] = []
        for key_node, value_node in node.value:
            if key_node.tag == f"{_TAG}merge":
                merged += self._merged(value_node, at, depth)
                continue
            key = self._key(key_node, at)
            if key is None:
                continue
            place = self._at(key_node, f"{at.field}.{key}" if at.field else key)
            if key in fields:
                self.findings.error(place, f"the key {key} stands here twice", "keep one of the two")
                continue
            value = self.node(value_node, place.field, depth + 1)
            if value is not None:
                fields[key], key_at[key] = value, place
        for record in merged:
            fields = {**record.fields, **fields}
            key_at = {**record.key_at, **key_at}
        return Record(fields, key_at, at)

    def _key(self, node: yaml.Node, at: Location) -> str | None:
        if isinstance(node, yaml.ScalarNode):
            return str(node.value)
        self.findings.error(self._at(node, at.field), "a key must be a word", "write name: value")
        return None

    def _merged(self, node: yaml.Node, at: Location, depth: int) -> list[Record]:
        """Return the records of a merge key (``<<: *defaults``), the strongest last."""
        tree = self.node(node, at.field, depth + 1)
        found = tree.items if isinstance(tree, Series) else (tree,)
        records = [record for record in found if isinstance(record, Record)]
        if len(records) != len(found):
            self.findings.error(self._at(node, at.field), "<< needs a mapping", "write <<: *name_of_a_mapping")
        return records

    def _scalar(self, node: yaml.ScalarNode, at: Location) -> Scalar | None:
        if node.tag == "!vault":
            return Scalar("", "vault", Encrypted(node.value), at, _VAULT)
        if node.tag == "!unsafe":
            return Scalar(node.value, "text", Unsafe(node.value), at)
        name = node.tag.removeprefix(_TAG)
        if name in ("str", "value", "merge"):
            return Scalar(node.value, "text", node.value, at)
        if name not in _KINDS:
            self.findings.error(at, f"the tag {node.tag} is not known here", "remove the tag")
            return None
        return self._untexted(node, name, at)

    def _untexted(self, node: yaml.ScalarNode, name: str, at: Location) -> Scalar | None:
        """Return a value that YAML does not take for text."""
        kind, what = _KINDS[name]
        try:
            value: object = self.constructor.construct_object(node)
            said = _shown(value)
        except (ValueError, KeyError, IndexError, OverflowError, yaml.YAMLError):
            self.findings.error(
                at, f"{node.value} has the form of {what}, but is none", f'write "{node.value}" in quotes'
            )
            return None
        read_as = what if kind == "nothing" or said == node.value else f"{what} {said}"
        message = f"{node.value or 'an empty value'} is not in quotes, so YAML reads it as {read_as}"
        return Scalar(node.value, kind, value, at, (message, f'write "{node.value}", with the quotes'))


_VAULT = (
    "a value of Ansible Vault cannot stand here",
    "write the value openly; what is secret belongs to group_vars, not to the plan",
)


def _shown(value: object) -> str:
    """Raises ``ValueError`` for a number of thousands of digits."""
    return str(value).lower() if isinstance(value, bool) else str(value)
