# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters that make EESZT identifiers; the rules are in plugin_utils/plan/identifiers.py."""

from __future__ import annotations

from collections.abc import Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.identifiers import (
    IdentifierError,
    derive_institution_id,
    derive_user_name,
)


def _username(base_number: object, profession: str) -> str:
    try:
        return derive_user_name(profession, base_number)
    except IdentifierError as error:
        raise AnsibleFilterError(f"eeszt_username: {error}") from error


def _institution_id(authority_id: object, authority: str) -> str:
    try:
        return derive_institution_id(authority, authority_id)
    except IdentifierError as error:
        raise AnsibleFilterError(f"eeszt_institution_id: {error}") from error


class FilterModule:
    """The filters as Ansible finds them."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """Return the filters by name."""
        return {"eeszt_username": _username, "eeszt_institution_id": _institution_id}
