# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An inventory from a site plan: options, one call into plugin_utils/plan, and its answer into Ansible."""

from __future__ import annotations

DOCUMENTATION = r"""
name: site_plan
short_description: Inventory from a site plan of institutions, sites, hosts and users
version_added: 0.1.0
author: The eeszt.connect maintainers (@eeszt)
description:
  - Reads a site plan and makes groups and host variables of it.
  - The source file's name ends in C(.site_plan.yml) or C(.site_plan.yaml). It holds the plan itself, or
    names the file that does in O(plan).
  - The plan is checked to its end first. All errors come at once, each with file, line, column, field (or sheet and
    cell), value and remedy, and nothing of a plan with an error is used. What is unusual but possible is a
    warning.
  - Groups are C(institution_<id>), C(site_<id>), C(ring_1) to C(ring_9), C(workstations), C(servers),
    C(terminal_servers), C(windows) and C(linux). Those that do not depend on the plan's names always exist.
  - Host variables are C(eeszt_site), C(eeszt_institutions), C(eeszt_users), C(eeszt_purpose),
    C(eeszt_login_methods), C(eeszt_certificate_targets), and where they are given C(eeszt_system),
    C(eeszt_reader), C(eeszt_reader_accounts), C(eeszt_certificate_notify)
    and C(ansible_host).
  - Of the connection of a host or its site come C(ansible_connection), C(ansible_port), C(ansible_user) and the
    options of the connection plugin. C(vars) of a host overrule them, C(group_vars) do not. The guide
    C(docs/windows-connections.md) lists them.
notes:
  - A plan has no secrets. A field that looks like a password, PIN, CAN or PUK is refused, encrypted or not.
    Secrets belong to C(group_vars), encrypted with Ansible Vault.
  - Keep the file that O(plan) names outside of the inventory's folder; Ansible takes every file there for
    an inventory.
  - Sheets, files and heads may be English or Hungarian. Several values in one cell stand between semicolons, commas or
    line breaks. The guide C(docs/guide-en.md) has the rest.
  - The cache is used only as long as the source and the plan are unchanged, so it never serves an old plan.
    An expression of O(compose), O(groups) or O(keyed_groups) is not cached.
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [eeszt.connect.site_plan]
  plan:
    description:
      - Path of what holds the plan, relative to the source file. It is a YAML file, a workbook (C(.xlsx), which needs
        the Python module openpyxl) or a folder of C(.csv) files named C(institutions), C(sites), C(hosts), C(users).
      - Excludes O(institutions), O(sites), O(hosts) and O(users).
    type: str
  institutions:
    description:
      - Providers, each with C(name), C(authority) (V(oth) or V(ogyei)), C(authority_id), and if known
        C(administrator) (C(name), C(user_name), C(email)), C(onboarding) (days of the manual steps) and
        C(certificate_targets).
      - The EESZT institution id is derived from C(authority) and C(authority_id), never typed.
    type: raw
  sites:
    description:
      - Places, each with C(id), and if known C(name), C(address), C(ring) (V(canary), V(early), V(broad) or
        V(1) to V(9), by default V(broad)), C(proxy) (C(host), C(port), C(exceptions)), C(jump_host) and
        C(connection), which is that of its hosts for all that they do not say themselves.
    type: raw
  hosts:
    description:
      - Machines, each with C(name), C(site), C(serves) (EESZT institution ids), and if known C(address),
        C(system), C(connection), C(purpose), C(login_methods), C(reader), C(reader_accounts),
        C(certificate_targets), C(certificate_notify) and C(vars) (ordinary host variables).
      - C(reader_accounts) lists accounts of Linux that may use the reader without sitting at the machine.
      - C(certificate_notify) lists services to restart or reload when a certificate of the host changed, each with
        C(name) and C(action) (V(restart), the default, or V(reload); services of Windows are always restarted).
      - A C(connection) is V(ssh), V(winrm), V(psrp) or the name of another plugin, or has fields of its own, C(type),
        C(port), C(user), and for V(winrm) and V(psrp) C(scheme) (V(https) or V(http)), C(authentication)
        (V(certificate), V(kerberos), V(ntlm), V(basic)), C(certificate) (the PEM file of the listener's certificate,
        relative to the plan) with its C(fingerprint) (SHA-256), C(client_certificate) and C(client_key), C(proxy),
        C(operation_timeout), C(read_timeout) and C(retries).
      - In the paths of C(certificate_targets) the placeholder C({institution}) stands for the EESZT
        institution id.
    type: raw
  users:
    description:
      - Persons, each with C(name), C(profession) or C(prefix), C(registry_number) (for prefix V(X)
        C(user_name) instead), C(institutions), and if known C(hosts), C(login_method) and C(dates).
      - A user without C(hosts) works on every host that serves one of his institutions.
    type: raw
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
"""

EXAMPLES = r"""
# clinic.site_plan.yml, with the plan itself
plugin: eeszt.connect.site_plan
institutions:
  - name: Mintarendelő Kft.
    authority: oth
    authority_id: "99901A" # always in quotes: YAML reads 000301 as 193
sites:
  - id: buda
    name: Budai rendelő
    ring: canary
hosts:
  - name: ws-buda-1
    address: 192.0.2.11
    site: buda
    system: linux
    serves: [E99901A]
    certificate_targets:
      - type: pkcs12_file
        path: /etc/eeszt/{institution}.p12
users:
  - name: Dr. Minta Mária
    profession: doctor
    registry_number: "50123"
    institutions: [E99901A]

# clinic.site_plan.yml, with the plan elsewhere and groups of one's own
---
plugin: eeszt.connect.site_plan
plan: ../plans/clinic.xlsx
strict: true
keyed_groups:
  - key: eeszt_purpose
    prefix: purpose
"""

from pathlib import Path
from typing import Any, ClassVar

from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import EncryptedString
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.template import trust_as_template

from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.findings import PlanError
from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.inventory import Inventory
from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.load import Loaded, Source, load_inventory, open_source
from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.nodes import Encrypted, Unsafe


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """The plugin as Ansible calls it."""

    NAME = "eeszt.connect.site_plan"
    _told: ClassVar[set[str]] = set()

    def verify_file(self, path: str) -> bool:
        """Take files by their name's end only, so that no other inventory's file is touched."""
        return path.endswith((".site_plan.yml", ".site_plan.yaml")) and super().verify_file(path)

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True) -> None:
        """Fill ``inventory`` from the source at ``path``; raises ``AnsibleParserError`` with all errors."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        loaded = self._load(path, cache)
        for warning in loaded.warnings:
            self.display.warning(warning)
        if self.get_option("strict"):
            # An expression that fails must leave nothing half read: try them on an inventory of their own.
            self._fill(InventoryData(), loaded.inventory)
        self._fill(inventory, loaded.inventory)

    def _load(self, path: str, cache: bool) -> Loaded:
        """Return the plan's inventory, from the cache when the files are still those it was made of."""
        key = self.get_cache_key(path)
        keep = self.get_option("cache")
        kept = self._cache.get(key) if keep and cache else None
        try:
            loaded = load_inventory(self._sources(path), kept, self._options)
        except PlanError as error:
            raise self._refusal(error) from None
        if keep and not loaded.was_kept:
            self._cache[key] = loaded.kept
        return loaded

    def _refusal(self, error: PlanError) -> AnsibleParserError:
        """Return the error for Ansible. Its help text has the lines; Ansible would show a message twice.

        After a refusal Ansible tries the same file through its plugin ``auto``; the lines are not told again.
        """
        if error.details in self._told:
            return AnsibleParserError(f"{error.summary} (the errors are shown above).")
        self._told.add(error.details)
        return AnsibleParserError(f"{error.summary}.", help_text=error.details)

    def _sources(self, path: str) -> list[Source]:
        paths = [path]
        plan = self.get_option("plan")
        if plan:
            paths.append(str(Path(path).parent / Path(plan).expanduser()))
        try:
            return [open_source(name, lambda path: str(self.loader.get_text_file_contents(path))) for name in paths]
        except OSError as fault:
            raise AnsibleParserError(f"{fault.filename}: {fault.strerror}") from fault

    def _fill(self, inventory: InventoryData, plan: Inventory) -> None:
        self.inventory = inventory
        for group in plan.groups:
            inventory.add_group(group)
        for host, variables in plan.made.items():
            inventory.add_host(host)
            for name, value in {**_inert(variables), **_given(plan.given[host])}.items():
                inventory.set_variable(host, name, value)
        for group, hosts in plan.groups.items():
            for host in hosts:
                inventory.add_child(group, host)
        self._construct(inventory, plan)

    def _construct(self, inventory: InventoryData, plan: Inventory) -> None:
        """Apply the options of constructed inventories to the plan's hosts."""
        compose, groups, keyed = (self.get_option(name) for name in ("compose", "groups", "keyed_groups"))
        if not (compose or groups or keyed):
            return
        strict = self.get_option("strict")
        for host in plan.made:
            self._set_composite_vars(compose, inventory.get_host(host).get_vars(), host, strict=strict)
            variables = inventory.get_host(host).get_vars()
            for name in compose:
                if name in variables:
                    inventory.set_variable(host, name, _inert(variables[name]))
            self._add_host_to_composed_groups(groups, variables, host, strict=strict, fetch_hostvars=False)
            self._add_host_to_keyed_groups(keyed, variables, host, strict=strict, fetch_hostvars=False)


def _inert(value: Any) -> Any:
    """Return a value of the plan, in which no text is ever a template.

    Ansible marks text without trust wherever it shows it. Text that has no template in it can be trusted without
    harm, so that ``ansible-inventory --list`` reads like that of any other inventory.
    """
    if isinstance(value, dict):
        return {key: _inert(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_inert(item) for item in value]
    if isinstance(value, str) and not any(mark in value for mark in ("{{", "{%", "{#", "#jinja2")):
        return trust_as_template(value)
    return value


def _given(value: Any) -> Any:
    """Return what the user wrote as host variables, as Ansible's own YAML inventories give it."""
    if isinstance(value, dict):
        return {key: _given(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_given(item) for item in value]
    if isinstance(value, Encrypted):
        return EncryptedString(ciphertext=value.ciphertext)
    if isinstance(value, Unsafe):
        return value.text
    return trust_as_template(value) if isinstance(value, str) else value
