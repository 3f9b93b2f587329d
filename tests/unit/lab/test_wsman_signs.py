"""Who may use the WinRM double, and what a refusal says."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from winrm.exceptions import InvalidCredentialsError

from lab.windows.wsman.auth import Accounts, UnsafePasswords, read_passwords
from tests.unit.lab.wsman_double import Authority, Double, run, running

WINDOWS = ["Negotiate", 'Basic realm="WSMAN"']


@pytest.fixture
def double(tmp_path: Path) -> Iterator[Double]:
    with running(tmp_path) as started:
        yield started


def offers(answer: requests.Response) -> list[str]:
    return list(answer.raw.headers.getlist("WWW-Authenticate"))


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("account", [None, ("Administrator", "wrong"), ("nobody", ""), ("", "")])
def test_a_stranger_is_refused_as_windows_does(double: Double, scheme: str, account: tuple[str, str] | None) -> None:
    answer = double.post(scheme=scheme, auth=account)
    assert (answer.status_code, offers(answer), answer.content) == (401, WINDOWS, b"")
    assert answer.headers["Server"].strip() == "Microsoft-HTTPAPI/2.0"


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Bearer x", "Negotiate TlRMTVNTUAAB", "Basic QWJj"])
def test_a_strange_header_is_no_account(double: Double, header: str) -> None:
    assert double.post(headers={"Authorization": header}).status_code == 401


@pytest.mark.parametrize(("transport", "scheme"), [("basic", "https"), ("ssl", "https"), ("plaintext", "http")])
def test_basic_signs_in(double: Double, transport: str, scheme: str) -> None:
    assert run(double.client(scheme, transport=transport), "echo", "in")[0] == b"in\n"


def test_names_are_without_case_and_passwords_with(double: Double) -> None:
    assert run(double.client(username="ADMINISTRATOR"), "echo", "in")[0] == b"in\n"
    with pytest.raises(InvalidCredentialsError):
        double.client(password="árvíz: tükör").open_shell()


def test_basic_is_not_taken_in_the_clear_when_windows_would_not(tmp_path: Path) -> None:
    with running(tmp_path, unencrypted=False) as double:
        client = double.client()
        with pytest.raises(InvalidCredentialsError):
            client.open_shell()
        assert offers(double.post(auth=("Administrator", "x"))) == ["Negotiate"]
        assert run(double.client("https"), "echo", "in")[0] == b"in\n"


def with_certificate(double: Double, certificate: Path, key: Path) -> bytes:
    client = double.client("https", transport="certificate", cert_pem=str(certificate), cert_key_pem=str(key))
    return run(client, "echo", "in")[0]


def test_a_certificate_signs_in(double: Double) -> None:
    pair = double.authority.issue("technician")
    assert with_certificate(double, pair.certificate, pair.key) == b"in\n"


def test_a_certificate_of_another_name_does_not(tmp_path: Path) -> None:
    with running(tmp_path, subjects=("somebody",)) as double:
        pair = double.authority.issue("technician")
        with pytest.raises(InvalidCredentialsError):
            with_certificate(double, pair.certificate, pair.key)


def test_a_certificate_of_another_authority_does_not(double: Double, tmp_path: Path) -> None:
    (tmp_path / "else").mkdir()
    pair = Authority(tmp_path / "else", "other").issue("technician")
    with pytest.raises(requests.exceptions.ConnectionError):
        with_certificate(double, pair.certificate, pair.key)


def test_the_header_alone_is_no_certificate(double: Double) -> None:
    header = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
    assert double.post(scheme="https", headers={"Authorization": header}).status_code == 401


def test_a_certificate_without_the_header_does_not_sign_in(double: Double) -> None:
    pair = double.authority.issue("technician")
    assert double.post(scheme="https", cert=(str(pair.certificate), str(pair.key))).status_code == 401


@pytest.mark.parametrize(("text", "mode"), [("u:p\n", 0o640), ("u:p\n", 0o604), ("no colon\n", 0o600)])
def test_an_unsafe_password_file_is_refused(tmp_path: Path, text: str, mode: int) -> None:
    file = tmp_path / "users"
    file.write_text(text)
    file.chmod(mode)
    with pytest.raises(UnsafePasswords):
        read_passwords(file)


def test_passwords_are_not_shown() -> None:
    assert "geheim" not in repr(Accounts({"u": "geheim"}))
