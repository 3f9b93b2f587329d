"""Windows doubles, for real: their life, their card, their firewall, WinRM and the way to it."""

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import winrm as pywinrm
from winrm.exceptions import InvalidCredentialsError

from lab import Fleet, LabError, forward, hosts, powershell
from lab.clean import left_over
from lab.inventory import inventory
from lab.paths import CHECKOUT
from lab.pki import seed_files
from lab.run import wait_until, write_file
from lab.windows import pki, winrm
from lab.windows.host import STATE, WindowsHost
from tests.integration.fleets import standing

NAME = "pytest-win"
WHY_NOT = powershell.absent()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)]

# Prints the result of SCardConnect on the first reader, as eight hexadecimal digits.
CARD = """
$code = 'using System; using System.Runtime.InteropServices; public static class Card {
  [DllImport("winscard.dll")] public static extern int SCardEstablishContext(uint s, IntPtr a, IntPtr b, out IntPtr c);
  [DllImport("winscard.dll", CharSet = CharSet.Unicode)]
  public static extern int SCardListReadersW(IntPtr c, string g, [Out] char[] r, ref uint n);
  [DllImport("winscard.dll", CharSet = CharSet.Unicode)]
  public static extern int SCardConnectW(IntPtr c, string r, uint share, uint protocols, out IntPtr h, out uint p); }'
Add-Type -TypeDefinition $code
$context = [IntPtr]::Zero; $card = [IntPtr]::Zero; $protocol = [uint32]0; $length = [uint32]1000
$names = New-Object char[] 1000
[void][Card]::SCardEstablishContext(2, [IntPtr]::Zero, [IntPtr]::Zero, [ref]$context)
[void][Card]::SCardListReadersW($context, $null, $names, [ref]$length)
$first = (New-Object string (,$names)).Split([char]0)[0]
'{0:X8}' -f [Card]::SCardConnectW($context, $first, 2, 3, [ref]$card, [ref]$protocol)
"""

# Prints whether a port of the gateway takes a connection.
REACH = "import socket, sys; s = socket.socket(); s.settimeout(2); print(s.connect_ex(('10.77.0.2', int(sys.argv[1]))))"


@pytest.fixture(scope="module")
def shared() -> Iterator[Fleet]:
    """The fleet of `windows.yml`; nothing is left of it afterwards, on the loopback neither."""
    with standing(NAME, "windows") as made:
        yield made
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((forward.address(NAME, 11), winrm.HTTPS), timeout=5)


@pytest.fixture
def fleet(shared: Fleet) -> Fleet:
    """The module's fleet, mended of whatever the test before did to it."""
    shared.up()
    return shared


def double(fleet: Fleet, name: str = "win-t-1") -> WindowsHost:
    """A host as what it is."""
    host = fleet.machine(name)
    assert isinstance(host, WindowsHost)
    return host


def session(fleet: Fleet, name: str = "win-t-1", **changes: Any) -> pywinrm.Session:
    """pywinrm as Ansible uses it: over the loopback, with the CA checked."""
    options: dict[str, Any] = {"transport": "basic", "ca_trust_path": str(fleet.paths.pki / "ca.pem")}
    user = (pki.ACCOUNT, (fleet.paths.pki / "winrm.password").read_text())
    return pywinrm.Session(f"https://{double(fleet, name).loopback}:5986/wsman", auth=user, **{**options, **changes})


def says(fleet: Fleet, script: str, name: str = "win-t-1", **changes: Any) -> str:
    """What a PowerShell script prints on a host; it has to succeed."""
    done = session(fleet, name, **changes).run_ps(script)
    assert done.status_code == 0, done.std_err.decode(errors="replace")
    text: str = done.std_out.decode().strip()
    return text


def reaches(fleet: Fleet, port: int) -> bool:
    """Whether the first host gets through to the gateway."""
    done = fleet.execute("win-t-1", ["python3", "-c", REACH, str(port)])
    return done.stdout.strip() == "0"


def test_second_up_changes_nothing(fleet: Fleet) -> None:
    pids = [double(fleet, host.name).pid() for host in fleet.spec.hosts]
    assert fleet.up() == []
    assert [double(fleet, host.name).pid() for host in fleet.spec.hosts] == pids
    states = {host["name"]: (host["kind"], host["state"], host["card"]) for host in fleet.status()["hosts"]}
    assert states["win-t-1"] == states["win-t-2"] == ("windows", hosts.RUNNING, "inserted")


def test_ansible_reaches_both_over_winrm_from_any_shell(fleet: Fleet, tmp_path: Path) -> None:
    text = inventory(fleet)
    assert (fleet.paths.pki / "winrm.password").read_text() not in text
    (tmp_path / "hosts.yml").write_text(text)
    words = [CHECKOUT / ".venv/bin/ansible", "-i", tmp_path / "hosts.yml", "-m", "ansible.windows.win_ping", "all"]
    settings = {**os.environ, "ANSIBLE_INVENTORY_ENABLED": "yaml", "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=CHECKOUT, env=settings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count('"ping": "pong"') == 2


def test_ansible_reaches_it_over_ssh_too(fleet: Fleet, tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text(inventory(fleet))
    words = [CHECKOUT / ".venv/bin/ansible", "-i", tmp_path / "hosts.yml", "-m", "ansible.windows.win_copy", "win-t-1"]
    words += ["-a", "content=here dest=C:\\Windows\\Temp\\ssh.txt", "-e", "ansible_connection=ssh ansible_port=22"]
    settings = {**os.environ, "ANSIBLE_INVENTORY_ENABLED": "yaml"}
    words += ["-e", "ansible_shell_type=powershell"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=CHECKOUT, env=settings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (double(fleet).root / "opt/wine/drive_c/windows/temp/ssh.txt").read_text() == "here"


def test_it_is_windows_to_powershell_and_says_that_it_is_a_double(fleet: Fleet) -> None:
    script = "$key = 'HKLM:\\SOFTWARE\\eeszt-connect-lab'; "
    script += "'{0} {1} {2}' -f $IsWindows, $env:COMPUTERNAME, (Get-ItemProperty $key).Double"
    assert says(fleet, script, "win-t-2") == "True WIN-T-2 1"


def test_a_reboot_brings_all_of_it_back(fleet: Fleet) -> None:
    old = double(fleet).pid()
    fleet.host_action("reboot", "win-t-1")
    assert double(fleet).pid() != old
    assert says(fleet, "'here'") == "here"
    assert not reaches(fleet, 443)
    fleet.wait_ready()
    assert fleet.card("win-t-1").seen()


def test_the_card_comes_and_goes_through_winscard(fleet: Fleet) -> None:
    assert says(fleet, CARD) == "00000000"
    fleet.card_action("remove", "win-t-1")
    # SCARD_W_REMOVED_CARD is for a card that was in use; an empty slot is SCARD_E_NO_SMARTCARD.
    assert says(fleet, CARD) == "8010000C"
    fleet.card_action("insert", "win-t-1")
    assert says(fleet, CARD) == "00000000"


def test_outbound_is_closed_until_windows_opens_it_and_stays_so(fleet: Fleet) -> None:
    state = double(fleet).root / STATE
    # The double's own needs are met: DNS and packages.
    assert [port for port in (53, 443, 4443) if reaches(fleet, port)] == [53]
    rule = {"action": "allow", "protocol": "tcp", "remote_ports": ["443"], "remote_addresses": ["10.77.0.2"]}
    wishes = {"generation": 41, "enabled": True, "default_outbound": "block", "rules": [rule]}
    write_file(state / "firewall.json", json.dumps(wishes))
    wait_until("the firewall to be applied", 20, lambda: _applied(fleet) == ["41"])
    assert [port for port in (443, 4443) if reaches(fleet, port)] == [443]
    fleet.host_action("reboot", "win-t-1")
    assert [port for port in (443, 4443) if reaches(fleet, port)] == [443]
    write_file(state / "firewall.json", json.dumps({**wishes, "generation": 42, "rules": []}))
    wait_until("the firewall to be applied", 20, lambda: _applied(fleet) == ["42"])
    assert not reaches(fleet, 443)


def _applied(fleet: Fleet) -> list[str]:
    return (double(fleet).root / STATE / "firewall.applied").read_text().splitlines()


def test_a_certificate_signs_in(fleet: Fleet, tmp_path: Path) -> None:
    folder = fleet.paths.pki
    pair = {"cert_pem": str(folder / "winrm-client.pem"), "cert_key_pem": str(folder / "winrm-client.key")}
    assert says(fleet, "'in'", transport="certificate", **pair) == "in"
    # Of the same CA, and another's.
    foreign = {}
    for key, name in (("cert_pem", "certificate.pem"), ("cert_key_pem", "key.pem")):
        write_file(tmp_path / name, seed_files(folder, "E99901A")[name][0], 0o600)
        foreign[key] = str(tmp_path / name)
    with pytest.raises(InvalidCredentialsError):
        session(fleet, transport="certificate", **foreign).run_cmd("hostname")


def test_winrm_that_was_killed_stays_away_until_it_is_started(fleet: Fleet) -> None:
    fleet.winrm_kill("win-t-1")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((double(fleet).loopback, winrm.HTTPS), timeout=5)
    state = fleet.execute("win-t-1", ["systemctl", "is-active", winrm.UNIT]).stdout.strip()
    assert state == "failed"
    assert says(fleet, "'other'", "win-t-2") == "other"
    fleet.winrm_start("win-t-1")
    assert says(fleet, "'back'") == "back"
    fleet.winrm_kill("win-t-1")
    assert fleet.up() == ["host win-t-1 WinRM mended"]
    assert says(fleet, "'again'") == "again"


def test_winrm_misbehaves_on_order_and_up_mends_it(fleet: Fleet) -> None:
    fleet.winrm_fault("win-t-1", {"kind": "refuse", "variant": "wrong_password"})
    with pytest.raises(InvalidCredentialsError):
        session(fleet).run_cmd("hostname")
    fleet.winrm_fault("win-t-1")
    assert session(fleet).run_cmd("hostname").status_code == 0
    fleet.winrm_fault("win-t-1", {"kind": "certificate", "name": pki.EXPIRED})
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        _identify(double(fleet).loopback, ssl.create_default_context(cafile=str(fleet.paths.pki / "ca.pem")))
    assert fleet.up() == ["host win-t-1 WinRM mended"]
    assert _identify(double(fleet).loopback, ssl.create_default_context(cafile=str(fleet.paths.pki / "ca.pem"))) == 200
    with pytest.raises(LabError, match="no Windows double"):
        fleet.winrm_fault("gateway", {"kind": "hang"})


def _identify(address: str, context: ssl.SSLContext) -> int:
    talk = http.client.HTTPSConnection(address, winrm.HTTPS, timeout=10, context=context)
    body = winrm.IDENTIFY
    talk.request("POST", "/wsman-anon/identify", body, {"Content-Type": "application/soap+xml;charset=UTF-8"})
    return talk.getresponse().status


@pytest.mark.parametrize("victim", ["forward", "host-win-t-1", "keep-win-t-1"])
def test_what_was_killed_is_mended(fleet: Fleet, victim: str) -> None:
    host = double(fleet)
    scope = {"forward": host.forwarder, "host-win-t-1": host.scope, "keep-win-t-1": host.keeper}[victim]
    for pid in scope.pids():
        os.kill(pid, signal.SIGKILL)
    wait_until(f"{victim} to be gone", 20, lambda: not scope.alive())
    assert any("win-t-1" in line or "way to" in line for line in fleet.up())
    assert says(fleet, "'mended'") == "mended"
    assert fleet.up() == []


def test_without_powershell_they_are_left_out_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(powershell, "absent", lambda: "No PowerShell for Windows.")
    small = Fleet(f"{NAME}-none", file="windows")
    try:
        small.up()
        status = small.status()
        assert [host["name"] for host in status["hosts"]] == ["gateway"]
        assert status["left_out"] == ["win-t-1", "win-t-2"]
        assert status["why_left_out"] == "No PowerShell for Windows."
        assert small.up() == []
    finally:
        small.down()


def test_one_process_answers_for_many_light_hosts() -> None:
    many = Fleet(f"{NAME}-light", hosts=200, kind="windows_light")
    try:
        many.up()
        assert many.up() == []
        pids = many.machine("ws-001").state(), many.machine("ws-200").state()
        assert pids == (hosts.RUNNING, hosts.RUNNING)
        context = ssl.create_default_context(cafile=str(many.paths.pki / "ca.pem"))
        first, last = (forward.address(many.paths.fleet, many.spec.hosts[index].number) for index in (0, 199))
        assert _identify(first, context) == _identify(last, context) == 200
        many.winrm_fault("ws-200", {"kind": "drop", "when": "request"})
        with pytest.raises((http.client.HTTPException, OSError)):
            _identify(last, context)
        assert _identify(first, context) == 200
        assert many.up() == ["host ws-200 WinRM mended"]
        assert _identify(last, context) == 200
    finally:
        many.down()
    assert left_over(many.paths.fleet) == []
