# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The institutions' certificates as the probes saw them, with the day they end."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from .model import EXPIRED, EXPIRES_SOON, NOT_YET_VALID, VALID, Certificate, Named

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
except ImportError:
    HAS_CRYPTOGRAPHY = False
else:
    HAS_CRYPTOGRAPHY = True

EXPIRES_SOON_DAYS = 30
SECONDS_A_DAY = 86400


@dataclass(frozen=True)
class _Content:
    fingerprint: str
    issuer: str
    not_before: datetime
    not_after: datetime


def collect_certificates(results: Iterable[Mapping[str, Any]], now: datetime) -> tuple[Certificate, ...]:
    """List each institution's certificates, the first to end first; what is no certificate is left to the checks."""
    places: dict[tuple[str, _Content], set[str]] = {}
    names: dict[str, str] = {}
    for result in results:
        names.update({str(each.get("id", "")): str(each.get("name", "")) for each in result["institutions"]})
        for institution, content in _seen_on(result):
            places.setdefault((institution, content), set()).add(result["host"])
    rows = [
        _row(Named(institution, names.get(institution, "")), content, hosts, now)
        for (institution, content), hosts in places.items()
    ]
    return tuple(sorted(rows, key=lambda row: (row.not_after, row.institution.id, row.fingerprint)))


def _seen_on(result: Mapping[str, Any]) -> Iterator[tuple[str, _Content]]:
    """The observation is the probe's and checked by the judge alone, so nothing of its form is taken for granted."""
    section = ((result["observation"] or {}).get("sections") or {}).get("certificates") or {}
    for target in section.get("targets") or []:
        encoded = target.get("certificate")
        content = _read(encoded) if isinstance(encoded, str) else None
        if content is not None:
            yield str(target.get("institution", "")), content


@lru_cache(maxsize=4096)
def _read(encoded: str) -> _Content | None:
    """Parse a certificate (DER in base64) once, however many hosts hold it."""
    if not HAS_CRYPTOGRAPHY:
        return None
    try:
        certificate = x509.load_der_x509_certificate(base64.b64decode(encoded, validate=True))
    except ValueError:
        return None
    return _Content(
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        issuer=certificate.issuer.rfc4514_string(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def _row(institution: Named, content: _Content, hosts: set[str], now: datetime) -> Certificate:
    seconds = (content.not_after - now).total_seconds()
    days_left = math.floor(seconds / SECONDS_A_DAY)
    if seconds < 0:
        state = EXPIRED
    elif content.not_before > now:
        state = NOT_YET_VALID
    else:
        state = EXPIRES_SOON if days_left < EXPIRES_SOON_DAYS else VALID
    return Certificate(
        institution=institution,
        fingerprint=content.fingerprint,
        issuer=content.issuer,
        not_before=_utc(content.not_before),
        not_after=_utc(content.not_after),
        days_left=days_left,
        state=state,
        hosts=tuple(sorted(hosts)),
    )


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
