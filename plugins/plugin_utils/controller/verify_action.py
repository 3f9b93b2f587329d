# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one engine behind readiness_verify, eid_verify and mtls_verify: probe once, judge, and say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..certificate.anchors import anchors_sha256
from ..certificate.errors import CertificateError
from ..contract.acceptance import load_proven
from ..contract.documents import ContractError
from ..contract.policy import load_policy
from ..judge import ConnectionFailure, Context, Verdict, judge
from ..ledger import Ledger, LedgerError, open_ledger
from ..readiness.held import HeldCertificates, hold_certificates
from ..readiness.machine import machine_before
from ..readiness.proxy_account import basic_credentials
from ..readiness.request import SECTIONS, Subject, build_request, institution_ids
from ..readiness.result import Circumstances, build_result, verdict_fields
from ..readiness.retirement import read_retirement, retired_mark, still_there, without_institutions
from .command_run import command_run_id
from .probe_run import PROBE_SECONDS, on_windows, run_probe

DICTS = {"type": "list", "elements": "dict", "default": []}
STRINGS = {"type": "list", "elements": "str", "default": []}

SUBJECT_OPTIONS: dict[str, dict[str, Any]] = {
    "institutions": DICTS,
    "endpoints": DICTS,
    "control_endpoint": {"type": "dict"},
    "certificate_targets": DICTS,
    "certificates": {"type": "dict", "default": {}, "no_log": True},
    "trust_anchors": {"type": "str"},
    "trust_anchors_source": {"type": "str"},
    "proxy": {"type": "dict"},
    "policy": {"type": "str", "default": "production"},
    "system": {"type": "str", "choices": ["linux", "windows"]},
    "purpose": {
        "type": "str",
        "choices": ["workstation", "server", "terminal_server"],
        "default": "workstation",
    },
    "login_methods": {**STRINGS, "default": ["eid_card"]},
    "ledger": {"type": "str"},
    "probe_timeout": {"type": "int", "default": PROBE_SECONDS},
}

SITE_FIELDS = ("id", "name", "address", "ring")
"""What of a site is kept in results; its proxy and jump host are nobody's affair there."""

RECORD_OPTIONS: dict[str, dict[str, Any]] = {
    "users": DICTS,
    "site": {"type": "dict"},
    "kind": {"type": "str", "choices": ["rollout", "audit", "decommission"], "default": "audit"},
    "run_id": {"type": "str"},
    "resume": {"type": "bool", "default": False},
    "not_judged": {"type": "str"},
    "changed_roles": STRINGS,
    "failed_roles": DICTS,
    "retire": {"type": "dict"},
}


ACCOUNT_OPTIONS: dict[str, dict[str, Any]] = {"proxy_account": {"type": "dict", "no_log": True}}
"""What goes to the host beside the request, which is recorded."""


class VerifyAction(ActionBase):
    """Base of the verifying actions. A subclass names the sections it looks at and the layers it judges."""

    SECTIONS: ClassVar[tuple[str, ...]] = SECTIONS
    LAYERS: ClassVar[tuple[str, ...] | None] = None
    RECORDS: ClassVar[bool] = False
    _requires_connection = False

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Verify this host; domain errors become the task's failure, in their own words."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        specification = {**SUBJECT_OPTIONS, **ACCOUNT_OPTIONS, **(RECORD_OPTIONS if self.RECORDS else {})}
        _validated, options = self.validate_argument_spec(specification)
        try:
            if self.RECORDS and options["not_judged"]:
                result.update(self._record_not_judged(options, task_vars or {}, options["not_judged"]))
            else:
                result.update(self._verify(options, task_vars or {}))
        except (CertificateError, ContractError, LedgerError) as fault:
            if self.RECORDS and not isinstance(fault, LedgerError):
                self._record_not_judged(options, task_vars or {}, str(fault))
            raise AnsibleActionFail(str(fault)) from fault
        return {**result, "changed": False}

    def _record_not_judged(self, options: Mapping[str, Any], task_vars: Mapping[str, Any], why: str) -> dict[str, Any]:
        """Keep that nothing is known of the host in this run: an older result would speak for it in the report."""
        try:
            policy = load_policy(options["policy"])
        except ContractError:
            policy = load_policy("production")
        failure = ConnectionFailure(cause="not_judged", check_id="connection.probe", text=why)
        context = Context(now=datetime.now(UTC), connection_failure=failure)
        verdict = judge(None, policy, context)
        if options["ledger"]:
            ledger = open_ledger(options["ledger"])
            host = str(task_vars["inventory_hostname"])
            circumstances = self._circumstances(host, self._run_id(options, ledger), options, context.now)
            request = build_request(Subject(), policy, ())
            ledger.append(build_result(circumstances, policy, request, None, verdict))
        return _outcome(verdict, None)

    def _verify(self, options: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        host = str(task_vars["inventory_hostname"])
        ledger = open_ledger(options["ledger"]) if options["ledger"] else None
        run_id = self._run_id(options, ledger) if self.RECORDS else ""
        if self.RECORDS and options["resume"] and ledger and host in ledger.done_in_run(run_id, [host]):
            return _already_done(run_id)

        policy = load_policy(options["policy"])
        started_at = datetime.now(UTC)
        held = hold_certificates(options["certificates"], institution_ids(options["institutions"]))
        subject = _subject(options, held)
        request = build_request(subject, policy, self.SECTIONS)
        account = basic_credentials(options["proxy_account"]) if subject.proxy else ""
        seen = run_probe(self, task_vars, request, held.pems_for(request), options["probe_timeout"], account)
        observation = None if isinstance(seen, ConnectionFailure) else seen
        retired = self._retired(options, request, observation)
        if retired is not None and not retired["host"]:
            request = without_institutions(request, retired["institutions"])
            observation = observation and without_institutions(observation, retired["institutions"])
        context = self._context(host, options, request, held, ledger, seen)
        before = machine_before(ledger.latest_per_host([host]).get(host), run_id) if ledger else None
        context = replace(context, machine_before=before)
        verdict = judge(observation, policy, context, self.LAYERS)
        outcome = _outcome(verdict, observation)
        outcome["ports"] = request["ports"]
        outcome["warnings"] = [*held.warnings, *(ledger.warnings() if ledger else ())]
        if self.RECORDS and ledger:
            circumstances = self._circumstances(host, run_id, options, started_at)
            circumstances = replace(circumstances, machine_before=before, retired=retired)
            if retired is not None and retired["left"]:
                circumstances = replace(circumstances, failed_roles=[*options["failed_roles"], still_there(retired)])
            outcome |= {"run_id": run_id, "retired": retired}
            ledger.append(build_result(circumstances, policy, request, observation, verdict))
        return outcome

    @staticmethod
    def _retired(
        options: Mapping[str, Any], request: Mapping[str, Any], observation: Mapping[str, Any] | None
    ) -> dict[str, Any] | None:
        wanted = read_retirement(options.get("retire"))
        return None if wanted is None else retired_mark(wanted, request, observation)

    def _run_id(self, options: Mapping[str, Any], ledger: Ledger | None) -> str:
        resume_from = ledger if options["resume"] else None
        return command_run_id(options["run_id"], bool(self._task.check_mode), resume_from)

    def _context(
        self,
        host: str,
        options: Mapping[str, Any],
        request: Mapping[str, Any],
        held: HeldCertificates,
        ledger: Ledger | None,
        seen: dict[str, Any] | ConnectionFailure,
    ) -> Context:
        return Context(
            system=self._system(options),
            purpose=options["purpose"],
            login_methods=tuple(options["login_methods"]),
            institutions=tuple(institution_ids(options["institutions"])),
            request=request,
            expected_certificates=held.expected(),
            proofs=ledger.good_proofs(host) if ledger else {},
            now=datetime.now(UTC),
            connection_failure=seen if isinstance(seen, ConnectionFailure) else None,
            anchors_sha256=_anchors_sha256(options),
            proven=load_proven(options["ledger"]) if options["ledger"] else frozenset(),
        )

    def _system(self, options: Mapping[str, Any]) -> str:
        """As the plan says, else as the connection's shell tells."""
        return str(options["system"] or ("windows" if on_windows(self) else "linux"))

    def _circumstances(self, host: str, run_id: str, options: Mapping[str, Any], started_at: datetime) -> Circumstances:
        site = options["site"]
        return Circumstances(
            run_id=run_id,
            host=host,
            kind=options["kind"],
            dry_run=bool(self._task.check_mode),
            started_at=started_at,
            finished_at=datetime.now(UTC),
            ring=site.get("ring") if site else None,
            site=None if site is None else {name: site[name] for name in SITE_FIELDS if name in site},
            institutions=options["institutions"],
            users=options["users"],
            system=self._system(options),
            purpose=options["purpose"],
            login_methods=options["login_methods"],
            changed_roles=options["changed_roles"],
            failed_roles=options["failed_roles"],
        )


def _subject(options: Mapping[str, Any], held: HeldCertificates) -> Subject:
    return Subject(
        institutions=options["institutions"],
        endpoints=options["endpoints"],
        control_endpoint=options["control_endpoint"],
        certificate_targets=held.with_fingerprints(options["certificate_targets"]),
        trust_anchors=options["trust_anchors"],
        proxy=options["proxy"],
        held_certificates=frozenset(held.by_institution),
    )


def _anchors_sha256(options: Mapping[str, Any]) -> str | None:
    source = options["trust_anchors_source"]
    return anchors_sha256(source) if source and options["trust_anchors"] else None


def _outcome(verdict: Verdict, observation: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        **verdict_fields(verdict),
        "renewals": [each.to_dict() for each in verdict.renewals],
        "observation": observation,
        "reached": observation is not None,
        "resumed": False,
    }


def _already_done(run_id: str) -> dict[str, Any]:
    return {
        "checks": [],
        "ready": True,
        "first_failing": None,
        "root_failures": [],
        "work": [],
        "renewals": [],
        "observation": None,
        "reached": True,
        "resumed": True,
        "run_id": run_id,
    }
