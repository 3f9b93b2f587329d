"""The backend `wine`: the Windows build of PowerShell, and other Windows programs, on Wine.

What it takes was learnt by trying: PowerShell's console host needs a console, so `cmd.exe` gets a terminal as standard
error; the program behind it inherits that console and writes its own standard error into a fifo, so that all three of
its streams are redirected as under WinRM.  Each command needs a session of its own, and the wineserver has to stay.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath

from .backend import Job, Running, Said
from .manifest import Filter
from .output import STDERR
from .process import Process, make_fifo
from .standby import Order, Standby, StandbyCommand, encoded_script

# In full: a bare name makes Wine start it by way of `start.exe`.
CMD = r"C:\windows\system32\cmd.exe"
# They serve every later command too.
SPARE = frozenset(
    {"wineserver", "wineserver64", "services.exe", "plugplay.exe", "svchost.exe", "explorer.exe", "winedevice.exe",
     "rpcss.exe", "wineboot.exe"}
)  # fmt: skip
_POWERSHELL = frozenset({"powershell", "powershell.exe", "pwsh", "pwsh.exe"})
_WARM_UP = 120
# What cmd.exe takes, in characters.
LONGEST_LINE = 8191


@dataclass(frozen=True)
class Wine:
    """Where things are.  `modules` (PowerShell modules of the double) is a path of this system.

    An empty `wineserver` is one that somebody else starts.
    """

    prefix: Path
    wine: str = "wine64"
    wineserver: str = "wineserver"
    powershell: str = r"C:\pwsh\pwsh.exe"
    user: str = "root"
    modules: Path | None = None
    standins: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


class WineBackend:
    """Starts Windows programs on Wine."""

    def __init__(self, wine: Wine) -> None:
        self._wine = wine
        self._standby = Standby(self._worker)

    def warm(self) -> None:
        """Start the wineserver and Windows' services, so that no command becomes their parent.  Raises OSError.

        Windows starts the smart card service when a reader appears, by a trigger that Wine does not have.
        """
        environment = {**os.environ, **self._environment()}
        quiet = subprocess.DEVNULL
        server = [[self._wine.wineserver, "-p"]] if self._wine.wineserver else []
        for words in (*server, [self._wine.wine, CMD, "/c", "net", "start", "SCardSvr"]):
            subprocess.run(
                words,
                env=environment,
                stdin=quiet,
                stdout=quiet,
                stderr=quiet,
                start_new_session=True,
                timeout=_WARM_UP,
                check=False,
            )

    def start(self, job: Job) -> Running:
        """Start it by `cmd.exe /c`, as WinRM does on Windows."""
        if not shutil.which(self._wine.wine):
            raise FileNotFoundError(self._wine.wine)
        line = f"{job.command} {job.arguments}".strip()
        if len(line) > LONGEST_LINE:
            return Said(STDERR, b"The command line is too long.\r\n", 1)
        words = [*split(line)]
        script = encoded_script(words) if job.stdin and uses_powershell(job) else None
        if script is not None:
            order = Order(script, job.directory or rf"C:\users\{self._wine.user}", job.environment)
            return StandbyCommand(self._standby, order, lambda: self._process(words, job))
        return self._process(words, job)

    def _process(self, words: list[str], job: Job) -> Process:
        for place in powershell_places(words):
            words[place] = self._wine.powershell
        fifo = make_fifo()
        # `chcp` sets the code page of the console, which is the shell's on Windows too.
        code_page = [self._wine.wine, CMD, "/c", "chcp", str(job.code_page), ">nul", "&"]
        return Process(
            [*code_page, *words, f"2>{windows_path(fifo)}"],
            {**self._environment(), **job.environment},
            self._directory(job.directory),
            fifo=fifo,
            spare=SPARE,
        )

    def filter(self, job: Job) -> Filter:
        """Stand-ins for PowerShell only."""
        return Filter(self._wine.standins if uses_powershell(job) else None)

    def close(self) -> None:
        """End the PowerShells that stay; the wineserver belongs to the host, not to us."""
        self._standby.close()

    def _worker(self, mark: str) -> Process:
        script = windows_path(Path(__file__).with_name("worker.ps1"))
        options = ["-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Unrestricted"]
        return self._process(["powershell", *options, "-File", script, "-Mark", mark], Job("", "powershell", ""))

    def _environment(self) -> dict[str, str]:
        own = {
            "WINEPREFIX": str(self._wine.prefix),
            "WINEDEBUG": "-all",
            "XDG_RUNTIME_DIR": "/tmp",
            "HOME": "/root",
            "TERM": "xterm",
            "NO_COLOR": "1",
            "POWERSHELL_TELEMETRY_OPTOUT": "1",
            "POWERSHELL_UPDATECHECK": "Off",
        }
        if self._wine.modules is not None:
            own["PSModulePath"] = windows_path(self._wine.modules)
        return {**own, **self._wine.environment}

    def _directory(self, asked: str) -> Path:
        drive = self._wine.prefix / "drive_c"
        path = PureWindowsPath(asked)
        if asked and path.drive.upper() == "C:":
            return drive.joinpath(*path.parts[1:])
        home = drive / "users" / self._wine.user
        return home if home.is_dir() else drive


def is_powershell(command: str) -> bool:
    """Does this command line word mean PowerShell?"""
    return PureWindowsPath(command.strip('"')).name.lower() in _POWERSHELL


def powershell_places(words: Sequence[str]) -> list[int]:
    """Where a command line names PowerShell as the program: at its start and after a pipe."""
    return [
        place for place, word in enumerate(words) if is_powershell(word) and (place == 0 or words[place - 1] == "|")
    ]


def uses_powershell(job: Job) -> bool:
    """Does it need what PowerShell needs?"""
    return bool(powershell_places(split(f"{job.command} {job.arguments}")))


def windows_path(path: Path) -> str:
    """A path of this system as Wine shows it."""
    return "Z:" + str(path).replace("/", "\\")


def split(line: str) -> Sequence[str]:
    """A Windows command line's words, by the rules of CommandLineToArgvW."""
    words: list[str] = []
    word, inside, begun, slashes = "", False, False, 0
    for sign in line:
        if sign == "\\":
            slashes += 1
            continue
        if sign == '"':
            word += "\\" * (slashes // 2)
            if slashes % 2:
                word += '"'
            else:
                inside = not inside
            begun = True
        elif sign in " \t" and not inside:
            word += "\\" * slashes
            if word or begun:
                words.append(word)
            word, begun = "", False
        else:
            word += "\\" * slashes + sign
        slashes = 0
    word += "\\" * slashes
    return [*words, word] if word or begun else words
