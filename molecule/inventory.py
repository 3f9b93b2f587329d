#!/usr/bin/env python3
# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory script: the hosts of the lab's fleet `molecule`, and not one variable of a site plan.

Scenarios whose name ends in `_windows` have the fleet `molecule-windows`, of Windows doubles;
`outbound_firewall_tools` has `molecule-firewalls`.
"""

import json
import os
import sys
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lab import Fleet
from lab.inventory import inventory

scenario = os.environ.get("MOLECULE_SCENARIO_NAME", "")
windows = scenario.endswith("_windows")
if windows:
    fleet = Fleet("molecule-windows", file="windows")
elif scenario == "outbound_firewall_tools":
    fleet = Fleet("molecule-firewalls", file="firewalls")
else:
    fleet = Fleet("molecule", file="test")
hosts = yaml.safe_load(inventory(fleet))["all"]["hosts"]
if not windows:
    for variables in hosts.values():
        variables["ansible_python_interpreter"] = "/usr/bin/python3"
print(json.dumps({"all": {"hosts": list(hosts)}, "_meta": {"hostvars": hosts}}))
