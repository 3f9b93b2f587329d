# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rollout of hosts that are as they should be costs, beside Ansible's own ping of the same hosts.

Both run in turn on the embedded fleet, so the ratio holds on any machine; the seconds do not.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from lab import Fleet  # noqa: E402 - the lab is a folder of the checkout, not an installed package

NAME = "bench"
ROUNDS = 5
# The third site of the demo waits for a port that is closed upstream; that is no measure of us.
HOSTS = "site_buda:site_pest"


def main() -> None:
    """Print both medians in seconds and their ratio."""
    fleet = Fleet(NAME, file="demo")
    fleet.up()
    try:
        with tempfile.TemporaryDirectory() as folder:
            rollout = command(
                "ansible-playbook", "playbooks/site.yml", "--limit", HOSTS, "-e", f"eeszt_ledger={folder}"
            )
            rollout += ["-e", f"eeszt_report={folder}"]
            ping = command("ansible", HOSTS, "-m", "ansible.builtin.ping")
            seconds(rollout)
            rounds = [(seconds(ping), seconds(rollout)) for _ in range(ROUNDS)]
    finally:
        fleet.down()
    pings, rollouts = zip(*rounds, strict=True)
    ratios = [ours / peer for peer, ours in rounds]
    print(f"ansible ping            {statistics.median(pings):6.2f} s")
    print(f"site.yml, nothing to do {statistics.median(rollouts):6.2f} s")
    print(f"ratio, round by round   {statistics.median(ratios):6.2f}  (from {min(ratios):.2f} to {max(ratios):.2f})")


def command(program: str, *words: str) -> list[str]:
    """An Ansible command on the demo's plan and the benchmark's fleet."""
    fleet = ["env", f"EESZT_LAB_FLEET={NAME}"]
    return [*fleet, str(Path(sys.executable).parent / program), "-i", "inventory/demo", *words]


def seconds(words: list[str]) -> float:
    """Run a command to its end and give its wall time."""
    start = time.perf_counter()
    subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
