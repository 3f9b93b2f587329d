# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site plan of 10,000 hosts costs to load, beside Ansible's own YAML inventory of the same content.

The same content is the same hosts, groups and variables: a plan says of an institution once what the inventory says at
each of its hosts.

Each form is loaded in a process of its own, in turn, so the ratios hold on any machine; the seconds do not. What
Python and Ansible cost before the first byte is read is taken off by an inventory of one host.
"""

from __future__ import annotations

import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import openpyxl
import yaml

ROOT = Path(__file__).resolve().parents[1]
HOSTS = 10_000
ROUNDS = 3
# The checkout's own configuration leaves Ansible's YAML inventories out.
PLUGINS = "eeszt.connect.site_plan,ansible.builtin.yaml"
SETTINGS = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_INVENTORY_ENABLED": PLUGINS}
PROGRAM = """
import json, resource, sys, time
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader()
start = time.perf_counter()
hosts = InventoryManager(DataLoader(), sources=[sys.argv[1]]).get_hosts()
seconds = time.perf_counter() - start
print(json.dumps([len(hosts), seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def main() -> None:
    """Print the median of each form in seconds and megabytes, and its ratio to Ansible's own."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = (written(Path(folder) / str(hosts), hosts) for hosts in (1, HOSTS))
        empty = loaded(small["Ansible's YAML"], 1)
        rounds = [{form: loaded(path, HOSTS) for form, path in large.items()} for _ in range(ROUNDS)]
    print(f"{HOSTS} hosts        {'seconds':>9} {'ratio':>7} {'megabytes':>11} {'ratio':>7}")
    for form in large:
        seconds, peak = (statistics.median(each[form][part] for each in rounds) for part in (0, 1))
        ratios = [
            statistics.median((each[form][part] - base) / (each["Ansible's YAML"][part] - base) for each in rounds)
            for part, base in ((0, 0.0), (1, empty[1]))
        ]
        print(f"{form:<18} {seconds:9.2f} {ratios[0]:7.2f} {peak:11.0f} {ratios[1]:7.2f}")


def loaded(source: Path, hosts: int) -> tuple[float, float]:
    """Load an inventory; give the seconds that it took and the most memory, in megabytes, that the process had."""
    words = [sys.executable, "-c", PROGRAM, str(source)]
    done = subprocess.run(words, cwd=ROOT, env=SETTINGS, check=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    found, seconds, peak = json.loads(done.stdout)
    if found != hosts:
        raise SystemExit(f"{source} gave {found} hosts, not {hosts}")
    return seconds, peak


def written(folder: Path, hosts: int) -> dict[str, Path]:
    """Write the plan in its three forms, and what becomes of it as an ordinary YAML inventory; give their sources."""
    (folder / "csv").mkdir(parents=True)
    tables = plan(hosts)
    parts = {part: [dict(zip(rows[0], row, strict=True)) for row in rows[1:]] for part, rows in tables.items()}
    for host in parts["hosts"]:
        host["serves"] = host["serves"].split("; ")
    (folder / "plan.yml").write_text(yaml.safe_dump(parts, allow_unicode=True, sort_keys=False), encoding="utf-8")
    book = openpyxl.Workbook(write_only=True)
    for part, rows in tables.items():
        sheet = book.create_sheet(part)
        with (folder / "csv" / f"{part}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter=";").writerows(rows)
        for row in rows:
            sheet.append(row)
    book.save(folder / "plan.xlsx")
    sources = {}
    for form, plan_of in {"plan as YAML": "plan.yml", "plan as XLSX": "plan.xlsx", "plan as CSV": "csv"}.items():
        sources[form] = folder / f"{plan_of}.site_plan.yml"
        sources[form].write_text(f"plugin: eeszt.connect.site_plan\nplan: {plan_of}\n", encoding="utf-8")
    plain = folder / "inventory.yml"
    plain.write_text(inventory_of(sources["plan as CSV"]), encoding="utf-8")
    return {"Ansible's YAML": plain, **sources}


def inventory_of(source: Path) -> str:
    """What ``ansible-inventory`` makes of a source, as a YAML inventory."""
    words = [sys.executable, "-m", "ansible.cli.inventory", "-i", str(source), "--list", "--yaml"]
    return subprocess.run(words, cwd=ROOT, env=SETTINGS, check=True, text=True, stdout=subprocess.PIPE).stdout


def plan(hosts: int) -> dict[str, list[list[Any]]]:
    """A plan as tables, heads first: a site and an institution to ten hosts, and a user to each host."""
    sites = range((hosts + 9) // 10)
    return {
        "institutions": [
            ["name", "authority", "authority_id"],
            *([f"Példa Rendelő {number} Kft.", "oth", f"{number:05}A"] for number in sites),
        ],
        "sites": [
            ["id", "name", "address", "ring"],
            *([f"s{number}", f"Telephely {number}", "1111 Budapest, Példa utca 1.", "broad"] for number in sites),
        ],
        "hosts": [
            ["name", "address", "site", "system", "purpose", "reader", "serves"],
            *(
                [
                    f"ws-{number}",
                    f"10.{number // 65536}.{number // 256 % 256}.{number % 256}",
                    f"s{number // 10}",
                    "linux" if number % 2 else "windows",
                    "workstation",
                    "REINER SCT cyberJack RFID standard",
                    f"E{number // 10:05}A; E{(number // 10 + 1) % len(sites):05}A" if hosts > 10 else "E00000A",
                ]
                for number in range(hosts)
            ),
        ],
        "users": [
            ["name", "profession", "registry_number", "institutions", "hosts"],
            *(
                [f"Dr. Példa {number}", "doctor", str(100_000 + number), f"E{number // 10:05}A", f"ws-{number}"]
                for number in range(hosts)
            ),
        ],
    }


if __name__ == "__main__":
    main()
