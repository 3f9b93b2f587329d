# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a document of the contract and hold it against its schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

try:
    import jsonschema
except ImportError as missing:
    HAS_JSONSCHEMA = False
    JSONSCHEMA_IMPORT_ERROR: ImportError | None = missing
else:
    HAS_JSONSCHEMA = True
    JSONSCHEMA_IMPORT_ERROR = None

# The C loader reads the catalogue ten times faster, and every host of a run loads it anew.
SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
FOLDER = Path(__file__).resolve().parent


class ContractError(ValueError):
    """A document that breaks the contract. The message names the document, the place and the fault."""


@cache
def schema(name: str) -> dict[str, Any]:
    """Give the JSON Schema ``schemas/<name>.schema.json``."""
    document: dict[str, Any] = json.loads((FOLDER / "schemas" / f"{name}.schema.json").read_text("utf-8"))
    return document


@cache
def _validator(name: str) -> Any:
    if not HAS_JSONSCHEMA:
        raise ContractError(
            "The Python package jsonschema is missing on the controller; install it beside ansible-core."
        ) from JSONSCHEMA_IMPORT_ERROR
    return jsonschema.Draft202012Validator(schema(name))


def validate(name: str, document: object, where: str) -> None:
    """Raise ContractError with every fault of ``document`` against schema ``name``, each after ``where``."""
    faults = sorted(_validator(name).iter_errors(document), key=_place)
    if faults:
        raise ContractError("\n".join(f"{where}: {_said(fault)}" for fault in faults))


def _said(fault: Any) -> str:
    """Place and message of the deepest fault; what was given is quoted only when it is a plain value of a known name.

    A record that fits none of several forms would be quoted whole, with whatever the user has put into it.
    """
    if fault.context:
        # The form that was meant is the one that the document follows furthest; "or null" is not.
        return _said(max(fault.context, key=lambda each: (len(each.absolute_path), each.validator != "type")))
    if isinstance(fault.instance, dict | list) and fault.validator in ("type", "enum", "const"):
        return f"{_place(fault)}: must be of type {fault.validator_value}, and is a {type(fault.instance).__name__}"
    return f"{_place(fault)}: {fault.message}"


def _place(fault: Any) -> str:
    return ".".join(str(key) for key in fault.absolute_path) or "top level"


def read_yaml(path: Path) -> Mapping[str, Any]:
    """Read a YAML mapping; raise ContractError when it cannot be read, parsed, or is no mapping."""
    try:
        document = yaml.load(path.read_text("utf-8"), Loader=SAFE_LOADER)
    except OSError as fault:
        raise ContractError(f"{path}: cannot be read: {fault.strerror}") from fault
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        raise ContractError(f"{path}: is not valid YAML in UTF-8: {fault}") from fault
    if not isinstance(document, dict):
        raise ContractError(f"{path}: must be a mapping of names to values")
    return document
