"""The verbs of a fleet that are about WinRM."""

from lab import record
from lab.errors import LabError
from lab.plan import Plan
from lab.run import wait_until
from lab.windows.host import WindowsHost
from lab.windows.light import LightHost
from lab.windows.winrm import Trouble

SECONDS = 30


class WinrmVerbs(Plan):
    """Trouble with WinRM on order; `up` mends all of it."""

    def winrm_fault(self, name: str, *troubles: Trouble) -> None:
        """Make a host's WinRM do these things wrong, and nothing else; without any it works again.

        Each is an entry of the control file of lab/windows/README.md: {"kind": "refuse", "variant": "filtered"}.
        """
        self._require_up()
        one = self.machine(name)
        if not isinstance(one, WindowsHost | LightHost):
            raise LabError(f"{name} is no Windows double; it has no WinRM.")
        with record.locked(self.paths, self.progress):
            one.trouble(troubles)

    def winrm_kill(self, name: str) -> None:
        """Kill a host's WinRM with all that runs under it; it stays away until `winrm_start` or `up`."""
        one = self._double(name)
        with record.locked(self.paths, self.progress):
            one.service("kill", "--signal=SIGKILL")
            wait_until(f"WinRM of {name} to be gone", SECONDS, one.winrm_down)

    def winrm_start(self, name: str) -> None:
        """Start a host's WinRM again; returns when it answers."""
        one = self._double(name)
        with record.locked(self.paths, self.progress):
            one.service("start")
            self.wait_ready(names=[name])

    def _double(self, name: str) -> WindowsHost:
        self._require_up()
        one = self.machine(name)
        if not isinstance(one, WindowsHost):
            raise LabError(f"{name} is no Windows double with a system of its own.")
        return one
