"""Debian packages for images and hosts, fetched by the controller's apt with directories of its own."""

from pathlib import Path

from lab.cgroup import Scope
from lab.errors import LabError
from lab.run import run, write_file

# The second name is that of newer keyring packages.
KEYRINGS = tuple(Path(f"/usr/share/keyrings/debian-archive-keyring.{end}") for end in ("gpg", "pgp"))


def machine_mirror() -> str:
    """The Debian mirror of the machine's apt; "" when it has none (not Debian): debootstrap has a default."""
    release = _os_release()
    if release.get("ID") != "debian":
        return ""
    wanted = release.get("VERSION_CODENAME", "")
    for line in run(["apt-get", "indextargets", "--format", "$(CODENAME) $(COMPONENT) $(SITE)"]).splitlines():
        codename, _, rest = line.partition(" ")
        component, _, site = rest.partition(" ")
        if codename == wanted and component == "main" and site.startswith(("http://", "https://")):
            return site
    return ""


def machine_proxy() -> dict[str, str]:
    """The proxy of the machine's apt, as the environment that debootstrap's downloads look at."""
    value = run(["sh", "-c", 'eval "$(apt-config shell PROXY Acquire::http::Proxy)"; printf %s "$PROXY"']).strip()
    return {"http_proxy": value} if value and value != "DIRECT" else {}


def _os_release() -> dict[str, str]:
    pairs = (line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    return {key: value.strip('"') for key, value in pairs}


def fetch(
    base: Path, release: str, packages: list[str], target: Path, log: Path, scope: Scope, apart: bool = False
) -> None:
    """Fetch `packages` and all that the image `base` lacks for them into `target`, with an index.

    `apart`: each is one or more names that go together, and may exclude the others; they come also
    where the image has them, so that a host can lose them and get them again.
    `base` is the image's folder (with `root` and `mirror`); apt runs in `scope`, where the next
    build can end it when this one is killed.  Raises LabError with apt's words.
    """
    own = target / "apt"
    for folder in ("state/lists/partial", "cache/archives/partial", "etc"):
        (own / folder).mkdir(parents=True)
    mirror = (base / "mirror").read_text().strip()
    write_file(own / "etc/sources.list", f"deb [signed-by={_keyring()}] {mirror} {release} main\n")
    apt = ["apt-get", "-qq", *_options(own, base)]
    run(scope.command([*apt, "update"]), log=log)
    again = ["--reinstall"] if apart else []
    for wanted in [line.split() for line in packages] if apart else [packages]:
        run(scope.command([*apt, "install", "--download-only", "--yes", *again, *wanted]), log=log)
    scope.remove()
    found = sorted((own / "cache/archives").glob("*.deb"))
    if not found:
        raise LabError(f"apt fetched nothing for {', '.join(packages)}; see {log}.")
    for file in found:
        file.replace(target / file.name)
    run(["rm", "-rf", own])
    write_index(target)


def _keyring() -> Path:
    for path in KEYRINGS:
        if path.exists():
            return path
    raise LabError("Debian's archive keys are missing; install debian-archive-keyring.")


def write_index(folder: Path) -> None:
    """Write `Packages` and `Release` of a flat repository."""
    listing = run(["sh", "-c", 'cd "$1" && apt-ftparchive packages .', "sh", folder])
    write_file(folder / "Packages", listing)
    write_file(folder / "Release", run(["sh", "-c", 'cd "$1" && apt-ftparchive release .', "sh", folder]))


def _options(own: Path, base: Path) -> list[str]:
    pairs = {
        "Dir::State": own / "state",
        "Dir::State::status": base / "root/var/lib/dpkg/status",
        "Dir::Cache": own / "cache",
        "Dir::Etc::sourcelist": own / "etc/sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        # The machine's own pins and sandbox user know nothing of these folders.
        "APT::Default-Release": "",
        "APT::Sandbox::User": "root",
        "APT::Install-Recommends": "false",
        "Acquire::Languages": "none",
    }
    return [word for key, value in pairs.items() for word in ("-o", f"{key}={value}")]
