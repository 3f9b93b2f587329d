# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account for a site's proxy, in the one form in which it leaves the controller."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from ..contract.documents import ContractError

_FIELDS = ("username", "password")
_WHERE = "eeszt_proxy_account"
_HINT = "give {username: ..., password: ...}, the password from Ansible Vault or a lookup"


def basic_credentials(account: Mapping[str, Any] | None) -> str:
    """What follows ``Proxy-Authorization: Basic`` (RFC 7617, UTF-8); empty without an account.

    One text, since Ansible hides every text of a secret wherever it stands in a module's answer, and a short user
    name would take words of the observation along. ContractError says what is wrong, and never shows a value.
    """
    if not account:
        return ""
    unknown = sorted(set(map(str, account)) - set(_FIELDS))
    if unknown:
        raise ContractError(f"{_WHERE}: {', '.join(unknown)} is not known; {_HINT}")
    for field in _FIELDS:
        value = account.get(field)
        if not isinstance(value, str) or not value:
            raise ContractError(f"{_WHERE}.{field}: is missing or no text; {_HINT}")
        if not value.isprintable():
            raise ContractError(f"{_WHERE}.{field}: holds a line break or a control character; look for one at its end")
    if ":" in account["username"]:
        raise ContractError(f"{_WHERE}.username: holds a colon, which Basic authentication cannot carry")
    return base64.b64encode(f"{account['username']}:{account['password']}".encode()).decode("ascii")
