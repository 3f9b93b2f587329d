# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No password and no key is anywhere but where it belongs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.road.conftest import NAME, STATIONS

PKI = Path("/run/eeszt-connect-lab") / NAME / "pki"
OWNERS = ("E99901A", "P099002", "E99903B", "E99904C")


@pytest.fixture(scope="module")
def secrets(story, road):
    """Passwords, and of each key's PEM form a line from the middle: before it stands the modulus, which is public."""
    found = {f"password of {owner}": (PKI / f"{owner}.password").read_text("utf-8") for owner in OWNERS}
    pairs = {"ws-buda-1": "E99901A", "ws-pest-1": "P099002", "ws-tisza-1": "E99903B"}
    for host, owner in pairs.items():
        key = road.fleet.execute(host, ["cat", f"/etc/eeszt-demo/waf/{owner}/key.pem"]).stdout
        lines = key.splitlines()
        found[f"key of {owner}"] = lines[len(lines) // 2]
    return found


@pytest.fixture(scope="module")
def talkative(story, road):
    """The certificate is brought anew while Ansible says everything that it can."""
    road.fleet.execute("ws-buda-1", ["rm", "-r", "/etc/eeszt-demo/waf/E99901A"])
    run = road.play("site.yml", "-vvvv", "--diff", "--limit", "ws-buda-1", eeszt_run_id="talkative")
    assert run.changed["ws-buda-1"] > 0, run.output
    return run


def leaks(text, secrets):
    return [name for name, secret in secrets.items() if secret in text]


def test_no_output_holds_one(secrets, talkative, road):
    assert [leaks(run.output, secrets) for run in road.runs if leaks(run.output, secrets)] == []


def test_neither_ledger_nor_report_holds_one(secrets, talkative, road):
    files = [each for each in road.folder.rglob("*") if each.is_file()]
    assert files
    assert {each.name: found for each in files if (found := leaks(each.read_text("utf-8"), secrets))} == {}


@pytest.mark.parametrize("host", STATIONS)
def test_no_journal_or_stray_file_of_a_host_holds_one(secrets, talkative, road, host):
    journal = road.fleet.execute(host, ["journalctl", "--quiet", "--no-pager", "--output=short-full"]).stdout
    assert "Invoked with" in journal
    assert leaks(journal, secrets) == []
    stray = road.fleet.execute(host, ["sh", "-c", "find /root /tmp /var/tmp /dev/shm -type f -size -1M -exec cat {} +"])
    assert leaks(stray.stdout, secrets) == []


def test_the_key_is_readable_by_its_owner_only(secrets, road):
    listing = road.fleet.execute(
        "ws-buda-1", ["sh", "-c", "stat -c '%a %n' /etc/eeszt-demo/waf/*/key.pem /etc/eeszt-demo/waf/*/*.p12"]
    )
    assert {line.split()[0] for line in listing.stdout.splitlines()} == {"600"}
