# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each download is, in words for the person at the terminal."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ..certificate.bundle import Bundle
from ..certificate.errors import CertificateError
from ..certificate.summary import summarise
from ..plan.model import Institution
from .matching import Candidate
from .opening import Closed, Opened
from .problems import printable

with contextlib.suppress(ImportError):  # certificate.library says it
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

_WIDTH = 13


def show_candidate(candidate: Candidate, now: datetime) -> str:
    """A paragraph on a file whose institution is known."""
    whose = f"{candidate.institution.id} {candidate.institution.name} ({candidate.how})"
    return _paragraph(candidate.opened.download.name, {"institution": whose, **_facts(candidate.opened.bundle, now)})


def show_unmatched(opened: Opened, now: datetime) -> str:
    """A paragraph on a file that nobody is known to own."""
    return _paragraph(opened.download.name, {"institution": "not known", **_facts(opened.bundle, now)})


def show_closed(closed: Closed) -> str:
    """A paragraph on a file that was not opened, or holds nothing to take."""
    if closed.problem is None:
        return _paragraph(closed.download.name, {"left out": "no password was given"})
    facts: Mapping[str, str] = {}
    if closed.password is not None:
        with contextlib.suppress(CertificateError):
            facts = _summary(summarise(closed.download.data, closed.password))
    return _paragraph(closed.download.name, {"not taken": closed.problem.message, **facts})


def contact(institution: Institution) -> str:
    """The institution with its administrator, as far as the plan knows him."""
    person = institution.administrator
    known = [each for each in (person.name, person.email) if each] if person else []
    whom = ", ".join(known) or "no administrator in the plan"
    return printable(f"{institution.id}  {institution.name}  ({whom})")


def algorithm(bundle: Bundle) -> str:
    """The key's kind and size, and what signed the certificate."""
    key = bundle.key
    if isinstance(key, rsa.RSAPrivateKey):
        kind = f"RSA {key.key_size}"
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        kind = f"EC {key.curve.name}"
    else:
        kind = type(key).__name__.removesuffix("PrivateKey").lstrip("_")
    digest = bundle.certificate.signature_hash_algorithm
    return f"{kind}, signed with {digest.name.upper() if digest else 'its own digest'}"


def _facts(bundle: Bundle, now: datetime) -> dict[str, str]:
    chain = (
        f"{len(bundle.chain)} above it, {'up to the root' if bundle.chain_complete else 'the root is not among them'}"
    )
    return {
        "subject": bundle.subject,
        "issuer": bundle.issuer,
        "valid": f"{bundle.not_before:%Y-%m-%d} to {bundle.not_after:%Y-%m-%d}, {_left(bundle.not_after, now)}",
        "chain": chain,
        "key": "there, and fits the certificate",
        "algorithm": algorithm(bundle),
    }


def _left(end: datetime, now: datetime) -> str:
    days = (end - now).days
    return f"{days} days left" if end > now else f"ended {(now - end).days} days ago"


def _summary(found: Mapping[str, Any]) -> dict[str, str]:
    facts = {name: str(found[name]) for name in ("subject", "issuer") if found[name]}
    if found["not_after"]:
        facts["valid"] = f"{found['not_before'][:10]} to {found['not_after'][:10]}"
        facts["chain"] = f"{found['chain']} above it"
    return facts | {"key": "there" if found["key"] else "none that fits"}


def _paragraph(name: str, facts: Mapping[str, str]) -> str:
    return "\n".join([printable(name), *_lines(facts.items())])


def _lines(facts: Iterable[tuple[str, str]]) -> Iterable[str]:
    return (f"  {name:<{_WIDTH}}{printable(value)}" for name, value in facts)
