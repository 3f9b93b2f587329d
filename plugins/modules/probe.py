#!/usr/bin/python
# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: probe
short_description: Observe whether a Linux host is ready for EESZT
version_added: 0.1.0
description:
  - Looks at card readers, the eID client, the outbound firewall, certificates, the centre's endpoints and the clock in
    one trip, and returns raw facts.
  - It changes nothing and judges nothing. What the facts mean is for M(eeszt.connect.readiness_verify).
  - Each section runs in a child process of its own with a time limit, so that a hung service spoils its section only.
author:
  - The eeszt.connect maintainers (@eeszt)
requirements:
  - Python 3.9 or newer on the host
  - pyscard on the host, for readers and cards; without it the section says so
extends_documentation_fragment:
  - eeszt.connect.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  request:
    description:
      - What to look at, in the form of the collection's contract C(probe_request.schema.json).
      - It holds no secret, and is logged.
    type: dict
    required: true
  secrets:
    description:
      - Certificates for O(request) entries with the source C(memory), as PEM texts V(certificate), V(key) and V(chain)
        for each institution id.
      - They are kept in memory and touch no disk of the host.
    type: dict
    default: {}
  proxy_account:
    description:
      - Account for C(proxy) of O(request), as Basic authentication writes it, user name and password with a colon between,
        in UTF-8 and base64.
      - One text, so that Ansible hides it as a whole and nothing else with it.
    type: str
    default: ""
seealso:
  - module: eeszt.connect.win_probe
  - module: eeszt.connect.readiness_verify
"""

EXAMPLES = r"""
- name: Look at the clock and at one endpoint
  eeszt.connect.probe:
    request:
      schema_version: 1
      observe: [endpoints, clock]
      ports: [443]
      certificate_targets: []
      endpoints:
        - name: gateway
          host: gateway.example
          port: 443
          protocol: http
          path:
          server_name:
          mutual_tls: true
          institution: E01620K
      control_endpoint:
      client_certificates:
        - institution: E01620K
          source: files
          certificate: /etc/eeszt/E01620K/certificate.pem
          key: /etc/eeszt/E01620K/key.pem
          chain: /etc/eeszt/E01620K/chain.pem
      trust_anchors:
      proxy:
      client: {packages: [], executables: []}
      limits: {dns: 5, connect: 5, handshake: 10, answer: 10, section: 40}
  register: seen
"""

RETURN = r"""
observation:
  description: Raw facts in the form of the collection's contract C(observation.schema.json).
  returned: success
  type: dict
  sample:
    schema_version: 1
    observed_at: "2026-05-04T07:30:00.000Z"
    probe: {name: probe, version: 0.1.0, double: false}
    host:
      system: linux
      distribution: debian
      version: "13"
      hostname: rendelo-1
      machine_id_hash: null
      boot_id: null
      account: root
      privileged: true
    sections:
      readers: null
      client: null
      firewall: null
      certificates: null
      endpoints: null
      clock: {error: null, utc: "2026-05-04T07:30:00.004Z", synchronized: true, source: chrony}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.eeszt.connect.plugins.module_utils.observe.observer import SCHEMA_VERSION, observe


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "request": {"type": "dict", "required": True},
            "secrets": {"type": "dict", "default": {}, "no_log": True},
            "proxy_account": {"type": "str", "default": "", "no_log": True},
        },
        supports_check_mode=True,
    )
    request = module.params["request"]
    if request.get("schema_version") != SCHEMA_VERSION:
        module.fail_json(msg=f"request.schema_version must be {SCHEMA_VERSION}, not {request.get('schema_version')!r}.")
    try:
        observation = observe(request, module.params["secrets"], module.params["proxy_account"])
    except KeyError as error:
        module.fail_json(msg=f"The request does not follow the contract: {error} is missing.")
    module.exit_json(changed=False, observation=observation)


if __name__ == "__main__":
    main()
