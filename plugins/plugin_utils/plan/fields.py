# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Take typed fields out of a record, and say what is wrong with each.

Every getter returns the value, or None when the field is absent or was refused; a refusal is already in the
findings.
"""

from __future__ import annotations

import datetime
import difflib
import re
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass

from .findings import Findings, Location
from .identifiers import IdentifierError
from .nodes import Node, Record, Scalar, Series

_SECRET_WORDS = {
    *(
        "can",
        "jelmondat",
        "jelszava",
        "jelszo",
        "pass",
        "passphrase",
        "passwd",
        "password",
        "pin",
        "pinkod",
        "puk",
    ),
    *("pukkod", "pwd", "secret", "titkos"),
}


@dataclass(frozen=True, slots=True)
class Form:
    """A record of which only the ``known`` fields are expected; see ``open_form``."""

    record: Record
    findings: Findings

    @property
    def at(self) -> Location:
        return self.record.at

    def where(self, key: str) -> Location:
        """Return the place of a field's value, or of the record when the field is absent."""
        node = self.node(key)
        return node.at if node else self.at

    def node(self, key: str) -> Node | None:
        """Return a field as it came; a field without a value counts as absent."""
        node = self.record.fields.get(key)
        return None if isinstance(node, Scalar) and node.kind == "nothing" else node

    def scalar(self, key: str, required: str = "") -> Scalar | None:
        """Return a field that must be one value; ``required`` is what to write when it is absent."""
        node = self.node(key)
        if node is None and required:
            self.findings.error(self.at, f"{key} is missing", required)
        if isinstance(node, Series | Record):
            self.findings.error(node.at, f"{key} must be one value", f"write {key}: value")
            return None
        return node

    def text(self, key: str, required: str = "") -> str | None:
        """Return a text without blanks around it."""
        scalar = self.scalar(key, required)
        if scalar is None or not self.is_text(scalar):
            return None
        text = scalar.text.strip()
        if not text and required:
            self.findings.error(scalar.at, f"{key} is empty", required)
        if any(unicodedata.category(character) in ("Cc", "Cf") for character in text):
            self.findings.error(scalar.at, f"{key} has an invisible or control character", "type it again")
            return None
        return text or None

    def is_text(self, scalar: Scalar) -> bool:
        """Tell whether the format took a value for text; if not, say so."""
        if scalar.kind == "text":
            return True
        self.findings.error(scalar.at, *scalar.not_text)
        return False

    def identifier(self, key: str, make: Callable[[str], str], required: str = "") -> str | None:
        """Return what ``make`` makes of a field's exact text; its ``IdentifierError`` becomes a finding."""
        scalar = self.scalar(key, required)
        if scalar is None or not self.is_text(scalar):
            return None
        try:
            return make(scalar.text)
        except IdentifierError as error:
            self.findings.error(scalar.at, error.message, error.remedy)
            return None

    def pattern(self, key: str, pattern: str, expected: str, required: str = "") -> str | None:
        """Return a text that matches ``pattern`` as a whole; ``expected`` says what it should be."""
        text = self.text(key, required)
        if text is None or re.fullmatch(pattern, text, re.ASCII):
            return text
        self.findings.error(self.where(key), f'{key} "{text}" is not {expected}', f"write {expected}")
        return None

    def choice(self, key: str, words: Collection[str], required: str = "") -> str | None:
        """Return one of ``words``."""
        text = self.text(key, required)
        if text is None or text in words:
            return text
        self.findings.error(self.where(key), f'{key} "{text}" is not known', f"use one of {', '.join(words)}")
        return None

    def flag(self, key: str) -> bool:
        """Return a yes or no; False when absent."""
        scalar = self.scalar(key)
        if scalar is None:
            return False
        if not isinstance(scalar.value, bool):
            self.findings.error(scalar.at, f"{key} must be true or false", f"write {key}: true or {key}: false")
            return False
        return scalar.value

    def number(self, key: str, lowest: int, highest: int) -> int | None:
        """Return a whole number, in quotes or not."""
        scalar = self.scalar(key)
        if scalar is None:
            return None
        if re.fullmatch(r"[1-9][0-9]{0,8}", scalar.text, re.ASCII) and lowest <= int(scalar.text) <= highest:
            return int(scalar.text)
        self.findings.error(
            scalar.at, f'{key} "{scalar.text}" is not possible', f"write a number {lowest} to {highest}"
        )
        return None

    def day(self, key: str) -> str | None:
        """Return a date as ISO text."""
        scalar = self.scalar(key)
        if scalar is None:
            return None
        if scalar.kind in ("text", "date") and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", scalar.text):
            try:
                return datetime.date.fromisoformat(scalar.text).isoformat()
            except ValueError:
                pass
        self.findings.error(scalar.at, f'{key} "{scalar.text}" is not a day', "write it as 2026-03-31")
        return None

    def scalars(self, key: str) -> list[Scalar]:
        """Return a list of texts with their places; one value counts as a list of one."""
        node = self.node(key)
        items = () if node is None else node.items if isinstance(node, Series) else (node,)
        texts: list[Scalar] = []
        for item in items:
            if not isinstance(item, Scalar):
                self.findings.error(item.at, f"{key} must be a list of texts", f"write {key}: [one, two]")
            elif self.is_text(item):
                texts.append(item)
        return texts

    def choices(self, key: str, words: Collection[str]) -> list[str] | None:
        """Return a list of ``words``, each once; None when the field is absent."""
        if self.node(key) is None:
            return None
        chosen: list[str] = []
        for item in self.scalars(key):
            if item.text not in words:
                self.findings.error(item.at, f'{key} "{item.text}" is not known', f"use one of {', '.join(words)}")
            elif item.text not in chosen:
                chosen.append(item.text)
        return chosen

    def form(self, key: str, known: Collection[str]) -> Form | None:
        """Return a record in the record."""
        node = self.node(key)
        if node is None:
            return None
        if not isinstance(node, Record):
            self.findings.error(node.at, f"{key} must have fields of its own", f"use {', '.join(known)} below it")
            return None
        return open_form(node, known, self.findings)

    def records(self, key: str) -> list[Record]:
        """Return a list of records."""
        node = self.node(key)
        if node is None:
            return []
        if not isinstance(node, Series):
            self.findings.error(node.at, f"{key} must be a list", "begin each of its entries with a dash")
            return []
        for item in node.items:
            if not isinstance(item, Record):
                self.findings.error(item.at, f"an entry of {key} must have fields", "write - name: value")
        return [item for item in node.items if isinstance(item, Record)]


def open_form(record: Record, known: Collection[str], findings: Findings) -> Form:
    """Return the form of a record, after refusing what looks secret and what is not known."""
    for key in record.fields:
        if key in known:
            continue
        if looks_secret(key):
            refuse_secret(key, record.key_at[key], findings)
            continue
        near = difflib.get_close_matches(key, known, 1)
        remedy = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
        findings.error(record.key_at[key], f"{key} is not a field of the plan here", remedy)
    return Form(record, findings)


def looks_secret(key: str) -> bool:
    """Tell whether a field's name speaks of a password, PIN, CAN or PUK, in English or Hungarian."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", key)
    plain = "".join(c for c in unicodedata.normalize("NFKD", spaced) if not unicodedata.combining(c)).lower()
    words = re.split(r"[^a-z]+", plain)
    return any(word in _SECRET_WORDS or word.startswith(("jelszo", "password")) for word in words)


def refuse_secret(key: str, at: Location, findings: Findings) -> None:
    """Refuse a field by its name; its value is never shown."""
    findings.error(
        at,
        f"{key} looks like a secret, and a plan has none",
        "put it into group_vars, encrypted with Ansible Vault",
    )
