# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs in children: what hangs is killed, what crashes is told, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ansible_collections.eeszt.connect.plugins.module_utils.observe.bounded import in_children
from ansible_collections.eeszt.connect.plugins.module_utils.observe.shapes import Clock, Session


def children() -> set[int]:
    """Processes whose parent is this one, dead ones that wait to be reaped included."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        found |= {int(pid) for pid in (task / "children").read_text().split()}
    return found


def hang() -> Clock:
    threading.Event().wait(60)
    return Clock()


def hang_and_ignore_signals() -> Clock:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return hang()


def crash() -> Clock:
    os.kill(os.getpid(), signal.SIGKILL)
    return hang()


def fail() -> Clock:
    raise PermissionError(13, "Permission denied")


def leave_early() -> Clock:
    sys.exit(3)


def greet() -> Session:
    return Session("doktornő", True)


def test_values_come_back_by_name() -> None:
    outcomes = in_children({"one": greet, "two": Clock}, 10)

    assert outcomes["one"].value == {"account": "doktornő", "remote": True}
    assert outcomes["two"].value is not None
    assert outcomes["one"].failure is outcomes["two"].failure is None


def test_a_hang_is_killed_in_its_time_and_takes_nobody_along() -> None:
    before = children()
    start = time.monotonic()

    outcomes = in_children({"hung": hang_and_ignore_signals, "well": greet, "hung too": hang}, 0.4)

    assert time.monotonic() - start < 2
    assert outcomes["well"].value == {"account": "doktornő", "remote": True}
    for name in ("hung", "hung too"):
        failure = outcomes[name].failure
        assert failure is not None
        assert (failure.stack, failure.code) == ("probe", "timeout")
    assert children() == before, "neither orphans nor zombies"


@pytest.mark.parametrize(
    ("job", "stack", "code"),
    [(crash, "probe", "crashed"), (fail, "errno", 13), (leave_early, "probe", "SystemExit")],
)
def test_a_broken_job_tells_how_it_broke(job: object, stack: str, code: object) -> None:
    outcomes = in_children({"broken": job, "well": greet}, 10)  # type: ignore[dict-item]

    failure = outcomes["broken"].failure
    assert failure is not None
    assert (failure.stack, failure.code) == (stack, code)
    assert outcomes["well"].failure is None


def test_what_a_job_started_goes_down_with_it(tmp_path: Path) -> None:
    note = tmp_path / "pid"

    def start_another() -> Clock:
        with subprocess.Popen(["sleep", "60"]) as other:
            note.write_text(str(other.pid))
            return hang()

    in_children({"parent": start_another}, 1)

    status = Path(f"/proc/{note.read_text()}/status")
    ended = time.monotonic() + 5
    while status.exists() and "State:\tZ" not in status.read_text() and time.monotonic() < ended:
        os.sched_yield()
    assert not status.exists() or "State:\tZ" in status.read_text()


def test_a_job_that_prints_spoils_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    def chatter() -> Session:
        os.write(1, b"hello")
        os.write(2, b"hello")
        return greet()

    outcomes = in_children({"chatter": chatter}, 10)

    assert outcomes["chatter"].value is not None
    assert capfd.readouterr() == ("", "")


def test_an_answer_larger_than_a_pipe_arrives_whole() -> None:
    outcomes = in_children({"large": lambda: Session("x" * 1_000_000, None)}, 10)

    value = outcomes["large"].value
    assert value is not None
    assert len(value["account"]) == 1_000_000
