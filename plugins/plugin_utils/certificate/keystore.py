# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A keystore for Java, in PKCS#12: Java reads it by its file name alone, and nothing of Java has to be on the host.

Such a file is no copy of the downloaded one: it has a password of its own, which programs on the host know, and the
alias under which they look for the key. The older form (JKS) would take keytool, so it is left out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from .bundle import Bundle
from .errors import CertificateError
from .pkcs12 import open_pkcs12

with contextlib.suppress(ImportError):  # library.require says it
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

SHORTEST = 6
"""Characters; keytool refuses shorter passwords."""


def store_password(institution: str, sources: Mapping[str, Any]) -> str:
    """The keystore's password from an institution's entry in eeszt_certificates. Raises CertificateError."""
    entry = sources.get(institution)
    given = entry.get("store_password") if isinstance(entry, Mapping) else None

    def fault(message: str) -> CertificateError:
        remedy = (
            f"Write store_password into eeszt_certificates['{institution}'], from Ansible Vault or a lookup: at least "
        )
        remedy += f"{SHORTEST} characters, letters without accents, digits and signs."
        return CertificateError("store_password", message, remedy, institution=institution)

    if given is None:
        raise fault("A Java keystore is wanted, and no password is given for it.")
    if not isinstance(given, str):
        raise fault("The password of the Java keystore is not text; YAML took it for something else: put it in quotes.")
    if not given.isascii() or not given.isprintable():
        raise fault("Java takes no PKCS#12 password with letters outside of ASCII, and calls it a wrong one.")
    if len(given) < SHORTEST:
        raise fault("Java's tools take no shorter keystore password.")
    return given


def make_keystore(bundle: Bundle, alias: str, password: str) -> bytes:
    """The certificate with its key and issuers under an alias; other bytes each time, since PKCS#12 is randomised."""
    return pkcs12.serialize_key_and_certificates(
        alias.encode("utf-8"),
        bundle.key,  # type: ignore[arg-type]  # the kinds of key that a certificate cannot have are no matter here
        bundle.certificate,
        list(bundle.chain),
        BestAvailableEncryption(password.encode("ascii")),
    )


def keystore_fits(data: bytes, bundle: Bundle, alias: str, password: str) -> bool:
    """Whether a file is this keystore, however it is encoded. Java does not tell capitals in an alias apart."""
    try:
        same = open_pkcs12(data, password).same_content(bundle)
    except CertificateError:
        return False
    held = pkcs12.load_pkcs12(data, password.encode("ascii")).cert
    name = (held.friendly_name or b"").decode("utf-8", "replace") if held else ""
    return same and name.lower() == alias.lower()
