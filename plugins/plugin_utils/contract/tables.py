# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables by which evidence is read, typed: evidence.yml (what an error means) and readers.yml (card readers)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from .documents import FOLDER, read_yaml

NO_TEXT = re.compile("")


@dataclass(frozen=True)
class EvidenceRow:
    """One line of a topic; an empty ``stacks`` or ``codes`` fits any."""

    stacks: frozenset[str]
    codes: frozenset[str]
    text: re.Pattern[str]
    word: str
    proof: str = ""
    """Id of an acceptance result without which the row rests on documentation alone; empty: it was seen."""

    def fits(self, evidence: Mapping[str, Any]) -> bool:
        return (
            (not self.stacks or evidence["stack"] in self.stacks)
            and (not self.codes or not self.codes.isdisjoint(spellings(evidence["code"])))
            and self.text.search(evidence["text"]) is not None
        )


@dataclass(frozen=True)
class EvidenceTable:
    """What evidence ``{stack, code, text}`` means, topic by topic."""

    topics: Mapping[str, tuple[EvidenceRow, ...]]

    def word(self, topic: str, evidence: Mapping[str, Any] | None) -> str | None:
        """Give the word of the first row that fits, None when there is no evidence or none fits."""
        if evidence is None:
            return None
        row = self.row(topic, evidence)
        return None if row is None else row.word

    def row(self, topic: str, evidence: Mapping[str, Any]) -> EvidenceRow | None:
        """Give the first row that fits, None when none does."""
        return next((row for row in self.topics[topic] if row.fits(evidence)), None)

    def proofs(self, evidence: Mapping[str, Any], topics: Iterable[str]) -> frozenset[str]:
        """Give the ids of proofs that reading this evidence by any of these topics rests on."""
        rows = (self.row(topic, evidence) for topic in topics)
        return frozenset(row.proof for row in rows if row is not None and row.proof)


@dataclass(frozen=True)
class ReaderModel:
    """A model of reader; ``unfit`` is a cause of reader.capability or empty.

    ``driver`` is the vendor's driver that it needs on Linux, empty where the class's own does; ``taken_by`` are kernel
    modules that know the device and would take it from PC/SC.
    """

    model: str
    usb: frozenset[str]
    name: re.Pattern[str]
    unfit: str
    driver: str = ""
    taken_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReaderTable:
    """readers.yml, typed."""

    models: tuple[ReaderModel, ...]
    virtual: tuple[re.Pattern[str], ...]
    conflicting_drivers: frozenset[str]
    other_drivers: frozenset[str]
    conflict_problems: frozenset[int]

    def by_usb(self, vendor_id: str, product_id: str) -> ReaderModel | None:
        key = f"{vendor_id}:{product_id}".lower()
        return next((model for model in self.models if key in model.usb), None)

    def by_name(self, name: str) -> ReaderModel | None:
        return next((model for model in self.models if model.name.search(name)), None)

    def is_virtual(self, name: str) -> bool:
        return any(pattern.search(name) for pattern in self.virtual)


def spellings(code: int | str | None) -> frozenset[str]:
    """Give the ways to write a code, so that -2146435043, 2148532253 and "0x8010001D" are one."""
    if code is None:
        return frozenset()
    text = str(code).strip().lower()
    try:
        number = int(text, 0)
    except ValueError:
        return frozenset({text})
    # HRESULTs come signed from some bindings and unsigned from others.
    return frozenset({str(number), str(number & 0xFFFFFFFF)})


def _codes(codes: Iterable[int | str]) -> frozenset[str]:
    return frozenset[str]().union(*(spellings(code) for code in codes))


@cache
def load_evidence() -> EvidenceTable:
    """Read evidence.yml."""
    topics = {
        topic: tuple(
            EvidenceRow(
                stacks=frozenset(row.get("stack", [])),
                codes=_codes(row.get("code", [])),
                text=re.compile(row["text"]) if "text" in row else NO_TEXT,
                word=row["word"],
                proof=row.get("proof", ""),
            )
            for row in rows
        )
        for topic, rows in read_yaml(FOLDER / "evidence.yml")["topics"].items()
    }
    return EvidenceTable(topics)


@cache
def load_readers() -> ReaderTable:
    """Read readers.yml."""
    document = read_yaml(FOLDER / "readers.yml")
    models = tuple(
        ReaderModel(
            model=row["model"],
            usb=frozenset(row["usb"]),
            name=re.compile(row["name"]),
            unfit=row.get("unfit", ""),
            driver=row.get("driver", ""),
            taken_by=tuple(row.get("taken_by", [])),
        )
        for row in document["models"]
    )
    return ReaderTable(
        models=models,
        virtual=tuple(re.compile(pattern) for pattern in document["virtual"]),
        conflicting_drivers=frozenset(document["conflicting_drivers"]),
        other_drivers=frozenset(document["other_drivers"]),
        conflict_problems=frozenset(document["conflict_problems"]),
    )
