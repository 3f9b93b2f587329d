"""Parts that need no root: names, addressing, layouts of control groups, certificates, messages."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from lab import cgroup, cli, gateway, images, kinds, limits, net, pki, proxy, spec
from lab.errors import LabError
from lab.paths import CHECKOUT, FleetPaths
from lab.run import run, wait_until, write_file


def test_two_fleets_never_share_a_name() -> None:
    assert not FleetPaths("a-b").netns.startswith(FleetPaths("a").machine(""))


@pytest.mark.parametrize("number", [2, 11, 255, 256, 910])
def test_interface_names_and_macs_fit(number: int) -> None:
    port = net.Port("x", number, ("10.77.0.2",))
    assert len(port.name) <= 15
    assert len(port.mac) == 17
    assert port.mac != net.mac(number + 1)


def test_layout_v2(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").touch()
    assert cgroup.layout(tmp_path).roots == (tmp_path,)


def test_layout_hybrid(tmp_path: Path) -> None:
    for name, file in (("unified", "cgroup.controllers"), ("systemd", "cgroup.procs")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).touch()
    assert cgroup.layout(tmp_path).roots == (tmp_path / "unified", tmp_path / "systemd")


def test_layout_that_hosts_cannot_live_in(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="No cgroup v2"):
        cgroup.layout(tmp_path)
    (tmp_path / "unified").mkdir()
    (tmp_path / "unified/cgroup.controllers").touch()
    with pytest.raises(LabError, match="lacks"):
        cgroup.layout(tmp_path)


def test_certificates(tmp_path: Path) -> None:
    fleet = spec.load("test")
    assert pki.ensure(tmp_path, fleet) == ["CA", "server", "E99901A", "P099002", "E99904C", "untrusted"]
    assert pki.ensure(tmp_path, fleet) == []
    authority = x509.load_pem_x509_certificate((tmp_path / "ca.pem").read_bytes())
    found = {stem: _open(tmp_path, stem) for stem in ("E99901A", "E99904C", "untrusted")}
    found["E99901A"].verify_directly_issued_by(authority)
    with pytest.raises(ValueError, match="Issuer"):
        found["untrusted"].verify_directly_issued_by(authority)
    now = authority.not_valid_after_utc.now(authority.not_valid_after_utc.tzinfo)
    assert (now - found["E99904C"].not_valid_after_utc).days == 10
    assert found["E99901A"].not_valid_after_utc > now
    subject = found["E99901A"].subject
    assert subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "Mintarendelő Kft."
    for file in tmp_path.iterdir():
        public = file.name in ("ca.pem", "server.pem")
        assert stat.S_IMODE(file.stat().st_mode) == (0o644 if public else 0o600), file.name


def _open(folder: Path, stem: str) -> x509.Certificate:
    password = (folder / f"{stem}.password").read_bytes()
    assert len(password) == 12
    certificate = pkcs12.load_pkcs12((folder / f"{stem}.p12").read_bytes(), password).cert
    assert certificate is not None
    return certificate.certificate


def test_a_lost_key_of_the_authority_renews_all(tmp_path: Path) -> None:
    fleet = spec.load("test")
    pki.ensure(tmp_path, fleet)
    before = (tmp_path / "E99901A.p12").read_bytes()
    (tmp_path / "ca.key").unlink()
    assert "E99901A" in pki.ensure(tmp_path, fleet)
    assert (tmp_path / "E99901A.p12").read_bytes() != before


def test_seed_is_a_byte_copy(tmp_path: Path) -> None:
    pki.ensure(tmp_path, spec.load("test"))
    files = pki.seed_files(tmp_path, "E99904C")
    assert files["client.p12"] == ((tmp_path / "E99904C.p12").read_bytes(), 0o600)
    assert files["key.pem"][0].startswith(b"-----BEGIN PRIVATE KEY-----")
    assert files["chain.pem"][0] == (tmp_path / "ca.pem").read_bytes()


def test_gateway_configuration_names_the_double() -> None:
    made = gateway.Gateway(FleetPaths("test"), spec.load("test"))
    assert made.addresses() == ("10.77.0.2", "10.77.0.3")
    assert "centre.demo.test" in made._nginx()
    assert made._nginx().count("listen 10.77.0.2:") == 3


def test_the_proxy_opens_the_account_port_to_the_account_only() -> None:
    made = proxy.configuration(spec.ACCOUNT, (443, 4443))
    rules = [line for line in made.splitlines() if line.startswith("http_access")]
    assert rules == [
        "http_access deny !CONNECT",
        "http_access deny !centre_ports",
        "http_access allow at_open_port",
        "http_access allow at_account_port known",
        "http_access deny all",
    ]
    assert "acl centre_ports port 443 4443\n" in made
    assert "3129" not in proxy.configuration(spec.OPEN, (443,))
    assert [proxy.configuration("", (443,)), proxy.ports("")] == ["", ()]


def test_the_proxys_password_is_made_once_and_for_root_alone(tmp_path: Path) -> None:
    assert proxy.ensure_account(tmp_path)
    first = proxy.password_file(tmp_path).read_text()
    assert len(first) == 16
    assert stat.S_IMODE(proxy.password_file(tmp_path).stat().st_mode) == 0o600
    assert not proxy.ensure_account(tmp_path)
    assert proxy.password_file(tmp_path).read_text() == first


def test_the_proxys_layer_lies_over_the_gateways_only_where_it_is_asked_for() -> None:
    kinds = [layer.parent.name.split("-")[0] for layer in gateway.Gateway(FleetPaths("x"), spec.load("proxy")).layers()]
    assert kinds == ["proxy", "gateway", "base"]
    assert "proxy" not in {image.kind for image in images.needed(["trixie"])}
    assert "proxy" in {image.kind for image in images.needed(["trixie"], proxied=True)}


def test_write_file_leaves_nothing_half_done(tmp_path: Path) -> None:
    target = tmp_path / "a/b"
    write_file(target, "x", 0o600)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [entry.name for entry in target.parent.iterdir()] == ["b"]


def test_messages_are_one_sentence() -> None:
    with pytest.raises(LabError, match="ended with status 3: last"):
        run(["sh", "-c", "echo first; echo last >&2; exit 3"])
    with pytest.raises(LabError, match="cannot be run"):
        run(["/nowhere/at/all"])
    with pytest.raises(LabError, match="in vain for Godot"):
        wait_until("Godot", 0, lambda: False)


def test_command_line_has_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status", "--fleet", "No"]) == 1
    assert capsys.readouterr().err == "lab: 'No' cannot name a fleet: 1 to 20 of a-z, 0-9 and '-', a letter first.\n"


@pytest.mark.parametrize("command", ["preflight", "packages"])
def test_first_commands_need_the_standard_library_only(command: str) -> None:
    # -S hides site-packages; the exit status may be 1 (not root), a traceback may not be.
    done = subprocess.run(
        [sys.executable, "-S", "-m", "lab", command], capture_output=True, text=True, check=False, cwd=CHECKOUT
    )
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 1)


def test_a_kind_that_nobody_knows_is_refused() -> None:
    with pytest.raises(LabError, match="unknown kind toaster; known: linux"):
        kinds.make(FleetPaths("x"), spec.load("test"), spec.Host("ws-a", 11, kind="toaster"))


def test_inotify_limit_is_raised_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "INOTIFY", tmp_path / "limit")
    (tmp_path / "limit").write_text("128\n")
    assert "from 128 to 928" in limits.ensure(50)
    assert limits.ensure(50) == ""
    assert limits.ensure(7) == ""
