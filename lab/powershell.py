"""PowerShell's builds for Windows and Linux, as given by the user: an unpacked folder or an archive.

`EESZT_PWSH_WINDOWS` and `EESZT_PWSH_LINUX` name either.  An archive is unpacked once into the lab's cache, under a
name with a digest of what it is; without the variable the one that was unpacked last is taken.
"""

import fcntl
import hashlib
import os
import platform
import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.paths import cache_dir

FOLDERS = "powershell-"
SOURCE = "https://github.com/PowerShell/PowerShell/releases"


@dataclass(frozen=True)
class Build:
    """One build: what it is called, the variable that names it, its program, and the release's archive."""

    system: str
    variable: str
    program: str
    archive: str


WINDOWS = Build("Windows", "EESZT_PWSH_WINDOWS", "pwsh.exe", "PowerShell-7.x.y-win-x64.zip")
LINUX = Build("Linux", "EESZT_PWSH_LINUX", "pwsh", "powershell-7.x.y-linux-x64.tar.gz")


def windows() -> Path:
    """The folder with pwsh.exe; raises LabError that says what to get and where to put it."""
    return find(WINDOWS)


def linux() -> Path:
    """The folder with pwsh; raises LabError that says what to get and where to put it."""
    return find(LINUX)


def absent() -> str:
    """Why Windows doubles cannot be made here, "" when they can; unpacks what is not unpacked yet."""
    if platform.machine() != "x86_64":
        return f"Windows doubles need a machine with x86_64; this is {platform.machine()}."
    try:
        windows()
        linux()
    except LabError as fault:
        return str(fault)
    return ""


def given(build: Build) -> Path:
    """The folder or archive that will be used, without a look into it.  Raises LabError."""
    said = os.environ.get(build.variable, "")
    if not said:
        kept = _kept(build)
        if kept is None:
            raise LabError(
                f"No PowerShell for {build.system}: get {build.archive} from {SOURCE} and set {build.variable} to it, "
                "or to the folder it was unpacked into."
            )
        return kept
    path = Path(said)
    if not path.is_absolute():
        raise LabError(f"{build.variable} must be an absolute path, not {said}.")
    if not path.exists():
        raise LabError(f"{build.variable}: there is no {path}.")
    return path


def find(build: Build) -> Path:
    """The folder with a build's program, unpacked if need be.  Raises LabError."""
    path = given(build)
    folder = path if path.is_dir() else _unpacked(path, build)
    return _within(folder, build, f"The folder {path}" if path.is_dir() else f"{build.variable}: {path.name}")


def _within(folder: Path, build: Build, what: str) -> Path:
    for place in (folder, *sorted(one for one in folder.iterdir() if one.is_dir())):
        if (place / build.program).is_file():
            return place
    other = next((one for one in (WINDOWS, LINUX) if one != build and (folder / one.program).is_file()), None)
    instead = f"; it is the build for {other.system}" if other else ""
    raise LabError(f"{what} has no {build.program}{instead}. It must be what {build.archive} unpacks to.")


def _prefix(build: Build) -> str:
    return f"{FOLDERS}{build.system.lower()}-"


def _kept(build: Build) -> Path | None:
    folders = sorted(cache_dir().glob(f"{_prefix(build)}*"), key=lambda one: one.stat().st_mtime, reverse=True)
    for folder in folders:
        try:
            _within(folder, build, str(folder))
        except LabError:
            continue
        return folder
    return None


def _unpacked(archive: Path, build: Build) -> Path:
    about = archive.stat()
    words = f"{archive.name}\0{about.st_size}\0{about.st_mtime_ns}"
    target = cache_dir() / (_prefix(build) + hashlib.sha256(words.encode()).hexdigest()[:12])
    if target.is_dir():
        return target
    with _locked():
        new = cache_dir() / f"unpacking-{target.name}"
        # Left by a command that was killed; the lock says that nobody is at it now.
        shutil.rmtree(new, ignore_errors=True)
        if not target.is_dir():
            try:
                new.mkdir()
                _unpack(archive, new)
                _within(new, build, f"{build.variable}: {archive.name}")
                new.chmod(0o755)
                # Not the archive's own times: the newest is what is used without the variable.
                os.utime(new)
                new.rename(target)
            finally:
                shutil.rmtree(new, ignore_errors=True)
    return target


@contextmanager
def _locked() -> Iterator[None]:
    cache_dir().mkdir(parents=True, exist_ok=True)
    with (cache_dir() / "powershell.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _unpack(archive: Path, target: Path) -> None:
    """Into `target`; programs get their execute bit back, which a zip of Windows does not carry."""
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as bundle:
                bundle.extractall(target)
        else:
            with tarfile.open(archive, "r:*") as bundle:
                # Python 3.11.2, which Debian 12 has, knows no filter yet.
                bundle.extraction_filter = getattr(tarfile, "tar_filter", None)
                bundle.extractall(target)
    except (OSError, zipfile.BadZipFile, tarfile.TarError, EOFError) as fault:
        raise LabError(f"{archive} cannot be unpacked: {fault}.") from fault
    for program in (*target.rglob("pwsh"), *target.rglob("pwsh.exe")):
        if program.is_file():
            program.chmod(0o755)
