# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates that the variables' file names already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..certificate.bundle import Bundle
from ..certificate.errors import CertificateError
from ..certificate.pkcs12 import open_pkcs12
from .problems import IntakeError
from .variables import Entry
from .vault import Vault, VaultError


@dataclass(frozen=True, slots=True)
class Held:
    """One entry, opened; ``bundle`` is None when it cannot be, and ``why`` says so."""

    entry: Entry
    bundle: Bundle | None
    why: str = ""


def refuse_other_password(entries: Mapping[str, Entry], vault: Vault) -> None:
    """Raises IntakeError when entries of this vault id are under another password: both could not be read at once."""
    for institution, entry in entries.items():
        if entry.vaulted is None or not vault.is_own(entry.vaulted):
            continue
        try:
            vault.decrypt(entry.vaulted)
        except VaultError as fault:
            raise IntakeError(
                f"{institution}: {fault}: the entries that are there have another vault password. "
                "Give that one, or a vault id of its own (--vault-id)."
            ) from None


def open_held(entries: Mapping[str, Entry], vault: Vault) -> dict[str, Held]:
    """Open every entry; one that cannot be is there without its certificate."""
    return {institution: _open(entry, vault) for institution, entry in entries.items()}


def _open(entry: Entry, vault: Vault) -> Held:
    if entry.path is None or entry.vaulted is None:
        return Held(entry, None, "its path is a template, or its password is not vaulted in place")
    path = Path(entry.path).expanduser()
    try:
        return Held(entry, open_pkcs12(path.read_bytes(), vault.decrypt(entry.vaulted)))
    except OSError as fault:
        return Held(entry, None, f"{path}: {fault.strerror}")
    except (CertificateError, VaultError) as fault:
        message = fault.message if isinstance(fault, CertificateError) else str(fault)
        return Held(entry, None, f"{path}: {message}")
