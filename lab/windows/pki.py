"""Certificates of the WinRM doubles: one a host, the wrong ones that a fault shows, and one to sign in with."""

import ipaddress
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from lab import pki
from lab.run import write_file

ACCOUNT = "eeszt"
# What a host can be told to show instead of its certificate.
EXPIRED, WRONG_NAME, FOREIGN = "expired", "wrong_name", "foreign"
WRONG = (EXPIRED, WRONG_NAME, FOREIGN)
_UNIT = "lab double"


def ensure(folder: Path, hosts: Mapping[str, Sequence[str]]) -> list[str]:
    """Make what is missing in `folder` for `hosts` (name to names and addresses); returns the names of what was made.

    The fleet's CA stands in `folder` already.
    """
    made = _ensure_account(folder)
    for host, names in hosts.items():
        if not (folder / f"winrm-{host}.key").exists():
            made.append(f"WinRM {host}")
            _write_host(folder, host, names)
    return made


def ensure_one(folder: Path, stem: str, names: Sequence[str]) -> list[str]:
    """One certificate `<stem>.pem` for many hosts, if it is missing; returns the names of what was made."""
    made = _ensure_account(folder)
    if not (folder / f"{stem}.key").exists():
        made.append("WinRM of the light hosts")
        leaf = pki.issue(pki.read_authority(folder), pki.subject("light", _UNIT, "WinRM"), _alternatives(names))
        _write(folder / stem, leaf)
    return made


def _ensure_account(folder: Path) -> list[str]:
    """Password and client certificate of the account; the password comes last."""
    if (folder / "winrm.password").exists():
        return []
    leaf = pki.issue(pki.read_authority(folder), pki.subject(ACCOUNT, _UNIT, "WinRM"))
    _write(folder / "winrm-client", leaf)
    write_file(folder / "winrm.password", secrets.token_urlsafe(18), 0o600)
    return ["WinRM account"]


def _write_host(folder: Path, host: str, names: Sequence[str]) -> None:
    """The host's certificate and the wrong ones; its key, which is all of theirs, comes last."""
    own = pki.read_authority(folder)
    key = rsa.generate_private_key(65537, 2048)
    subject = pki.subject(host, _UNIT, "WinRM")
    leaves = {
        f"-{EXPIRED}": pki.issue(own, subject, _alternatives(names), expired=True, key=key),
        f"-{WRONG_NAME}": pki.issue(own, subject, _alternatives(["elsewhere.demo.test"]), key=key),
        f"-{FOREIGN}": pki.issue(pki.new_authority(pki.OTHER_CA_NAME), subject, _alternatives(names), key=key),
        "": pki.issue(own, subject, _alternatives(names), key=key),
    }
    for ending, leaf in leaves.items():
        write_file(folder / f"winrm-{host}{ending}.pem", pki.pem(leaf.certificate))
    write_file(folder / f"winrm-{host}.key", pki.key_pem(key), 0o600)


def _write(stem: Path, leaf: pki.Leaf) -> None:
    write_file(stem.with_name(f"{stem.name}.pem"), pki.pem(leaf.certificate))
    write_file(stem.with_name(f"{stem.name}.key"), pki.key_pem(leaf.key), 0o600)


def _alternatives(names: Sequence[str]) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = []
    for name in names:
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return found
