"""A host of kind `windows`: a container with Wine, PowerShell for Windows and a double of WinRM."""

import hashlib
import json
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab import forward, images, net, powershell
from lab.cgroup import Scope, leader
from lab.errors import LabError
from lab.hosts import RUNNING, LinuxHost
from lab.run import last_words, write_file
from lab.windows import pki, winrm

PREFIX = "opt/wine"
STATE = f"{PREFIX}/drive_c/eeszt-double/state"
SETTINGS = "etc/eeszt-double"
DOUBLE = Path(__file__).resolve().parent
UTILS = DOUBLE.parents[1] / "plugins/module_utils/windows"
# What sshd starts for the account: file transfers are sshd's own, all else goes to Windows.
_SHELL = """\
#!/bin/sh
case $2 in
*/sftp-server* | scp\\ *) exec /bin/sh "$@" ;;
esac
cd /opt/eeszt-double && PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 -S -m ssh_shell "$@"
"""


class WindowsHost(LinuxHost):
    """A container like the others; its Windows is a layer, and its account and certificates come from the fleet."""

    @property
    def loopback(self) -> str:
        """Its address on the machine's own loopback (see `forward.py`)."""
        return forward.address(self.paths.fleet, self.host.number)

    @property
    def forwarder(self) -> Scope:
        """The group of the process that leads there."""
        return Scope(f"{self.paths.fleet}/forward")

    def layers(self) -> list[Path]:
        """Wine over the base."""
        return [images.wine().path / "up", *super().layers()]

    def ports(self) -> set[int]:
        """Also WinRM's."""
        return super().ports() | set(winrm.PORTS)

    def binds(self) -> list[tuple[Path, str]]:
        """PowerShell, the double's own code, and the utils that a stand-in runs on the Linux build."""
        return [
            (powershell.windows(), "/opt/pwsh-win"),
            (powershell.linux(), "/opt/pwsh-linux"),
            (DOUBLE, "/opt/eeszt-double"),
            (UTILS, "/opt/eeszt-utils"),
        ]

    def definition(self) -> str:
        """Also what its double is told."""
        folder = self.paths.pki
        files = [folder / "winrm.password", folder / f"winrm-{self.host.name}.key"]
        digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
        binds = [str(source) for source, _ in self.binds()]
        return super().definition() + json.dumps([self._configuration(), digests, binds, _SHELL])

    def prepare(self) -> None:
        """Account, certificates and configuration of the WinRM double, and the firewall's first state."""
        super().prepare()
        root, source = self.root, self.paths.pki
        settings = root / SETTINGS
        password = (source / "winrm.password").read_text()
        write_file(settings / "users", f"{pki.ACCOUNT}:{password}\n", 0o600)
        write_file(settings / "ca.pem", (source / "ca.pem").read_bytes())
        for ending in ("", *(f"-{wrong}" for wrong in pki.WRONG)):
            name = f"winrm-{self.host.name}{ending}.pem"
            write_file(settings / f"server{ending}.pem", (source / name).read_bytes())
        write_file(settings / "server.key", (source / f"winrm-{self.host.name}.key").read_bytes(), 0o600)
        write_file(settings / "wsman.json", json.dumps(self._configuration(), indent=1))
        self._ssh()
        self._firewall()

    def _ssh(self) -> None:
        """The account over ssh, with the fleet's key.  It is root under another name, to whom Windows' files belong."""
        root, entry = self.root, f"{pki.ACCOUNT}:x:0:0::/root:/usr/local/bin/windows-shell\n"
        write_file(root / "usr/local/bin/windows-shell", _SHELL, 0o755)
        write_file(root / "etc/passwd", (root / "etc/passwd").read_text() + entry)
        write_file(root / "etc/shadow", (root / "etc/shadow").read_text() + f"{pki.ACCOUNT}:*:20000::::::\n", 0o640)
        (root / "C:").symlink_to(f"/{PREFIX}/drive_c")

    def _configuration(self) -> dict[str, Any]:
        """The file of the WinRM double (lab/windows/README.md)."""
        key = "server.key"
        return {
            "listen": [{"address": "0.0.0.0", "host": self.host.name}],
            "users": "users",
            "tls": {
                "certificate": "server.pem",
                "key": key,
                "client_ca": "ca.pem",
                "others": {wrong: {"certificate": f"server-{wrong}.pem", "key": key} for wrong in pki.WRONG},
            },
            "subjects": [pki.ACCOUNT],
            "control": "control.json",
            "standins": "/opt/eeszt-double/standins/utils",
            # Its server is a unit of the host.
            "wine": {"prefix": f"/{PREFIX}", "wineserver": "", "modules": "/opt/eeszt-double/standins/Modules"},
        }

    def _firewall(self) -> None:
        opened = self.host.outbound == "open"
        if opened:
            write_file(self.root / PREFIX / "system.reg", (self.root / PREFIX / "system-open.reg").read_bytes())
        # Writing here also brings the prefix into the host's own layer, where its identity, by which
        # Windows' processes find their server, stays the same.
        default = "allow" if opened else "block"
        wishes = {"generation": 0, "enabled": True, "default_outbound": default, "rules": []}
        write_file(self.root / STATE / "firewall.json", json.dumps(wishes))

    def ensure(self) -> str:
        """Also a WinRM double that was told to misbehave, or killed, is mended."""
        done = super().ensure()
        mended = self.trouble([])
        if done == "" and self.state() == RUNNING and winrm.HTTPS not in net.listening(self.pid()):
            self.service("start")
            mended = True
        return done or ("WinRM mended" if mended else "")

    def trouble(self, troubles: Sequence[winrm.Trouble]) -> bool:
        """Tell the WinRM double what to do wrong from now on; returns whether that changed something."""
        file = self.root / SETTINGS / "control.json"
        if not troubles:
            found = file.exists()
            file.unlink(missing_ok=True)
            return found
        write_file(file, winrm.control(troubles))
        return True

    def service(self, *words: str) -> None:
        """Run systemctl on the WinRM double; raises LabError."""
        done = self.execute(["systemctl", *words, winrm.UNIT])
        if done.returncode:
            raise LabError(f"{self.host.name}: systemctl {words[0]} {winrm.UNIT}: {done.stderr.strip()}")

    def winrm_down(self) -> bool:
        """Whether WinRM has ended in the host and is refused on the loopback too."""
        if winrm.HTTPS in net.listening(self.pid()):
            return False
        # The forwarder learns of it by a connection that is refused.
        return not any(_answers(self.loopback, port) for port in winrm.PORTS)

    def ready(self) -> bool:
        """WinRM identifies itself, and the way to it from outside the fleet is open.

        Raises LabError when the process that leads there has ended.
        """
        if not self.forwarder.alive():
            said = last_words(self.paths.root / "forward.log")
            raise LabError(f"The way to {self.host.name}, {self.loopback}, is not open: {said}")
        pid = leader(self.scope)
        if pid is None or not self.ports() <= net.listening(pid) or not winrm.identifies(self.host.address):
            return False
        here = (self.loopback, winrm.HTTPS)
        return any(here in net.listeners(one) for one in self.forwarder.pids()[:1])


def _answers(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=1):
            return True
    except OSError:
        return False
