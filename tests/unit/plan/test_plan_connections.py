"""How the controller reaches a host: its own connection, its site's, what cannot work together, and the variables."""

from __future__ import annotations

from pathlib import Path

import pytest
from plan_texts import errors, good, host, only_error, warnings

from tests.unit.readiness.wsman_listener import self_signed

USUAL_WINRM = {
    "ansible_winrm_proxy": None,
    "ansible_winrm_operation_timeout_sec": 30,
    "ansible_winrm_read_timeout_sec": 50,
}
USUAL_PSRP = {
    "ansible_psrp_ignore_proxy": True,
    "ansible_psrp_operation_timeout": 30,
    "ansible_psrp_read_timeout": 50,
    "ansible_psrp_connection_timeout": 15,
    "ansible_psrp_reconnection_retries": 2,
    "ansible_psrp_reconnection_backoff": 2,
}


def plan(connection: str, site: str = "", address: str = "192.0.2.12") -> str:
    """The good plan, in which ws-2 (Windows) and perhaps its site have a connection."""
    text = good("    system: windows\n", f"    system: windows\n    connection: {connection}\n" if connection else "")
    return text.replace("    ring: canary\n", f"    ring: canary\n    {site}\n").replace("192.0.2.12", address)


def variables(text: str, name: str = "ws-2") -> dict[str, object]:
    """The variables of a connection alone."""
    return {
        key: value for key, value in host(text, name).items() if key.startswith("ansible_") and key != "ansible_host"
    }


def test_a_word_chooses_the_plugin_with_its_usual_limits() -> None:
    assert variables(plan("winrm")) == {"ansible_connection": "winrm", **USUAL_WINRM}
    assert variables(plan("psrp")) == {"ansible_connection": "psrp", **USUAL_PSRP}
    assert variables(plan("ansible.builtin.psrp")) == {"ansible_connection": "ansible.builtin.psrp", **USUAL_PSRP}


def test_all_fields_of_winrm() -> None:
    text = plan(
        "{type: winrm, port: 45986, scheme: https, authentication: certificate, user: '.\\tech',"
        " client_certificate: /c.pem, client_key: /c.key, proxy: 'http://p.example:3128',"
        " operation_timeout: 60, read_timeout: 80}"
    )
    assert variables(text) == {
        "ansible_connection": "winrm",
        "ansible_port": 45986,
        "ansible_user": ".\\tech",
        "ansible_winrm_scheme": "https",
        "ansible_winrm_transport": "certificate",
        "ansible_winrm_cert_pem": "/c.pem",
        "ansible_winrm_cert_key_pem": "/c.key",
        "ansible_winrm_proxy": "http://p.example:3128",
        "ansible_winrm_operation_timeout_sec": 60,
        "ansible_winrm_read_timeout_sec": 80,
    }


def test_all_fields_of_psrp() -> None:
    text = plan(
        "{type: psrp, scheme: http, authentication: kerberos, proxy: 'socks5h://127.0.0.1:1080', retries: 5}",
        address="ws-2.clinic.example",
    )
    assert variables(text) == {
        **{name: value for name, value in USUAL_PSRP.items() if name != "ansible_psrp_ignore_proxy"},
        "ansible_connection": "psrp",
        "ansible_psrp_protocol": "http",
        "ansible_psrp_auth": "kerberos",
        "ansible_psrp_proxy": "socks5h://127.0.0.1:1080",
        "ansible_psrp_reconnection_retries": 5,
    }


def test_every_emitted_name_is_an_option_of_the_installed_plugin() -> None:
    """A name that nobody reads would leave a certificate unpinned without a word."""
    from ansible import constants as C
    from ansible.plugins.loader import connection_loader
    from winrm.protocol import Protocol

    text = "{type: %s, port: 1, scheme: https, authentication: ntlm, user: a, proxy: 'http://p:1', retries: 2}"
    for plugin in ("winrm", "psrp"):
        connection_loader.get(plugin, class_only=True)
        options = C.config.get_configuration_definitions("connection", plugin).values()
        known = {variable["name"] for option in options for variable in option.get("vars", ())}
        if plugin == "winrm":
            names = Protocol.__init__.__code__.co_varnames
            known |= {f"ansible_winrm_{name}" for name in names}
        assert set(variables(plan(text % plugin))) - {"ansible_connection"} <= known


def test_ssh_to_windows_speaks_powershell_and_goes_through_the_jump_host() -> None:
    text = plan("{type: ssh, port: 2222, user: tech}", "jump_host: me@jump.example:2222")
    assert variables(text) == {
        "ansible_connection": "ssh",
        "ansible_port": 2222,
        "ansible_user": "tech",
        "ansible_shell_type": "powershell",
        "ansible_ssh_common_args": "-o ProxyJump=me@jump.example:2222",
    }
    assert warnings(text) == []


def test_a_host_without_a_connection_is_reached_by_ssh_through_the_jump_host_too() -> None:
    text = plan("", "jump_host: 'CLINIC\\me@jump.example'")
    assert variables(text, "ws-1") == {"ansible_ssh_common_args": "-o 'ProxyJump=CLINIC\\me@jump.example'"}


def test_the_sites_connection_is_that_of_its_windows_hosts() -> None:
    text = plan("", "connection: {type: psrp, authentication: ntlm}").replace("    system: windows\n", "")
    assert variables(text) == {"ansible_connection": "psrp", "ansible_psrp_auth": "ntlm", **USUAL_PSRP}
    assert host(text, "ws-2")["eeszt_system"] == "windows"
    assert variables(text, "ws-1") == {}


def test_a_hosts_own_fields_come_before_its_sites() -> None:
    text = plan("{port: 45986}", "connection: {type: psrp, port: 1, authentication: ntlm}")
    found = variables(text)
    assert (found["ansible_connection"], found["ansible_port"], found["ansible_psrp_auth"]) == ("psrp", 45986, "ntlm")


def test_a_host_of_another_kind_takes_nothing_from_its_site() -> None:
    text = plan("ssh", "connection: {type: psrp, port: 5986, authentication: ntlm}")
    assert variables(text) == {"ansible_connection": "ssh", "ansible_shell_type": "powershell"}


@pytest.mark.parametrize(
    ("connection", "message", "remedy"),
    [
        ("{port: 5986}", "the connection has no type", "write type: winrm, psrp or ssh"),
        ("{type: psrp, port: 0}", 'port "0" is not possible', "1 to 65535"),
        ("{type: psrp, scheme: tls}", 'scheme "tls" is not known', "https, http"),
        ("{type: psrp, authentication: digest}", 'authentication "digest" is not known', "kerberos"),
        ("{type: psrp, authentication: certificate}", "needs a certificate", "client_certificate and client_key"),
        ("{type: psrp, authentication: basic, scheme: http}", "for everybody to read", "use https"),
        (
            "{type: psrp, authentication: certificate, scheme: http, client_certificate: /c, client_key: /k}",
            "a client certificate needs https",
            "scheme: https",
        ),
        ("{type: psrp, scheme: http, certificate: a.pem}", "certificate pins the certificate of https", "https"),
        ("{type: psrp, proxy: p.example}", 'proxy "p.example" is not a URL', "socks5h://"),
        ("{type: psrp, proxy: 'http://a:b@p.example:1'}", "is not a URL", "http://proxy.example:3128"),
        ("{type: psrp, password: x}", "password looks like a secret", "Vault"),
        ("{type: psrp, operation_timeout: 60}", "read_timeout must be longer", "ten seconds"),
        ("{type: ssh, authentication: ntlm}", "authentication is for winrm and psrp, not for ssh", "remove it"),
        ("{type: psrp, fingerprint: 'ab'}", 'fingerprint "ab" is not a SHA-256', "64 hexadecimal digits"),
        (f"{{type: winrm, fingerprint: '{'a1' * 32}'}}", "winrm cannot trust a fingerprint", "beside the plan"),
        ("{type: winrm, certificate: nowhere.pem}", "No such file", "Enable-EesztRemoting.ps1"),
        ("Psrp", 'connection "Psrp" is not the name', "like ssh or psrp"),
    ],
)
def test_a_connection_that_is_refused(connection: str, message: str, remedy: str) -> None:
    found = only_error(plan(connection))
    assert message in found
    assert remedy in found
    assert ", hosts[1].connection" in found


def test_the_sites_error_is_told_once() -> None:
    text = plan("", "connection: {type: psrp, scheme: http, authentication: basic}").replace("    system: linux\n", "")
    assert "sites[0].connection.scheme" in only_error(text)


@pytest.mark.parametrize(
    ("connection", "site", "message"),
    [
        ("{type: psrp, authentication: kerberos}", "", "192.0.2.12 is an address"),
        ("psrp", "jump_host: a@j.example", "psrp does not go through the jump host a@j.example"),
        ("{type: winrm, retries: 3}", "", "winrm knows no retries"),
    ],
)
def test_what_is_unusual_is_a_warning(connection: str, site: str, message: str) -> None:
    assert message in "".join(warnings(plan(connection, site)))


# Pinned certificates. The plan of these tests stands in the working folder.


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pinned(folder: Path, names: tuple[str, ...] = ("192.0.2.12", "ws-2"), days: int = 365) -> str:
    pair = self_signed(folder, names, days)
    pair.certificate.replace(folder / "ws-2.pem")
    return plan("{type: winrm, certificate: ws-2.pem}")


def sha256(folder: Path) -> str:
    import hashlib
    import ssl

    return hashlib.sha256(ssl.PEM_cert_to_DER_cert((folder / "ws-2.pem").read_text())).hexdigest()


def test_a_pinned_certificate_is_the_only_trusted_one(folder: Path) -> None:
    text = pinned(folder)
    assert variables(text)["ansible_winrm_ca_trust_path"] == str(folder / "ws-2.pem")
    assert variables(text.replace("winrm", "psrp"))["ansible_psrp_ca_cert"] == str(folder / "ws-2.pem")
    assert warnings(text) == []


def test_a_fingerprint_is_compared_in_either_spelling(folder: Path) -> None:
    text = pinned(folder)
    small = sha256(folder)
    spelled = ":".join(small[place : place + 2] for place in range(0, 64, 2)).upper()
    for fingerprint in (small, spelled):
        assert errors(text.replace("ws-2.pem}", f"ws-2.pem, fingerprint: '{fingerprint}'}}")) == []
    wrong = text.replace("ws-2.pem}", f"ws-2.pem, fingerprint: '{'00' * 32}'}}")
    assert f"has the SHA-256 {small}, not the fingerprint" in only_error(wrong)


def test_a_certificate_of_another_machine_or_time_is_a_warning(folder: Path) -> None:
    assert "is for ws-9, not for 192.0.2.12" in "".join(warnings(pinned(folder, ("ws-9",))))
    assert "expired on" in "".join(warnings(pinned(folder, days=-1)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x30\x82", "is not one certificate in PEM form"),
        (b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "is not one certificate in PEM form"),
        (b"-----BEGIN PRIVATE KEY-----\n", "holds a private key"),
    ],
)
def test_a_file_that_is_no_certificate(folder: Path, content: bytes, message: str) -> None:
    text = pinned(folder)
    (folder / "ws-2.pem").write_bytes(content)
    assert message in only_error(text)


def test_a_domains_authority_may_be_pinned_and_names_no_host(folder: Path) -> None:
    text = pinned(folder)
    (folder / "ws-2.pem").write_bytes(authority())
    assert warnings(text) == []


def authority() -> bytes:
    """The certificate of an authority of its own, in PEM form."""
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Clinic")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
