# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection: did the controller reach the host, log in and run the probe."""

from __future__ import annotations

from ..contract.documents import ContractError
from ..contract.records import Check
from .builder import Builder
from .model import Case, ConnectionFailure

STEPS = ("connection.transport", "connection.login", "connection.probe")


def checks(case: Case) -> list[Check]:
    """Three steps; the one named by the failure fails, those before it went well, those after were not tried."""
    failure = case.context.connection_failure
    if failure is not None:
        if failure.check_id not in STEPS:
            raise ContractError(f"{failure.check_id} is no check of the connection")
        return [_step(case.build, step, failure) for step in STEPS]
    if case.observation is None:
        return [case.build.not_tested(step, "the host was not asked yet") for step in STEPS]
    if case.observation.get("exchange", case) is None:
        return [case.build.not_applicable(step, "the observation was carried; nobody connected") for step in STEPS]
    return [_login(case) if step == "connection.login" else case.build.ok(step) for step in STEPS]


def _login(case: Case) -> Check:
    """It went well; but perhaps the name leads to another machine than it did before."""
    before = case.context.machine_before
    now = case.observation["host"]["machine_id_hash"] if case.observation is not None else None
    if before is None or now is None or now == before:
        return case.build.ok("connection.login")
    expected, observed = f"machine {before[:12]}", f"machine {now[:12]}"
    return case.build.warn("connection.login", ["another_machine"], expected=expected, observed=observed)


def _step(build: Builder, step: str, failure: ConnectionFailure) -> Check:
    if step == failure.check_id:
        return build.fail(step, [failure.cause, *failure.also], observed=failure.text)
    if STEPS.index(step) < STEPS.index(failure.check_id):
        return build.ok(step)
    return build.not_tested(step, "an earlier step failed")
