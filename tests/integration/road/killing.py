# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let hosts drift, kill the controller of their rollout in its midst, and look at what that left."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import select
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12

from lab import cgroup
from tests.integration.ansible_run import BIN, ROOT, Run
from tests.integration.road.conftest import NAME, Road

CLIENT, VERSION = "eszemelyi-double", "2.0.38"
WAF = "/etc/eeszt-demo/waf"
MODES = {"certificate.pem": 0o644, "chain.pem": 0o644, "key.pem": 0o600, "client.p12": 0o600}
LINE = f"/etc/xdg/autostart/eeszt-connect-{CLIENT}.desktop"
OURS = "/etc/eeszt-connect"
DRIFTS = {
    "certificates": f"rm -rf {WAF}",
    "rules": f"rm -f {OURS}/outbound.nft; sed -i '/outbound.nft/d' /etc/nftables.conf; nft -f /etc/nftables.conf",
    # A package manager of the killed run may be at it still.
    "client": f"dpkg --status {CLIENT} >/dev/null 2>&1 && apt-get -q -o DPkg::Lock::Timeout=120 -y purge {CLIENT};"
    f" rm -f {LINE} {OURS}/eid_client.json",
}
SPARED = ("ssh", "socat")
"""What Ansible leaves running for the next run: the kept connections, and what carries them."""
STRAY = (
    r"find /etc /root /tmp /var/tmp \( -name '.eeszt-connect.*.tmp' -o -name '*.eid_client' -o -name '.ansible_tmp*' \)"
    ";"
    # What Ansible itself leaves behind has no secret in it.
    " grep -rl 'PRIVATE KEY' /root /tmp /var/tmp /dev/shm 2>/dev/null; dpkg --audit"
)
# Under the lock that those who write there hold.
READ = """
import base64, fcntl, json, os, pathlib, sys
found = {}
for folder in pathlib.Path(sys.argv[1]).glob("*"):
    lock = os.open(folder, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_SH)
    files = {f.name: [f.stat().st_mode & 0o7777, base64.b64encode(f.read_bytes()).decode()] for f in folder.iterdir()}
    os.close(lock)
    found[folder.name] = files
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Moment:
    """When to kill: so many seconds after the start, or when a line of the output begins as given."""

    seconds: float = 600.0
    line: str = ""


@dataclass(frozen=True)
class Rollout:
    """A rollout of some hosts that all can be ready, with the double of a client that their policy asks for.

    ``more``: what else is given with -e.
    """

    road: Road
    hosts: tuple[str, ...]
    more: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def variables(self) -> dict[str, Any]:
        """What is given with -e."""
        package, policy = self.road.folder / f"{CLIENT}.deb", self.road.folder / "client.policy.yml"
        if not package.exists():
            build_client(package)
            shipped = (ROOT / "plugins/plugin_utils/contract/policies/test.yml").read_text("utf-8")
            # A client that is not started at logon is one whose installation was cut off.
            for check in ("client.installed", "client.autostart"):
                shipped = shipped.replace(f"  {check}: {{level: ignored}}\n", "")
            policy.write_text(shipped.replace("  packages: []", f"  packages: [{CLIENT}]"), "utf-8")
        return {
            "eeszt_policy": str(policy),
            "waf_certificate_test_issuer_words": [],
            "eid_client_package": str(package),
            "eid_client_push": True,
            "eid_client_version": VERSION,
            "eid_client_sha256": hashlib.sha256(package.read_bytes()).hexdigest(),
            "eid_client_accept_licence": True,
            **self.more,
        }

    @property
    def group(self) -> cgroup.Scope:
        return cgroup.Scope(f"{NAME}/controller")

    def drift(self, **kinds: list[str]) -> None:
        """Let each host drift in the ways given for it; in all of them where none is."""
        for host in self.hosts:
            for kind in kinds.get(host.replace("-", "_"), DRIFTS):
                done = self.road.fleet.execute(host, ["sh", "-c", DRIFTS[kind]])
                assert done.returncode == 0, f"{host}, {kind}: {done.stdout}{done.stderr}"

    def whole(self, run_id: str) -> Run:
        return self.road.play("site.yml", "--limit", ",".join(self.hosts), eeszt_run_id=run_id, **self.variables)

    def killed(self, run_id: str, moment: Moment, spare: bool) -> bool:
        """Start a rollout and kill all of its controller with SIGKILL; False when it was through before."""
        given = {"eeszt_ledger": str(self.road.folder / "ledger"), "eeszt_report": str(self.road.folder)}
        given |= {"eeszt_run_id": run_id, **self.variables}
        command = [str(BIN / "ansible-playbook"), "-i", str(ROOT / "inventory/demo"), "playbooks/site.yml"]
        command += ["--limit", ",".join(self.hosts), "-e", json.dumps(given)]
        home = self.road.folder / "ansible-home"
        env = {**os.environ, "EESZT_LAB_FLEET": NAME, "ANSIBLE_HOME": str(home), "PYTHONUNBUFFERED": "1"}
        reading, writing = os.pipe()
        child = self.group.start(command, writing, env, ROOT)
        os.close(writing)
        ended = ends_before(reading, moment)
        _kill(self.group, SPARED if spare else ())
        os.close(reading)
        child.wait()
        return not ended

    def broken(self) -> list[str]:
        """What is half written on the hosts: files of certificates that are not whole, rules that cannot be loaded."""
        found = []
        for host in self.hosts:
            read = self.road.fleet.execute(host, ["python3", "-c", READ, WAF])
            assert read.returncode == 0, read.stderr
            for owner, files in json.loads(read.stdout).items():
                found += [f"{host}: {owner}: {fault}" for fault in _faults(owner, files)]
            loading = self.road.fleet.execute(host, ["nft", "--check", "--file", "/etc/nftables.conf"])
            found += [f"{host}: {loading.stderr}"] if loading.returncode else []
        return found

    def stray(self) -> list[str]:
        """Temporary files that are still there, on hosts and controller."""
        found = [
            f"{host}: {line}"
            for host in self.hosts
            for line in self.road.fleet.execute(host, ["sh", "-c", STRAY]).stdout.splitlines()
        ]
        return found + [str(path) for path in self.road.folder.rglob("*.tmp")]


def build_client(package: Path) -> None:
    """Make the double: a program, and an entry by which sessions start it."""
    root = package.with_suffix(".root")
    program, entry = root / "usr/lib" / CLIENT / "client", root / f"usr/share/applications/{CLIENT}.desktop"
    for path in (program, entry, root / "DEBIAN/control"):
        path.parent.mkdir(parents=True)
    shutil.copy("/bin/sleep", program)
    entry.write_text(f"[Desktop Entry]\nType=Application\nName=Double\nExec=/usr/lib/{CLIENT}/client 3600\n", "utf-8")
    (root / "DEBIAN/control").write_text(
        f"Package: {CLIENT}\nVersion: {VERSION}-1\nArchitecture: all\nMaintainer: Tests <tests@example.test>\n"
        "Description: a double of the client, made for tests\n",
        "utf-8",
    )
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", root, package], check=True, capture_output=True)
    shutil.rmtree(root)


def ends_before(reading: int, moment: Moment) -> bool:
    """Wait for the moment; True when the output ended first. A line has to come."""
    deadline, said = time.monotonic() + moment.seconds, b""
    while not (moment.line and moment.line.encode() in said):
        if not select.select([reading], [], [], max(0.0, deadline - time.monotonic()))[0]:
            assert not moment.line, f"{moment.line} never came:\n{said.decode()}"
            return False
        piece = os.read(reading, 65536)
        if not piece:
            assert not moment.line, f"{moment.line} never came:\n{said.decode()}"
            return True
        said += piece
    return False


def _kill(group: cgroup.Scope, spared: tuple[str, ...]) -> None:
    """Kill them at one moment: none sees another die."""
    if not spared:
        group.kill()
        return
    group.freeze(on=True)
    for pid in group.pids():
        if cgroup.command_name(pid) not in spared:
            os.kill(pid, signal.SIGKILL)
    group.freeze(on=False)


def _tightest(name: str, text: str) -> int:
    """The mode that a file may have; one of ours that has not its name yet may be any."""
    is_public = base64.b64decode(text).startswith(b"-----BEGIN CERTIFICATE-----")
    return MODES.get(name, 0o644 if is_public else 0o600)


def _faults(owner: str, files: dict[str, tuple[int, str]]) -> list[str]:
    """What is not whole in the folder of one certificate; what is absent is no fault, half of it is."""
    named = {name: base64.b64decode(text) for name, (_, text) in files.items() if name in MODES}
    faults = [f"{name} is readable by others" for name, (mode, text) in files.items() if mode & ~_tightest(name, text)]
    try:
        key = load_pem_private_key(named["key.pem"], None) if "key.pem" in named else None
        chain = x509.load_pem_x509_certificates(named["chain.pem"]) if "chain.pem" in named else []
        if "certificate.pem" in named:
            certificate = x509.load_pem_x509_certificate(named["certificate.pem"])
            assert key, "a certificate without its key"
            assert key.public_key() == certificate.public_key(), "key and certificate do not fit"
            certificate.verify_directly_issued_by(chain[0])
        if "client.p12" in named:
            password = (Path("/run/eeszt-connect-lab") / NAME / "pki" / f"{owner}.password").read_bytes()
            opened = pkcs12.load_pkcs12(named["client.p12"], password)
            assert opened.key, "a PKCS#12 file without its key"
    except Exception as fault:
        faults.append(repr(fault))
    return faults
