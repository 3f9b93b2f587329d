"""kill -9 at any point of `up` and `down`: the next command finishes what was begun."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import Fleet, cgroup, images
from lab.clean import left_over
from lab.errors import LabError
from lab.hosts import LinuxHost
from lab.paths import CHECKOUT

pytestmark = pytest.mark.lab
NAME = "pytest-kill"
FEW = (0.3, 0.7, 1.2)
MANY = tuple(round(0.1 + 0.07 * step, 2) for step in range(40))


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """A fleet that is down, before and after."""
    made = Fleet(NAME, file="test")
    made.down()
    yield made
    made.down()
    assert left_over(NAME) == []


def kill_during(verb: str, seconds: float, *words: str) -> None:
    """Start a command and kill it with SIGKILL after so long, unless it is through by then."""
    argv = [sys.executable, "-m", "lab", verb, "--fleet", NAME, *words]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=CHECKOUT) as command:
        try:
            command.wait(seconds)
        except subprocess.TimeoutExpired:
            command.kill()


def check_whole(fleet: Fleet) -> None:
    """`up` mends it, once; each host is there once."""
    fleet.up()
    assert fleet.up() == []
    for host in fleet.machines:
        assert isinstance(host, LinuxHost)
        names = [cgroup.command_name(pid) for pid in host.scope.pids()]
        assert names.count("systemd-nspawn") == 1, host.host.name
        assert names.count("systemd-journal") == 1, host.host.name


def _times(few: tuple[float, ...]) -> list[object]:
    many = [pytest.param(one, marks=pytest.mark.full) for one in MANY if one not in few]
    return [*few, *many]


@pytest.mark.parametrize("seconds", _times(FEW))
def test_up_after_a_killed_up(fleet: Fleet, seconds: float) -> None:
    kill_during("up", seconds, "--file", "test")
    check_whole(fleet)


@pytest.mark.parametrize("seconds", _times((0.25,)))
def test_down_after_a_killed_up(fleet: Fleet, seconds: float) -> None:
    kill_during("up", seconds, "--file", "test")
    fleet.down()
    assert left_over(NAME) == []


@pytest.mark.parametrize("seconds", _times((0.2, 0.3)))
def test_after_a_killed_down(fleet: Fleet, seconds: float) -> None:
    fleet.up()
    kill_during("down", min(seconds, 0.12 + seconds / 10))
    check_whole(fleet)
    kill_during("down", min(seconds, 0.12 + seconds / 10))
    fleet.down()
    assert left_over(NAME) == []


def test_two_ups_at_once(fleet: Fleet) -> None:
    argv = [sys.executable, "-m", "lab", "up", "--fleet", NAME, "--file", "test"]
    both = [subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT) for _ in range(2)]
    said = [one.communicate()[0] for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert sum("nothing changed" in text for text in said) == 1
    assert sum("waiting for another lab command" in text for text in said) == 1
    check_whole(fleet)


@pytest.mark.full
def test_a_killed_build_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EESZT_LAB_CACHE", str(tmp_path / "cache"))
    kill_during("up", 8, "--file", "test")
    group = cgroup.Scope(images._group())
    assert group.alive(), "the build was through before it could be killed"
    assert list((tmp_path / "cache").glob("tmp-*"))
    images.remove_all()
    assert not group.path.exists()
    assert not (tmp_path / "cache").exists()
    assert left_over(NAME) == []


def test_another_checkouts_fleet_is_left_alone_while_it_runs(fleet: Fleet, tmp_path: Path) -> None:
    fleet.up()
    known = json.loads(fleet.paths.record.read_text("utf-8"))
    fleet.paths.record.write_text(json.dumps({**known, "owner": str(tmp_path)}), "utf-8")
    with pytest.raises(LabError, match=f"belongs to the checkout {tmp_path}"):
        fleet.down()
    cgroup.Scope(NAME).kill()
    assert fleet.down()
