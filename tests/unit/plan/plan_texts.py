"""A small good plan as text, and what becomes of a text: the words in which the plan's tests are written."""

from __future__ import annotations

from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.build import build_plan
from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.findings import Findings, PlanError
from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.inventory import Inventory, plan_inventory
from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.yaml_reader import read_yaml

GOOD = """\
institutions:
  - name: Mintarendelő Kft.
    authority: oth
    authority_id: "99901A"
  - name: Minta Patika Bt.
    authority: ogyei
    authority_id: "99002"
sites:
  - id: buda
    ring: canary
hosts:
  - name: ws-1
    address: 192.0.2.11
    site: buda
    system: linux
    serves: [E99901A, P099002]
  - name: ws-2
    address: 192.0.2.12
    site: buda
    system: windows
    serves: [E99901A]
users:
  - name: Dr. Minta Mária
    profession: doctor
    registry_number: "50123"
    institutions: [E99901A]
"""


def good(old: str = "", new: str = "") -> str:
    """Return the good plan with one passage changed; the passage must be there."""
    assert old in GOOD, f"the good plan has no {old!r}"
    return GOOD.replace(old, new, 1)


def read(text: str) -> tuple[Inventory, list[str]]:
    """Return the inventory and the warnings of a plan; raises ``PlanError``."""
    findings = Findings()
    tree = read_yaml(text, "plan.yml", findings)
    if tree is None:
        raise PlanError(findings)
    inventory = plan_inventory(build_plan(tree, findings))
    return inventory, [str(warning) for warning in sorted(findings.warnings)]


def errors(text: str) -> list[str]:
    """Return the errors of a plan, in the order of the text."""
    try:
        read(text)
    except PlanError as refused:
        return [str(finding) for finding in refused.findings]
    return []


def only_error(text: str) -> str:
    """Return the one error of a plan."""
    found = errors(text)
    assert len(found) == 1, found
    return found[0]


def warnings(text: str) -> list[str]:
    """Return the warnings of a good plan."""
    return read(text)[1]


def host(text: str, name: str = "ws-1") -> dict[str, object]:
    """Return the variables that the plan makes for a host."""
    return read(text)[0].made[name]
