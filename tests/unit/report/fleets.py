# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small fleet for tests and screenshots: four sites, every kind of trouble."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.unit.ledger.results import NOW, check, failing, observation, result

ALFA = {"id": "E000301", "name": "Alfa Egészségház"}
BETA = {"id": "E004410", "name": "Béta Szakrendelő"}

GATEWAY = "gateway.example:4443"


def good_checks(institution: str = "E000301") -> list[dict[str, Any]]:
    """What a ready workstation shows."""
    return [
        check("connection.transport"),
        check("connection.login"),
        check("connection.probe"),
        check("reader.device", observed="Virtual PCD 00 00"),
        check("reader.pcsc_service"),
        check("reader.visible", observed="Virtual PCD 00 00"),
        check("card.present", target="Virtual PCD 00 00", observed="3B 8F 80 01"),
        check("card.pace", "not_tested", target="Virtual PCD 00 00", reason="no CAN was given"),
        check("client.installed", "not_applicable", reason="the policy names no package"),
        check("firewall.outbound", target="443", expected="accept", observed="accept"),
        check("firewall.outbound", target="4443", expected="accept", observed="accept"),
        check("certificate.present", target="/etc/eeszt/waf.p12", institution=institution),
        check("certificate.key", target="/etc/eeszt/waf.p12", institution=institution),
        check("endpoints.dns", target=GATEWAY, institution=institution, observed="192.0.2.10"),
        check("endpoints.tcp", target=GATEWAY, institution=institution),
        check("endpoints.tls", target=GATEWAY, institution=institution, observed="TLSv1.3"),
        check(
            "mtls.client_certificate",
            target=GATEWAY,
            institution=institution,
            evidence=[{"stack": "http", "code": 200, "text": "OK"}],
        ),
        check("clock.offset", expected="at most 30 s", observed="0.1 s"),
    ]


def blocked(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The good checks with one that fails in the place of its like."""
    rest = [
        each
        for each in good_checks()
        if (each["id"], each["target"], each["institution"]) != (record["id"], record["target"], record["institution"])
    ]
    return [*rest, record]


def port_closed() -> dict[str, Any]:
    return failing(
        "endpoints.tcp",
        "path_blocked",
        target=GATEWAY,
        institution="E000301",
        expected="connected",
        observed="no answer in 5 s",
        evidence=[{"stack": "errno", "code": 110, "text": "Connection timed out"}],
    )


def fleet() -> list[dict[str, Any]]:
    """Twelve hosts: a ready site, a half ready one, a broken one, and two hosts of no site."""
    soon, past = NOW + timedelta(days=12), NOW - timedelta(days=3)
    good = observation(double=True, certificates=[("E000301", NOW + timedelta(days=300))])
    south = {"id": "szeged-2", "name": "Szegedi Rendelőház", "ring": 2}
    north = {"id": "miskolc-1", "name": "Észak-magyarországi Béta Szakrendelő és Gondozóintézet", "ring": 2}
    common = {"checks": good_checks(), "observation": good}
    return [
        result("alfa-ws1", **common),
        result("alfa-ws2", **common),
        result("alfa-ws3", **common, changed=["waf_certificate", "outbound_firewall"]),
        result("alfa-srv1", **common, purpose="server", institutions=[ALFA, BETA]),
        result("szeged-ws1", site=south, ring=2, checks=blocked(port_closed()), observation=good),
        result("szeged-ws2", site=south, ring=2, checks=blocked(port_closed()), observation=good),
        result(
            "szeged-ws3",
            site=south,
            ring=2,
            system="windows",
            checks=blocked(failing("card.present", "no_card", target="Virtual PCD 00 00")),
            observation=observation(double=True, certificates=[("E000301", soon)]),
        ),
        result("szeged-ws4", **common) | {"site": south, "ring": 2},
        result(
            "miskolc-ws1",
            site=north,
            ring=2,
            institutions=[BETA],
            checks=[
                *good_checks("E004410"),
                failing("certificate.validity", "expired", target="/etc/eeszt/waf.p12", institution="E004410"),
            ],
            observation=observation(double=True, certificates=[("E004410", past)]),
        ),
        result(
            "miskolc-ts1",
            site=north,
            ring=2,
            institutions=[BETA],
            purpose="terminal_server",
            checks=[
                failing(
                    "connection.transport",
                    "unreachable",
                    evidence=[{"stack": "errno", "code": 113, "text": "No route to host"}],
                )
            ],
        ),
        result("laptop-7", site=None, ring=None, institutions=[], checks=good_checks()),
        result(
            "laptop-8",
            site=None,
            ring=None,
            institutions=[],
            kind="carried",
            ready=False,
            checks=[check("card.present", "not_tested", reason="the last good proof is 41 days old")],
            finished_at=NOW - timedelta(days=41),
        ),
    ]
