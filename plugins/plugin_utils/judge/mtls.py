# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""mTLS: the centre takes the institution's certificate, and answers a request."""

from __future__ import annotations

from ..contract.catalogue import load_refusals
from ..contract.records import Check
from . import outage
from .builder import Subject, evidence
from .links import client_alert, institution_of, negotiated, observed, request_of, target_of, told
from .model import Case, Facts
from .shown import sharpened, withheld

CLIENT = "mtls.client_certificate"
HTTP = "mtls.http"
MISSING = "client_cert_missing"
MISMATCH = "client_key_mismatch"
# A WAF refuses with these; an application, too. Without the page nobody can tell which of them spoke.
AMBIGUOUS = frozenset({400, 403})


def checks(case: Case) -> list[Check]:
    """Two checks for each host:port and institution."""
    links = {(target_of(each), institution_of(each)): each for each in observed(case)}
    clients = [_client(case, each) for each in links.values()]
    answers = outage.explained_http(case, [_http(case, each) for each in links.values()])
    asked = dict.fromkeys((target_of(each), institution_of(each)) for each in case.requested("endpoints"))
    missed = [key for key in asked if key not in links] or ([] if links else [("", "")])
    reason = case.why_missing("endpoints")
    return [
        *clients,
        *answers,
        *(case.build.not_tested(name, reason, Subject(*key)) for key in missed for name in (CLIENT, HTTP)),
    ]


def _subject(endpoint: Facts) -> Subject:
    return Subject(target_of(endpoint), institution_of(endpoint))


def _client(case: Case, endpoint: Facts) -> Check:
    tls, subject = endpoint["tls"], _subject(endpoint)
    if tls is None:
        return case.build.not_tested(CLIENT, "this connection did not come to TLS", subject)
    said = _evidence(endpoint, tls)
    endpoint = told(case, endpoint)
    tls = endpoint["tls"]
    causes = _refusal(case, endpoint, tls)
    unopened = _unopened(case, tls)
    if unopened and (MISSING in causes or (not causes and tls["client_certificate"]["requested"])):
        return case.build.not_tested(CLIENT, unopened, subject, evidence=said)
    if causes:
        return case.build.fail(CLIENT, causes, subject, evidence=said)
    request = request_of(case, endpoint)
    if request is not None and not request["mutual_tls"]:
        return case.build.not_applicable(CLIENT, "no certificate is expected here (mutual_tls: false)", subject)
    reason = _unproven(endpoint, tls)
    if reason:
        return case.build.not_tested(CLIENT, reason, subject, evidence=said)
    own = tls["client_certificate"]
    if own["requested"] is False:
        return case.build.fail(CLIENT, ["client_cert_not_requested"], subject)
    if own["presented"] is not None:
        return case.build.ok(CLIENT, subject, observed=f"showed {own['presented']}")
    if own["requested"]:
        return case.build.fail(CLIENT, [MISSING], subject, evidence=said)
    return case.build.not_tested(CLIENT, "this system cannot tell whether a certificate was asked", subject)


def _refusal(case: Case, endpoint: Facts, tls: Facts) -> list[str]:
    """The causes of a refusal, empty when the connection shows none."""
    own = tls["client_certificate"]
    if own["presented"] is None and case.evidence.word("client_certificate", own["error"]) == MISMATCH:
        return [MISMATCH]
    if _asks_late(case, endpoint, tls):
        return ["post_handshake_auth"]
    word = _refusal_word(endpoint, tls)
    if word == MISSING:
        return _nothing_shown(case, endpoint, tls)
    if word is not None:
        return sharpened(case, endpoint, word)
    return ["closed_after_handshake"] if _hung_up(case, endpoint, tls) else []


def _unopened(case: Case, tls: Facts) -> str:
    """Why nothing was shown although there is a certificate: the probe could not open it; empty when it could."""
    own = tls["client_certificate"]
    if own["presented"] is not None or own["error"] is None or case.evidence.word("client_certificate", own["error"]):
        return ""
    return "the probe could not open this host's own certificate, so nothing was shown"


def _refusal_word(endpoint: Facts, tls: Facts) -> str | None:
    """What alert or page say, in the words of refusals.yml."""
    refusals, http = load_refusals(), endpoint["http"]
    if client_alert(tls, refusals.alerts):
        return refusals.by_alert(tls["alert"]["number"], tls["client_certificate"]["presented"] is not None)
    if http is not None and http["status"] is not None:
        return refusals.by_answer(http["status"], http["page"] or "")
    return None


def _nothing_shown(case: Case, endpoint: Facts, tls: Facts) -> list[str]:
    """The server misses a certificate: it asked too late, our side held it back, or there is none."""
    own = tls["client_certificate"]
    had_one = any(each["institution"] == institution_of(endpoint) for each in case.requested("client_certificates"))
    if own["requested"] is False and tls["completed"] and had_one:
        return ["post_handshake_auth"]
    if own["presented"] is None and withheld(case, endpoint):
        return ["client_cert_unknown_issuer", MISSING]
    return [MISSING]


def _asks_late(case: Case, endpoint: Facts, tls: Facts) -> bool:
    if not tls["completed"]:
        return False
    alert = tls["alert"]
    late = [tls["error"], *(part["error"] for part in (endpoint["http"], endpoint["raw"]) if part is not None)]
    if alert is not None and alert["phase"] == "after_handshake":
        late.append({"stack": "tls_alert", "code": alert["number"], "text": alert["name"] or ""})
    return any(case.evidence.word("post_handshake", each) for each in late)


def _hung_up(case: Case, endpoint: Facts, tls: Facts) -> bool:
    """The server closed without a word: after the handshake, or within it once it had seen what we show."""
    http, raw = endpoint["http"], endpoint["raw"]
    if not tls["completed"]:
        asked = tls["client_certificate"]["requested"] is True and negotiated(tls)
        return asked and case.evidence.word("closed", tls["error"]) is not None
    if http is not None and http["status"] is None and case.evidence.word("closed", http["error"]):
        return True
    return raw is not None and raw["received"] == 0 and raw["closed"]


def _unproven(endpoint: Facts, tls: Facts) -> str:
    """Why nothing shows that the server took the certificate; empty when something does."""
    if not tls["completed"]:
        return "the handshake did not end"
    if endpoint["protocol"] == "raw":
        if tls["client_certificate"]["requested"] is False:
            return ""
        received = endpoint["raw"]["received"] if endpoint["raw"] is not None else 0
        return "" if received else "the server said nothing after the handshake, which proves nothing"
    http = endpoint["http"]
    if http is None or http["status"] is None:
        return "the server gave no answer in HTTP"
    if http["status"] in AMBIGUOUS and not http["page"]:
        return f"the server answered {http['status']} without a page that tells why"
    return ""


def _evidence(endpoint: Facts, tls: Facts) -> tuple[Facts, ...]:
    alert, http, raw = tls["alert"], endpoint["http"], endpoint["raw"]
    parts: list[Facts | None] = [tls["error"], tls["client_certificate"]["error"]]
    if alert is not None:
        parts.append({"stack": "tls_alert", "code": alert["number"], "text": alert["name"] or ""})
    if http is not None:
        parts += [http["error"], _answer(http)]
    if raw is not None:
        parts.append(raw["error"])
    return evidence(*parts)


def _answer(http: Facts) -> Facts | None:
    if http["status"] is None:
        return None
    return {"stack": "http", "code": http["status"], "text": http["page"] or http["reason"] or ""}


def _http(case: Case, endpoint: Facts) -> Check:
    """Any answer below 500 is the application's own: HEAD on / may well be 401 or 404."""
    http, subject = endpoint["http"], _subject(endpoint)
    if endpoint["protocol"] == "raw":
        return case.build.not_applicable(HTTP, "this endpoint does not speak HTTP", subject)
    if http is None:
        return case.build.not_tested(HTTP, "this connection did not come to HTTP", subject)
    said = evidence(http["error"], _answer(http))
    if http["status"] is None:
        return case.build.fail(HTTP, ["http_error"], subject, observed="no answer", evidence=said)
    observed_status = f"{http['status']} {http['reason'] or ''}".strip()
    if http["status"] >= 500:
        return case.build.fail(HTTP, ["http_error"], subject, observed=observed_status, evidence=said)
    return case.build.ok(HTTP, subject, observed=observed_status)
