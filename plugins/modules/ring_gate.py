#!/usr/bin/python
# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Documentation only: the work is done on the controller by the action plugin of the same name.

from __future__ import annotations

DOCUMENTATION = r"""
module: ring_gate
short_description: Judge a ring by its results before the next one begins
version_added: 0.1.0
description:
  - Reads the results of this run from the ledger, once a play, on the controller. It fails when more hosts failed than the budget
    allows, or when the centre is down; then the playbook stops before the next ring.
  - In check mode it only says what it would do.
extends_documentation_fragment:
  - eeszt.connect.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  ring:
    description: Number of the ring, for the message.
    type: int
    required: true
  hosts:
    description: Hosts of the ring; those of the play when left out.
    type: list
    elements: str
  ledger:
    description: Path of the ledger on the controller.
    type: str
    required: true
  run_id:
    description: Id of the run; the one of this command when left out.
    type: str
  failure_budget:
    description: How many hosts may fail, as a number (V(3)) or as a share of the ring (V(10%)), rounded down.
    type: str
    default: '0'
  unreachable_budget:
    description: How many hosts may be out of reach; machines that are switched off are counted apart from those that fail.
    type: str
    default: 10%
author:
  - The eeszt.connect maintainers (@eeszt)
"""

EXAMPLES = r"""
- name: May the next ring begin?
  eeszt.connect.ring_gate:
    ring: 1
    ledger: /var/lib/eeszt-connect/ledger
    failure_budget: 5%
"""

RETURN = r"""
state:
  description: V(open), V(spent) (a budget is spent) or V(paused) (the centre is down).
  returned: always
  type: str
run_id:
  description: The run that was judged.
  returned: always
  type: str
ready:
  description: Hosts that are ready.
  returned: always
  type: list
  elements: str
not_ready:
  description: Hosts that failed, or that have no result in this run.
  returned: always
  type: list
  elements: str
not_reached:
  description: Hosts that could not be reached.
  returned: always
  type: list
  elements: str
outage:
  description: Hosts that saw the centre down.
  returned: always
  type: list
  elements: str
"""
