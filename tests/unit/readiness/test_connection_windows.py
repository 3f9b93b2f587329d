# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why winrm and psrp did not reach a Windows host: real pywinrm and pypsrp against a listener that is at fault."""

from __future__ import annotations

import datetime
import os
import socket
import time
from types import SimpleNamespace

import pytest
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader

from ansible_collections.eeszt.connect.plugins.plugin_utils.controller.probe_run import run_probe
from ansible_collections.eeszt.connect.plugins.plugin_utils.judge import ConnectionFailure
from ansible_collections.eeszt.connect.plugins.plugin_utils.readiness.connection import classify_windows
from ansible_collections.eeszt.connect.plugins.plugin_utils.readiness.listener import Answer as Offer
from ansible_collections.eeszt.connect.plugins.plugin_utils.readiness.listener import decide
from ansible_collections.eeszt.connect.plugins.test.connection import connection_lost
from tests.unit.readiness.wsman_listener import Answer, fault, listening, self_signed

PLUGINS = ("winrm", "psrp")
NEGOTIATE, BASIC = "Negotiate", 'Basic realm="WSMAN"'
NOW = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def pins(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pins")
    return {
        "good": self_signed(folder),
        "expired": self_signed(folder, days=-1),
        "other": self_signed(folder, ("ws-2.example",)),
    }


class Action:
    """What of an action the probe's run needs, with a real connection; its module only opens the connection."""

    def __init__(self, plugin, variables):
        self._connection = connection_loader.get(plugin, PlayContext(), None)
        given = {"inventory_hostname": "ws-1", "ansible_host": "127.0.0.1", "ansible_user": "tech", **variables}
        given.setdefault("ansible_password", "one of no use")
        given["_extras"] = {name: value for name, value in given.items() if name.startswith("ansible_winrm_")}
        self._connection.set_options(var_options=given)

    def _execute_module(self, **_arguments):
        self._connection._connect()
        raise AssertionError("connected")


def options(plugin, port, authentication="basic", trust=None, **more):
    scheme = "https" if trust else "http"
    if plugin == "winrm":
        transport = {"basic": "ssl" if trust else "plaintext"}.get(authentication, authentication)
        found = {"ansible_winrm_scheme": scheme, "ansible_winrm_transport": [transport]}
        found |= {"ansible_winrm_operation_timeout_sec": 1, "ansible_winrm_read_timeout_sec": 2}
        found |= {"ansible_winrm_ca_trust_path": str(trust)} if trust else {}
    else:
        found = {"ansible_psrp_protocol": scheme, "ansible_psrp_auth": authentication}
        found |= {
            "ansible_psrp_operation_timeout": 1,
            "ansible_psrp_read_timeout": 2,
            "ansible_psrp_connection_timeout": 2,
        }
        found |= {"ansible_psrp_ca_cert": str(trust)} if trust else {"ansible_psrp_message_encryption": "never"}
    return {"ansible_port": port, **found, **more}


def failure_of(plugin, variables):
    failure = run_probe(Action(plugin, variables), {}, {}, {})
    assert isinstance(failure, ConnectionFailure)
    return failure.check_id.removeprefix("connection."), [failure.cause, *failure.also]


def closed_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.mark.parametrize("plugin", PLUGINS)
@pytest.mark.parametrize(
    ("answer", "step", "causes"),
    [
        (Answer(schemes=[NEGOTIATE]), "login", ["scheme_not_offered"]),
        (Answer(), "login", ["scheme_not_offered"]),
        (Answer(schemes=[NEGOTIATE, BASIC]), "login", ["auth_failed", "local_account_filtered"]),
        (Answer(schemes=[f"{NEGOTIATE}, {BASIC}"]), "login", ["auth_failed", "local_account_filtered"]),
        (Answer(200, body=b"<html><br></html>", server="squid"), "transport", ["proxy_in_between"]),
        (Answer(200, body=b"<html></html>", server="nginx"), "transport", ["proxy_in_between"]),
        (Answer(407, headers={"Proxy-Authenticate": "Basic"}, server="squid"), "transport", ["proxy_in_between"]),
        (Answer(401, schemes=[BASIC], headers={"Via": "1.1 x"}, server="x"), "transport", ["proxy_in_between"]),
        (Answer(404, body=b"Not Found"), "transport", ["listener_absent"]),
        (Answer(503), "transport", ["listener_absent"]),
        (Answer(404, server="nginx"), "transport", ["proxy_in_between"]),
        (Answer(end="close"), "transport", ["dropped"]),
        (Answer(end="mute"), "transport", ["timeout"]),
        (fault(5, "A hozzáférés megtagadva."), "login", ["local_account_filtered", "account_not_allowed"]),
        (fault(2150859173, "A szolgáltatás elérte a kvótát."), "login", ["quota"]),
        (fault(1909, "A fiók zárolva."), "login", ["account_locked"]),
        (fault(1330, "A jelszó lejárt."), "login", ["password_expired"]),
        (fault(2150858793, "Lejárt az idő."), "transport", ["timeout"]),
        (fault(2147942405, "Valami más."), "transport", ["winrm_error"]),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_what_a_listener_answers(plugin, answer, step, causes):
    with listening(answer) as listener:
        assert failure_of(plugin, options(plugin, listener.port)) == (step, causes)


@pytest.mark.parametrize("plugin", PLUGINS)
@pytest.mark.parametrize(
    ("shown", "pinned", "causes"),
    [
        ("good", "other", ["server_cert_untrusted"]),
        ("expired", "expired", ["server_cert_expired"]),
        ("other", "other", ["server_cert_name_mismatch"]),
        (None, "good", ["not_tls"]),
    ],
)
def test_the_listeners_certificate(plugin, shown, pinned, causes, pins):
    with listening(Answer(schemes=[BASIC]), pins[shown] if shown else None) as listener:
        variables = options(plugin, listener.port, trust=pins[pinned].certificate)
        assert failure_of(plugin, variables) == ("transport", causes)


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_pinned_certificate_is_trusted_by_the_look_too(plugin, pins):
    with listening(Answer(schemes=[NEGOTIATE]), pins["good"]) as listener:
        variables = options(plugin, listener.port, trust=pins["good"].certificate)
        assert failure_of(plugin, variables) == ("login", ["scheme_not_offered"])


@pytest.mark.parametrize("plugin", PLUGINS)
@pytest.mark.parametrize(("scheme", "causes"), [(BASIC, ["scheme_not_offered"]), (NEGOTIATE, ["auth_failed"])])
def test_ntlm_of_a_domain_account(plugin, scheme, causes, pins):
    with listening(Answer(schemes=[scheme]), pins["good"]) as listener:
        variables = options(plugin, listener.port, "ntlm", pins["good"].certificate, ansible_user="CLINIC\\tech")
        assert failure_of(plugin, variables) == ("login", causes)


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_client_certificate_that_is_refused(plugin, pins):
    pair = pins["good"]
    ours = {"ansible_winrm_cert_pem": str(pair.certificate), "ansible_winrm_cert_key_pem": str(pair.key)}
    ours |= {"ansible_psrp_certificate_pem": str(pair.certificate), "ansible_psrp_certificate_key_pem": str(pair.key)}
    with listening(Answer(schemes=[NEGOTIATE]), pair) as listener:
        variables = options(plugin, listener.port, "certificate", pair.certificate, **ours)
        assert failure_of(plugin, variables) == ("login", ["certificate_refused"])


@pytest.mark.parametrize("plugin", PLUGINS)
def test_the_look_shows_no_secret(plugin):
    with listening(Answer(schemes=[NEGOTIATE])) as listener:
        failure_of(plugin, options(plugin, listener.port))
        *ours, look = listener.requests
    assert all("Authorization" in each for each in ours)
    assert not {"Authorization", "Cookie"} & set(look)


@pytest.mark.parametrize("plugin", PLUGINS)
def test_nobody_listens(plugin):
    assert failure_of(plugin, options(plugin, closed_port())) == ("transport", ["listener_absent"])


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_name_that_nobody_knows(plugin):
    variables = options(plugin, 5985, ansible_host="ws-1.invalid")
    assert failure_of(plugin, variables) == ("transport", ["unreachable"])


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_proxy_that_refuses(plugin, pins):
    with listening(Answer(407)) as proxy:
        name = f"ansible_{plugin}_proxy"
        variables = options(plugin, 5986, trust=pins["good"].certificate) | {name: f"http://127.0.0.1:{proxy.port}"}
        assert failure_of(plugin, variables) == ("transport", ["proxy_in_between"])


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_proxy_of_the_environment_is_seen_by_the_look_too(plugin, monkeypatch):
    with listening(Answer(200, body=b"<p>", server="squid")) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        variables = options(plugin, 5985, ansible_host="192.0.2.1")
        assert failure_of(plugin, variables) == ("transport", ["proxy_in_between"])


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_pinned_file_that_is_not_there(plugin):
    assert failure_of(plugin, options(plugin, 5986, trust="/nowhere.pem")) == ("transport", ["tls_refused"])


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_password_that_is_not_there(plugin):
    variables = options(plugin, 5985, ansible_password=None)
    assert failure_of(plugin, variables)[1] == ["auth_failed"]


# Texts that no double can make: of kinit and GSSAPI (MIT krb5 1.20), of PowerShell's error records.
@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("Kerberos auth failure for principal a@B: kinit: Clock skew too great while getting", "clock_skew"),
        ("Kerberos auth failure for principal a@B: kinit: Preauthentication failed while getting", "auth_failed"),
        ("Kerberos auth failure for principal a@B: kinit: Password incorrect while getting initial", "auth_failed"),
        ("kinit: Client 'a@B' not found in Kerberos database while getting initial", "auth_failed"),
        ("kinit: Client's credentials have been revoked while getting initial", "account_locked"),
        ("kinit: Password has expired while getting initial credentials", "password_expired"),
        ("Kerberos auth failure for principal a@B: kinit: Cannot find KDC for realm", "kerberos_unavailable"),
        ("kerberos: authGSSClientStep() failed: (('Unspecified GSS failure', 851968), ('Server not found in Kerberos"
         " database', -1765328377))", "kerberos_unavailable"),
        ("WinRM Kerberos authentication requested but the python kerberos library is not installed", "library_missing"),
        ("pypsrp or dependencies are not installed: No module named 'pypsrp'", "library_missing"),
        ("ssl: Missing dependencies for SOCKS support.", "library_missing"),
        ("winrm send_input failed; \nstdout: \nstderr ", "dropped"),
        ("certificate: Max retries exceeded with url: /wsman (Caused by SSLError(SSLEOFError(8, 'EOF occurred in"
         " violation of protocol (_ssl.c:2393)')))", "dropped"),
    ],
)  # fmt: skip
def test_words_of_windows_connections(text, cause):
    assert classify_windows(text, connected=False, speaker="connection").failure.cause == cause


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("+ FullyQualifiedErrorId : ScriptContainedMaliciousContent", "script_blocked"),
        ("+ FullyQualifiedErrorId : MethodInvocationNotSupportedInConstrainedLanguage", "script_blocked"),
        ("The look at gateway.example failed: CERTIFICATE_VERIFY_FAILED, Code: 401", "probe_failed"),
    ],
)
def test_words_of_a_module_are_the_scripts_alone(text, cause):
    assert classify_windows(text, connected=True, speaker="module").failure.cause == cause


def decided(cause, authentication, answer, account="tech"):
    failure = ConnectionFailure(cause=cause, check_id="connection.login", text="words")
    found = decide(failure, authentication, account, answer, NOW)
    return [found.cause, *found.also]


def test_kerberos_is_refused_where_the_clocks_differ():
    late = Offer(401, ("Negotiate",), "Microsoft-HTTPAPI/2.0", date=NOW - datetime.timedelta(minutes=6))
    near = Offer(401, ("Negotiate",), "Microsoft-HTTPAPI/2.0", date=NOW - datetime.timedelta(minutes=4))
    assert decided("auth_failed", "kerberos", late, "a@B") == ["clock_skew"]
    assert decided("auth_failed", "kerberos", near, "a@B") == ["auth_failed"]
    assert decided("auth_failed", "ntlm", late, "B\\a") == ["auth_failed"]


def test_a_line_that_breaks_at_the_certificate_is_the_certificates():
    assert decided("dropped", "certificate", Offer(401, ("Negotiate",))) == ["certificate_refused"]
    assert decided("dropped", "certificate", None) == ["dropped"]
    assert decided("dropped", "basic", Offer(401, ("Basic",))) == ["dropped"]


class Dropping:
    """An action whose line drops ``times`` times."""

    def __init__(self, times):
        shell = SimpleNamespace(SHELL_FAMILY="powershell")
        self._connection = SimpleNamespace(_shell=shell, transport="ssh", reset=self.reset)
        self.times, self.asked, self.resets = times, 0, 0

    def reset(self):
        self.resets += 1

    def _execute_module(self, module_name, **_arguments):
        assert module_name == "eeszt.connect.win_probe"
        self.asked += 1
        message = "Connection reset by peer" if self.asked <= self.times else "no observation"
        return {"failed": True, "msg": message} if self.asked > self.times else self.drop(message)

    def drop(self, message):
        from ansible.errors import AnsibleConnectionFailure

        raise AnsibleConnectionFailure(message)


def test_a_dropped_line_is_tried_once_more():
    action = Dropping(1)
    assert run_probe(action, {}, {}, {}).cause == "probe_failed"
    assert (action.asked, action.resets) == (2, 1)


def test_a_line_that_drops_again_is_given_up():
    action = Dropping(5)
    assert run_probe(action, {}, {}, {}).cause == "dropped"
    assert action.asked == 2


def test_a_probe_that_does_not_end_is_given_up():
    action = Dropping(0)
    action._execute_module = lambda **_arguments: time.sleep(60)
    failure = run_probe(action, {}, {}, {}, seconds=0.05)
    assert (failure.check_id, failure.cause) == ("connection.probe", "probe_hung")


# What Ansible makes of a connection that breaks in the middle of a role's task.
@pytest.mark.parametrize(
    ("message", "lost"),
    [
        ("Task failed: ('Connection aborted.', RemoteDisconnected('Remote end closed connection'))", True),
        ("Task failed: HTTPSConnectionPool(host='h', port=5986): Max retries exceeded with url: /wsman (Caused by"
         " NewConnectionError('[Errno 111] Connection refused'))", True),
        ("Task failed: Module failed: The rule could not be written: access is denied", False),
        ("failed without a message", False),
    ],
)  # fmt: skip
def test_a_task_that_failed_by_its_line_is_told_from_one_that_failed_by_its_work(message, lost):
    assert connection_lost(message) is lost
