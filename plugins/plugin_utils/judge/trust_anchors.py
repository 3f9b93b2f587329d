# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate: the file with the issuers of the centre's server certificates, where the plan names one."""

from __future__ import annotations

from ...module_utils.observe.posix_acl import ALL_READ
from ..contract.records import Check
from .builder import Subject, evidence
from .model import Case, Facts

CHECK = "certificate.trust_anchors"
WRITABLE_BY_OTHERS = 0o022


def check(case: Case) -> Check:
    """Compare the host's file with the controller's, and see that all may read it and its owner alone may write it."""
    section, request = case.section("certificates"), case.context.request
    if request is not None and request["trust_anchors"] is None:
        return case.build.not_applicable(CHECK, "the system's own list of issuers is used")
    if section is None or section["error"] is not None:
        return case.build.not_tested(CHECK, case.why_missing("certificates"))
    anchors: Facts | None = section.get("anchors")
    if anchors is None:
        return case.build.not_tested(CHECK, "the probe did not look at the file of trust anchors")
    return _of_file(case, anchors)


def _of_file(case: Case, anchors: Facts) -> Check:
    subject, said, expected = Subject(anchors["path"]), evidence(anchors["error"]), case.context.anchors_sha256
    if not anchors["present"]:
        return case.build.fail(CHECK, ["absent"], subject, evidence=said)
    if not anchors["readable"] or not anchors["size"]:
        return case.build.fail(CHECK, ["unreadable"], subject, evidence=said)
    if expected is not None and anchors["sha256"] != expected:
        return case.build.fail(CHECK, ["superseded"], subject, expected=expected, observed=anchors["sha256"])
    causes = _of_mode(anchors["mode"])
    if causes:
        return case.build.fail(CHECK, causes, subject, expected="0644", observed=anchors["mode"])
    return case.build.ok(CHECK, subject, observed=anchors["sha256"])


def _of_mode(mode: str | None) -> list[str]:
    """Windows has no mode, and its folders for all programs are written by administrators only."""
    if mode is None:
        return []
    bits = int(mode, 8)
    wide = ["permissions_too_wide"] if bits & WRITABLE_BY_OTHERS else []
    return wide + (["permissions_too_narrow"] if bits & ALL_READ != ALL_READ else [])
