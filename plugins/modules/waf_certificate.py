#!/usr/bin/python
# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: waf_certificate
short_description: Bring institutions' WAF certificates from the controller to a host
version_added: 0.1.0
author:
  - The eeszt.connect maintainers (@eeszt)
description:
  - Opens the PKCS#12 files on the controller, checks all of them, and only then touches the host.
  - Hosts get what their targets need, the PKCS#12 file as it was downloaded or PEM files.
  - The password never leaves the controller.
  - Files are written whole or not at all. A certificate never stands beside another's key.
  - Compares what files hold, not their bytes, since PKCS#12 is randomised.
  - A key in another form (PKCS#1, SEC 1) that fits is left alone.
  - Owner and group that are not given are not compared.
options:
  institution:
    description:
      - EESZT id of the institution, for one certificate.
      - Give it with O(source) and O(password), or with O(sources).
    type: str
  source:
    description:
      - Path of the institution's PKCS#12 file on the controller.
      - A relative one begins at the playbook's folder.
    type: str
  password:
    description: Password of the PKCS#12 file, from Ansible Vault or a lookup.
    type: str
  institutions:
    description:
      - EESZT ids of several institutions, served by one execution on the host.
      - Those without a target are left out.
    type: list
    elements: str
  sources:
    description:
      - Dictionary from an institution's id to C(path) and C(password), like the variable C(eeszt_certificates).
      - Entries of other institutions are not looked at.
    type: dict
  targets:
    description: Where the certificates go. Targets of other institutions are left out.
    type: list
    elements: dict
    required: true
    suboptions:
      institution:
        description: Whose certificate it is. May be left out when there is only one institution.
        type: str
      type:
        description: The PKCS#12 file as downloaded, or PEM files.
        type: str
        choices: [pkcs12_file, pem_files]
        required: true
      path:
        description: Absolute path of the PKCS#12 file, for V(pkcs12_file).
        type: str
      certificate:
        description: Absolute path of the certificate, for V(pem_files).
        type: str
      key:
        description: Absolute path of the private key (PKCS#8, not encrypted), for V(pem_files).
        type: str
      chain:
        description:
          - Absolute path of the issuers' certificates, for V(pem_files), from the certificate's issuer to the root.
          - When the PKCS#12 file brings no issuer, there is no such file.
        type: str
      owner:
        description: User name or number that owns the files and the directories that had to be created.
        type: str
      group:
        description: Group name or number of the files and of the directories that had to be created.
        type: str
      mode:
        description:
          - Mode of the files that hold a key, four octal digits in quotes; V(0600) when not given.
          - Certificates and chains have 0644.
        type: str
  state:
    description:
      - V(present) brings the certificates, V(absent) removes the files of the targets.
      - V(absent) removes a directory only if it bears the institution's id and is empty then.
    type: str
    choices: [present, absent]
    default: present
  subject_pattern:
    description:
      - Regular expression that a certificate's subject must match.
      - C({institution}) in it stands for the institution's id.
      - Nobody published the subject's form, so there is no default.
    type: str
  accept_expired:
    description: Whether a certificate may travel although it has expired.
    type: bool
    default: false
  allow_shared:
    description: Whether several institutions may have the same certificate.
    type: bool
    default: false
  material:
    description: Filled by the action plugin; it is what goes to the host. Do not give it.
    type: dict
  kept:
    description: Filled by the action plugin; what it found in PKCS#12 files of the host. Do not give it.
    type: dict
extends_documentation_fragment: eeszt.connect.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows owner, mode, fingerprint, subject and end of validity before and after.
      - Never shows a key or a PKCS#12 file.
  idempotent:
    support: full
    details: Also when a PKCS#12 file was encoded anew by somebody else.
notes:
  - The key travels through the connection's pipe alone. The task is refused where Ansible would write it to a file on
    the host (C(ANSIBLE_KEEP_REMOTE_FILES), C(become_method=su), a connection without pipelining) or to the
    controller's output (C(ANSIBLE_DEBUG)).
requirements:
  - cryptography 42 or newer on the controller
  - Linux with Python 3.8 or newer on the host, nothing else
"""

EXAMPLES = r"""
- name: Bring one institution's certificate as PEM files
  eeszt.connect.waf_certificate:
    institution: E01620K
    source: certificates/E01620K.p12
    password: "{{ vault_e01620k_password }}"
    targets:
      - type: pem_files
        certificate: /etc/eeszt/E01620K/certificate.pem
        key: /etc/eeszt/E01620K/key.pem
        chain: /etc/eeszt/E01620K/chain.pem
        group: medical
        mode: "0640"

- name: Bring the certificates of all institutions of this host
  eeszt.connect.waf_certificate:
    institutions: "{{ eeszt_institutions | map(attribute='id') }}"
    sources: "{{ eeszt_certificates }}"
    targets: "{{ eeszt_certificate_targets }}"
"""

RETURN = r"""
certificates:
  description:
    - One entry an institution that has a target, with its C(institution).
    - Where O(state=present), also C(fingerprint) (SHA-256, lower case, no colons), C(subject) (RFC 4514),
      C(not_after) (UTC) and C(warnings), what is unusual about it.
  returned: success
  type: list
  elements: dict
files:
  description:
    - Each file of the targets with C(path), C(role) (certificate, key, chain or pkcs12), C(institution) and C(changed).
    - C(reasons) says what was not as it should be (absent, unwanted, content, owner, group, mode).
  returned: success
  type: list
  elements: dict
directories:
  description: Directories that were C(created); directories and leftovers of an interrupted run that were C(removed).
  returned: success
  type: dict
institution:
  description: The institution's id.
  returned: when only one has a target
  type: str
fingerprint:
  description: SHA-256 of the certificate in lower case without colons.
  returned: when only one institution has a target and O(state=present)
  type: str
not_after:
  description: End of the certificate's validity in UTC.
  returned: when only one institution has a target and O(state=present)
  type: str
  sample: "2028-01-31T12:00:00Z"
errors:
  description:
    - Every fault that was found on the controller, with C(institution), C(kind) (a word such as C(wrong_password) or
      C(expired)), C(message) and C(remedy).
  returned: when a certificate or a target cannot be used
  type: list
  elements: dict
"""

import base64
import hashlib

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.eeszt.connect.plugins.module_utils.certificate_content import seal
from ansible_collections.eeszt.connect.plugins.module_utils.certificate_delivery import (
    Finding,
    bring,
    describe,
    wanted_files,
)
from ansible_collections.eeszt.connect.plugins.module_utils.certificate_files import FileError

TARGET = {
    "institution": {"type": "str"},
    "type": {"type": "str", "choices": ["pkcs12_file", "pem_files"], "required": True},
    "path": {"type": "str"},
    "certificate": {"type": "str"},
    "key": {"type": "str", "no_log": False},  # the path of the file
    "chain": {"type": "str"},
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "mode": {"type": "str"},
}
ARGUMENTS = {
    "institution": {"type": "str"},
    "source": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "institutions": {"type": "list", "elements": "str"},
    "sources": {"type": "dict", "no_log": True},
    "targets": {"type": "list", "elements": "dict", "options": TARGET, "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "subject_pattern": {"type": "str"},
    "accept_expired": {"type": "bool", "default": False},
    "allow_shared": {"type": "bool", "default": False},
    "material": {"type": "dict", "no_log": True},
    "kept": {"type": "dict"},
}


def sealed(finding: Finding, token: str) -> dict[str, str]:
    """A PKCS#12 file that only the controller can judge, unreadable for anybody who sees the module's output."""
    data, path = finding.before.data or b"", finding.wanted.path
    return {
        "path": path,
        "institution": finding.wanted.institution,
        "sha256": hashlib.sha256(data).hexdigest(),
        "sealed": base64.b64encode(seal(data, token, path)).decode("ascii"),
    }


def run(module: AnsibleModule) -> dict[str, object]:
    """Do the work. Raises FileError."""
    material = module.params["material"] or {}
    present = module.params["state"] == "present"
    if present and not material.get("token"):
        raise FileError("The certificate comes from the controller: call this module through its action plugin.")
    institutions = material.get("institutions", {})

    def label(path: str, final: str) -> None:
        if module.selinux_enabled():
            module.set_context_if_different(path, module.selinux_default_context(final), False)

    sets = [
        wanted_files(target, institutions[target["institution"]] if present else None)
        for target in module.params["targets"]
    ]
    report = bring(sets, module.params["kept"] or {}, module.check_mode, label)
    return {
        "changed": report.changed,
        "files": [describe(finding) for finding in report.findings],
        "directories": {"created": report.created, "removed": report.removed},
        "undecided": [sealed(finding, material["token"]) for finding in report.undecided],
    }


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        result = run(module)
    except FileError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
