# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a carried probe is told of a host: as in an audit, but nothing that would have to be lent to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..readiness.held import hold_certificates
from ..readiness.request import Subject, institution_ids


def portable_subject(options: Mapping[str, Any]) -> tuple[Subject, tuple[str, ...]]:
    """Give the subject of a request without secrets, and warnings on certificates that did not open.

    The controller's certificates give fingerprints only, by which a store's right certificate is known.
    """
    held = hold_certificates(options["certificates"], institution_ids(options["institutions"]))
    subject = Subject(
        institutions=options["institutions"],
        endpoints=options["endpoints"],
        control_endpoint=options["control_endpoint"],
        certificate_targets=held.with_fingerprints(options["certificate_targets"]),
        trust_anchors=options["trust_anchors"],
        proxy=options["proxy"],
    )
    return subject, held.warnings
