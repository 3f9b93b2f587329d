# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with certificates whose institutions are known, each alone and all together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..certificate.bundle import Bundle, utc
from ..certificate.sources import Rules, check
from ..contract.issuers import is_test_authority
from ..contract.policy import IGNORED, Policy
from .held import Held
from .matching import Candidate
from .opening import Opened
from .problems import Problem, problem_of

ISSUER_CHECK = "certificate.issuer"


@dataclass(frozen=True, slots=True)
class Sifted:
    """``good`` may be written, ``known`` is what the variables have already; a file of a problem may be in neither."""

    good: tuple[Candidate, ...]
    known: tuple[Candidate, ...]
    problems: tuple[Problem, ...]


def without_twins(opened: Sequence[Opened], choices: Mapping[str, str]) -> tuple[list[Opened], list[Problem]]:
    """One file of each certificate, the first by name, and the problems of the others.

    Files that the user gave to different institutions are left to ``sift``.
    """
    groups: dict[str, list[Opened]] = {}
    for each in opened:
        groups.setdefault(each.bundle.fingerprint, []).append(each)
    kept = [one for group in groups.values() for one in _kept(group, choices)]
    problems = []
    for each in opened:
        if each not in kept:
            twin = next(one for one in kept if one.bundle.fingerprint == each.bundle.fingerprint)
            message = f"It holds the same certificate as {twin.download.name}."
            problems.append(Problem(each.download.name, "duplicate", message, "Remove one of the two files."))
    return kept, problems


def _kept(group: Sequence[Opened], choices: Mapping[str, str]) -> list[Opened]:
    """Of files with one certificate the first for each institution that the user chose, or else the first."""
    chosen: dict[str, Opened] = {}
    for each in group:
        if each.download.name in choices:
            chosen.setdefault(choices[each.download.name], each)
    return list(chosen.values()) or [group[0]]


def sift(candidates: Sequence[Candidate], held: Mapping[str, Held], policy: Policy, now: datetime) -> Sifted:
    """Hold the candidates against the calendar, the policy, each other, and what the variables have."""
    problems: list[Problem] = []
    for each in candidates:
        problems += _alone(each, policy, now)
    problems += _shared(candidates, held)
    stopped = {each.file for each in problems if each.stops}
    sound = [each for each in candidates if _file(each) not in stopped]
    known = [each for each in sound if _is_held(each, held)]
    fresh = [each for each in sound if each not in known]
    older = [*_older_than_held(fresh, held), *_older_than_another(sound)]
    stopped |= {each.file for each in older if each.stops}
    return Sifted(
        tuple(each for each in fresh if _file(each) not in stopped),
        tuple(each for each in known if _file(each) not in stopped),
        tuple(dict.fromkeys([*problems, *older])),
    )


def age(bundle: Bundle) -> tuple[datetime, datetime]:
    """Orders certificates by the day of their beginning: the newer may have been given the shorter life."""
    return bundle.not_before, bundle.not_after


def _file(candidate: Candidate) -> str:
    return candidate.opened.download.name


def _alone(candidate: Candidate, policy: Policy, now: datetime) -> Iterator[Problem]:
    file, bundle = _file(candidate), candidate.opened.bundle
    rules = Rules(subject_pattern=policy.subject_pattern, now=now)
    for error in check(bundle, candidate.institution.id, rules):
        yield problem_of(file, error)
    is_test = is_test_authority(bundle.issuer_common_name, policy.test_issuer_words)
    if is_test and policy.level(ISSUER_CHECK).level != IGNORED:
        yield Problem(
            file,
            "test_ca",
            f"A test authority issued it ({bundle.issuer}).",
            "Take the certificate of the live system; for a test environment give --policy test.",
        )
    for warning in bundle.warnings:
        yield Problem(file, "unusual", warning, "", stops=False)


def _shared(candidates: Sequence[Candidate], held: Mapping[str, Held]) -> Iterator[Problem]:
    owners: dict[str, dict[str, str]] = {}
    renewed = {each.institution.id for each in candidates}
    for institution, one in held.items():
        if one.bundle is not None and institution not in renewed:
            owners.setdefault(one.bundle.fingerprint, {})[institution] = "which the variables have"
    for each in candidates:
        owners.setdefault(each.opened.bundle.fingerprint, {}).setdefault(each.institution.id, _file(each))
    for each in candidates:
        others = owners[each.opened.bundle.fingerprint].items() - {(each.institution.id, _file(each))}
        names = ", ".join(f"{name} ({place})" for name, place in sorted(others) if name != each.institution.id)
        if names:
            yield Problem(
                _file(each),
                "shared",
                f"The same certificate would be that of {each.institution.id} and of {names}.",
                "Each institution has its own: take the right file, or correct --institution.",
            )


def _is_held(candidate: Candidate, held: Mapping[str, Held]) -> bool:
    one = held.get(candidate.institution.id)
    return one is not None and one.bundle is not None and one.bundle.same_content(candidate.opened.bundle)


def _older_than_held(candidates: Iterable[Candidate], held: Mapping[str, Held]) -> Iterator[Problem]:
    for each in candidates:
        one, bundle = held.get(each.institution.id), each.opened.bundle
        if one is None:
            continue
        if one.bundle is None:
            message = f"It replaces an entry of {each.institution.id} that could not be compared ({one.why})."
            yield Problem(_file(each), "not_compared", message, "Look whether it is the newer one.", stops=False)
        elif age(bundle) < age(one.bundle):
            yield Problem(
                _file(each),
                "older",
                f"It began on {utc(bundle.not_before)}, before the one that {each.institution.id} has already "
                f"({utc(one.bundle.not_before)}, {one.entry.path}).",
                "Take it out of the folder; if you do want the older one, remove the entry from the variables first.",
            )


def _older_than_another(candidates: Sequence[Candidate]) -> Iterator[Problem]:
    newest: dict[str, Candidate] = {}
    for each in candidates:
        first = newest.setdefault(each.institution.id, each)
        if age(each.opened.bundle) > age(first.opened.bundle):
            newest[each.institution.id] = each
    for each in candidates:
        best = newest[each.institution.id]
        if best is not each:
            yield Problem(
                _file(each),
                "older",
                f"{_file(best)} in the same folder is a newer certificate of {each.institution.id}.",
                "Take the older one out of the folder.",
            )
