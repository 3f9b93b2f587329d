"""Who asks: Basic and client certificates, and what a refusal offers."""

import base64
import binascii
import hmac
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

MUTUAL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
BASIC, NEGOTIATE, KERBEROS = 'Basic realm="WSMAN"', "Negotiate", "Kerberos"


class UnsafePasswords(Exception):
    """The password file can be read by others, or is none."""


@dataclass(frozen=True)
class Accounts:
    """Passwords by account name (lower case), and the common names that a client certificate may have.

    An empty `subjects` takes every certificate that the CA has signed.
    """

    passwords: Mapping[str, str] = field(default_factory=dict, repr=False)
    subjects: Sequence[str] = ()

    def basic(self, header: str) -> str | None:
        """The account that an `Authorization: Basic` header proves, or None."""
        scheme, _, rest = header.partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            raw = base64.b64decode(rest.strip(), validate=True)
        except (binascii.Error, ValueError):
            return None
        name, _, password = _text(raw).partition(":")
        # The same work for an unknown name, and a comparison that does not stop at the first difference.
        expected = self.passwords.get(name.lower())
        same = hmac.compare_digest((expected or "").encode(), password.encode())
        return name.lower() if same and expected is not None else None

    def certificate(self, header: str, peer: Mapping[str, object] | None) -> str | None:
        """The account of a verified client certificate (as `ssl` shows it), or None."""
        if header.strip() != MUTUAL or not peer:
            return None
        name = common_name(peer)
        if not name or (self.subjects and name not in self.subjects):
            return None
        return f"certificate:{name}"


def _text(raw: bytes) -> str:
    # pywinrm sends Latin-1 (and cannot send what is not in it), other clients send UTF-8.
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def common_name(peer: Mapping[str, object]) -> str:
    """The subject's common name from ssl's getpeercert()."""
    subject = peer.get("subject", ())
    if isinstance(subject, tuple):
        for part in subject:
            for key, value in part:
                if key == "commonName":
                    return str(value)
    return ""


def read_passwords(path: Path) -> dict[str, str]:
    """Read `user:password` lines.  Raises UnsafePasswords unless the file is its owner's alone."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise UnsafePasswords(f"{path} has mode {mode:04o}; others must not read it (0600).")
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as fault:
        raise UnsafePasswords(f"{path} cannot be read: {fault.strerror}.") from fault
    pairs = [line.partition(":") for line in lines if line.strip()]
    if not all(colon and name for name, colon, _ in pairs):
        raise UnsafePasswords(f"{path}: every line is 'user:password'.")
    return {name.lower(): password for name, _, password in pairs}
