#!/usr/bin/python
# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Documentation only: the work is done on the controller by the action plugin of the same name.

from __future__ import annotations

DOCUMENTATION = r"""
module: carried_verify
short_description: Judge and record what was carried back from a host
version_added: 0.1.0
description:
  - M(eeszt.connect.readiness_verify) with a file in the place of a probe. The host is not touched.
  - The judge judges by the time at which the host was seen; the report shows how long ago that is.
  - A file that cannot be taken is no failure of the task; RV(refused) says why.
extends_documentation_fragment:
  - eeszt.connect.attributes
  - eeszt.connect.verify
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
author:
  - The eeszt.connect maintainers (@eeszt)
options:
  path:
    description: The file on the controller.
    type: str
    required: true
  ledger:
    description: Folder of the ledger on the controller.
    type: str
    required: true
  users:
    description: Users of the host, kept in the result.
    type: list
    elements: dict
    default: []
  site:
    description: The host's site, kept in the result.
    type: dict
  run_id:
    description: Id of the run; the one of this command when left out.
    type: str
"""

EXAMPLES = r"""
- name: Judge what was carried back and record it
  eeszt.connect.carried_verify:
    path: /media/stick/ws-1-20260504T073000Z.eeszt-observation.json
    ledger: /var/lib/eeszt-connect/ledger
    site: "{{ eeszt_site }}"
    institutions: "{{ eeszt_institutions }}"
"""

RETURN = r"""
taken:
  description: Whether the file was recorded (in check mode, would be).
  returned: always
  type: bool
refused:
  description: C(file), C(code), C(message) and C(needs_person).
  returned: when it was not taken
  type: dict
ready:
  description: Whether the host was ready when it was seen.
  returned: when it was taken
  type: bool
carried:
  description: Where the observation comes from, as the result says it.
  returned: when it was taken
  type: dict
"""
