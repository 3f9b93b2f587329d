# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose certificate is it: by the user's word, by the policy's pattern, or by asking."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from ..plan.model import Institution
from .opening import Opened
from .problems import IntakeError, Problem, printable
from .terminal import NoTerminalError, ask, tell

PLACEHOLDER = "{institution}"
ANY_ID = "[EP][0-9A-Z]{6}"
MOST_LISTED = 30

BY_CHOICE, BY_PATTERN, BY_ANSWER = "as you chose", "by the policy's pattern", "as you answered"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A certificate with its institution; ``how`` says who told."""

    opened: Opened
    institution: Institution
    how: str


def read_choices(given: Collection[str], files: Collection[str], plan: Mapping[str, Institution]) -> dict[str, str]:
    """Institutions by file name, from FILE=ID. Raises IntakeError with all that is wrong with them."""
    choices: dict[str, str] = {}
    faults = []
    for each in given:
        file, equals, institution = each.rpartition("=")
        if not (file and equals and institution):
            faults.append(f"--institution {each}: write FILE=ID, as in download.p12=E99901A")
        elif file not in files:
            faults.append(f"--institution {each}: the folder has no PKCS#12 file {file}")
        elif institution not in plan:
            faults.append(f"--institution {each}: the plan has no institution {institution}")
        elif choices.setdefault(file, institution) != institution:
            faults.append(f"--institution {each}: {file} is given to {choices[file]} as well")
    if faults:
        raise IntakeError("\n".join(map(printable, faults)))
    return choices


@dataclass(frozen=True, slots=True)
class Matcher:
    """Matches certificates with institutions. ``pattern`` is the policy's, with {institution} in it, or None."""

    plan: Mapping[str, Institution]
    choices: Mapping[str, str]
    pattern: str | None
    ask_for: Callable[[str], str] = ask

    def match(self, opened: list[Opened], held: Collection[str]) -> tuple[list[Candidate], list[Problem], list[Opened]]:
        """Return (candidates, problems, what the person left out). ``held``: institutions that have one already.

        Who is known without asking comes first, so that the questions are about the rest only.
        """
        candidates: list[Candidate] = []
        problems: list[Problem] = []
        unknown: list[Opened] = []
        own = self._own_patterns()
        for each in opened:
            found = self._known(each, own)
            if isinstance(found, Candidate):
                candidates.append(found)
            elif isinstance(found, Problem):
                problems.append(found)
            else:
                unknown.append(each)
        left: list[Opened] = []
        for each in unknown:
            taken = {*held, *(one.institution.id for one in candidates)}
            answer = self._asked(each, [one for one in self.plan.values() if one.id not in taken])
            if answer is None:
                left.append(each)
            elif isinstance(answer, Candidate):
                candidates.append(answer)
            else:
                problems.append(answer)
        return candidates, problems, left

    def _own_patterns(self) -> dict[str, re.Pattern[str]]:
        """The pattern of each institution, made once; empty when the pattern tells none from another."""
        if self.pattern is None or PLACEHOLDER not in self.pattern:
            return {}
        return {each: re.compile(self.pattern.replace(PLACEHOLDER, re.escape(each))) for each in self.plan}

    def _known(self, opened: Opened, own: Mapping[str, re.Pattern[str]]) -> Candidate | Problem | None:
        chosen = self.choices.get(opened.download.name)
        if chosen is not None:
            return Candidate(opened, self.plan[chosen], BY_CHOICE)
        subject = opened.bundle.subject
        fitting = [institution for institution, pattern in own.items() if pattern.search(subject)]
        if len(fitting) == 1:
            return Candidate(opened, self.plan[fitting[0]], BY_PATTERN)
        stranger = id_in(subject, self.pattern) if self.pattern and not fitting else None
        if stranger is None:
            return None
        return Problem(
            opened.download.name,
            "not_in_plan",
            f"It is of institution {stranger} ({subject}), which the plan does not have.",
            "Write the institution into the plan, or take the file out of the folder.",
        )

    def _asked(self, opened: Opened, lacking: list[Institution]) -> Candidate | Problem | None:
        shown = lacking if len(lacking) <= MOST_LISTED else []
        tell(f"{printable(opened.download.name)}: {printable(opened.bundle.subject)}")
        for number, each in enumerate(shown, 1):
            tell(f"  {number:>2}  {each.id}  {each.name}")
        while True:
            try:
                answer = self.ask_for("Whose is it? Number, id or part of a name (empty: leave it out): ")
            except NoTerminalError:
                return _nobody(opened)
            if not answer:
                return None
            found = self._understood(answer, shown, lacking)
            if len(found) == 1:
                return Candidate(opened, found[0], BY_ANSWER)
            tell(f"{len(found)} institutions of the plan fit; be more precise" if found else "the plan has none such")

    def _understood(self, answer: str, shown: list[Institution], lacking: list[Institution]) -> list[Institution]:
        """By number, by id (also of one that has a certificate: that is a renewal), or by name among those without."""
        if answer.isdecimal() and 1 <= int(answer) <= len(shown):
            return [shown[int(answer) - 1]]
        exact = self.plan.get(answer.upper())
        if exact is not None:
            return [exact]
        return [each for each in lacking if answer.casefold() in each.name.casefold()]


def id_in(subject: str, pattern: str) -> str | None:
    """The institution id that stands in the subject where the pattern has its placeholder."""
    if PLACEHOLDER not in pattern:
        return None
    first = pattern.replace(PLACEHOLDER, f"(?P<eeszt_id>{ANY_ID})", 1)
    try:
        found = re.search(first.replace(PLACEHOLDER, "(?P=eeszt_id)"), subject)
    except re.error:  # a look-behind, say, must have one length
        return None
    return found["eeszt_id"] if found else None


def _nobody(opened: Opened) -> Problem:
    return Problem(
        opened.download.name,
        "unknown_institution",
        f"Nothing tells whose certificate it is ({opened.bundle.subject}).",
        "Give it by --institution FILE=ID, or write the subject's form into the policy's subject_pattern.",
    )
