# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies beside a certificate: the set before a renewal, until the centre has taken the new one; a refusal; notes.

Each is one file, beside the file that holds the certificate, so that it exists whole or not at all. The module
waf_certificate writes them; the probe reads of them what is public.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from typing import Any

from . import pem
from .evidence import of_exception
from .shapes import Kept, Refused

PREFIX = ".eeszt-connect."
VERSION = 1
_LARGEST = 4 << 20  # bytes; three files of at most 1 MiB each, in base64


def kept_path(main: str) -> str:
    """Where the set before a renewal lies; ``main`` is the path of the file that holds the certificate."""
    return _beside(main, "kept")


def refused_path(main: str) -> str:
    """Where it stands that the centre refused a certificate."""
    return _beside(main, "refused")


def holds_path(main: str) -> str:
    """Where it stands which certificate a Java keystore holds."""
    return _beside(main, "holds")


def untold_path(main: str) -> str:
    """What lies here says that services are still to be told of the certificate; it is there before the certificate."""
    return _beside(main, "untold")


def observe_untold(main: str) -> bool | None:
    """Whether services are still to be told of the certificate; None where rights hide it."""
    try:
        os.lstat(untold_path(main))
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return None
    return True


def observe_holds(main: str, sha256: str | None) -> str | None:
    """SHA-256 of the certificate in a Java keystore; None where it is not noted, or the file is another by now."""
    try:
        document = read_document(holds_path(main))
    except OSError:
        return None
    if sha256 is None or document is None or document.get("sha256") != sha256:
        return None
    found = document.get("fingerprint")
    return found if isinstance(found, str) else None


def _beside(main: str, what: str) -> str:
    folder, name = os.path.split(main)
    return os.path.join(folder, f"{PREFIX}{name}.{what}")  # noqa: PTH118 - hosts' paths are texts here


def read_document(path: str) -> dict[str, Any] | None:
    """The document at a path of ours; None when there is none that we wrote. Raises OSError where rights hide it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor, not a path
        data = file.read(_LARGEST)
    try:
        document = json.loads(data)
    except ValueError:
        return None
    if not isinstance(document, dict) or document.get("schema_version") != VERSION:
        return None
    return document


def observe_kept(main: str) -> Kept | None:
    """The certificate before a renewal, without its key; None where none is kept."""
    path = kept_path(main)
    try:
        document = read_document(path)
    except OSError as error:
        return Kept(path, error=of_exception(error))
    if document is None:
        # What cannot be looked at is not called kept; the target's own files say that rights are missing.
        return Kept(path) if os.path.exists(path) else None  # noqa: PTH110 - Path.exists raises where rights are missing
    return Kept(path, document.get("renewed_to"), _certificate(document))


def observe_refused(main: str) -> Refused | None:
    """Which certificate was taken back from this place, and why; None where none was."""
    try:
        document = read_document(refused_path(main))
    except OSError:
        return None
    if document is None or not isinstance(document.get("fingerprint"), str):
        return None
    return Refused(document["fingerprint"], str(document.get("reason", "")))


def _certificate(document: dict[str, Any]) -> str | None:
    for each in document.get("files", ()):
        if each.get("role") == "certificate":
            try:
                text = base64.b64decode(each.get("content", "")).decode("latin-1")
            except (binascii.Error, ValueError, TypeError):
                return None
            return next(iter(pem.certificates(text)), None)
    return None
