#!/usr/bin/python
# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Documentation only: the work is done on the controller by the action plugin of the same name.

from __future__ import annotations

DOCUMENTATION = r"""
module: eid_verify
short_description: Verify what the identity card needs on a host
version_added: 0.1.0
description:
  - The narrower view of M(eeszt.connect.readiness_verify) on reader, card and client. It records nothing.
  - Readiness counts the checks of these layers alone.
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
author:
  - The eeszt.connect maintainers (@eeszt)
"""

EXAMPLES = r"""
- name: Is the reader there, and a card on it?
  eeszt.connect.eid_verify:
  register: card
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
"""
