# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tests for EESZT identifiers; the rules are in plugin_utils/plan/identifiers.py."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.identifiers import (
    IdentifierError,
    check_institution_id,
    check_user_name,
)


def _passes(check: Callable[[object], str], value: object) -> bool:
    try:
        check(value)
    except IdentifierError:
        return False
    return True


def _is_username(value: object) -> bool:
    return _passes(check_user_name, value)


def _is_institution_id(value: object) -> bool:
    return _passes(check_institution_id, value)


class TestModule:
    """The tests as Ansible finds them."""

    __test__ = False  # not one of pytest's

    def tests(self) -> dict[str, Callable[[object], bool]]:
        """Return the tests by name."""
        return {"eeszt_username": _is_username, "eeszt_institution_id": _is_institution_id}
