# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the judge makes of a renewal: proven, refused or pending, and never a guess."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.eeszt.connect.plugins.plugin_utils.judge import Verdict
from tests.unit.judge.support import changed, judge_case, load_case

TARGET = "sections/certificates/targets/0"
LINKS = "sections/endpoints/endpoints"
NEW = {"path": "kept", "renewed_to": "#first_new", "certificate": "@first", "error": None}
HELD: Mapping[str, Any] = {f"{TARGET}/certificate": "@first_new", f"{TARGET}/kept": NEW}
EXPECTED: Mapping[str, Any] = {"expected/E000301/certificate": "first_new"}


def own_links() -> list[int]:
    links = load_case("healthy_linux").observation["sections"]["endpoints"]["endpoints"]
    return [place for place, each in enumerate(links) if each["institution"] == "E000301"]


def renewed(**change: Any) -> Verdict:
    """A host that holds the new certificate beside the old, and shows the new one to every endpoint."""
    shown = {f"{LINKS}/{place}/tls/client_certificate/presented": "#first_new" for place in own_links()}
    row = {"context": EXPECTED, "change": {**HELD, **shown, **change}}
    return judge_case(changed(load_case("healthy_linux"), row))


def outcome(verdict: Verdict) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(each.institution, each.outcome, each.causes) for each in verdict.renewals]


def current(verdict: Verdict) -> tuple[str, tuple[str, ...]]:
    (found,) = (each for each in verdict.checks if each.id == "certificate.current" and each.target.endswith("e.pem"))
    return found.status, found.causes


def refused(number: int) -> dict[str, Any]:
    closed = {"stack": "probe", "code": "closed", "text": "closed"}
    http = {"method": "HEAD", "status": None, "reason": None, "server": None, "date": None, "page": None}
    alert = {"number": number, "name": "alert", "phase": "after_handshake"}
    place = f"{LINKS}/{own_links()[0]}"
    return {f"{place}/http": {**http, "seconds": 0.1, "error": closed}, f"{place}/tls/alert": alert}


def test_a_healthy_host_renews_nothing() -> None:
    assert judge_case(load_case("healthy_linux")).renewals == ()


def test_it_is_proven_when_the_centre_takes_it() -> None:
    verdict = renewed()
    assert outcome(verdict) == [("E000301", "proven", ())]
    assert current(verdict) == ("ok", ())


@pytest.mark.parametrize(("number", "cause"), [(44, "client_cert_revoked"), (48, "client_cert_unknown_issuer")])
def test_one_endpoint_that_refuses_it_is_enough(number: int, cause: str) -> None:
    verdict = renewed(**refused(number))
    assert outcome(verdict) == [("E000301", "refused", (cause,))]
    assert current(verdict) == ("warn", ("proof_pending",))


def test_an_endpoint_that_missed_it_has_refused_nothing() -> None:
    """The others took it; what is wrong with this one is told by its own check."""
    place = f"{LINKS}/{own_links()[0]}/tls/client_certificate/presented"
    assert outcome(renewed(**{**refused(116), place: None})) == [("E000301", "proven", ())]


def test_a_centre_that_is_down_says_nothing() -> None:
    error = {"stack": "errno", "code": 111, "text": "ECONNREFUSED: Connection refused"}
    refusal = {"connected": False, "address": None, "seconds": 0.0, "attempts": [], "error": error}
    places = range(len(load_case("healthy_linux").observation["sections"]["endpoints"]["endpoints"]))
    down = {f"{LINKS}/{place}/{part}": None for place in places for part in ("tls", "http")}
    down |= {f"{LINKS}/{place}/tcp": refusal for place in places}
    row = {"context": EXPECTED, "change": {**HELD, **down}}
    verdict = judge_case(changed(load_case("healthy_linux"), row))
    assert outcome(verdict) == [("E000301", "pending", ())]
    assert current(verdict) == ("warn", ("proof_pending",))
    assert "waf_certificate" not in verdict.work


def test_what_was_shown_is_what_counts() -> None:
    """The links still show the old one, which the centre takes gladly."""
    verdict = judge_case(changed(load_case("healthy_linux"), {"context": EXPECTED, "change": dict(HELD)}))
    assert outcome(verdict) == [("E000301", "pending", ())]


def test_what_stands_on_a_failure_proves_nothing() -> None:
    """A filter box in between takes any certificate."""
    foreign = {"stack": "openssl", "code": 19, "text": "self-signed certificate in certificate chain"}
    server = {"hello": True, "verified": False, "verify_error": foreign, "chain": ["@server_by_device", "@device"]}
    box = {f"{LINKS}/{place}/tls/server": server for place in own_links()}
    assert outcome(renewed(**box)) == [("E000301", "pending", ())]


def test_a_renewal_to_another_certificate_is_none_of_this_one() -> None:
    verdict = renewed(**{f"{TARGET}/kept": {**NEW, "renewed_to": "#second"}})
    assert verdict.renewals == ()
    assert current(verdict) == ("ok", ())


def test_what_was_taken_back_is_no_work() -> None:
    row = {"context": EXPECTED, "change": {f"{TARGET}/refused": {"fingerprint": "#first_new", "reason": "request"}}}
    verdict = judge_case(changed(load_case("healthy_linux"), row))
    assert current(verdict) == ("fail", ("rolled_back",))
    assert verdict.work == ()
    assert not verdict.ready


def test_a_refusal_of_an_earlier_one_is_forgotten() -> None:
    row = {"context": EXPECTED, "change": {f"{TARGET}/refused": {"fingerprint": "#second", "reason": "request"}}}
    verdict = judge_case(changed(load_case("healthy_linux"), row))
    assert current(verdict) == ("fail", ("superseded",))
    assert verdict.work == ("waf_certificate",)
