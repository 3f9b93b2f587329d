#!/usr/bin/python
# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Documentation only: the work is done on the controller by the action plugin of the same name.

from __future__ import annotations

DOCUMENTATION = r"""
module: portable_probe
short_description: Make a probe to carry to sites without remote access
version_added: 0.1.0
description:
  - Writes a folder for each site into O(dest), with a start file for each system that the site has, and keeps what belongs to it
    (an id, the key of its seal, what is asked of which host) in the folder C(.portable) of the ledger.
  - Runs once a play, on the controller. A folder holds no secret of the site; docs/sites-without-remote-access.md says what its seal
    proves.
  - Each call makes new packages; the ones that were made before stay valid until they expire.
extends_documentation_fragment:
  - eeszt.connect.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: none
author:
  - The eeszt.connect maintainers (@eeszt)
options:
  parts:
    description: What M(eeszt.connect.portable_request) gave for each host.
    type: list
    elements: dict
    required: true
  ledger:
    description: Folder of the ledger on the controller.
    type: str
    required: true
  dest:
    description: Folder on the controller for the folders of the sites.
    type: str
    required: true
  valid_days:
    description: Days after which a package looks at no host any more.
    type: int
    default: 30
seealso:
  - module: eeszt.connect.import_observations
"""

EXAMPLES = r"""
- name: Make the packages
  eeszt.connect.portable_probe:
    parts: "{{ ansible_play_hosts | map('extract', hostvars, ['readiness_portable', 'portable']) }}"
    ledger: /var/lib/eeszt-connect/ledger
    dest: /media/stick
  run_once: true
"""

RETURN = r"""
folders:
  description: The folders that were written; none in check mode.
  returned: success
  type: list
  elements: str
packages:
  description: Id, site and hosts of each package.
  returned: success
  type: list
  elements: dict
"""
