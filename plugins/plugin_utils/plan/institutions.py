# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From records to institutions."""

from __future__ import annotations

from .fields import Form, open_form
from .findings import Findings
from .identifiers import (
    PREFIX_OF_AUTHORITY,
    check_user_name,
    derive_institution_id,
    doubts_about_institution_id,
)
from .model import ONBOARDING_STEPS, Administrator, Institution
from .nodes import Record, Scalar
from .targets import read_targets

_FIELDS = ("name", "authority", "authority_id", "administrator", "onboarding", "certificate_targets", "id")


def read_institution(record: Record, findings: Findings) -> Institution | None:
    """Return the institution of a record, or None when it has no usable id or name."""
    form = open_form(record, _FIELDS, findings)
    name = form.text("name", required="write the provider's name")
    authority = form.choice("authority", PREFIX_OF_AUTHORITY, required="write oth or ogyei")
    authority_id = form.scalar("authority_id", required="write the id that OTH or OGYÉI gave, in quotes")
    institution_id = _derived_id(form, authority)
    _refuse_typed_id(form, institution_id)
    administrator = _administrator(form)
    onboarding = _onboarding(form)
    targets = read_targets(form)
    if institution_id is None or authority is None or authority_id is None or name is None:
        return None
    return Institution(
        institution_id,
        name,
        authority,
        authority_id.text,
        administrator,
        onboarding,
        targets,
        form.where("authority_id"),
    )


def likely_ids(record: Record) -> set[str]:
    """Return the ids that a refused institution may be meant to have, so that its hosts are not blamed as well."""
    given = record.fields.get("authority_id")
    text = "".join(given.text.split()).upper() if isinstance(given, Scalar) else ""
    return {prefix + text[-6:].rjust(6, "0") for prefix in PREFIX_OF_AUTHORITY.values()} if text else set()


def _derived_id(form: Form, authority: str | None) -> str | None:
    if authority is None:
        return None
    institution_id = form.identifier("authority_id", lambda text: derive_institution_id(authority, text))
    doubt = doubts_about_institution_id(institution_id) if institution_id else None
    if doubt:
        form.findings.warn(form.where("authority_id"), *doubt)
    return institution_id


def _refuse_typed_id(form: Form, derived: str | None) -> None:
    typed = form.node("id")
    if typed is None:
        return
    text = getattr(typed, "text", "")
    if derived and text != derived:
        message = f'id "{text}" differs from {derived}, which follows from authority and authority_id'
    else:
        message = "id is derived from authority and authority_id, never typed"
    form.findings.error(typed.at, message, "remove id")


def _administrator(form: Form) -> Administrator | None:
    fields = form.form("administrator", ("name", "user_name", "email"))
    if fields is None:
        return None
    expected = "an e-mail address like name@example.com"
    return Administrator(
        fields.text("name"),
        fields.identifier("user_name", check_user_name),
        fields.pattern("email", r"[^@\s]+@[^@\s]+\.[^@\s]+", expected),
    )


def _onboarding(form: Form) -> dict[str, str]:
    fields = form.form("onboarding", ONBOARDING_STEPS)
    if fields is None:
        return {}
    days = {step: day for step in ONBOARDING_STEPS if (day := fields.day(step))}
    warn_about_order(fields, days)
    return days


def warn_about_order(fields: Form, days: dict[str, str]) -> None:
    """Warn about each day that lies before the day of an earlier step; ``days`` is in the steps' order."""
    for (earlier, first), (later, second) in zip(days.items(), list(days.items())[1:], strict=False):
        if second < first:
            fields.findings.warn(
                fields.where(later),
                f"{later} ({second}) lies before {earlier} ({first})",
                "compare both days with the papers",
            )
