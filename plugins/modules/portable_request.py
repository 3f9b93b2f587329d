#!/usr/bin/python
# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Documentation only: the work is done on the controller by the action plugin of the same name.

from __future__ import annotations

DOCUMENTATION = r"""
module: portable_request
short_description: Say what a probe that is carried to a host would be asked
version_added: 0.1.0
description:
  - Makes this host's part of a package for M(eeszt.connect.portable_probe). The host is not touched, and no secret is in the part.
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
  site:
    description: The host's site, with C(id); a package is made for a site.
    type: dict
"""

EXAMPLES = r"""
- name: Say what a carried probe would be asked
  eeszt.connect.portable_request:
    site: "{{ eeszt_site }}"
    institutions: "{{ eeszt_institutions }}"
    endpoints: "{{ eeszt_endpoints }}"
  register: readiness_portable
"""

RETURN = r"""
portable:
  description: Host, system, names, site and request, for O(eeszt.connect.portable_probe#module:parts).
  returned: success
  type: dict
"""
