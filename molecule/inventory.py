#!/usr/bin/env python3
# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory script: the hosts of the lab's fleet `molecule`, and not one variable of a site plan."""

import json
import sys
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lab import Fleet
from lab.inventory import inventory

hosts = yaml.safe_load(inventory(Fleet("molecule", file="test")))["all"]["hosts"]
for variables in hosts.values():
    variables["ansible_python_interpreter"] = "/usr/bin/python3"
print(json.dumps({"all": {"hosts": list(hosts)}, "_meta": {"hostvars": hosts}}))
