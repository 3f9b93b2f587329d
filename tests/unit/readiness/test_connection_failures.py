# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What connection plugins say, and what it is taken for. The texts are those of OpenSSH 9 and ansible-core."""

from __future__ import annotations

import pytest

from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.catalogue import load_catalogue
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.documents import FOLDER, read_yaml
from ansible_collections.eeszt.connect.plugins.plugin_utils.readiness.connection import classify

SAID = {
    "Failed to connect to the host via ssh: ssh: connect to host 10.77.0.11 port 22: No route to host": "unreachable",
    "ssh: connect to host 10.77.0.11 port 22: Connection timed out": "unreachable",
    "ssh: Could not resolve hostname ws-buda-1: Name or service not known": "unreachable",
    "socat[7] E connect(5, AF=2 10.77.0.11:22, 16): No route to host\nConnection closed by UNKNOWN": "unreachable",
    "kex_exchange_identification: Connection closed by remote host\r\nConnection closed by UNKNOWN": "unreachable",
    "ssh: connect to host 10.77.0.11 port 22: Connection refused": "listener_absent",
    "channel 0: open failed: connect failed: Connection refused\nstdio forwarding failed": "listener_absent",
    "Connection timed out during banner exchange": "timeout",
    "Timeout, server 10.77.0.11 not responding.": "dropped",
    "client_loop: send disconnect: Broken pipe": "dropped",
    "kex_exchange_identification: read: Connection reset by peer": "dropped",
    "kex_exchange_identification: Connection closed by remote host\nConnection closed by 10.77.0.11 port 22": "dropped",
    "Shared connection to 10.77.0.11 closed.": "dropped",
    "root@10.77.0.11: Permission denied (publickey,password).": "auth_failed",
    "Invalid/incorrect username/password. Skipping remaining 3 retries": "auth_failed",
    "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.": "host_key_changed",
    "Host key verification failed.": "host_key_unknown",
    "No ED25519 host key is known for 10.77.0.11 and you have requested strict checking.": "host_key_unknown",
    "Missing sudo password": "privilege_denied",
    "sudo: a password is required": "privilege_denied",
    "The module interpreter '/usr/bin/python3' was not found.": "interpreter_missing",
    "/bin/sh: 1: /usr/bin/python3: not found": "interpreter_missing",
}


@pytest.mark.parametrize(("text", "cause"), SAID.items())
def test_words_are_understood(text, cause):
    assert classify(text, connected=False).cause == cause


def test_unknown_words_before_a_connection_mean_unreachable():
    assert classify("gnlph", connected=False).check_id == "connection.transport"


def test_unknown_words_after_a_connection_are_the_probes():
    failure = classify("gnlph", connected=True)
    assert (failure.check_id, failure.cause, failure.text) == ("connection.probe", "probe_failed", "gnlph")


def test_the_table_names_only_what_the_catalogue_has():
    table = read_yaml(FOLDER / "connection_failures.yml")
    for row in [*table["windows"], *table["failures"]]:
        assert {row["cause"], row.get("also", row["cause"])} <= set(load_catalogue()[row["check"]].causes), row
