# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates that the controller holds for the institutions of a host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..certificate.bundle import Bundle
from ..certificate.sources import Rules, open_sources
from ..judge import ExpectedCertificate

# The judge says these of the certificate itself, and not every institution of an audit has its file here.
SAID_ELSEWHERE = frozenset({"no_source", "expired", "not_yet_valid", "wrong_institution"})


@dataclass(frozen=True)
class HeldCertificates:
    """Opened certificates by institution id; ``warnings`` are sentences on those that could not be opened."""

    by_institution: Mapping[str, Bundle]
    warnings: tuple[str, ...]

    def expected(self) -> dict[str, ExpectedCertificate]:
        """What the judge compares a host with; public parts only."""
        return {
            institution: ExpectedCertificate(
                fingerprint_sha256=bundle.fingerprint,
                pkcs12_sha256=bundle.pkcs12_sha256,
                not_before=bundle.not_before,
                not_after=bundle.not_after,
                certificate=bundle.certificate_der,
                chain=tuple(bundle.chain_der),
            )
            for institution, bundle in self.by_institution.items()
        }

    def with_fingerprints(self, targets: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Targets with the ``fingerprint`` of the certificate that should be there, where it is held.

        A store of Windows has many certificates: that is how a probe knows which one is meant.
        """
        named = []
        for target in targets:
            bundle = self.by_institution.get(target.get("institution", ""))
            named.append({**target, "fingerprint": bundle.fingerprint} if bundle else dict(target))
        return named

    def pems_for(self, request: Mapping[str, Any]) -> dict[str, dict[str, str]]:
        """The secrets that a request needs: PEM texts of the institutions whose certificate it shows from memory."""
        return {
            shown["institution"]: {
                "certificate": bundle.certificate_pem,
                "key": bundle.key_pem,
                "chain": bundle.chain_pem,
            }
            for shown in request["client_certificates"]
            if shown["source"] == "memory" and (bundle := self.by_institution[shown["institution"]])
        }


def hold_certificates(sources: Mapping[str, Any], institutions: Sequence[str]) -> HeldCertificates:
    """Open what ``sources`` (in the form of eeszt_certificates) has for these institutions.

    A look at a host goes on without the files that do not open: each leaves a warning.
    """
    opened = open_sources(institutions, sources, Rules(allow_shared=True))
    faults = [fault for fault in opened.errors if fault.kind not in SAID_ELSEWHERE]
    return HeldCertificates(dict(opened.bundles), tuple(str(fault) for fault in faults))
