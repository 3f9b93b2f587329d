# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the probe's tests share: certificates, a request with short limits, and the contract of every answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from observe_pki import NAME, Pki
from observe_servers import Handler, Server

from ansible_collections.eeszt.connect.plugins.module_utils.observe.endpoints import observe_endpoints
from ansible_collections.eeszt.connect.plugins.module_utils.observe.shapes import as_json

Json = dict[str, Any]
SCHEMAS = Path(__file__).parents[3] / "plugins/plugin_utils/contract/schemas"
SECTIONS = ("readers", "client", "firewall", "certificates", "endpoints", "proxy_settings", "clock")
HOST = {
    "system": "linux",
    "distribution": "debian",
    "version": "13",
    "hostname": "rendelo-1",
    "machine_id_hash": None,
    "boot_id": None,
    "account": "root",
    "privileged": True,
}


def validator(name: str) -> jsonschema.Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


@pytest.fixture(scope="session")
def keeps_the_contract() -> Callable[[Json], None]:
    """Fails for whatever is no observation."""
    return validator("observation").validate


@pytest.fixture(scope="session")
def section(keeps_the_contract: Callable[[Json], None]) -> Callable[[str, object], Json]:
    """Plain data of one section, after the contract has seen it."""

    def check(name: str, shape: object) -> Json:
        value = json.loads(json.dumps(as_json(shape)))
        keeps_the_contract(
            {
                "schema_version": 1,
                "observed_at": "2026-05-04T07:30:00.000Z",
                "probe": {"name": "probe", "version": "0.1.0", "double": False},
                "host": HOST,
                "sections": {each: value if each == name else None for each in SECTIONS},
            }
        )
        return dict(value)

    return check


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def make_request(pki: Pki) -> Callable[..., Json]:
    """A probe request with short limits; what a test needs different is given by name."""

    def make(**changes: Any) -> Json:
        request = {
            "schema_version": 1,
            "observe": list(SECTIONS),
            "ports": [],
            "certificate_targets": [],
            "endpoints": [],
            "control_endpoint": None,
            "client_certificates": [],
            "trust_anchors": str(pki.anchors),
            "proxy": None,
            "client": {"packages": [], "executables": []},
            "limits": {"dns": 2, "connect": 2, "handshake": 2, "answer": 2, "section": 8},
        }
        request.update(changes)
        validator("probe_request").validate(request)
        return request

    return make


@pytest.fixture
def endpoint() -> Callable[..., Json]:
    """An endpoint on loopback that calls itself by the name in the servers' certificate."""

    def make(port: int, **changes: Any) -> Json:
        asked: Json = {
            "name": "gateway",
            "host": "127.0.0.1",
            "port": port,
            "protocol": "http",
            "path": None,
            "server_name": NAME,
            "mutual_tls": True,
            "institution": "E01620K",
        }
        return {**asked, **changes}

    return make


@pytest.fixture
def look(
    make_request: Callable[..., Json], endpoint: Callable[..., Json], section: Callable[[str, object], Json]
) -> Callable[..., Json]:
    """Looks at one loopback endpoint: ``shown`` is the certificate in memory, ``request`` and the rest are changes."""

    def run(port: int, shown: Any = None, request: Json | None = None, account: str = "", **changes: Any) -> Json:
        changed = dict(request or {})
        secrets: Json = {}
        if shown is not None:
            secrets["E01620K"] = {"certificate": shown.pem, "key": shown.key_pem, "chain": ""}
            changed["client_certificates"] = [
                {"institution": "E01620K", "source": "memory", "certificate": None, "key": None, "chain": None}
            ]
        asked = make_request(endpoints=[endpoint(port, **changes)], **changed)
        seen = section("endpoints", observe_endpoints(asked, secrets, account))["endpoints"]
        assert len(seen) == 1
        return dict(seen[0])

    return run


@pytest.fixture
def serve() -> Iterator[Callable[[Handler], int]]:
    """Starts a loopback server for a handler and gives its port; all are closed with the test."""
    with ExitStack() as stack:
        yield lambda handler: stack.enter_context(Server(handler)).port
