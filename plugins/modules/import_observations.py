#!/usr/bin/python
# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Documentation only: the work is done on the controller by the action plugin of the same name.

from __future__ import annotations

DOCUMENTATION = r"""
module: import_observations
short_description: Sort the files that were carried back from sites without remote access
version_added: 0.1.0
description:
  - Proves the seal of each file, and gives the newest good one of each host for M(eeszt.connect.carried_verify). Each other file is
    named with the reason why it cannot be taken.
  - Results of the acceptance list are kept in the folder C(.acceptance) of the ledger, where they prove what the judge's tables say.
  - Runs once a play, on the controller.
extends_documentation_fragment:
  - eeszt.connect.attributes
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
    description: A file, or a folder that is searched to its bottom for C(*.eeszt-observation.json).
    type: str
    required: true
  ledger:
    description: Folder of the ledger in which the packages were made.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Sort the files
  eeszt.connect.import_observations:
    path: /media/stick
    ledger: /var/lib/eeszt-connect/ledger
  register: import_sorted
  run_once: true
"""

RETURN = r"""
files:
  description: Path of the file of each host.
  returned: success
  type: dict
acceptance:
  description: Files with results of the acceptance list that were kept.
  returned: success
  type: list
  elements: str
refused:
  description: C(file), C(code), C(message) and C(needs_person) of each file that cannot be taken.
  returned: success
  type: list
  elements: dict
"""
