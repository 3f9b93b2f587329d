# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns what Python raises into raw evidence, without a word of interpretation.

errno and gai codes stay the numbers of this system; the symbolic name leads the text. What the probe itself decided
(a time limit, a closed connection) has the stack ``probe`` and a word as its code.
"""

from __future__ import annotations

import errno
import socket
import ssl

from .shapes import Evidence

_GAI_NAMES = {
    getattr(socket, name): name for name in dir(socket) if name.startswith("EAI_") and name not in ("EAI_MAX",)
}


def timed_out(what: str, seconds: float) -> Evidence:
    """The probe's own limit ran out while it waited for ``what``."""
    return Evidence("probe", "timeout", f"{what}: timed out after {seconds:.1f} s")


def of_exception(error: BaseException) -> Evidence:
    """Evidence of any exception; the most telling stack wins (a verification error is an OSError too)."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Evidence("openssl", error.verify_code, error.verify_message)
    if isinstance(error, ssl.SSLError):
        return Evidence("openssl", error.reason or error.errno, _words(error))
    if isinstance(error, socket.gaierror):
        name = _GAI_NAMES.get(error.errno, "EAI")
        return Evidence("gai", error.errno, f"{name}: {error.strerror}")
    if isinstance(error, OSError) and error.errno is not None:
        name = errno.errorcode.get(error.errno, "errno")
        return Evidence("errno", error.errno, f"{name}: {error.strerror}")
    if isinstance(error, TimeoutError):
        return Evidence("probe", "timeout", _words(error))
    return Evidence("probe", type(error).__name__, _words(error))


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__
