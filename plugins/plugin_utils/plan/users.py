# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From records to users."""

from __future__ import annotations

from .fields import Form, open_form
from .findings import Findings
from .hosts import references
from .identifiers import (
    PREFIX_OF_PROFESSION,
    PROFESSION_OF_PREFIX,
    IdentifierError,
    check_prefix,
    check_user_name,
    derive_user_name,
    doubts_about_user_name,
)
from .institutions import warn_about_order
from .model import LOGIN_METHODS, USER_DATES, User
from .nodes import Record

_FIELDS = (
    *(
        "name",
        "profession",
        "prefix",
        "registry_number",
        "user_name",
        "institutions",
        "hosts",
        "login_method",
        "dates",
    ),
)


def read_user(record: Record, findings: Findings) -> User | None:
    """Return the user of a record, or None when no user name follows; all else is noted in ``findings``."""
    form = open_form(record, _FIELDS, findings)
    name = form.text("name", required="write the person's name")
    prefix = _prefix(form)
    user_name = _user_name(form, prefix) if prefix else None
    doubt = doubts_about_user_name(user_name) if user_name else None
    if doubt:
        findings.warn(form.at, *doubt)
    institutions = references(form, "institutions")
    hosts = references(form, "hosts")
    login_method = form.choice("login_method", LOGIN_METHODS) or "eid_card"
    dates = _dates(form)
    if name is None or prefix is None or user_name is None:
        return None
    at = form.where("registry_number") if form.node("registry_number") else form.where("user_name")
    return User(name, user_name, PROFESSION_OF_PREFIX[prefix], institutions, hosts, login_method, dates, at)


def _prefix(form: Form) -> str | None:
    """Return the prefix that follows from profession or prefix; X when only a user name is given."""
    profession = form.choice("profession", PREFIX_OF_PROFESSION)
    by_profession = PREFIX_OF_PROFESSION.get(profession or "")
    prefix = form.identifier("prefix", check_prefix)
    if by_profession and prefix and by_profession != prefix:
        form.findings.error(
            form.where("prefix"),
            f"prefix {prefix} does not fit {profession}, which has {by_profession}",
            "remove prefix",
        )
        return None
    if form.node("profession") is None and form.node("prefix") is None:
        if form.node("user_name") is not None and form.node("registry_number") is None:
            return "X"
        form.findings.error(form.at, "profession is missing", f"write one of {', '.join(PREFIX_OF_PROFESSION)}")
    return by_profession or prefix


def _user_name(form: Form, prefix: str) -> str | None:
    if prefix == "X":
        return _given_name(form)
    if form.node("user_name") is not None:
        form.findings.error(
            form.where("user_name"),
            f"the user name of prefix {prefix} is derived, never typed",
            "remove user_name and write registry_number",
        )
    required = "write the base registry number, in quotes"
    return form.identifier("registry_number", lambda text: derive_user_name(prefix, text), required)


def _given_name(form: Form) -> str | None:
    if form.node("registry_number") is not None:
        form.findings.error(
            form.where("registry_number"),
            "a user of prefix X has no registry number",
            "write the user_name that the operator gave",
        )
    return form.identifier("user_name", _check_given_name, "write the user_name that the operator of EESZT gave")


def _check_given_name(text: str) -> str:
    user_name = check_user_name(text)
    if user_name[0] != "X":
        raise IdentifierError(
            f"{user_name} belongs to a health profession, whose user names are derived, never typed",
            "write profession and registry_number instead of user_name",
        )
    return user_name


def _dates(form: Form) -> dict[str, str]:
    fields = form.form("dates", USER_DATES)
    if fields is None:
        return {}
    days = {step: day for step in USER_DATES if (day := fields.day(step))}
    warn_about_order(fields, days)
    return days
