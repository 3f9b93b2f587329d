# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The pinned certificate of a WinRM listener: a PEM file beside the plan, looked at before anybody connects."""

from __future__ import annotations

import hashlib
import ipaddress
import ssl
from datetime import UTC, datetime
from pathlib import Path

from .findings import Findings, Location

_BEGIN = "-----BEGIN CERTIFICATE-----"


def pin_path(at: Location, typed: str) -> Path:
    """Return the full path of a file that the plan names, relative to the plan's own folder."""
    return (Path(at.source).parent / Path(typed).expanduser()).absolute()


def check_pin(at: Location, typed: str, fingerprint: str | None, names: tuple[str, ...], findings: Findings) -> None:
    """Note what keeps a pinned certificate from being the right one for a host with these ``names``."""
    path = pin_path(at, typed)
    try:
        text = path.read_bytes().decode("ascii", "replace")
    except OSError as fault:
        findings.error(at, f"{path}: {fault.strerror}", "copy the .pem file there that Enable-EesztRemoting.ps1 wrote")
        return
    if "PRIVATE KEY" in text:
        findings.error(at, f"{path} holds a private key", "keep the key away, and only the certificate in this file")
        return
    try:
        der = ssl.PEM_cert_to_DER_cert(text[text.index(_BEGIN) :].strip())
    except ValueError:
        findings.error(at, f"{path} is not one certificate in PEM form", "copy the .pem file as it was written")
        return
    found = hashlib.sha256(der).hexdigest()
    if fingerprint and found != fingerprint.replace(":", "").lower():
        findings.error(at, f"{path} has the SHA-256 {found}, not the fingerprint beside it", "find out which is right")
        return
    _check_content(at, path, der, names, findings)


def _check_content(at: Location, path: Path, der: bytes, names: tuple[str, ...], findings: Findings) -> None:
    # Loading it costs as much as the whole plan, and most plans pin nothing.
    from cryptography import x509

    def _is_authority(extensions: x509.Extensions) -> bool:
        try:
            return extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        except x509.ExtensionNotFound:
            return False

    try:
        certificate = x509.load_der_x509_certificate(der)
        if _is_authority(certificate.extensions):
            # Of a domain: it vouches for its machines, and names none.
            return
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        findings.error(at, f"{path} names no host", "make it anew with Enable-EesztRemoting.ps1")
        return
    except ValueError:
        findings.error(at, f"{path} is not one certificate in PEM form", "copy the .pem file as it was written")
        return
    if certificate.not_valid_after_utc <= datetime.now(UTC):
        day = certificate.not_valid_after_utc.date().isoformat()
        findings.warn(
            at, f"{path} expired on {day}", "run Enable-EesztRemoting.ps1 -Renew there, and copy the new .pem"
        )
    dns = {name.lower() for name in alternatives.get_values_for_type(x509.DNSName)}
    addresses: set[object] = set(alternatives.get_values_for_type(x509.IPAddress))
    for name in names[:1]:
        if not _is_named(name, dns, addresses):
            shown = ", ".join(sorted(dns) + sorted(map(str, addresses)))
            findings.warn(
                at,
                f"{path} is for {shown}, not for {name}",
                "write one of these into the host's address, or make the certificate anew with -Name",
            )


def _is_named(name: str, dns: set[str], addresses: set[object]) -> bool:
    try:
        return ipaddress.ip_address(name) in addresses
    except ValueError:
        lower = name.lower()
        return lower in dns or f"*.{lower.partition('.')[2]}" in dns
