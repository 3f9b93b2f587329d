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
  - Hosts get what their targets need, the PKCS#12 file as it was downloaded, PEM files, or on Windows an entry in a store.
  - The password never leaves the controller. For a store of Windows the file is made anew under a password used once.
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
      - Dictionary from an institution's id to C(path), C(password) and perhaps C(store_password), like the variable C(eeszt_certificates).
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
        description:
          - The PKCS#12 file as downloaded, PEM files, a keystore for Java in PKCS#12, or a certificate store of Windows.
          - A V(java_keystore) holds one institution and needs C(store_password) in its entry of O(sources). Java 8u301,
            11.0.12 and newer read it, also where a program asks for JKS. The older form JKS itself is not made.
        type: str
        choices: [pkcs12_file, pem_files, java_keystore, windows_store]
        required: true
      path:
        description: Absolute path of the PKCS#12 file, for V(pkcs12_file), or of the keystore, for V(java_keystore).
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
      alias:
        description: Name of the key in a V(java_keystore); the institution's id when not given. Linux only.
        type: str
      format:
        description: Of a V(java_keystore); only V(pkcs12) is made, and it goes without saying.
        type: str
        choices: [pkcs12]
      owner:
        description: User name or number that owns the files and the directories that had to be created. Linux only.
        type: str
      group:
        description:
          - Group name or number of the files and of the directories that had to be created. Linux only.
          - Of a file that is there it is not compared where the mode gives the group nothing of its own.
        type: str
      mode:
        description:
          - Mode of the files that hold a key, four octal digits in quotes; V(0600) when not given. Linux only. C(accounts) come
            on top of it.
          - Certificates and chains have 0644.
          - A file that is there may be tighter, as long as everybody whom the mode lets read can read it.
        type: str
      location:
        description:
          - Whose store, for V(windows_store); V(LocalMachine) when not given.
          - A key in V(CurrentUser) serves the connecting account alone, and not programs that run as a service.
        type: str
        choices: [LocalMachine, CurrentUser]
      store:
        description: The store's name, for V(windows_store); V(My) when not given.
        type: str
      exportable:
        description:
          - Whether the key in a V(windows_store) may be exported again.
          - When not given, a new key may not, and that of one that is there is not compared.
        type: bool
      accounts:
        description:
          - Accounts that may read the key, by name or number on Linux, by name or SID on Windows.
          - On Linux they stand in an access control list (POSIX ACL) of each file that not everybody may read, and of the
            file's folder where that was made here or bears the institution's id, so that they can walk through it. The mode's
            group digit is then the list's mask. Whoever else stands in such a list goes.
          - On Windows they read beside the system and the administrators. English names of accounts that every Windows has, such
            as V(NETWORK SERVICE), work in every language.
          - When not given, nobody else may read files. The access to a key in a store is then not compared, and a renewed key
            takes over the access of the one before it.
        type: list
        elements: str
  state:
    description:
      - V(present) brings the certificates, V(absent) removes the files of the targets, and what is kept beside them.
      - V(present) keeps a working certificate that it renews in one file of ours beside the new one,
        C(.eeszt-connect.NAME.kept) with mode 0600, until it is V(retired) or V(rolled_back). On Windows the file is for the
        system and the administrators alone.
      - In a V(windows_store) both certificates stay. The one before is archived, as Windows itself does with what it renewed,
        so that a program that looks through the store finds the new one alone; one that asks for the old thumbprint by
        CryptoAPI still finds the old one, and one that uses .NET does not.
      - V(retired) removes what was kept, once the centre has taken the new certificate.
      - V(rolled_back) puts back what was kept and notes beside it which certificate was taken back; V(present) then does
        not bring that one again.
      - V(absent) removes a directory only if it bears the institution's id and is empty then.
      - From a V(windows_store) go the institution's certificates that bear our mark, and their keys. Issuers stay, since
        others may need them.
      - V(told) removes the notes of O(note_untold), once the services were told, and does nothing else.
    type: str
    choices: [present, absent, retired, rolled_back, told]
    default: present
  note_untold:
    description:
      - Whether services are to be told of a certificate that changes. Then a note lies beside it before it changes, and
        RV(untold) names it, in this run and in later ones, until O(state=told). So services learn of it although a run broke off.
      - Where it is false, notes that are there are removed.
      - A file C(.eeszt-connect.NAME.untold) with mode 0600 beside files; a word in the friendly name of a certificate in a store.
    type: bool
    default: false
  fingerprints:
    description:
      - For O(state=retired) and O(state=rolled_back), by institution the SHA-256 of the certificate that the decision is about.
      - A renewal to another certificate is left as it is. An institution that is not named is not asked for it.
    type: dict
  reasons:
    description: For O(state=rolled_back), by institution why, a word that is noted on the host; C(request) when not given.
    type: dict
  retry_refused:
    description: Whether a certificate that was rolled back may be brought again.
    type: bool
    default: false
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
  test_issuer_words:
    description:
      - Words in the issuer's common name that tell a test authority; a certificate of such a one is refused.
      - Whole words count, in capitals or not. None are looked for when it is empty.
    type: list
    elements: str
    default: []
  material:
    description: Filled by the action plugin; it is what goes to the host. Do not give it.
    type: dict
  kept:
    description: Filled by the action plugin; what it found in PKCS#12 files of the host. Do not give it.
    type: dict
  older:
    description: Filled by the action plugin; PKCS#12 files of the host that hold a certificate to go back to. Do not give it.
    type: list
    elements: str
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
  - In a store of Windows a certificate of ours bears the friendly name C(eeszt.connect ID). With C(accounts) omitted, a renewed
    one takes over who may read the key of the one before it, which becomes C(eeszt.connect ID/kept/SHA-256 of the new one).
    One that came back is C(eeszt.connect ID ID/refused/SHA-256 of the new one/why), one that services are still to be told of
    is C(eeszt.connect ID ID/untold). These notes go with their certificate.
  - Issuers go to the store C(CA) of the same location, where nothing is trusted. Roots are left out, but for one that issued
    the certificate itself.
  - A Windows that logs what PowerShell commands are given (module logging of C(Microsoft.PowerShell.Utility)) logs what
    Ansible itself parses there, all arguments of all modules. Do not switch it on for hosts that are given secrets.
  - Nothing of this has run on a real Windows yet.
requirements:
  - cryptography 42 or newer on the controller
  - Linux with Python 3.9 or newer on the host, or Windows with PowerShell 5.1 or newer; nothing else
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

- name: Bring one institution's certificate to a store of Windows, for a service
  eeszt.connect.waf_certificate:
    institution: E01620K
    source: certificates/E01620K.p12
    password: "{{ vault_e01620k_password }}"
    targets:
      - type: windows_store
        accounts: [NETWORK SERVICE]

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
    - Each file of the targets with C(path), C(role) (certificate, key, chain, pkcs12 or keystore), C(institution) and C(changed).
    - C(reasons) says what was not as it should be (absent, unwanted, content, owner, group, mode, accounts; on Windows access).
    - A store of Windows is an entry with the role store and a path such as C(LocalMachine\My), with further reasons (key, one
      that fits is missing; exportable; mark; superseded, an older certificate of ours is there), and one with the role chain.
  returned: success
  type: list
  elements: dict
directories:
  description: Directories that were C(created); directories and leftovers of an interrupted run that were C(removed).
  returned: success
  type: dict
renewals:
  description:
    - Each target whose certificate is being renewed, with C(path), C(institution), C(fingerprint) (of the new certificate),
      C(state) and C(changed).
    - C(state) is kept (the one before is kept until the new one is proven), held_back (the new one was rolled back before and
      is not brought again), settled (nothing had to be kept any more), retired, rolled_back, removed or told (the
      note of O(note_untold) is gone).
  returned: success
  type: list
  elements: dict
untold:
  description: Where, with C(path) and C(institution), services are still to be told of the certificate; see O(note_untold).
  returned: success
  type: list
  elements: dict
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
    bring,
    describe,
    wanted_files,
)
from ansible_collections.eeszt.connect.plugins.module_utils.certificate_files import FileError
from ansible_collections.eeszt.connect.plugins.module_utils.certificate_plan import Change, Finding
from ansible_collections.eeszt.connect.plugins.module_utils.certificate_renewal import Bringing, Finishing, Removing
from ansible_collections.eeszt.connect.plugins.module_utils.certificate_untold import Telling

STATES = ["present", "absent", "retired", "rolled_back", "told"]
CHOICES = ["pkcs12_file", "pem_files", "java_keystore", "windows_store"]
TARGET = {
    "institution": {"type": "str"},
    "type": {"type": "str", "choices": CHOICES, "required": True},
    "path": {"type": "str"},
    "certificate": {"type": "str"},
    "key": {"type": "str", "no_log": False},  # the path of the file
    "chain": {"type": "str"},
    "alias": {"type": "str"},
    "format": {"type": "str", "choices": ["pkcs12"]},
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "mode": {"type": "str"},
    "accounts": {"type": "list", "elements": "str"},
    # Of Windows; its own module serves it, and the action plugin lets none of these come here.
    "location": {"type": "str", "choices": ["LocalMachine", "CurrentUser"]},
    "store": {"type": "str"},
    "exportable": {"type": "bool"},
}
ARGUMENTS = {
    "institution": {"type": "str"},
    "source": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "institutions": {"type": "list", "elements": "str"},
    "sources": {"type": "dict", "no_log": True},
    "targets": {"type": "list", "elements": "dict", "options": TARGET, "required": True},
    "state": {"type": "str", "choices": STATES, "default": "present"},
    "note_untold": {"type": "bool", "default": False},
    "fingerprints": {"type": "dict"},
    "reasons": {"type": "dict"},
    "retry_refused": {"type": "bool", "default": False},
    "subject_pattern": {"type": "str"},
    "accept_expired": {"type": "bool", "default": False},
    "allow_shared": {"type": "bool", "default": False},
    "test_issuer_words": {"type": "list", "elements": "str", "default": []},
    "material": {"type": "dict", "no_log": True},
    "kept": {"type": "dict"},
    "older": {"type": "list", "elements": "str"},
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


def shown(change: Change) -> dict[str, object]:
    """What a renewal did beside one target."""
    return {
        "path": change.main.path,
        "institution": change.main.institution,
        "fingerprint": change.fingerprint,
        "state": change.state,
        "changed": change.changes,
    }


def renewal_of(module: AnsibleModule, fingerprints: dict[str, str]) -> Telling | Removing:
    """What becomes of the certificates before; ``fingerprints`` are those of the certificates that come."""
    given = module.params
    if given["state"] == "absent":
        return Removing()
    if given["state"] == "told":
        return Telling(None, services=False)
    if given["state"] == "present":
        bringing = Bringing(fingerprints, frozenset(given["older"] or ()), given["retry_refused"])
        return Telling(bringing, given["note_untold"])
    finishing = Finishing(given["state"], given["fingerprints"] or {}, given["reasons"] or {})
    return Telling(finishing, given["note_untold"])


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
    # What comes back from beside is known to be right: no file of other bytes has to be looked into.
    kept = module.params["kept"] or ({} if present else {one.path: "" for each in sets for one in each})
    renewal = renewal_of(module, {name: each["fingerprint"] for name, each in institutions.items()})
    report = bring(sets, kept, module.check_mode, label, renewal)
    untold = [] if isinstance(renewal, Removing) else renewal.untold
    return {
        "changed": report.changed,
        "files": [describe(finding) for finding in report.findings],
        "directories": {"created": report.created, "removed": report.removed},
        "renewals": [shown(each) for each in report.renewals],
        "untold": [{"path": one.path, "institution": one.institution} for one in untold],
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
