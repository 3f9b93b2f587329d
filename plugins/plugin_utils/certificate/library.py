# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one guard for the Python library cryptography: its users load without it, and ask here before they work."""

from __future__ import annotations

from .errors import CertificateError

try:
    from cryptography.x509 import Certificate
except ImportError:
    USABLE = False
else:
    USABLE = hasattr(Certificate, "not_valid_after_utc")  # the youngest thing we need, of cryptography 42


def require() -> None:
    """Raise CertificateError (no_library) where cryptography is missing or too old."""
    if not USABLE:
        raise CertificateError(
            "no_library",
            "PKCS#12 files are opened on the controller with the Python library cryptography; 42 or newer is missing.",
            "Install it beside ansible-core: python -m pip install 'cryptography>=42'.",
        )
