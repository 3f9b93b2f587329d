# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter pkcs12: what a PKCS#12 file on the controller holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.errors import CertificateError
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.summary import summarise


def pkcs12(path: str, password: str) -> dict[str, Any]:
    """Open the file at a path of the controller and say what is in it."""
    try:
        return summarise(Path(path).expanduser().read_bytes(), password)
    except OSError as fault:
        raise AnsibleFilterError(f"pkcs12: {path} cannot be read: {fault.strerror}") from fault
    except CertificateError as fault:
        raise AnsibleFilterError(f"pkcs12: {path}: {fault}") from fault


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"pkcs12": pkcs12}
