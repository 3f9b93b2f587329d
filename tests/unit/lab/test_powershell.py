"""Where PowerShell comes from: folders, the archives of the release and of ours, and what is wrong with others."""

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from lab import powershell
from lab.errors import LabError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no word about PowerShell."""
    monkeypatch.setenv("EESZT_LAB_CACHE", str(tmp_path / "cache"))
    for build in (powershell.WINDOWS, powershell.LINUX):
        monkeypatch.delenv(build.variable, raising=False)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    return tmp_path / "cache"


def _archive(path: Path, *names: str) -> Path:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as bundle:
            for name in names:
                bundle.writestr(name, "program")
        return path
    with tarfile.open(path, f"w:{path.suffix[1:]}") as bundle:
        top = tarfile.TarInfo("./")
        top.type, top.mode, top.mtime = tarfile.DIRTYPE, 0o755, 1
        bundle.addfile(top)
        for name in names:
            about = tarfile.TarInfo(name)
            about.size, about.mode, about.mtime = 7, 0o644, 1
            bundle.addfile(about, io.BytesIO(b"program"))
    return path


def _folder(path: Path, program: str) -> Path:
    path.mkdir(parents=True)
    (path / program).write_text("program")
    return path


@pytest.mark.parametrize("where", ["", "inner"])
def test_a_folder_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    folder = _folder(tmp_path / "win" / where, "pwsh.exe")
    monkeypatch.setenv("EESZT_PWSH_WINDOWS", str(tmp_path / "win"))
    assert powershell.windows() == folder


@pytest.mark.parametrize("name", ["PowerShell-7.6.9-win-x64.zip", "ours.tar.xz", "ours.tar.gz"])
@pytest.mark.parametrize("inner", ["", "./", "PowerShell/"])
def test_an_archive_is_unpacked_once(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, name: str, inner: str
) -> None:
    archive = _archive(tmp_path / name, f"{inner}pwsh.exe", f"{inner}Modules/x.psd1")
    monkeypatch.setenv("EESZT_PWSH_WINDOWS", str(archive))
    found = powershell.windows()
    assert cache in found.parents
    assert os.access(found / "pwsh.exe", os.X_OK)
    (found / "mark").touch()
    assert (powershell.windows() / "mark").exists()
    assert [one.name for one in cache.iterdir() if one.name.startswith("unpacking-")] == []


def test_another_archive_of_the_same_name_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = _archive(tmp_path / "a.zip", "pwsh.exe")
    monkeypatch.setenv("EESZT_PWSH_WINDOWS", str(archive))
    first = powershell.windows()
    os.utime(_archive(archive, "pwsh.exe", "more"), (5, 5))
    assert (powershell.windows() / "more").exists()
    assert powershell.windows() != first


def test_without_the_variable_the_one_unpacked_last_is_taken(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for name in ("a.tar.gz", "b.tar.gz"):
        monkeypatch.setenv("EESZT_PWSH_LINUX", str(_archive(tmp_path / name, "./pwsh")))
        found.append(powershell.linux())
    # What counts is when they were unpacked, not the times in the archives, which are older.
    os.utime(found[0], (1000, 1000))
    monkeypatch.delenv("EESZT_PWSH_LINUX")
    (cache / "powershell-linux-broken").mkdir()
    assert powershell.linux() == found[1]


def test_what_an_interrupted_command_left_is_cleared(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EESZT_PWSH_WINDOWS", str(_archive(tmp_path / "a.zip", "pwsh.exe")))
    target = powershell.windows()
    half = cache / f"unpacking-{target.name}"
    target.rename(half)
    (half / "half").touch()
    assert powershell.windows() == target
    assert not half.exists()
    assert not (target / "half").exists()


def test_what_is_missing_says_what_to_get_and_where_to_put_it() -> None:
    with pytest.raises(LabError, match=r"win-x64\.zip from https://.* and set EESZT_PWSH_WINDOWS to it"):
        powershell.windows()
    assert "EESZT_PWSH_WINDOWS" in powershell.absent()


def test_both_builds_are_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EESZT_PWSH_WINDOWS", str(_folder(tmp_path / "win", "pwsh.exe")))
    assert "EESZT_PWSH_LINUX" in powershell.absent()
    monkeypatch.setenv("EESZT_PWSH_LINUX", str(_folder(tmp_path / "lin", "pwsh")))
    assert powershell.absent() == ""


def test_a_machine_that_cannot_run_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    assert "this is aarch64" in powershell.absent()


def test_faults_are_named(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _folder(tmp_path / "lin", "pwsh")
    _archive(tmp_path / "other.zip", "readme.txt")
    (tmp_path / "broken.tar.gz").write_bytes(b"\x1f\x8bnothing")
    for given, fault in {
        "relative": "must be an absolute path",
        str(tmp_path / "absent"): "there is no",
        str(tmp_path / "lin"): "has no pwsh.exe; it is the build for Linux",
        str(tmp_path / "other.zip"): "other.zip has no pwsh.exe",
        str(tmp_path / "broken.tar.gz"): "cannot be unpacked",
    }.items():
        monkeypatch.setenv("EESZT_PWSH_WINDOWS", given)
        with pytest.raises(LabError, match=fault):
            powershell.windows()
    assert [one.name for one in cache.iterdir()] == ["powershell.lock"]
