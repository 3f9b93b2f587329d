# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's words in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from ..contract.catalogue import Text
from ..contract.documents import read_yaml

LANGUAGES = ("en", "hu")


@cache
def load_words() -> Mapping[str, Mapping[str, str]]:
    """Read words.yml: key -> en, hu and, where a number asks for it, en_one."""
    return read_yaml(Path(__file__).resolve().parent / "words.yml")


def word(key: str, **values: object) -> Text:
    """Give a word with ``values`` filled in; KeyError for one that words.yml lacks."""
    entry = load_words()[key]
    english = entry["en_one"] if values.get("n") == 1 and "en_one" in entry else entry["en"]
    if not values:
        return Text(english, entry["hu"])
    return Text(english.format(**values), entry["hu"].format(**values))


def known_word(prefix: str, value: str) -> Text:
    """Give the word for a value of the contract (``status`` + ``ok``); the value itself when nobody translated it."""
    key = f"{prefix}_{value}"
    return word(key) if key in load_words() else Text(value, value)


def in_language(text: Text, language: str) -> str:
    """Give one side of a text; ``language`` is en or hu."""
    return text.hu if language == "hu" else text.en
