# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # What the verifying modules ask of a host. Names are those of the plan's variables without eeszt_.
    DOCUMENTATION = r"""
options:
  institutions:
    description: Institutions that work on this host, each with at least C(id).
    type: list
    elements: dict
    default: []
  endpoints:
    description:
      - Addresses of the centre that the host must reach. Nobody published them, so there is no default.
      - Each has C(name), C(host), C(port), and may have C(protocol) (V(http) or V(raw)), C(path), C(server_name),
        C(institution) and C(mutual_tls) (V(false) where the server is not expected to ask for a certificate).
      - An endpoint without C(institution) is tried once with the certificate of each institution of the host.
    type: list
    elements: dict
    default: []
  control_endpoint:
    description:
      - An unrelated address (C(host), C(port)) that tells an outage of the centre from a site that is cut off.
    type: dict
  certificate_targets:
    description: Where certificates lie on the host, see M(eeszt.connect.waf_certificate).
    type: list
    elements: dict
    default: []
  certificates:
    description:
      - What the controller holds, a mapping of institution ids to C(path) (of the PKCS#12 file on the controller) and C(password).
      - With it the judge can tell whether the host has the newest certificate, and the probe can show it to the centre
        where the host keeps none in PEM files.
    type: dict
    default: {}
  trust_anchors_source:
    description:
      - Path of a PEM file on the controller with what the file O(trust_anchors) should hold; compared, and not sent.
    type: str
  trust_anchors:
    description: Path on the host of a PEM file with the issuers of the centre's server certificates; the system's own when left out.
    type: str
  proxy:
    description: The site's HTTP proxy, a mapping with C(host), C(port) and C(exceptions).
    type: dict
  policy:
    description: Name of a shipped policy (V(production), V(test)) or the path of a policy file on the controller.
    type: str
    default: production
  system:
    description: The host's system; taken from the connection's shell when left out.
    type: str
    choices: [linux, windows]
  purpose:
    description: What the host is for; servers need no reader.
    type: str
    choices: [workstation, server, terminal_server]
    default: workstation
  login_methods:
    description: How users log in here; V(eid_card), V(mobile_token), V(phone_reader).
    type: list
    elements: str
    default: [eid_card]
  ledger:
    description: Path of the ledger on the controller. Without it nothing is recorded and no earlier proof counts.
    type: str
  probe_timeout:
    description:
      - Seconds after which a probe that does not end is given up; its host is then recorded as hanging.
      - A C(timeout) of the task itself is stricter, stops the task and records nothing.
    type: int
    default: 600
"""

    # What goes to the host beside the request; a probe that is carried has none of it.
    ACCOUNT = r"""
options:
  proxy_account:
    description:
      - Account for O(proxy), a mapping with C(username) and C(password); the password comes from Ansible Vault or a lookup.
      - It is sent to the proxy only, and stands in no request, result or report.
    type: dict
"""
