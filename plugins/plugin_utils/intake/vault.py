# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible Vault, with Ansible's own library and its ways to find the password."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .problems import IntakeError
from .terminal import ask_secret

with contextlib.suppress(ImportError):  # said when a vault is opened
    from ansible import constants
    from ansible.errors import AnsibleError
    from ansible.parsing.dataloader import DataLoader
    from ansible.parsing.vault import VaultLib, VaultSecret, get_file_vault_secret, is_encrypted

MARK = "$ANSIBLE_VAULT"
PROMPT = "prompt"


class VaultError(IntakeError):
    """Something cannot be decrypted, or no password can be had."""


@dataclass(frozen=True, slots=True)
class Vault:
    """One vault id with its password; ``label`` is what the header of a value says, ``default`` says nothing."""

    label: str
    _secret: Any = field(repr=False)

    def encrypt(self, text: str) -> str:
        """Vault text of several lines, each with its line break. Raises VaultError."""
        try:
            vaulted: bytes = VaultLib([(self.label, self._secret)]).encrypt(text, self._secret, self.label)
        except AnsibleError as error:
            raise VaultError(f"a password cannot be encrypted: {error.message}") from None
        return vaulted.decode("ascii")

    def decrypt(self, vaulted: str) -> str:
        """What is inside. Raises VaultError, which quotes nothing of it."""
        try:
            plain: bytes = VaultLib([(self.label, self._secret)]).decrypt(vaulted.strip().encode())
            return plain.decode()
        except (AnsibleError, UnicodeDecodeError, ValueError):
            raise VaultError(f"the vault password ({self.label}) does not open it") from None

    def is_own(self, vaulted: str) -> bool:
        """Whether the header names this vault id."""
        header = vaulted.strip().partition("\n")[0].strip().split(";")
        return (header[3] if len(header) > 3 else "default") == self.label


def encrypted(text: str) -> bool:
    """Whether the text is vault text."""
    return bool(is_encrypted(text.strip()))


def open_vault(
    password_file: str | None,
    vault_id: str | None,
    *,
    is_new: bool,
    ask_for: Callable[[str], str] = ask_secret,
) -> Vault:
    """Find the vault's password as Ansible does: file or script, ANSIBLE_VAULT_PASSWORD_FILE, or ask.

    ``vault_id`` is LABEL@FILE or LABEL@prompt. With ``is_new`` a typed password is asked for twice, for there is
    nothing yet that would not open under a mistyped one. Raises VaultError and NoTerminalError.
    """
    label, source = _source(password_file, vault_id)
    if source is not None:
        return Vault(label, _from_file(label, source))
    hint = f" ({label})" if label != constants.DEFAULT_VAULT_IDENTITY else ""
    password = ask_for(f"Vault password{hint}: ").strip()
    if not password:
        raise VaultError("without a vault password nothing can be written; see --vault-password-file")
    if is_new and ask_for(f"The same again{hint}: ").strip() != password:
        raise VaultError("the two vault passwords differ; nothing was written")
    return Vault(label, VaultSecret(password.encode()))


def _source(password_file: str | None, vault_id: str | None) -> tuple[str, str | None]:
    """The label and the file or script; None to ask."""
    default = str(constants.DEFAULT_VAULT_IDENTITY)
    if vault_id is not None:
        label, at, source = vault_id.partition("@")
        if not (label and at and source):
            raise VaultError(f"--vault-id {vault_id}: write LABEL@FILE or LABEL@{PROMPT}")
        return label, None if source == PROMPT else source
    return default, password_file or constants.DEFAULT_VAULT_PASSWORD_FILE or None


def _from_file(label: str, source: str) -> Any:
    try:
        secret = get_file_vault_secret(filename=source, vault_id=label, loader=DataLoader())
        secret.load()
    except AnsibleError as error:
        raise VaultError(str(error).strip()) from None
    return secret
