"""Trouble on order: every fault of the WinRM double, as its clients see it."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from winrm.exceptions import InvalidCredentialsError, WinRMTransportError, WSManFaultError

from lab.run import wait_until
from tests.unit.lab.test_wsman_signs import WINDOWS, offers
from tests.unit.lab.wsman_double import PASSWORD, USER, Double, run, running


@pytest.fixture
def double(tmp_path: Path) -> Iterator[Double]:
    with running(tmp_path) as started:
        yield started


@pytest.mark.parametrize(
    ("variant", "offered"),
    [
        ("wrong_password", WINDOWS),
        ("filtered", WINDOWS),
        ("basic_only", ['Basic realm="WSMAN"']),
        ("negotiate_only", ["Negotiate"]),
        ("kerberos_negotiate", ["Kerberos", "Negotiate"]),
        ("no_header", []),
    ],
)
def test_a_refusal_has_its_variants(double: Double, variant: str, offered: list[str]) -> None:
    double.trouble({"kind": "refuse", "variant": variant})
    answer = double.post(auth=(USER, PASSWORD))
    assert (answer.status_code, offers(answer)) == (401, offered)
    with pytest.raises(InvalidCredentialsError):
        double.client().open_shell()


@pytest.mark.parametrize(
    ("name", "code", "text"),
    [
        ("access_denied", 5, "A hozzáférés megtagadva."),
        ("max_shells", 2150859173, "kvótáját"),
        ("clock_skew", 2148074276, "órája eltér"),
        ("busy", 170, "használatban"),
    ],
)
def test_a_fault_has_its_code_and_a_text_of_the_language(tmp_path: Path, name: str, code: int, text: str) -> None:
    with running(tmp_path, language="hu-HU") as double:
        double.trouble({"kind": "fault", "name": name})
        with pytest.raises(WSManFaultError, match=text) as caught:
            double.client().open_shell()
        assert (caught.value.code, caught.value.wsman_fault_code) == (500, code)


def test_a_fault_may_be_made_up(double: Double) -> None:
    double.trouble({"kind": "fault", "code": 1234, "subcode": "w:Strange", "text": "<&> sosem volt"})
    with pytest.raises(WSManFaultError, match="<&> sosem volt") as caught:
        double.client().open_shell()
    assert (caught.value.wsman_fault_code, caught.value.fault_subcode) == (1234, "w:Strange")


def test_the_quota_of_operations_comes_as_ansible_knows_it(double: Double) -> None:
    double.trouble({"kind": "fault", "name": "max_operations"})
    with pytest.raises(WSManFaultError) as caught:
        double.client().open_shell()
    assert (caught.value.wsman_fault_code, caught.value.wmierror_code) == (None, 2150859174)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_comes_once_is_not_spent_on_the_handshake(double: Double, scheme: str) -> None:
    double.trouble({"kind": "refuse", "variant": "no_header", "times": 1})
    with pytest.raises(InvalidCredentialsError):
        double.client(scheme).open_shell()
    assert double.client(scheme).open_shell()


def test_times_after_and_action_choose_the_request(double: Double) -> None:
    double.trouble({"kind": "fault", "name": "access_denied", "action": "Command", "after": 1, "times": 2})
    client = double.client()
    shell = client.open_shell()
    seen = []
    for _ in range(4):
        try:
            client.run_command(shell, "true")
            seen.append("done")
        except WSManFaultError:
            seen.append("fault")
    assert seen == ["done", "fault", "fault", "done"]


def test_another_host_is_left_alone(double: Double) -> None:
    double.trouble({"kind": "refuse", "variant": "no_header", "host": "ws2"})
    assert run(double.client(), "echo", "in")[0] == b"in\n"


def test_trouble_goes_when_the_file_says_so(double: Double) -> None:
    double.trouble({"kind": "refuse", "variant": "no_header"})
    with pytest.raises(InvalidCredentialsError):
        double.client().open_shell()
    double.trouble()
    assert double.client().open_shell()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"faults": 3}', '{"faults": [{"kind": "magic"}, 3]}', "null"])
def test_a_control_file_that_orders_nothing(double: Double, text: str) -> None:
    (double.folder / "control.json").write_text(text)
    assert double.client().open_shell()


def test_it_hangs_until_told(double: Double) -> None:
    double.trouble({"kind": "hang", "action": "Create"})
    opened: list[str] = []
    waiting = threading.Thread(target=lambda: opened.append(double.client().open_shell()))
    waiting.start()
    wait_until("the request hangs", 30, lambda: double.server.connections == 1)
    with pytest.raises(requests.exceptions.Timeout):
        double.client(operation_timeout_sec=1, read_timeout_sec=2).open_shell()
    assert not opened
    double.trouble()
    waiting.join(30)
    assert opened


@pytest.mark.parametrize(("when", "started"), [("request", False), ("answer", True), ("middle", True)])
def test_a_connection_drops(double: Double, when: str, started: bool, tmp_path: Path) -> None:
    client = double.client()
    shell = client.open_shell()
    double.trouble({"kind": "drop", "when": when, "action": "Command"})
    done = tmp_path / "done"
    with pytest.raises(requests.exceptions.RequestException):
        client.run_command(shell, "touch", [str(done)])
    double.trouble()
    if started:
        wait_until("the command ran", 30, done.exists)
    else:
        command = client.run_command(shell, "true")
        client.get_command_output(shell, command)
        assert not done.exists()


def test_an_answer_comes_late_and_slowly(double: Double) -> None:
    begun = time.monotonic()
    double.trouble({"kind": "slow", "delay": 0.3, "bytes_per_second": 4000, "action": "Create"})
    assert double.client().open_shell()
    # An answer to Create has more than 800 bytes.
    assert time.monotonic() - begun >= 0.5


def test_a_proxy_answers_in_its_place(double: Double) -> None:
    double.trouble({"kind": "proxy"})
    page = double.post(auth=(USER, PASSWORD))
    assert (page.status_code, page.headers["Content-Type"], "<html>" in page.text) == (200, "text/html", True)
    with pytest.raises(StopIteration):
        double.client().open_shell()


def test_a_proxy_wants_a_name(double: Double) -> None:
    double.trouble({"kind": "proxy", "status": 407})
    answer = double.post(auth=(USER, PASSWORD))
    assert (answer.status_code, answer.content, "Proxy-Authenticate" in answer.headers) == (407, b"", True)
    with pytest.raises(WinRMTransportError, match="407"):
        double.client().open_shell()


@pytest.mark.parametrize(("name", "said"), [("wrong", "match"), ("expired", "expired")])
def test_a_certificate_is_wrong(double: Double, name: str, said: str) -> None:
    double.trouble({"kind": "certificate", "name": name, "times": 1})
    with pytest.raises(requests.exceptions.SSLError, match=said):
        double.client("https").open_shell()
    assert double.client("https").open_shell()


@pytest.mark.parametrize("kind", [{"kind": "fault"}, {"kind": "refuse"}, {"kind": "drop"}])
def test_what_is_for_receive_lets_the_rest_pass(double: Double, kind: dict[str, Any]) -> None:
    double.trouble({**kind, "action": "Receive"})
    client = double.client()
    shell = client.open_shell()
    command = client.run_command(shell, "echo")
    with pytest.raises((WSManFaultError, InvalidCredentialsError, requests.exceptions.RequestException)):
        client.get_command_output_raw(shell, command)
