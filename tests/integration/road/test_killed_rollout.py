# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 of the controller at any moment of a rollout: nothing is half done, and the next run completes it."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from tests.integration.road.conftest import Road
from tests.integration.road.killing import CLIENT, DRIFTS, LINE, OURS, WAF, Moment, Rollout

FEW, SOME = ("ws-buda-2",), ("ws-buda-1", "ws-buda-2", "ws-pest-1")
IN_THE_MIDST = (
    Moment(line="TASK [eeszt.connect.eid_client : Install it]"),
    Moment(line="TASK [eeszt.connect.waf_certificate : Bring the certificates]"),
)
MOMENTS = 20
SEED = int(os.environ.get("EESZT_KILL_SEED", time.time_ns()))


@pytest.fixture(scope="module")
def hosts(road: Road) -> Iterator[Road]:
    yield road
    for host in SOME:
        # Other tests know no client here.
        road.fleet.execute(host, ["sh", "-c", f"dpkg --purge {CLIENT}; rm -f {LINE} {OURS}/eid_client.json"])


def kill(rollout: Rollout, run_id: str, moment: Moment, chance: random.Random) -> None:
    """Kill a rollout that has work; one that was through before the moment came is begun again, and killed earlier."""
    seconds = moment.seconds
    while not rollout.killed(run_id, Moment(seconds, moment.line), spare=chance.random() < 0.5):
        rollout.drift()
        seconds *= 0.8
    assert rollout.broken() == []


def in_the_way(result: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Host, check and what it says, of all that is not good on a host that is not ready or has a role that failed."""
    bad = [each for each in result["checks"] if each["status"] in ("fail", "not_tested")] if not result["ready"] else []
    said = [(result["host"], each["id"], each["reason"] or str(each["observed"])) for each in bad]
    return said + [(result["host"], each["role"], each["message"]) for each in result["failed_roles"]]


def survive(rollout: Rollout, name: str, moments: Sequence[Moment], chance: random.Random) -> None:
    """Kill one run after the other, the second on what the first left, with more to do; then complete it."""
    ways = {host.replace("-", "_"): [chance.choice(list(DRIFTS))] for host in rollout.hosts}
    print(f"EESZT_KILL_SEED={SEED}, {moments}, {ways}")
    rollout.drift()
    kill(rollout, f"{name}-killed-1", moments[0], chance)
    rollout.drift(**ways)
    kill(rollout, f"{name}-killed-2", moments[1], chance)

    completing = rollout.whole(f"{name}-completing")
    results = rollout.road.results(f"{name}-completing")
    assert set(results) == set(rollout.hosts), completing.output
    assert [why for result in results.values() for why in in_the_way(result)] == [], completing.output
    assert rollout.broken() == rollout.stray() == []

    again = rollout.whole(f"{name}-again")
    assert again.changed == dict.fromkeys(rollout.hosts, 0), again.changes
    assert again.status == 0


def test_a_rollout_that_was_killed_while_it_wrote_is_completed_by_the_next(hosts: Road) -> None:
    survive(Rollout(hosts, FEW), "few", IN_THE_MIDST, random.Random(SEED))


UNIT = "/etc/systemd/system/his.service"
# A program that reads the certificate once, when it starts; it waits, or cannot start, where the test says so.
HIS = f"""cat > {UNIT} <<'EOF'
[Service]
Type=oneshot
RemainAfterExit=yes
TimeoutStartSec=infinity
ExecStart=/bin/sh -c 'while [ -e /run/his-waits ]; do sleep 0.1; done; test ! -e /run/his-broken'
ExecStart=/bin/sh -c 'sha256sum {WAF}/*/certificate.pem > /run/his-knows'
EOF
systemctl daemon-reload"""


@pytest.fixture(scope="module")
def told(hosts: Road) -> Iterator[Rollout]:
    """A rollout whose host is ready, and has a service that uses its certificates."""
    rollout = Rollout(hosts, FEW, {"eeszt_certificate_notify": [{"name": "his"}]})
    on(rollout, f"{HIS}; touch /run/his-knows")
    rollout.whole("told-first")
    yield rollout
    on(rollout, f"rm -f /run/his-*; systemctl stop his; rm {UNIT}; systemctl daemon-reload")


def on(rollout: Rollout, script: str) -> str:
    """Run a script on the rollout's host, and give what it printed."""
    done = rollout.road.fleet.execute(rollout.hosts[0], ["sh", "-c", script])
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return str(done.stdout)


KNOWN = f"sha256sum {WAF}/*/certificate.pem | cmp - /run/his-knows >/dev/null && echo known || echo not known"
NOTES = f"find {WAF} -name '*.untold' | wc -l"


def said_of_telling(rollout: Rollout, run_id: str) -> set[tuple[str, ...]]:
    (result,) = rollout.road.results(run_id).values()
    return {(each["status"], *each["causes"]) for each in result["checks"] if each["id"] == "certificate.told"}


def is_told_by_the_next(rollout: Rollout, name: str) -> None:
    """The next run tells the service, and the one after it has nothing to do."""
    completing = rollout.whole(f"{name}-completing")
    assert said_of_telling(rollout, f"{name}-completing") == {("ok",)}, completing.output
    assert (on(rollout, KNOWN), on(rollout, NOTES)) == ("known\n", "0\n"), completing.output
    again = rollout.whole(f"{name}-again")
    assert (again.status, again.changed) == (0, dict.fromkeys(rollout.hosts, 0)), again.changes


def test_a_service_learns_of_a_certificate_although_the_run_was_killed_before_it_was_told(told: Rollout) -> None:
    told.drift(ws_buda_2=["certificates"])
    on(told, "rm /run/his-knows; touch /run/his-knows /run/his-waits")
    handler = Moment(line="RUNNING HANDLER [eeszt.connect.waf_certificate : Have a service of Linux")
    assert told.killed("told-killed", handler, spare=False)
    assert told.broken() == []
    assert (on(told, KNOWN), on(told, NOTES)) == ("not known\n", "4\n"), "the certificates are there, the service waits"
    on(told, "rm /run/his-waits")
    is_told_by_the_next(told, "told-killed")


def test_a_service_learns_of_a_certificate_although_it_did_not_start_again_at_first(told: Rollout) -> None:
    told.drift(ws_buda_2=["certificates"])
    on(told, "rm /run/his-knows; touch /run/his-knows /run/his-broken")
    broken = told.whole("told-broken")
    assert said_of_telling(told, "told-broken") == {("fail", "services_untold")}, broken.output
    (result,) = told.road.results("told-broken").values()
    assert (result["ready"], result["work"]) == (False, ["waf_certificate"])
    assert result["failed_roles"] != []
    on(told, "rm /run/his-broken")
    is_told_by_the_next(told, "told-broken")


@pytest.fixture(scope="module")
def moments(hosts: Road) -> list[Moment]:
    """One in each of as many parts of the time that a whole run takes, in any order."""
    rollout = Rollout(hosts, SOME)
    rollout.drift()
    began = time.monotonic()
    assert rollout.whole("measured").status == 0
    part = (time.monotonic() - began) / MOMENTS
    chance = random.Random(SEED)
    found = [Moment(part * (number + chance.random())) for number in range(MOMENTS)]
    chance.shuffle(found)
    return found


@pytest.mark.full
@pytest.mark.parametrize("number", range(MOMENTS // 2))
def test_a_rollout_that_is_killed_at_any_moment_is_completed_by_the_next(
    hosts: Road, moments: list[Moment], number: int
) -> None:
    survive(Rollout(hosts, SOME), f"many-{number}", moments[2 * number : 2 * number + 2], random.Random(SEED + number))
