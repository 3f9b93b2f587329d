# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that is taken out of service, or an institution that leaves it: what of its certificates is still there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ..contract.documents import ContractError

Document = Mapping[str, Any]


def read_retirement(given: Document | None) -> Document | None:
    """Check {host: bool, institutions: ids, unreached: bool}; None for none. Raises ContractError."""
    if given is None:
        return None
    unknown = sorted(set(given) - {"host", "institutions", "unreached"})
    institutions = given.get("institutions") or []
    if unknown or not isinstance(institutions, list) or not all(isinstance(each, str) for each in institutions):
        raise ContractError(f"retire: host, institutions (a list of ids) and unreached are its parts, not {unknown}")
    return {
        "host": given.get("host") is True,
        "institutions": list(institutions),
        "unreached": given.get("unreached") is True,
    }


def retired_mark(wanted: Document, request: Document, observation: Document | None) -> dict[str, Any] | None:
    """What a result says of it (result.schema.json, ``retired``).

    None for a host that was not reached, unless the operator said that it is gone.
    """
    if observation is None and not wanted["unreached"]:
        return None
    return {
        "host": wanted["host"],
        "institutions": list(wanted["institutions"]),
        "seen": observation is not None,
        "left": left_over(request, observation, wanted["institutions"]),
    }


def still_there(mark: Document) -> dict[str, str]:
    """What was left, as results name what a role could not do."""
    return {"role": "waf_certificate", "message": f"still on the host: {', '.join(mark['left'])}"}


def left_over(request: Document, observation: Document | None, institutions: Collection[str]) -> list[str]:
    """Paths and stores that still hold, or may hold, something of these institutions; sorted, each once."""
    if observation is None:
        return []
    section = observation["sections"]["certificates"]
    if section is None or section["error"] is not None:
        # Nobody could look: what was asked for may all be there.
        return sorted({_name(each) for each in request["certificate_targets"] if each["institution"] in institutions})
    found: set[str] = set()
    for target in section["targets"]:
        if target["institution"] not in institutions:
            continue
        found |= {each["path"] for each in target["files"] if each["present"]}
        found |= {target["kept"]["path"]} if target.get("kept") else set()
        if target["certificate"] is not None and not target["files"]:
            found.add(target["path"])
    return sorted(found)


def _name(target: Document) -> str:
    return str(target.get("path") or target.get("certificate") or f"{target.get('location')}\\{target.get('store')}")


def without_institutions(document: Document, institutions: Collection[str]) -> dict[str, Any]:
    """A request or an observation without what concerns these: the host is judged for those who stay."""

    def stays(each: Document) -> bool:
        return each.get("institution") not in institutions

    if "sections" not in document:
        lists = ("certificate_targets", "endpoints", "client_certificates")
        return {**document, **{name: [each for each in document[name] if stays(each)] for name in lists}}
    sections = dict(document["sections"])
    for name, key in (("certificates", "targets"), ("endpoints", "endpoints")):
        if sections[name] is not None:
            sections[name] = {**sections[name], key: [each for each in sections[name][key] if stays(each)]}
    return {**document, "sections": sections}
