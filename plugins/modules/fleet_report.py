#!/usr/bin/python
# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Documentation only: the work is done on the controller by the action plugin of the same name.

from __future__ import annotations

DOCUMENTATION = r"""
module: fleet_report
short_description: Report on the whole fleet from the ledger
version_added: 0.1.0
description:
  - Writes C(fleet-report.html) and C(fleet-report.json) from the newest result of each host in the ledger. It asks no host anything.
  - The HTML file needs nothing beside itself and holds English and Hungarian. The form of the JSON file is
    C(plugins/plugin_utils/report/fleet_report.schema.json).
  - Results of check mode never count. Files of the ledger that cannot be read are named in the report and as warnings.
  - Runs once a play, on the controller, and needs the Python packages that the collection needs there.
  - A file is written anew only when something but the time of its making would change. Ages and remaining times are whole days, so
    a report can change by a day's passing.
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
  ledger:
    description:
      - Folder of the ledger on the controller. A relative path begins where the command was started.
      - A ledger that is not there yet gives an empty report.
    type: str
    required: true
  dest:
    description: Folder on the controller for the files of the report; it is made when it is missing.
    type: str
    required: true
  formats:
    description: What to write.
    type: list
    elements: str
    choices: [html, json]
    default: [html, json]
  language:
    description: Language of the summary, and the one that the HTML file shows first.
    type: str
    choices: [en, hu]
    default: en
  run_id:
    description: Report on this run only, instead of on the newest result of each host.
    type: str
  hosts:
    description: Report on these hosts only.
    type: list
    elements: str
author:
  - The eeszt.connect maintainers (@eeszt)
"""

EXAMPLES = r"""
- name: Report on the fleet
  eeszt.connect.fleet_report:
    ledger: results/ledger
    dest: results
    language: hu
  register: report

- name: Say how it stands
  ansible.builtin.debug:
    var: report.summary
"""

RETURN = r"""
paths:
  description: Files of the report.
  returned: success
  type: list
  elements: str
  sample: [results/fleet-report.html, results/fleet-report.json]
written:
  description: Those of RV(paths) that were written, or in check mode would be.
  returned: success
  type: list
  elements: str
totals:
  description: The fleet in numbers.
  returned: success
  type: dict
  sample: {hosts: 12, ready: 9, not_ready: 2, unreachable: 1, sites: 3, sites_ready: 2, doubles: 0, certificates_to_renew: 1}
summary:
  description: Lines of a summary for the terminal.
  returned: success
  type: list
  elements: str
msg:
  description: What was done.
  returned: success
  type: str
"""
