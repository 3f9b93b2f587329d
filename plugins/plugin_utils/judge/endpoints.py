# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Endpoints: the centre's addresses, name by name and port by port, up to the server's own certificate."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..contract.catalogue import load_refusals
from ..contract.records import FAIL, NOT_TESTED, OK, Check
from . import outage, path, proxy_settings, server_certificate
from .builder import Subject, evidence
from .links import by_target, client_alert, negotiated, target_of, told
from .model import Case, Facts

CONFIGURED = "endpoints.configured"
DNS = "endpoints.dns"
TCP = "endpoints.tcp"
TLS = "endpoints.tls"
SERVER = server_certificate.SERVER
EACH = (DNS, TCP, TLS, SERVER)


def checks(case: Case) -> list[Check]:
    """One check for the configuration, one for the host's own proxy settings, and four for each host:port."""
    groups = by_target(case)
    found = [
        _together(case, name, target, [rule(case, each) for each in group])
        for target, group in groups.items()
        for name, rule in RULES.items()
    ]
    found = outage.explained(case, path.explained(case, found))
    reason = case.why_missing("endpoints")
    asked = dict.fromkeys(target_of(each) for each in case.requested("endpoints"))
    missed = [target for target in asked if target not in groups] or ([] if groups else [""])
    unseen = [case.build.not_tested(name, reason, Subject(target)) for target in missed for name in EACH]
    return [_configured(case), *found, *unseen, proxy_settings.check(case)]


def _configured(case: Case) -> Check:
    request, section = case.context.request, case.section("endpoints")
    if case.requested("endpoints") or (section is not None and section["endpoints"]):
        return case.build.ok(CONFIGURED)
    if (request is not None and "endpoints" in request["observe"]) or section is not None:
        return case.build.fail(CONFIGURED, ["not_configured"])
    return case.build.not_tested(CONFIGURED, case.why_missing("endpoints"))


def _together(case: Case, name: str, target: str, found: Sequence[Check]) -> Check:
    """One check of what several connections to the same port showed.

    A port that answers one connection and not the other is open but unsteady: a warning. A server's certificate does
    not change from one to the next, so there any failure counts.
    """
    failed = [each for each in found if each.status == FAIL]
    fine = [each for each in found if each.status == OK]
    if failed and (not fine or name == SERVER):
        return failed[0]
    if not failed:
        return (fine or [each for each in found if each.status != NOT_TESTED] or found)[0]
    return case.build.warn(
        name,
        failed[0].causes,
        Subject(target),
        observed=f"{len(failed)} of {len(found)} connections failed",
        evidence=evidence(*(item for each in failed for item in each.evidence)),
    )


def _dns(case: Case, endpoint: Facts) -> Check:
    dns, subject = endpoint["dns"], Subject(target_of(endpoint))
    if dns is None:
        if endpoint["route"] == "proxy":
            return case.build.not_applicable(DNS, "the proxy resolves the name", subject)
        return case.build.not_tested(DNS, "the probe did not resolve the name", subject)
    if dns["addresses"]:
        return case.build.ok(DNS, subject, observed=", ".join(dns["addresses"]))
    word = case.evidence.word("dns", dns["error"])
    if word is None:
        causes = ["dns_not_found"] if dns["error"] is None else ["dns_not_found", "dns_timeout"]
    else:
        causes = [word]
    return case.build.fail(DNS, causes, subject, evidence=evidence(dns["error"]))


def _tcp(case: Case, endpoint: Facts) -> Check:
    if endpoint["route"] == "proxy" and endpoint["proxy"] is not None:
        return _through_proxy(case, endpoint)
    tcp, subject = endpoint["tcp"], Subject(target_of(endpoint))
    if tcp is None:
        return case.build.not_tested(TCP, "the probe did not connect", subject)
    said = evidence(tcp["error"], *(each["error"] for each in tcp["attempts"]))
    if tcp["connected"]:
        # An address that failed before another answered costs every program its waiting time: keep it in sight.
        return case.build.ok(TCP, subject, observed=tcp["address"] or "connected", evidence=said)
    return case.build.fail(TCP, _tcp_causes(case, said), subject, evidence=said)


def _tcp_causes(case: Case, said: Sequence[Facts]) -> list[str]:
    words = [word for each in said if (word := case.evidence.word("tcp", each)) is not None]
    return words[:1] or ["tcp_unreachable", "tcp_timeout"]


def _through_proxy(case: Case, endpoint: Facts) -> Check:
    proxy, subject = endpoint["proxy"], Subject(target_of(endpoint))
    status, said = proxy["status"], evidence(proxy["error"])
    if proxy["connected"]:
        return case.build.ok(TCP, subject, observed="through the proxy")
    if status is None:
        # The proxy itself is out of reach or silent, so the fault is on the way to it.
        return case.build.fail(TCP, _tcp_causes(case, said), subject, observed="proxy", evidence=said)
    answer = {"stack": "http", "code": status, "text": _words_of(proxy)}
    word = case.evidence.word("proxy_status", answer) or "proxy_refused"
    if word == "proxy_auth_required" and _knows_no_such_account(proxy):
        word = "proxy_account_refused"
    return case.build.fail(TCP, [word], subject, observed=f"proxy {status}", evidence=evidence(answer, *said))


def _words_of(proxy: Facts) -> str:
    """The proxy's answer with what it offers and what it was given; earlier probes tell neither."""
    schemes, given = proxy.get("schemes") or [], proxy.get("account", False)
    parts = ["answer of the proxy"]
    parts += [f"it offers {', '.join(schemes)}"] if schemes else []
    parts += ["an account was given"] if given else []
    return "; ".join(parts)


def _knows_no_such_account(proxy: Facts) -> bool:
    """It was asked in the way that it offers, so only the account can be wrong."""
    return proxy.get("account", False) and "basic" in [each.lower() for each in proxy.get("schemes") or []]


def _tls(case: Case, endpoint: Facts) -> Check:
    tls, subject = endpoint["tls"], Subject(target_of(endpoint))
    if tls is None:
        return case.build.not_tested(TLS, "the probe did not begin TLS", subject)
    error, alert, own = tls["error"], tls["alert"], tls["client_certificate"]["error"]
    if tls["completed"]:
        observed = " ".join(filter(None, (tls["version"], tls["cipher"])))
        return case.build.ok(TLS, subject, observed=observed)
    said = evidence(error, _as_evidence(alert))
    if case.evidence.word("timeout", error) is not None:
        return case.build.fail(TLS, ["handshake_timeout"], subject, evidence=said)
    if negotiated(tls) or client_alert(told(case, endpoint)["tls"], load_refusals().alerts):
        return case.build.ok(TLS, subject, observed=tls["version"] or "")
    if not said:
        reason = "our certificate could not be loaded" if own is not None else "the handshake left no evidence"
        return case.build.not_tested(TLS, reason, subject, evidence=evidence(own))
    return case.build.fail(TLS, _tls_causes(case, tls), subject, evidence=said)


def _tls_causes(case: Case, tls: Facts) -> list[str]:
    words = (case.evidence.word("tls", each) for each in (_as_evidence(tls["alert"]), tls["error"]))
    word = next(filter(None, words), None)
    if word is not None:
        return [word]
    unlike = ["tls_version", "tls_no_common_cipher"]
    return unlike if tls["server"]["hello"] else ["not_tls", *unlike]


def _as_evidence(alert: Facts | None) -> Facts | None:
    if alert is None:
        return None
    return {"stack": "tls_alert", "code": alert["number"], "text": alert["name"] or ""}


RULES: dict[str, Callable[[Case, Facts], Check]] = {
    DNS: _dns,
    TCP: _tcp,
    TLS: _tls,
    SERVER: server_certificate.check,
}
