#!/usr/bin/python
# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Documentation only: the work is done on the controller by the action plugin of the same name.

from __future__ import annotations

DOCUMENTATION = r"""
module: readiness_verify
short_description: Probe a host once, judge it whole, and record the result
version_added: 0.1.0
description:
  - Looks at reader, card, client, firewall, certificates, endpoints and clock in one trip, judges what was seen under a policy, and
    writes the only result that the ledger keeps of the host in this run.
  - A host that cannot be reached, refuses the login or hangs has its result too; the task does not fail for it.
extends_documentation_fragment:
  - eeszt.connect.attributes
  - eeszt.connect.verify
  - eeszt.connect.verify.account
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  site:
    description: The host's site, with C(id), C(name) and C(ring), as the plan has it.
    type: dict
  users:
    description: Users of this host, as the plan has them; kept in the result for the report.
    type: list
    elements: dict
    default: []
  kind:
    description: What the result is called in the ledger.
    type: str
    choices: [rollout, audit, decommission]
    default: audit
  run_id:
    description:
      - Id of the run. Without it all hosts of one command share an id that is made for it.
      - In check mode C(-check) is added, and such a result never counts.
    type: str
  resume:
    description: Do not touch a host that is ready in this run already; without O(run_id) the newest run of the ledger is resumed.
    type: bool
    default: false
  not_judged:
    description: Do not look at the host, and record with these words why it could not be judged; for a rescue.
    type: str
  changed_roles:
    description: Roles that changed the host in this run, for the report.
    type: list
    elements: str
    default: []
  failed_roles:
    description: Roles that failed on the host in this run, each with C(role) and C(message), for the report.
    type: list
    elements: dict
    default: []
  retire:
    description:
      - Record that the host (C(host), V(true)) or some C(institutions) on it (list of ids) are out of service, and look what of
        their certificates is still there. With C(unreached) also where the machine is gone and nobody can look.
    type: dict
author:
  - The eeszt.connect maintainers (@eeszt)
"""

EXAMPLES = r"""
- name: Verify a workstation and record it
  eeszt.connect.readiness_verify:
    institutions: '{{ eeszt_institutions }}'
    endpoints: '{{ eeszt_endpoints }}'
    certificate_targets: '{{ eeszt_certificate_targets }}'
    ledger: /var/lib/eeszt-connect/ledger
  register: verdict

- name: Say what is wrong first
  ansible.builtin.debug:
    var: verdict.first_failing.remedy.hu
"""

RETURN = r"""
checks:
  description: Check records, in the order of the catalogue.
  returned: always
  type: list
  elements: dict
ready:
  description: Whether every required check is good and every check that needs a person has a proof young enough.
  returned: always
  type: bool
first_failing:
  description: The first failed check that nothing failed before; V(null) when none failed.
  returned: always
  type: dict
root_failures:
  description: On each chain the failed check that nothing failed before; the first is RV(first_failing).
  returned: always
  type: list
  elements: dict
work:
  description: Roles that could mend what failed.
  returned: always
  type: list
  elements: str
renewals:
  description:
    - Certificates whose predecessor is still kept on the host, each with C(institution), C(fingerprint) (SHA-256), C(outcome) and
      C(causes); C(refusal) is a refusal in the form of O(failed_roles).
    - C(outcome) is proven (the centre took it), refused (C(causes) say why) or pending (the centre said nothing of it).
  returned: always
  type: list
  elements: dict
retired:
  description: What went out of service, whether somebody looked (C(seen)), and what was C(left).
  returned: when there is a ledger
  type: dict
reached:
  description: Whether the host was reached and the probe ran.
  returned: always
  type: bool
ports:
  description: Outbound ports that the policy asks for.
  returned: when the host was looked at
  type: list
  elements: int
observation:
  description: The raw observation of the probe; V(null) when the host was not reached.
  returned: always
  type: dict
run_id:
  description: The run under which the result was recorded.
  returned: when a ledger is given
  type: str
resumed:
  description: Whether the host was ready in this run already and was not touched.
  returned: always
  type: bool
"""
