# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role opened stays open over a restart, and everything else stays closed."""

from __future__ import annotations

import json

PLAYBOOK = "tests/integration/road/playbooks/firewall_seen.yml"


def test_only_the_ports_of_eeszt_are_open_after_a_restart(story, road, tmp_path):
    road.fleet.host_action("reboot", "ws-buda-1")

    answer = tmp_path / "seen.json"
    road.play(PLAYBOOK, "--limit", "ws-buda-1", answer=str(answer))
    seen = {each["port"]: each["verdict"] for each in json.loads(answer.read_text("utf-8"))}
    assert seen == {443: "accept", 4443: "accept", 5443: "accept", 25: "drop", 8443: "drop"}

    audit = road.play("audit.yml", "--limit", "ws-buda-1", eeszt_run_id="restarted")
    assert road.results("restarted")["ws-buda-1"]["ready"], audit.output
