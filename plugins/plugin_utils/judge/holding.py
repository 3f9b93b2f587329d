# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host holds for an institution at one target, and how that is known."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from . import x509
from .builder import Subject
from .model import Case, ExpectedCertificate, Facts

SEALED = frozenset({"pkcs12_file", "java_keystore"})


@dataclass(frozen=True)
class Holding:
    """One target of an observation with what the controller knows of its institution.

    A PKCS#12 file that equals the controller's to the byte holds what the controller's holds; in any other, only its
    password could tell.
    """

    facts: Facts
    request: Facts | None
    expected: ExpectedCertificate | None

    @property
    def subject(self) -> Subject:
        return Subject(self.facts["path"], self.facts["institution"])

    @property
    def sealed(self) -> bool:
        return self.facts["certificate"] is None and self.facts["type"] in SEALED

    @cached_property
    def certificate(self) -> x509.Certificate | None:
        """The certificate, read from the host or from the controller's equal file."""
        if self.facts["certificate"] is not None:
            return x509.read(self.facts["certificate"])
        if self.equals_expected and self.expected is not None and self.expected.certificate is not None:
            return x509.read_der(self.expected.certificate)
        return None

    @cached_property
    def chain(self) -> list[x509.Certificate]:
        """The certificates of issuers that lie beside it."""
        if self.facts["certificate"] is None and self.equals_expected and self.expected is not None:
            return [found for der in self.expected.chain if (found := x509.read_der(der)) is not None]
        return x509.read_all(self.facts["chain"])

    @cached_property
    def fingerprint(self) -> str | None:
        """SHA-256 of the certificate, known even where the rest of it cannot be read."""
        if self.certificate is not None:
            return self.certificate.fingerprint
        if self.equals_expected and self.expected is not None:
            return self.expected.fingerprint_sha256
        return None

    @cached_property
    def dates(self) -> tuple[datetime | None, datetime | None]:
        """From when and until when it is valid."""
        if self.certificate is not None:
            return self.certificate.not_before, self.certificate.not_after
        if self.equals_expected and self.expected is not None:
            return self.expected.not_before, self.expected.not_after
        return None, None

    @cached_property
    def main_file(self) -> Facts | None:
        """The file that holds the certificate; None in a store."""
        roles = ("certificate", "pkcs12", "keystore")
        return next((each for role in roles for each in self.facts["files"] if each["role"] == role), None)

    @cached_property
    def equals_expected(self) -> bool:
        """The sealed file is the controller's to the byte."""
        return self.compared is True

    @cached_property
    def compared(self) -> bool | None:
        """Hold the sealed file against the controller's; None when one of the two digests is not known.

        A Java keystore is encoded anew for each host; beside it stands which certificate it holds.
        """
        if self.facts["type"] == "java_keystore":
            holds = self.facts.get("holds")
            return None if holds is None or self.expected is None else holds == self.expected.fingerprint_sha256
        file = self.main_file
        wanted = self.expected.pkcs12_sha256 if self.expected is not None else None
        if not self.sealed or file is None or file["sha256"] is None or wanted is None:
            return None
        return hmac.compare_digest(file["sha256"].lower().encode(), wanted.lower().encode())

    @property
    def why_unknown(self) -> str:
        """Why its content is not known."""
        if not x509.HAS_CRYPTOGRAPHY:
            return x509.NO_CRYPTOGRAPHY
        if self.sealed:
            return "only its password can tell what is in the file"
        return "no certificate could be read"


def holdings(case: Case) -> list[Holding]:
    """Give every target that the probe looked at."""
    section = case.section("certificates")
    if section is None:
        return []
    return [
        Holding(
            facts=each,
            request=_request_of(case, each["institution"], each["path"]),
            expected=case.context.expected_certificates.get(each["institution"]),
        )
        for each in section["targets"]
    ]


def unseen(case: Case) -> list[Subject]:
    """Give the targets that were asked for and that the probe did not come to."""
    seen = {each.subject for each in holdings(case)}
    asked = [Subject(target_name(each), each["institution"]) for each in case.requested("certificate_targets")]
    return [each for each in dict.fromkeys(asked) if each not in seen]


def target_name(request: Facts) -> str:
    r"""Give a target's name in reports: the file that holds the certificate, or location\store."""
    if request["type"] == "windows_store":
        return f"{request.get('location') or 'LocalMachine'}\\{request.get('store') or 'My'}"
    return str(request.get("path") or request.get("certificate") or "")


def _request_of(case: Case, institution: str, path: str) -> Facts | None:
    asked = case.requested("certificate_targets")
    return next((each for each in asked if each["institution"] == institution and target_name(each) == path), None)
