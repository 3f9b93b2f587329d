# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The passwords of the PKCS#12 files, from a vaulted file or from the person who has the SMS."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from .vault import MARK, Vault, VaultError, encrypted


def read_passwords(path: Path, vault: Vault) -> Mapping[str, str]:
    """Passwords by file name, from YAML that is vaulted whole or value by value. Raises OSError and VaultError.

    Every value is taken as the text that it is: YAML would make 0123 a number.
    """
    text = path.read_text("utf-8")
    whole = encrypted(text)
    if whole:
        text = _decrypted(vault, text, str(path))
    elif MARK not in text:
        raise VaultError(f"{path}: passwords stand there in plain text; run: ansible-vault encrypt {path}")
    found = _mapping(text, path)
    return {name: _plain(name, value, whole, path, vault) for name, value in found.items()}


def _mapping(text: str, path: Path) -> Mapping[str, object]:
    try:
        found = yaml.load(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        where = f" near line {mark.line + 1}" if mark else ""
        # The parser's own words may quote a password.
        raise VaultError(f"{path}: what is inside is no YAML{where}; write a line FILE NAME: PASSWORD each") from None
    if not isinstance(found, dict):
        raise VaultError(f"{path}: what is inside is no list of names; write a line FILE NAME: PASSWORD each")
    return found


def _plain(name: str, value: object, whole: bool, path: Path, vault: Vault) -> str:
    if not isinstance(value, str) or not value:
        raise VaultError(f"{path}: {name}: the password must be text on one line, in quotes")
    if encrypted(value):
        return _decrypted(vault, value, f"{path}: {name}")
    if not whole:
        raise VaultError(f"{path}: {name}: the password stands there in plain text; encrypt the file by ansible-vault")
    return value


def _decrypted(vault: Vault, text: str, where: str) -> str:
    try:
        return vault.decrypt(text)
    except VaultError as fault:
        raise VaultError(f"{where}: {fault}") from None
