# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role mends is what the judge calls a fault: else the gate leaves a drift where it is."""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from certificate_factory import PASSWORD, Issued, authority, issue, pack
from certificate_host import Host, material, material_of

from ansible_collections.eeszt.connect.plugins.module_utils.observe.certificate import observe_certificates
from ansible_collections.eeszt.connect.plugins.module_utils.observe.shapes import as_json
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.pkcs12 import open_pkcs12
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.documents import FOLDER, read_yaml
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.policy import Policy
from ansible_collections.eeszt.connect.plugins.plugin_utils.judge import Context, judge
from ansible_collections.eeszt.connect.plugins.plugin_utils.readiness.held import HeldCertificates

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
FIXTURES = FOLDER / "fixtures"
Drift = Callable[[Path], None]
OTHER = pwd.getpwnam("bin").pw_uid


class Planned(Host):
    """A host, its plan, and what the controller holds for it."""

    def __init__(self, root: Path, issued: Issued, **plan: object) -> None:
        super().__init__(root)
        bundle = open_pkcs12(pack(issued), PASSWORD)
        self.material = material_of(bundle)
        self.pem.update(plan)
        self.pkcs12.update(plan)
        self.held = HeldCertificates({"E01620K": bundle}, ())

    def would_change(self) -> bool:
        """Whether the role has anything to do."""
        same = {self.pkcs12["path"]: self.held.expected()["E01620K"].pkcs12_sha256 or ""}
        return self.bring(self.material, check=True, kept=same).changed

    def faults(self) -> list[tuple[str, tuple[str, ...]]]:
        """What the judge calls a fault that the role mends, by what the probe sees."""
        targets = self.held.with_fingerprints([self.pem, self.pkcs12])
        request = {**fixture("request"), "certificate_targets": targets, "trust_anchors": None}
        healthy = fixture("observation")
        sections = {**healthy["sections"], "certificates": as_json(observe_certificates(request))}
        context = Context(now=datetime.now(UTC), request=request, expected_certificates=self.held.expected())
        verdict = judge({**healthy, "sections": sections}, policy(), context, ["certificate"])
        return (
            [(each.id, each.causes) for each in verdict.checks if each.failed]
            if "waf_certificate" in verdict.work
            else []
        )


@cache
def fixture(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FIXTURES / "healthy_linux" / f"{name}.json").read_text("utf-8"))
    return found


@cache
def policy() -> Policy:
    return Policy.from_document(dict(read_yaml(FIXTURES / "policy.yml")), "policy of the fixtures")


@pytest.fixture(scope="module")
def issued() -> Issued:
    return issue("E01620K", authority())


def by(name: str, act: Drift) -> object:
    return pytest.param(act, id=name)


def chmod(name: str, mode: int) -> object:
    return by(f"{name} {mode:04o}", lambda folder: (folder / name).chmod(mode))


def chown(name: str, uid: int, gid: int) -> object:
    return by(f"{name} {uid}:{gid}", lambda folder: os.chown(folder / name, uid, gid))


def put(name: str, content: Callable[[], bytes]) -> object:
    return by(f"{name} other", lambda folder: (folder / name).write_bytes(content()))


FILES = ("certificate.pem", "key.pem", "chain.pem", "client.p12")
MODES = (0o000, 0o400, 0o440, 0o444, 0o600, 0o640, 0o644, 0o660, 0o666, 0o700, 0o755)


def assert_agreed(host: Planned, drift: Drift) -> None:
    host.bring(host.material)
    assert not host.would_change()
    assert not host.faults()
    drift(host.folder)
    assert host.would_change() == bool(host.faults()), host.faults()


@pytest.mark.parametrize(
    "drift",
    [
        by("none", lambda _: None),
        *(chmod(name, mode) for name in FILES for mode in MODES),
        *(by(f"{name} gone", lambda folder, name=name: (folder / name).unlink()) for name in FILES),
        *(put(name, lambda: b"junk") for name in FILES),
        *(put(name, lambda: b"") for name in FILES),
        put("chain.pem", lambda: material(issue("E01620K", authority()))["chain"].encode()),
    ],
)
def test_the_role_mends_what_the_judge_sees_and_nothing_else(tmp_path: Path, issued: Issued, drift: Drift) -> None:
    assert_agreed(Planned(tmp_path, issued), drift)


@needs_root
@pytest.mark.parametrize("mode", ["0600", "0640"])
@pytest.mark.parametrize(
    "drift",
    [
        *(chown(name, *ids) for name in FILES for ids in ((OTHER, -1), (-1, OTHER), (OTHER, OTHER), (0, 0))),
        *(chmod(name, given) for name in FILES for given in (0o400, 0o440, 0o640, 0o644)),
    ],
)
def test_they_agree_on_owner_and_group_too(tmp_path: Path, issued: Issued, mode: str, drift: Drift) -> None:
    assert_agreed(Planned(tmp_path, issued, owner="daemon", group="daemon", mode=mode), drift)


@pytest.mark.parametrize(
    ("name", "mode", "cause"),
    [
        ("certificate.pem", 0o666, "permissions_too_wide"),
        ("chain.pem", 0o600, "permissions_too_narrow"),
        ("key.pem", 0o640, "permissions_too_wide"),
        ("key.pem", 0o000, "permissions_too_narrow"),
    ],
)
def test_what_may_not_be_is_named(tmp_path: Path, issued: Issued, name: str, mode: int, cause: str) -> None:
    host = Planned(tmp_path, issued)
    host.bring(host.material)
    (host.folder / name).chmod(mode)
    assert host.faults() == [("certificate.permissions", (cause,))]
