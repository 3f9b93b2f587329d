"""Base images, the layers of the gateway and of Windows doubles over one of them, and the packages for hosts.

Each is a folder of the cache whose name holds a hash of all that defines it.  It is built under the
name `tmp-...` and renamed when whole; what an interrupted build left is ended and removed by the next one.
"""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lab import debs, powershell
from lab.cgroup import Scope
from lab.errors import LabError
from lab.paths import FILES, cache_dir
from lab.run import Progress
from lab.spec import CONTROLLER, RELEASES

APT_PORT = 8080
APT_SERVER = f"http://{CONTROLLER}:{APT_PORT}"
GATEWAY_RELEASE = "trixie"
WINDOWS_RELEASE = "trixie"
KEEP_SECONDS = 30 * 86400
HERE = FILES.parent
# What the registry of a Windows double says whose outbound traffic is closed.
CLOSED_REGISTRY = HERE / "windows/standins/Modules/NetSecurity/closed.reg"


@dataclass(frozen=True)
class Image:
    """One folder of the cache."""

    kind: str
    release: str
    digest: str

    @property
    def name(self) -> str:
        """Its folder's name."""
        return f"{self.kind}-{self.release}-{self.digest}"

    @property
    def path(self) -> Path:
        """Its folder."""
        return cache_dir() / self.name

    @property
    def ready(self) -> bool:
        """Whether it is there, whole."""
        return self.path.is_dir()


def base(release: str) -> Image:
    """The base image of a release; its tree is `<path>/root`."""
    names = ("bootstrap.sh", "install.sh", "build-base.sh", "customise.sh")
    parts = [",".join(_packages(release)), APT_SERVER, *((FILES / name).read_text() for name in names)]
    for file in sorted((FILES / "base").rglob("*")):
        if file.is_file():
            parts += [str(file.relative_to(FILES)), file.read_text()]
    return Image("base", release, _digest(parts))


def gateway() -> Image:
    """The gateway's layer; its tree is `<path>/up`, over the base of GATEWAY_RELEASE."""
    under = base(GATEWAY_RELEASE)
    parts = [under.digest, *_definition()["gateway"], (FILES / "build-layer.sh").read_text()]
    return Image("gateway", GATEWAY_RELEASE, _digest(parts))


def wine() -> Image:
    """The layer of Windows doubles; its tree is `<path>/up`, over the base of WINDOWS_RELEASE."""
    parts = [base(WINDOWS_RELEASE).digest, *_definition()["wine"]]
    parts += [(FILES / name).read_text() for name in ("install.sh", "build-wine.sh")]
    for file in sorted((FILES / "windows").rglob("*")):
        if file.is_file():
            parts += [str(file.relative_to(FILES)), file.read_text()]
    parts.append(CLOSED_REGISTRY.read_text())
    return Image("wine", WINDOWS_RELEASE, _digest(parts))


def proxy() -> Image:
    """The layer of a gateway with a proxy; its tree is `<path>/up`, over the gateway's."""
    return Image("proxy", GATEWAY_RELEASE, _digest([gateway().digest, *_definition()["proxy"]]))


def repository(release: str) -> Image:
    """The packages that hosts of a release can install."""
    return Image("packages", release, _digest([base(release).digest, *_served()]))


def needed(releases: Sequence[str], windows: bool = False, proxied: bool = False) -> list[Image]:
    """All images of a fleet with hosts of these releases, and with Windows doubles and a proxy or without."""
    wanted = sorted({*releases, GATEWAY_RELEASE, *([WINDOWS_RELEASE] if windows else [])})
    layers = [gateway(), *([proxy()] if proxied else []), *([wine()] if windows else [])]
    return [*(base(one) for one in wanted), *layers, *(repository(one) for one in wanted)]


def ensure(releases: Sequence[str], progress: Progress, windows: bool = False, proxied: bool = False) -> list[str]:
    """Build what is missing, the releases side by side; returns the names of what was built."""
    missing = [image for image in needed(releases, windows, proxied) if not image.ready]
    if not missing:
        return []
    with _locked(progress):
        _sweep()
        missing = [image for image in missing if not image.ready]
        lanes = [[image for image in missing if image.release == one] for one in sorted({i.release for i in missing})]
        with ThreadPoolExecutor(max(1, len(lanes))) as pool:
            for done in [pool.submit(_build_all, lane, progress) for lane in lanes]:
                done.result()
        Scope(_group()).remove()
        _prune()
    return [image.name for image in missing]


def _prune() -> None:
    """Remove images that no definition in use asks for: not ours, in no mount, and older than a month.

    The age leaves another checkout, with other definitions, its images.  PowerShell stays: it cannot be fetched again.
    """
    ours = {image.name for image in needed(RELEASES, windows=True, proxied=True)}
    mounted = Path("/proc/self/mountinfo").read_text()
    for folder in cache_dir().iterdir():
        old = time.time() - folder.stat().st_mtime > KEEP_SECONDS
        kept = folder.name in ours or folder.name in mounted or folder.name.startswith(powershell.FOLDERS)
        if folder.is_dir() and old and not kept:
            shutil.rmtree(folder)


def remove_all() -> None:
    """Delete everything in the cache."""
    if cache_dir().exists():
        with _locked(Progress(quiet=True)):
            _sweep()
            shutil.rmtree(cache_dir())


def _build_all(lane: list[Image], progress: Progress) -> None:
    builders: dict[str, Callable[[Image, Path, Path, Progress], None]] = {
        "base": _build_base,
        "gateway": _build_layer,
        "packages": _build_repository,
        "proxy": _build_layer,
        "wine": _build_wine,
    }
    for image in lane:
        target = cache_dir() / f"tmp-{image.name}"
        log = cache_dir() / f"{image.kind}-{image.release}.log"
        log.unlink(missing_ok=True)
        target.mkdir(mode=0o755)
        builders[image.kind](image, target, log, progress)
        target.rename(image.path)
        progress(f"built {image.name}")


def _build_base(image: Image, target: Path, log: Path, progress: Progress) -> None:
    mirror = debs.machine_mirror()
    progress(f"{image.name}: the smallest Debian (1 of 3) ...")
    _script(image, "bootstrap.sh", [target, image.release, *([mirror] if mirror else [])], log)
    progress(f"{image.name}: fetching its packages (2 of 3) ...")
    debs.fetch(target, image.release, _packages(image.release), target / "debs", log, _scope(image))
    progress(f"{image.name}: installing them (3 of 3) ...")
    _script(image, "build-base.sh", [FILES, target, target / "debs", image.release, APT_SERVER], log)
    shutil.rmtree(target / "debs")


def _build_layer(image: Image, target: Path, log: Path, progress: Progress) -> None:
    """The packages of a kind over the base, a proxy's over the gateway's too."""
    under = base(image.release).path
    progress(f"{image.name}: fetching and installing ...")
    debs.fetch(under, image.release, _definition()[image.kind], target / "debs", log, _scope(image))
    below = [*([gateway().path / "up"] if image.kind == "proxy" else []), under / "root"]
    _script(image, "build-layer.sh", [FILES, target, target / "debs", ":".join(map(str, below))], log)
    shutil.rmtree(target / "debs")


def _build_wine(image: Image, target: Path, log: Path, progress: Progress) -> None:
    under = base(image.release).path
    progress(f"{image.name}: fetching and installing Wine, making its Windows ...")
    debs.fetch(under, image.release, _definition()["wine"], target / "debs", log, _scope(image))
    _script(image, "build-wine.sh", [FILES, target, target / "debs", under / "root", CLOSED_REGISTRY], log)
    shutil.rmtree(target / "debs")


def _build_repository(image: Image, target: Path, log: Path, progress: Progress) -> None:
    progress(f"{image.name}: fetching ...")
    debs.fetch(base(image.release).path, image.release, _served(), target, log, _scope(image), apart=True)


def _script(image: Image, name: str, words: Sequence[str | Path], log: Path) -> None:
    """Run a build script in a group and a mount namespace of its own; raises LabError."""
    scope = _scope(image)
    argv = ["unshare", "--mount", "--propagation", "private", "sh", str(FILES / name), *map(str, words)]
    with log.open("ab") as sink:
        status = scope.start(argv, sink, {**debs.machine_proxy(), **os.environ, "LC_ALL": "C"}).wait()
    scope.remove()
    if status:
        last = (log.read_text(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
        raise LabError(f"Building the {image.kind} image of {image.release} failed: {last.strip()} (all of it: {log})")


def _group() -> str:
    """Builds' group: one a cache, because a build of another cache is none of ours to end."""
    return f"_images-{_digest([str(cache_dir())])[:8]}"


def _scope(image: Image) -> Scope:
    return Scope(f"{_group()}/{image.kind}-{image.release}")


def _sweep() -> None:
    """End and remove what an interrupted build left."""
    Scope(_group()).remove()
    for folder in cache_dir().glob("tmp-*"):
        shutil.rmtree(folder)


@contextmanager
def _locked(progress: Progress) -> Iterator[None]:
    cache_dir().mkdir(parents=True, exist_ok=True)
    with (cache_dir() / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("waiting for another lab command that builds images ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _definition() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((HERE / "images.yml").read_text())
    return data


def _served() -> list[str]:
    names: list[str] = yaml.safe_load((HERE / "packages.yml").read_text())["packages"]
    return names


def _packages(release: str) -> list[str]:
    data = _definition()
    return [*data["common"], *data["releases"][release]]


def _digest(parts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
