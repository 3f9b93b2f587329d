# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong with a certificate before any host is touched."""

from __future__ import annotations

from typing import Literal, get_args

Kind = Literal[
    "no_library",
    "no_source",
    "unreadable",
    "not_pkcs12",
    "wrong_password",
    "unsupported_encryption",
    "no_key",
    "key_without_certificate",
    "key_mismatch",
    "several_pairs",
    "expired",
    "not_yet_valid",
    "wrong_institution",
    "test_ca",
    "shared",
    "store_password",
    "target",
    "anchors",
    "connection",
]
KINDS: tuple[Kind, ...] = get_args(Kind)


class CertificateError(ValueError):
    """One fault of one certificate.

    ``kind`` is a word for programs; ``message`` says what is wrong and where, ``remedy`` what to do about it; neither
    ever holds a password or a key. ``institution`` is empty when the fault is nobody's in particular.
    """

    def __init__(self, kind: Kind, message: str, remedy: str, *, institution: str = "") -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.message = message
        self.remedy = remedy
        self.institution = institution

    def __str__(self) -> str:
        whose = f"{self.institution}: " if self.institution else ""
        return f"{whose}{self.message} {self.remedy}"

    def as_dict(self) -> dict[str, str]:
        """For a task's result."""
        return {
            "institution": self.institution,
            "kind": self.kind,
            "message": self.message,
            "remedy": self.remedy,
        }

    def of(self, institution: str, where: str = "") -> CertificateError:
        """The same fault, with its owner and the file's path before the message."""
        message = f"{where}: {self.message}" if where else self.message
        return CertificateError(self.kind, message, self.remedy, institution=institution)


class CertificateErrors(CertificateError):
    """All faults of one call at once; ``errors`` holds at least one, ``kind`` is the first one's."""

    def __init__(self, errors: tuple[CertificateError, ...]) -> None:
        super().__init__(errors[0].kind, errors[0].message, errors[0].remedy, institution=errors[0].institution)
        self.errors = errors

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)
