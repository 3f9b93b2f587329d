# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide from what a listener offers to a nobody why a Windows host refused us.

pywinrm says the same of every 401, and stumbles over answers that are no WinRM; the listener's own answer to a request
without credentials tells them apart (field cases d01, d05, d13).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from ..judge import ConnectionFailure

KERBEROS_SKEW = 300
"""Seconds that Kerberos lets clocks differ by default (RFC 4120, 8.2)."""

_HTTP_SYS = "microsoft-httpapi/"
_OFFERED_FOR = {
    "basic": {"basic"},
    "ntlm": {"negotiate", "ntlm"},
    "kerberos": {"negotiate", "kerberos"},
    "negotiate": {"negotiate", "kerberos", "ntlm"},
    "credssp": {"credssp"},
}


@dataclass(frozen=True)
class Answer:
    """What came back. ``schemes`` are the names in WWW-Authenticate, ``date`` is the answer's own."""

    status: int
    schemes: tuple[str, ...] = ()
    server: str = ""
    content_type: str = ""
    via: bool = False
    date: datetime | None = None


def decide(
    failure: ConnectionFailure, authentication: str, account: str, answer: Answer | None, now: datetime
) -> ConnectionFailure:
    """Refine a failure whose words did not decide.

    ``authentication`` is ours (``basic``, ``certificate``, ``kerberos``, ``ntlm``, ``negotiate``, ``credssp``),
    ``account`` the user name as given; ``answer`` is None when nobody answered this time either.
    """
    if answer is None:
        return failure
    if not _is_winrm(answer):
        return _without_winrm(failure, answer)
    if failure.cause == "auth_failed":
        return _refused(failure, authentication, account, answer, now)
    if failure.cause == "dropped" and authentication == "certificate":
        return _login(failure, "certificate_refused", "The listener answers a request without our certificate.")
    if failure.cause in ("proxy_in_between", "listener_absent", "unreachable"):
        return _transport(failure, "winrm_error", f"The listener is WinRM and answers ({answer.status}).")
    return failure


def _is_winrm(answer: Answer) -> bool:
    """WinRM answers a nobody with 401, or with a SOAP fault; a proxy's and a web server's pages are neither."""
    if "soap+xml" in answer.content_type.lower():
        return True
    if answer.status != 401 or answer.via:
        return False
    names = {scheme.lower() for scheme in answer.schemes}
    return answer.server.lower().startswith(_HTTP_SYS) or bool(names & {"negotiate", "kerberos", "credssp", "basic"})


def _without_winrm(failure: ConnectionFailure, answer: Answer) -> ConnectionFailure:
    who = answer.server or "a server without a name"
    if answer.status in (404, 503) and answer.server.lower().startswith(_HTTP_SYS) and not answer.via:
        # HTTP.sys holds the port, and no listener of WinRM is registered with it, or its service stands still.
        return _transport(failure, "listener_absent", f"Windows answers ({answer.status}), but no WinRM listener does.")
    return _transport(failure, "proxy_in_between", f"{who} answered ({answer.status}) as no WinRM does.")


def _refused(
    failure: ConnectionFailure, authentication: str, account: str, answer: Answer, now: datetime
) -> ConnectionFailure:
    offered = ", ".join(answer.schemes) or "none"
    ours = _OFFERED_FOR.get(authentication)
    if ours is None:
        return _login(failure, "certificate_refused", f"The listener offers: {offered}.")
    if not ours & {scheme.lower() for scheme in answer.schemes}:
        return _login(failure, "scheme_not_offered", f"The listener offers: {offered}. We ask for: {authentication}.")
    skew = abs((answer.date - now).total_seconds()) if answer.date else 0.0
    if authentication in ("kerberos", "negotiate") and skew > KERBEROS_SKEW:
        return _login(failure, "clock_skew", f"The machine's clock differs from the controller's by {skew:.0f} s.")
    if _is_local(account):
        return replace(failure, also=("local_account_filtered",))
    return failure


def _is_local(account: str) -> bool:
    """Whether Windows looks the account up on the machine itself: no domain, or the machine's own short name."""
    domain, separator, _name = account.rpartition("\\")
    return "@" not in account and (not separator or domain == ".")


def _login(failure: ConnectionFailure, cause: str, why: str) -> ConnectionFailure:
    return replace(failure, check_id="connection.login", cause=cause, text=f"{failure.text}\n{why}")


def _transport(failure: ConnectionFailure, cause: str, why: str) -> ConnectionFailure:
    return replace(failure, check_id="connection.transport", cause=cause, text=f"{failure.text}\n{why}")
