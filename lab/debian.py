"""The Debian packages that the lab needs on the machine itself.  Standard library only."""

import os
import shutil
import subprocess

from lab.errors import LabError

# Package and a program of it; "" where the package brings no program to look for.
NEEDED = {
    "debootstrap": "debootstrap",
    "systemd-container": "systemd-nspawn",
    "iproute2": "ip",
    "openssh-client": "ssh",
    "socat": "socat",
    "apt-utils": "apt-ftparchive",
    "util-linux": "nsenter",
    "mount": "mount",
    "debian-archive-keyring": "",
    "gpgv": "gpgv",
    "xz-utils": "xz",
}
_SBIN = "/usr/local/sbin:/usr/sbin:/sbin"


def missing() -> list[str]:
    """Names of the packages that are not installed, in a fixed order; raises LabError without dpkg."""
    if not shutil.which("dpkg-query"):
        raise LabError("The lab runs on Debian 12 or 13 and Ubuntu 24.04; this machine has no dpkg.")
    words = ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\\n", *NEEDED]
    listing = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    installed = {line.split()[0] for line in listing.splitlines() if line.endswith(" installed")}
    return [name for name in NEEDED if name not in installed]


def missing_programs() -> list[str]:
    """Packages whose program is not found: faster than asking dpkg, for commands that run often."""
    path = f"{os.environ.get('PATH', '')}:{_SBIN}"
    return [name for name, program in NEEDED.items() if program and not shutil.which(program, path=path)]


def install(names: list[str]) -> None:
    """Install packages with apt-get; raises LabError with apt's last words."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "--yes", "--no-install-recommends", *names]):
        done = subprocess.run(
            ["apt-get", "-qq", *words],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["apt-get said nothing"])[-1]
            raise LabError(f"apt-get {words[0]} failed: {last}")
