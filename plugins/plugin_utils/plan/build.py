# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the tree of a reader to a checked plan: every part alone first, then what they say of each other."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TypeVar

from .connections import check_connection, join
from .fields import Form, open_form
from .findings import Findings, Location, PlanError
from .groups import refuse_group_clashes
from .hosts import read_host
from .identifiers import IdentifierError, check_institution_id
from .institutions import likely_ids, read_institution
from .model import Host, Institution, Plan, Reference, Site, TargetPattern, User
from .nodes import Record
from .sites import read_site
from .targets import fill_targets, refuse_shared_files
from .users import read_user

PARTS = ("institutions", "sites", "hosts", "users")
_MOST_GUESSES = 50
Part = TypeVar("Part", Institution, Site, Host, User)


def build_plan(tree: Record, findings: Findings, other_keys: Collection[str] = ()) -> Plan:
    """Return the plan of a reader's tree.

    ``findings`` may already hold the reader's; warnings are left there. ``other_keys`` are fields of the tree
    that are not the plan's. Raises ``PlanError`` with all errors, so that a plan is whole or is not there.
    """
    form = open_form(tree, (*PARTS, *other_keys), findings)
    plan = Plan()
    meant_ids = _read_institutions(form, plan)
    _read_parts(form, "sites", read_site, plan.sites, lambda site: site.id)
    _read_parts(form, "hosts", read_host, plan.hosts, lambda host: host.name)
    _read_parts(form, "users", read_user, plan.users, lambda user: user.user_name)
    for host in plan.hosts.values():
        plan.hosts[host.name] = _with_connection(host, plan, findings)
    _Relations(plan, findings, meant_ids).check()
    refuse_group_clashes(plan, findings)
    if not plan.hosts and not findings.errors:
        findings.error(form.where("hosts"), "the plan has no hosts", "write at least one host below hosts")
    if findings.errors:
        raise PlanError(findings)
    return plan


def _read_institutions(form: Form, plan: Plan) -> set[str]:
    """Read the institutions; return the ids that refused ones may be meant to have."""
    _read_parts(form, "institutions", read_institution, plan.institutions, lambda institution: institution.id)
    if not form.findings.errors:
        return set()
    return {institution_id for record in form.records("institutions") for institution_id in likely_ids(record)}


def _with_connection(host: Host, plan: Plan, findings: Findings) -> Host:
    """Return the host with its connection, to which its site may have a part, after looking at the whole."""
    site = plan.sites.get(host.site.name) if host.site else None
    connection = join(host.connection, site.connection if site else None, host.system)
    if connection is None:
        return host
    check_connection(connection, (host.address or host.name,), site.jump_host if site else None, findings)
    system = host.system or ("windows" if connection.is_winrm else None)
    return dataclasses.replace(host, connection=connection, system=system)


def _read_parts(
    form: Form,
    key: str,
    read: Callable[[Record, Findings], Part | None],
    into: dict[str, Part],
    name_of: Callable[[Part], str],
) -> None:
    """Read one part of the plan into ``into``; names are compared without case, as file systems do."""
    first_at: dict[str, tuple[str, Location]] = {}
    for record in form.records(key):
        part = read(record, form.findings)
        if part is None:
            continue
        name = name_of(part)
        known = first_at.setdefault(name.casefold(), (name, part.at))
        if known[1] is part.at:
            into[name] = part
        elif known[0] == name:
            form.findings.error(part.at, f"{name} is already there, at {known[1]}", "make one entry of the two")
        else:
            form.findings.error(
                part.at, f"{name} and {known[0]}, at {known[1]}, differ in case only", "rename one of them"
            )


@dataclass(slots=True)
class _Relations:
    """What the parts of a plan say of each other."""

    plan: Plan
    findings: Findings
    meant_ids: set[str]
    served: set[str] = field(default_factory=set)
    guesses: int = 0

    def check(self) -> None:
        """Check every reference, every certificate target, and warn of what nobody uses."""
        for institution in self.plan.institutions.values():
            self._targets_of_institution(institution)
        for host in self.plan.hosts.values():
            self._host(host)
        for user in self.plan.users.values():
            self._user(user)
        self._unused()

    def _host(self, host: Host) -> None:
        if host.site and host.site.name not in self.plan.sites:
            self._unknown("site", host.site, self.plan.sites)
        served = self._institutions(host.serves)
        self.served |= {reference.name for reference in host.serves}
        if not host.serves:
            self.findings.warn(
                host.at,
                f"host {host.name} serves no institution",
                "name one in serves, so that it gets a certificate",
            )
        for target in host.targets:
            self._target_of_host(host, target)
        refuse_shared_files(host, fill_targets(host, served), self.findings)

    def _target_of_host(self, host: Host, target: TargetPattern) -> None:
        names = [reference.name for reference in host.serves]
        if target.institution is not None and target.institution not in names:
            self.findings.error(
                target.at,
                f"the target names {target.institution}, which {host.name} does not serve",
                "name one that stands in serves",
            )
        if target.type == "windows_store" and host.system == "linux":
            self.findings.error(
                target.at, f"{host.name} has Linux, and so no windows_store", "use pem_files or pkcs12_file"
            )

    def _targets_of_institution(self, institution: Institution) -> None:
        for target in institution.targets:
            if target.institution not in (None, institution.id):
                self.findings.error(
                    target.at,
                    f"the target names {target.institution}, but stands below {institution.id}",
                    "remove institution",
                )

    def _user(self, user: User) -> None:
        institutions = {institution.id for institution in self._institutions(user.institutions)}
        if not user.institutions:
            self.findings.warn(user.at, f"user {user.user_name} belongs to no institution", "name one in institutions")
        for reference in user.hosts:
            host = self.plan.hosts.get(reference.name)
            if host is None:
                self._unknown("host", reference, self.plan.hosts)
                continue
            if institutions and not institutions & {served.name for served in host.serves}:
                self.findings.warn(
                    reference.at,
                    f"{host.name} serves none of the institutions of {user.user_name}",
                    "compare both lists",
                )
            if user.login_method not in host.login_methods:
                self.findings.warn(
                    reference.at,
                    f"{user.user_name} logs in by {user.login_method}, which {host.name} does not list",
                    "compare both",
                )

    def _institutions(self, references: tuple[Reference, ...]) -> list[Institution]:
        found = [self.plan.institutions.get(reference.name) for reference in references]
        for reference, institution in zip(references, found, strict=True):
            if institution is None and reference.name not in self.meant_ids:
                self._unknown_institution(reference)
        return [institution for institution in found if institution is not None]

    def _unknown_institution(self, reference: Reference) -> None:
        try:
            check_institution_id(reference.name)
        except IdentifierError as error:
            self.findings.error(reference.at, error.message, error.remedy)
        else:
            self._unknown("institution", reference, self.plan.institutions)

    def _unknown(self, what: str, reference: Reference, known: Collection[str]) -> None:
        # A guess looks at every name; where all are unknown, one more guess helps nobody.
        self.guesses += 1
        near = difflib.get_close_matches(reference.name, known, 1) if self.guesses <= _MOST_GUESSES else []
        remedy = f"did you mean {near[0]}?" if near else f"write it among the {what}s, or correct the name"
        self.findings.error(reference.at, f'the plan has no {what} "{reference.name}"', remedy)

    def _unused(self) -> None:
        for institution in self.plan.institutions.values():
            if institution.id not in self.served:
                self.findings.warn(
                    institution.at, f"no host serves {institution.id}", "name it in the serves of its hosts"
                )
        sites = {host.site.name for host in self.plan.hosts.values() if host.site}
        for site in self.plan.sites.values():
            if site.id not in sites:
                self.findings.warn(
                    site.at, f"no host stands in site {site.id}", "remove the site, or name it in its hosts"
                )
        self._shared_addresses()

    def _shared_addresses(self) -> None:
        """Warn of two hosts at one address, unless each is behind its own jump host."""
        first: dict[tuple[str, str | None], str] = {}
        for host in self.plan.hosts.values():
            if host.address is None:
                continue
            site = self.plan.sites.get(host.site.name) if host.site else None
            way = (host.address, site.jump_host if site else None)
            if first.setdefault(way, host.name) != host.name:
                self.findings.warn(
                    host.at,
                    f"{host.name} has the address {host.address} of {first[way]}",
                    "compare both addresses",
                )
