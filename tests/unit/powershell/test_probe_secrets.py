# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Windows probe gives a secret to no command and no function as text: module logging would keep it."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

from powershell_host import ROOT, UTILS, Pwsh
from test_windows_endpoints import LIMITS, TLS_1_2, Centre, leading

from ansible_collections.eeszt.connect.plugins.plugin_utils.controller.probe_run import secrets_for_windows
from ansible_collections.eeszt.connect.plugins.plugin_utils.readiness.proxy_account import basic_credentials
from tests.unit.judge.support import FIXTURES

ACCOUNT = {"username": "Kati", "password": "a proxy's own"}


def test_no_secret_is_given_to_a_command_and_each_does_its_work(pwsh: Pwsh, tmp_path: Path) -> None:
    request = json.loads((FIXTURES / "healthy_windows/request.json").read_text("utf-8"))
    with ExitStack() as stack:
        centre = Centre(tmp_path, stack)
        centre.show("E000301", centre.pki.institution.pem, centre.pki.institution.key_pem)
        mutual = centre.tls(centre.pki.server, version=TLS_1_2, client_issuer=centre.pki.root)
        centre.ask("mutual", mutual, institution="E000301")
        proxy = {"host": "127.0.0.1", "port": centre.serve(leading(basic_credentials(ACCOUNT))), "exceptions": []}
        anchors = tmp_path / "anchors.pem"
        anchors.write_text(centre.pki.root.pem)
        shown = {"institution": "E000301", "source": "memory", "certificate": None, "key": None, "chain": None}
        request |= {
            "observe": ["endpoints"], "endpoints": centre.endpoints, "control_endpoint": None, "proxy": proxy,
            "client_certificates": [shown], "trust_anchors": str(anchors), "limits": LIMITS,
        }  # fmt: skip
        given = tmp_path / "given.json"
        account = basic_credentials(ACCOUNT)
        secrets = {"secrets": secrets_for_windows(centre.secrets), "proxy_account": account}
        given.write_text(json.dumps({"request": request, **secrets}), "utf-8")
        trace, module = tmp_path / "trace", ROOT / "plugins/modules/win_probe.ps1"
        observation = json.loads(pwsh(ROOT / "tests/unit/powershell/run_probe_traced.ps1", UTILS, module, given, trace))
    (endpoint,) = observation["sections"]["endpoints"]["endpoints"]
    assert endpoint["proxy"]["connected"], endpoint["proxy"]
    assert account not in json.dumps(observation)
    assert len(endpoint["tls"]["client_certificate"]["presented"]) == 64
    said = trace.read_text("utf-8", "replace")
    assert "Get-EesztEndpoints" in said, "nothing was written down"
    secret = [line for line in centre.pki.institution.key_pem.splitlines() if len(line) > 20 and "-----" not in line]
    packed = [line.split("\t")[2][:40] for line in secrets_for_windows(centre.secrets).splitlines()]
    assert secret
    assert [each for each in ("PRIVATE KEY", account, *secret, *packed) if each in said] == []
