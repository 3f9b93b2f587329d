# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge itself: gather what the layers say, settle the dependencies, conclude."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from ..contract.catalogue import Catalogue, load_catalogue
from ..contract.documents import ContractError
from ..contract.policy import Policy
from ..contract.records import Check
from ..contract.tables import load_evidence, load_readers
from . import card, certificate, client, clock, connection, endpoints, firewall, mtls, reader
from .builder import Builder
from .dependencies import resolve
from .model import Case, Context, Facts, Verdict
from .proven import marked
from .ready import conclude, counts, work_of
from .renewal import renewals

LAYERS: dict[str, Callable[[Case], list[Check]]] = {
    "connection": connection.checks,
    "reader": reader.checks,
    "card": card.checks,
    "client": client.checks,
    "firewall": firewall.checks,
    "certificate": certificate.checks,
    "endpoints": endpoints.checks,
    "mtls": mtls.checks,
    "clock": clock.checks,
}


def judge(observation: Facts | None, policy: Policy, context: Context, layers: Iterable[str] | None = None) -> Verdict:
    """Judge one host.

    ``observation`` is one that its schema accepts, or None when there is none (the host was not reached). Every
    check of the catalogue appears at least once, with its reason where it was not tested or does not apply.
    ``layers`` narrows the verdict; see `narrow`. ContractError for an unknown layer or an unknown cause in
    ``context.connection_failure``.
    """
    catalogue = load_catalogue()
    observed_at = "" if observation is None else observation["observed_at"]
    build = Builder(catalogue, observed_at)
    case = Case(observation, policy, context, build, load_evidence(), load_readers())
    found = [marked(case, check) for layer in LAYERS.values() for check in layer(case)]
    resolved = resolve(catalogue, [*found, *_never_named(catalogue, found, build)])
    verdict = conclude(resolved, catalogue, policy, context)
    verdict = replace(verdict, renewals=renewals(case, resolved.checks))
    return verdict if layers is None else narrow(verdict, policy, layers)


def narrow(verdict: Verdict, policy: Policy, layers: Iterable[str]) -> Verdict:
    """Look at some layers of a verdict only: checks, readiness, failures and work are theirs.

    Dependencies stay as they were settled over all layers, so a narrow view never calls good what stands on a
    failure outside of it. ContractError for an unknown layer or for none.
    """
    catalogue = load_catalogue()
    wanted = set(layers)
    unknown = sorted(wanted - set(catalogue.layers()))
    if unknown or not wanted:
        raise ContractError(f"layers: the catalogue has no {', '.join(unknown) or 'empty choice'}")
    checks, roots, excused = (
        tuple(check for check in each if check.layer in wanted)
        for each in (verdict.checks, verdict.root_failures, verdict.excused)
    )
    return Verdict(
        checks=checks,
        ready=not any(counts(check, policy) and check not in excused for check in checks),
        first_failing=roots[0] if roots else None,
        root_failures=roots,
        work=work_of(checks, roots, catalogue, policy),
        excused=excused,
        renewals=verdict.renewals,
    )


def _never_named(catalogue: Catalogue, found: Iterable[Check], build: Builder) -> list[Check]:
    """The net under the layers: a check that none of them named is not tested, instead of gone."""
    named = {check.id for check in found}
    return [build.not_tested(name, "nothing was asked of it") for name in catalogue.checks if name not in named]
