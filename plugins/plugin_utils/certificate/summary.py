# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a PKCS#12 file holds, in words for people; it also serves files that could not be delivered."""

from __future__ import annotations

import contextlib
from typing import Any

from .bundle import fingerprint_of, utc
from .errors import CertificateError
from .pkcs12 import Contents, choose, order_chain, read_pkcs12

with contextlib.suppress(ImportError):  # library.require says it
    from cryptography import x509


def _shown(contents: Contents) -> tuple[x509.Certificate | None, bool]:
    """The certificate to speak of and whether its key is there."""
    try:
        return choose(contents)[0], True
    except CertificateError as error:
        if error.kind == "several_pairs":
            raise
    issuers = {one.issuer for one in contents.certificates if one.issuer != one.subject}
    leaves = [one for one in contents.certificates if one.subject not in issuers]
    return next(iter(leaves or contents.certificates), None), False


def summarise(data: bytes, password: str) -> dict[str, Any]:
    """Say what is in the file.

    Raises CertificateError: not_pkcs12, wrong_password, unsupported_encryption, several_pairs.
    """
    contents = read_pkcs12(data, password)
    certificate, key = _shown(contents)
    summary: dict[str, Any] = dict.fromkeys(("subject", "issuer", "serial", "fingerprint", "not_before", "not_after"))
    chain: tuple[x509.Certificate, ...] = ()
    if certificate is not None:
        chain, _others = order_chain(certificate, contents.certificates)
        summary |= {
            "subject": certificate.subject.rfc4514_string(),
            "issuer": certificate.issuer.rfc4514_string(),
            "serial": f"{certificate.serial_number:x}",
            "fingerprint": fingerprint_of(certificate),
            "not_before": utc(certificate.not_valid_before_utc),
            "not_after": utc(certificate.not_valid_after_utc),
        }
    return summary | {"chain": len(chain), "key": key, "password_encoding": contents.password_encoding}
