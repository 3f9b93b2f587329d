# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A plan as an inventory: groups with their hosts, hosts with their variables."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from .connection_variables import connection_variables
from .groups import group_members
from .identifiers import PREFIX_OF_PROFESSION
from .model import Host, Institution, Plan, Site, User
from .targets import fill_targets


@dataclass(frozen=True, slots=True)
class Inventory:
    """What Ansible gets.

    ``groups``: host names by group. ``made``: variables by host that the plan makes, plain data, never
    templates. ``given``: variables by host that the user wrote; ``Encrypted`` and ``Unsafe`` values are
    marked, the rest may be templates.
    """

    groups: dict[str, list[str]]
    made: dict[str, dict[str, object]]
    given: dict[str, dict[str, object]]


def plan_inventory(plan: Plan) -> Inventory:
    """Return the inventory of a checked plan."""
    users = _users_by_host(plan)
    made = {host.name: _variables(plan, host, users[host.name]) for host in plan.hosts.values()}
    given = {host.name: host.variables for host in plan.hosts.values()}
    return Inventory(group_members(plan), made, given)


def _users_by_host(plan: Plan) -> dict[str, list[User]]:
    """Return the users of each host.

    A user without hosts works on every one that serves an institution of his.
    """
    serving: dict[str, list[str]] = defaultdict(list)
    for host in plan.hosts.values():
        for reference in host.serves:
            serving[reference.name].append(host.name)
    users: dict[str, list[User]] = defaultdict(list)
    for user in plan.users.values():
        by_institution = [name for reference in user.institutions for name in serving[reference.name]]
        for name in dict.fromkeys([reference.name for reference in user.hosts] or by_institution):
            users[name].append(user)
    return users


def _variables(plan: Plan, host: Host, users: list[User]) -> dict[str, object]:
    served = [plan.institutions[reference.name] for reference in host.serves]
    site = plan.sites[host.site.name] if host.site else None
    optional = {
        "ansible_host": host.address,
        "eeszt_system": host.system,
        "eeszt_reader": host.reader,
        # Where the plan is silent, group_vars may speak.
        "eeszt_reader_accounts": list(host.reader_accounts) or None,
        "eeszt_certificate_notify": [service.variable() for service in host.services] or None,
    }
    return {
        **{name: value for name, value in optional.items() if value is not None},
        **connection_variables(host.connection, host.system, site.jump_host if site else None),
        "eeszt_site": _site(site) if site else None,
        "eeszt_institutions": [_institution(institution) for institution in served],
        "eeszt_users": [_user(user) for user in users],
        "eeszt_purpose": host.purpose,
        "eeszt_login_methods": list(host.login_methods),
        "eeszt_certificate_targets": [target.variable() for target in fill_targets(host, served)],
    }


def _site(site: Site) -> dict[str, object]:
    proxy = site.proxy
    return {
        "id": site.id,
        "name": site.name,
        "address": site.address,
        "ring": site.ring,
        "proxy": {"host": proxy.host, "port": proxy.port, "exceptions": list(proxy.exceptions)} if proxy else None,
        "jump_host": site.jump_host,
    }


def _institution(institution: Institution) -> dict[str, object]:
    person = institution.administrator
    return {
        "id": institution.id,
        "name": institution.name,
        "authority": institution.authority,
        "authority_id": institution.authority_id,
        "administrator": {"name": person.name, "user_name": person.user_name, "email": person.email}
        if person
        else None,
        "onboarding": dict(institution.onboarding),
    }


def _user(user: User) -> dict[str, object]:
    return {
        "name": user.name,
        "user_name": user.user_name,
        "prefix": PREFIX_OF_PROFESSION[user.profession],
        "profession": user.profession,
        "institutions": [reference.name for reference in user.institutions],
        "login_method": user.login_method,
        "dates": dict(user.dates),
    }
