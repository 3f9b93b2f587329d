# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter trust_anchors: the issuers of the centre's server certificates, as hosts get them."""

from __future__ import annotations

from collections.abc import Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.anchors import read_anchors
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.errors import CertificateError


def trust_anchors(path: str) -> str:
    """Read and check a PEM file of the controller."""
    try:
        return read_anchors(path)
    except CertificateError as fault:
        raise AnsibleFilterError(f"trust_anchors: {fault}") from fault


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., str]]:
        return {"trust_anchors": trust_anchors}
