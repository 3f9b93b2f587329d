"""The embedded fleet, for real: containers, network, cards, gateway."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from lab import Fleet, LabError, cgroup, hosts
from lab.clean import left_over
from lab.hosts import LinuxHost
from lab.net import listening
from lab.paths import CHECKOUT
from lab.run import wait_until

pytestmark = pytest.mark.lab

# Runs in a host. Input: {"pem", "ca", "host", "port", "tls"}; prints {"status"} or {"error"}.
CLIENT = """
import http.client, json, os, ssl, sys
ask = json.loads(sys.argv[1])
context = ssl.create_default_context(cafile="/etc/eeszt-demo/ca.pem")
if ask["tls"]:
    version = getattr(ssl.TLSVersion, ask["tls"])
    context.minimum_version = context.maximum_version = version
pem = sys.stdin.buffer.read()
if pem:
    handle = os.memfd_create("client")
    os.write(handle, pem)
    context.load_cert_chain(f"/proc/self/fd/{handle}")
try:
    talk = http.client.HTTPSConnection(ask["host"], ask["port"], timeout=3, context=context)
    talk.request("GET", "/")
    reply = talk.getresponse()
    print(json.dumps({"status": reply.status, "text": reply.read().decode(errors="replace")}))
except OSError as fault:
    print(json.dumps({"error": type(fault).__name__, "text": str(fault)}))
"""

CARD = """
from smartcard.System import readers
from smartcard.Exceptions import CardConnectionException, NoCardException
first, *rest = readers()
talk = first.createConnection()
try:
    talk.connect()
except NoCardException:
    print("no card")
except CardConnectionException as fault:
    print("not now", fault)
else:
    atr = bytes(talk.getATR()).hex()
    data, one, two = talk.transmit(list(bytes.fromhex("00A4040C09E80704007F00070302")))
    print(atr, f"{one:02x}{two:02x}")
"""


def inside(fleet: Fleet, host: str, argv: Sequence[str], stdin: str | None = None) -> str:
    """What a command prints in a host; the command has to succeed."""
    done = fleet.execute(host, argv, stdin)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout.strip()


def ask(
    fleet: Fleet, host: str, certificate: str = "", name: str = "centre.demo.test", port: int = 443, tls: str = ""
) -> dict[str, str | int]:
    """One HTTPS request from a host: {"status", "text"} or {"error", "text"}."""
    words = json.dumps({"host": name, "port": port, "tls": tls})
    stdin = pem(fleet, certificate) if certificate else None
    reply: dict[str, str | int] = json.loads(inside(fleet, host, ["python3", "-c", CLIENT, words], stdin or ""))
    return reply


def pem(fleet: Fleet, stem: str) -> str:
    """Key and certificate of a PKCS#12, as the host's ssl module wants them."""
    folder = fleet.paths.pki
    bundle = pkcs12.load_pkcs12((folder / f"{stem}.p12").read_bytes(), (folder / f"{stem}.password").read_bytes())
    assert isinstance(bundle.key, rsa.RSAPrivateKey)
    assert bundle.cert is not None
    form = serialization.PrivateFormat.PKCS8
    key = bundle.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    return (key + bundle.cert.certificate.public_bytes(serialization.Encoding.PEM)).decode()


def linux(fleet: Fleet, name: str) -> LinuxHost:
    """The host as what it is, a container."""
    host = fleet.machine(name)
    assert isinstance(host, LinuxHost)
    return host


def open_outbound(fleet: Fleet, host: str) -> None:
    """What the firewall role will do; not saved, so that a reboot closes it again."""
    inside(fleet, host, ["nft", "add rule inet filter output tcp dport { 443, 4443, 5443 } accept"])


def lab(*words: str) -> "subprocess.CompletedProcess[str]":
    """The command line."""
    argv = [sys.executable, "-m", "lab", *words]
    return subprocess.run(argv, capture_output=True, text=True, check=False, cwd=CHECKOUT)


def test_second_up_changes_nothing_and_is_fast(fleet: Fleet) -> None:
    boots = _leaders(fleet)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = lab("up", "--fleet", fleet.paths.fleet)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Seconds of work, not of the clock: a busy machine must not fail it.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1.5
    assert done.returncode == 0, done.stderr
    assert "nothing changed" in done.stdout
    assert fleet.up() == []
    assert _leaders(fleet) == boots


def _leaders(fleet: Fleet) -> dict[str, int]:
    return {one.host.name: linux(fleet, one.host.name).pid() for one in fleet.machines}


def test_every_host_is_a_whole_system(fleet: Fleet) -> None:
    identities = set()
    for host in fleet.machines:
        name = host.host.name
        wait_until(f"{name} to settle", 30, lambda name=name: _settled(fleet, name))  # type: ignore[misc]
        assert inside(fleet, name, ["systemctl", "is-system-running"]) == "running"
        identities.add(inside(fleet, name, ["cat", "/etc/machine-id"]))
        done = subprocess.run(fleet.ssh_command(name, ["hostname"]), capture_output=True, text=True, check=False)
        assert done.stdout.strip() == name, done.stderr
    assert len(identities) == len(fleet.machines)


def _settled(fleet: Fleet, name: str) -> bool:
    return fleet.execute(name, ["systemctl", "is-system-running"]).stdout.strip() not in ("starting", "initializing")


def test_ssh_without_the_key_is_refused(fleet: Fleet) -> None:
    argv = fleet.ssh_command("ws-t-1", ["true"])
    argv[2] = "/dev/null"
    done = subprocess.run(argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 255
    assert "Permission denied (publickey)" in done.stderr


@pytest.mark.parametrize("host", ["ws-t-1", "ws-t-2"])
def test_card(fleet: Fleet, host: str) -> None:
    seen = "3b8780018031b973842160b8 9000"
    assert inside(fleet, host, ["python3", "-c", CARD]) == seen
    assert fleet.card_action("remove", host)
    wait_until("pcscd to see the card go", 10, lambda: inside(fleet, host, ["python3", "-c", CARD]) == "no card")
    assert fleet.card_action("insert", host)
    wait_until("pcscd to see the card", 10, lambda: inside(fleet, host, ["python3", "-c", CARD]) == seen)
    # A restarted pcscd gets its card back without anybody's help.
    inside(fleet, host, ["systemctl", "restart", "pcscd"])
    wait_until("the card to come back", 10, lambda: inside(fleet, host, ["python3", "-c", CARD]) == seen)


def test_a_card_cannot_be_inserted_from_elsewhere(fleet: Fleet) -> None:
    assert 35963 in listening(linux(fleet, "ws-t-1").pid())
    address = fleet.spec.host("ws-t-1").address
    probe = f"import socket; socket.create_connection(('{address}', 35963), timeout=1)"
    for argv in (["nsenter", "--net=/run/netns/eeszt-pytest"], []):
        if argv:
            done = subprocess.run([*argv, sys.executable, "-c", probe], capture_output=True, text=True, check=False)
        else:
            done = fleet.execute("gateway", ["python3", "-c", probe])
        assert "timed out" in done.stderr, done.stderr


def test_names(fleet: Fleet) -> None:
    assert inside(fleet, "ws-t-1", ["getent", "ahostsv4", "centre.demo.test"]).split()[0] == "10.77.0.2"
    assert inside(fleet, "ws-t-1", ["getent", "ahostsv4", "control.demo.test"]).split()[0] == "10.77.0.3"
    script = "import socket\ntry: socket.getaddrinfo('other.test', 1)\nexcept socket.gaierror as e: print(e.errno)"
    assert inside(fleet, "ws-t-1", ["python3", "-c", script]) == "-2"


def test_packages_come_from_the_controller(fleet: Fleet) -> None:
    for host in ("ws-t-1", "ws-t-2"):
        assert fleet.execute(host, ["which", "lsusb"]).returncode
        inside(fleet, host, ["apt-get", "-qq", "update"])
        inside(fleet, host, ["apt-get", "-qq", "install", "usbutils"])
        assert "usbutils" in inside(fleet, host, ["lsusb", "--version"])


@pytest.mark.parametrize("host", ["ws-t-1", "ws-t-2"])
def test_outbound_is_closed_until_opened_and_again_after_a_reboot(fleet: Fleet, host: str) -> None:
    assert ask(fleet, host, "E99901A")["error"] == "TimeoutError"
    open_outbound(fleet, host)
    assert ask(fleet, host, "E99901A")["status"] == 200
    before = inside(fleet, host, ["cat", "/proc/sys/kernel/random/boot_id"])
    fleet.host_action("reboot", host)
    assert inside(fleet, host, ["cat", "/proc/sys/kernel/random/boot_id"]) != before
    assert "policy drop" in inside(fleet, host, ["nft", "list", "chain", "inet", "filter", "output"])
    assert ask(fleet, host, "E99901A")["error"] == "TimeoutError"


def test_mutual_tls_through_the_gateway(fleet: Fleet) -> None:
    open_outbound(fleet, "ws-t-1")
    for port in (443, 4443, 5443):
        assert ask(fleet, "ws-t-1", "E99901A", port=port) == {"status": 200, "text": "eeszt.connect lab centre\n"}
    for tls in ("TLSv1_2", "TLSv1_3"):
        without = ask(fleet, "ws-t-1", tls=tls)
        assert without["status"] == 400
        assert "No required SSL certificate was sent" in str(without["text"])
        for stem in ("E99904C", "untrusted"):
            refused = ask(fleet, "ws-t-1", stem, tls=tls)
            assert refused["status"] == 400
            assert "The SSL certificate error" in str(refused["text"])
    assert ask(fleet, "ws-t-1", name="control.demo.test")["status"] == 200


def test_tls_version_can_be_pinned(fleet: Fleet) -> None:
    open_outbound(fleet, "ws-t-1")
    for pinned, other in (("1.2", "1.3"), ("1.3", "1.2")):
        assert fleet.gateway_tls(pinned)
        assert ask(fleet, "ws-t-1", "E99901A", tls=f"TLSv{pinned.replace('.', '_')}")["status"] == 200
        assert ask(fleet, "ws-t-1", "E99901A", tls=f"TLSv{other.replace('.', '_')}")["error"] == "SSLError"
    assert fleet.up() == ["gateway offers TLS 1.2 and 1.3 again"]


def test_the_centre_can_be_down_while_the_unrelated_host_answers(fleet: Fleet) -> None:
    open_outbound(fleet, "ws-t-1")
    assert fleet.centre(up=False)
    assert not fleet.centre(up=False)
    for port in (443, 4443, 5443):
        assert ask(fleet, "ws-t-1", "E99901A", port=port)["error"] == "ConnectionRefusedError"
    assert ask(fleet, "ws-t-1", name="control.demo.test")["status"] == 200
    assert fleet.up() == ["the centre takes connections again"]
    assert ask(fleet, "ws-t-1", "E99901A")["status"] == 200


def test_a_port_blocked_upstream(fleet: Fleet) -> None:
    open_outbound(fleet, "ws-t-1")
    assert fleet.block("ws-t-1", 4443)
    assert not fleet.block("ws-t-1", 4443)
    assert ask(fleet, "ws-t-1", "E99901A", port=4443)["error"] == "TimeoutError"
    assert ask(fleet, "ws-t-1", "E99901A", port=443)["status"] == 200
    assert "4443" not in inside(fleet, "ws-t-1", ["nft", "list", "ruleset"]).replace("443, 4443, 5443", "")
    assert fleet.block("ws-t-1", 4443, on=False)
    assert ask(fleet, "ws-t-1", "E99901A", port=4443)["status"] == 200


def test_seeded_certificate(fleet: Fleet) -> None:
    folder = "/etc/eeszt-demo/waf/E99904C"
    listing = inside(fleet, "ws-t-3", ["sh", "-c", f"stat -c '%n %a %U' {folder} {folder}/*; stat -c %a {folder}/.."])
    assert listing.replace(folder, "").split() == [
        *("750", "root"),
        *("/certificate.pem", "644", "root"),
        *("/chain.pem", "644", "root"),
        *("/client.p12", "600", "root"),
        *("/key.pem", "600", "root"),
        "755",
    ]
    assert not fleet.execute("ws-t-3", ["sh", "-c", f"cat {folder}/key.pem"]).stdout.startswith("-----BEGIN RSA")


def test_frozen_host_hangs_and_goes_on(fleet: Fleet) -> None:
    fleet.host_action("freeze", "ws-t-2")
    assert fleet.machine("ws-t-2").state() == hosts.FROZEN
    with pytest.raises(LabError, match="ws-t-2 to answer"):
        fleet.wait_ready(seconds=1, names=["ws-t-2"])
    pid = linux(fleet, "ws-t-2").pid()
    assert fleet.up() == ["host ws-t-2 thawed"]
    assert linux(fleet, "ws-t-2").pid() == pid


def test_stopped_host_keeps_its_disk(fleet: Fleet) -> None:
    inside(fleet, "ws-t-1", ["touch", "/root/kept"])
    fleet.host_action("stop", "ws-t-1")
    assert fleet.machine("ws-t-1").state() == hosts.STOPPED
    fleet.host_action("start", "ws-t-1")
    inside(fleet, "ws-t-1", ["ls", "/root/kept"])


@pytest.mark.parametrize("victim", ["systemd-nspawn", "keeper"])
def test_an_orphan_is_never_doubled(fleet: Fleet, victim: str) -> None:
    host = linux(fleet, "ws-t-1")
    old = host.pid()
    if victim == "keeper":
        host.keeper.kill()
    else:
        pid = next(one for one in host.scope.pids() if cgroup.command_name(one) == victim)
        os.kill(pid, signal.SIGKILL)
        wait_until("the keeper to end", 10, lambda: not host.keeper.alive())
    assert host.state() == hosts.ORPHAN
    assert fleet.up() == ["host ws-t-1 repaired"]
    assert host.pid() != old
    assert _dead(old)
    systems = [one for one in host.scope.pids() if cgroup.command_name(one) == "systemd-journal"]
    assert len(systems) == 1


def _dead(pid: int) -> bool:
    """Whether a process is gone, or a zombie that the machine's PID 1 has yet to collect."""
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True


def test_lost_parts_are_mended(fleet: Fleet) -> None:
    cgroup.Scope("pytest/packages").kill()
    subprocess.run(["ip", "-n", "eeszt-pytest", "link", "del", "h11"], check=True)
    fleet.card_action("remove", "ws-t-2")
    (fleet.paths.ssh / "known_hosts").unlink()
    done = fleet.up()
    assert done == ["ssh keys", "host ws-t-1 joined again", "package server started", "card ws-t-2 inserted"]
    assert fleet.up() == []


def test_two_fleets_side_by_side(fleet: Fleet) -> None:
    other = Fleet("pytest-b", hosts=1)
    try:
        other.up()
        assert {one["state"] for one in other.status()["hosts"]} == {"running"}
        assert inside(other, "ws-001", ["hostname"]) == "ws-001"
        assert fleet.up() == []
    finally:
        other.down()
    assert left_over("pytest-b") == []
    assert fleet.up() == []


def test_what_a_killed_controller_leaves_ends_with_its_fleet() -> None:
    other = Fleet("pytest-c", hosts=1)
    try:
        other.up()
        # In a session of its own and nobody's child, as Ansible's workers are when the controller was killed.
        subprocess.run(other.controller_command(["setsid", "--fork", "sleep", "1000"]), check=True)
        left = cgroup.Scope("pytest-c/controller").pids()
        assert len(left) == 1
    finally:
        other.down()
    assert cgroup.command_name(left[0]) != "sleep" or "zombie" in Path(f"/proc/{left[0]}/status").read_text()


def test_inventory_reaches_every_host(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("inventory")
    (folder / "hosts.yml").write_text(lab("inventory", "--fleet", fleet.paths.fleet).stdout)
    argv = [sys.executable, "-m", "ansible", "adhoc", "-i", str(folder / "hosts.yml"), "all", "-m", "ping"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("SUCCESS") == 3


def test_a_foreign_fleet_is_left_alone(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> None:
    text = fleet.paths.record.read_text()
    foreign = json.loads(text) | {"owner": str(tmp_path_factory.mktemp("other"))}
    fleet.paths.record.write_text(json.dumps(foreign))
    try:
        for verb in ("up", "down", "preflight"):
            done = lab(verb, "--fleet", "pytest")
            assert done.returncode == 1
            assert "belongs to the checkout" in done.stderr
        assert fleet.machine("ws-t-1").state() == hosts.RUNNING
    finally:
        fleet.paths.record.write_text(text)
