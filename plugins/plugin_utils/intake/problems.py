# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a downloaded file, and what stops the whole intake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..certificate.errors import CertificateError

# Where the engine speaks of eeszt_certificates, which an intake is only about to write.
REMEDIES: Mapping[str, str] = {
    "wrong_password": "Compare it with the SMS that the administrator got; mind case, spaces, and zero and letter O.",
    "wrong_institution": "Give the right one by --institution FILE=ID, or correct the policy's subject_pattern.",
}


class IntakeError(ValueError):
    """Why an intake or a worklist stops before it has done anything; the message has the remedy."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of one file. ``kind`` is a word for programs; one that does not ``stop`` is a warning."""

    file: str
    kind: str
    message: str
    remedy: str
    stops: bool = True

    def __str__(self) -> str:
        return printable(f"{self.file}: {self.message} {self.remedy}")


def problem_of(file: str, error: CertificateError) -> Problem:
    """The engine's fault as one of this file."""
    return Problem(file, error.kind, error.message, REMEDIES.get(error.kind, error.remedy))


def printable(text: str) -> str:
    """The text without what would steer a terminal; names of files and subjects come from others."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text)
