# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Card: one lies on a reader and answers. What is on the card, the probe does not read yet."""

from __future__ import annotations

from ..contract.records import Check
from .builder import evidence
from .card_use import why_no_reader
from .model import Case, Facts
from .reader import NO_LIBRARY, connect_word, real_readers

PRESENT = "card.present"
NOT_READ = ("card.application", "card.pace_info", "card.pace", "card.pin")
TAKEN_AWAY = frozenset({"no_card", "card_removed"})


def checks(case: Case) -> list[Check]:
    """The card's presence, and the four checks of its files."""
    reason = why_no_reader(case.context)
    if reason:
        return [case.build.not_applicable(name, reason) for name in (PRESENT, *NOT_READ)]
    unread = [case.build.not_tested(name, "the probe does not read this yet") for name in NOT_READ]
    section = case.section("readers")
    if section is None or section["error"] is not None:
        return [case.build.not_tested(PRESENT, case.why_missing("readers")), *unread]
    return [_present(case, section), *unread]


def _present(case: Case, section: Facts) -> Check:
    """Look at every reader: a dual reader shows a mute card in one slot and the same card alive in the other."""
    readers = real_readers(case, section)
    alive = [each["name"] for each in readers if _has_card(case, each) and not _is_mute(case, each)]
    if alive:
        return case.build.ok(PRESENT, observed=", ".join(alive))
    mute = [each for each in readers if _is_mute(case, each)]
    if mute:
        said = evidence(*(each["connect"]["error"] for each in mute if each["connect"] is not None))
        observed = ", ".join(each["name"] for each in mute)
        return case.build.fail(PRESENT, ["card_mute"], observed=observed, evidence=said)
    if readers or section["context"]["established"]:
        return case.build.fail(PRESENT, ["no_card"], observed=", ".join(each["name"] for each in readers))
    return case.build.not_tested(PRESENT, "PC/SC did not answer" if section["library"] else NO_LIBRARY)


def _has_card(case: Case, reader: Facts) -> bool:
    return reader["card_present"] and connect_word(case, reader) not in TAKEN_AWAY


def _is_mute(case: Case, reader: Facts) -> bool:
    return reader["card_mute"] or connect_word(case, reader) == "card_mute"
