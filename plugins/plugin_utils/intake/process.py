# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The intake from its beginning to its end. Nothing is written before every question has its answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..contract.policy import Policy
from ..plan.model import Institution, Plan
from .copying import copy, place_of
from .folder import Listing, list_folder
from .held import Held, open_held, refuse_other_password
from .matching import Candidate, Matcher, read_choices
from .opening import Closed, Opened, open_downloads
from .passwords import read_passwords
from .place import refuse_useless_place
from .problems import Problem
from .sifting import sift, without_twins
from .variables import Entry, Variables, read_variables, write_variables
from .vault import Vault, open_vault


@dataclass(frozen=True, slots=True)
class Settings:
    """What an intake is asked to do; ``choices`` are FILE=ID, ``now`` has a time zone."""

    folder: Path
    plan: Plan
    policy: Policy
    dest: Path
    now: datetime
    passwords: Path | None = None
    vault_password_file: str | None = None
    vault_id: str | None = None
    choices: tuple[str, ...] = ()
    copy_to: Path | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of each file, and which institutions of the plan have no certificate yet.

    ``matched`` are all whose institution is known, of which ``written`` went into the variables and ``known`` were
    there already. ``unused`` are names in the file of passwords that the folder does not have.
    """

    listing: Listing
    matched: tuple[Candidate, ...] = ()
    unmatched: tuple[Opened, ...] = ()
    closed: tuple[Closed, ...] = ()
    written: tuple[Candidate, ...] = ()
    known: tuple[Candidate, ...] = ()
    problems: tuple[Problem, ...] = ()
    unused: tuple[str, ...] = ()
    missing: tuple[Institution, ...] = ()

    @property
    def stopped(self) -> bool:
        """Whether a file is left for a person to look at."""
        return any(each.stops for each in self.problems)


def take_in(settings: Settings) -> Outcome:
    """Open, match, check and write. Raises OSError and IntakeError, and then nothing was written."""
    refuse_useless_place(settings.dest)
    listing = list_folder(settings.folder)
    variables = read_variables(settings.dest)
    institutions = settings.plan.institutions
    choices = read_choices(settings.choices, {each.name for each in listing.downloads}, institutions)
    if not listing.downloads:
        return Outcome(listing, problems=listing.problems, missing=_missing(institutions, variables.entries))
    vault = _vault(settings, variables)
    given = read_passwords(settings.passwords, vault) if settings.passwords else {}
    held = open_held(variables.entries, vault)
    opened, closed = open_downloads(listing.downloads, given)
    opened, twins = without_twins(opened, choices)
    matcher = Matcher(institutions, choices, settings.policy.subject_pattern)
    matched, strange, unmatched = matcher.match(opened, variables.entries.keys())
    sifted = sift(matched, held, settings.policy, settings.now)
    written = (*sifted.good, *_to_move(sifted.known, held, settings.copy_to))
    _write(settings, vault, written)
    sealed = [each.problem for each in closed if each.problem is not None]
    return Outcome(
        listing,
        tuple(matched),
        tuple(unmatched + [each for each in opened if each.download.name in {one.file for one in strange}]),
        tuple(closed),
        written,
        tuple(each for each in sifted.known if each not in written),
        (*listing.problems, *sealed, *twins, *strange, *sifted.problems),
        tuple(sorted(set(given) - {each.name for each in listing.downloads})),
        _missing(institutions, {*variables.entries, *(each.institution.id for each in written)}),
    )


def _vault(settings: Settings, variables: Variables) -> Vault:
    is_new = settings.passwords is None and not any(each.vaulted for each in variables.entries.values())
    vault = open_vault(settings.vault_password_file, settings.vault_id, is_new=is_new)
    refuse_other_password(variables.entries, vault)
    return vault


def _to_move(known: Iterable[Candidate], held: Mapping[str, Held], folder: Path | None) -> list[Candidate]:
    """What the variables have already, but not at the place where copies are now asked for."""
    if folder is None:
        return []
    return [each for each in known if held[each.institution.id].entry.path != str(place_of(each, folder))]


def _write(settings: Settings, vault: Vault, candidates: Iterable[Candidate]) -> None:
    """Copies first, the variables last; where they cannot be written the new copies go again."""
    new: dict[str, Entry] = {}
    made: list[Path] = []
    try:
        for each in candidates:
            path = place_of(each, settings.copy_to)
            if settings.copy_to is not None:
                made += [] if path.exists() else [path]
                copy(each, settings.copy_to)
            new[each.institution.id] = Entry(str(path), vault.encrypt(each.opened.password))
        if new:
            write_variables(settings.dest, new)
    except BaseException:
        for path in made:
            path.unlink(missing_ok=True)
        raise


def _missing(institutions: Mapping[str, Institution], held: Iterable[str]) -> tuple[Institution, ...]:
    there = set(held)
    return tuple(each for each in institutions.values() if each.id not in there)
