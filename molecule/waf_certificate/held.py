# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a host: what lies in the folder FOLDER/INSTITUTION given? OpenSSL itself says whether key and chain fit."""

import grp
import hashlib
import json
import pathlib
import pwd
import ssl
import sys


def held(folder):
    """Owner, group and mode of each file; the certificate's fingerprint, and the SHA-256 of the PKCS#12 file."""
    context = ssl.create_default_context(cafile=str(folder / "chain.pem"))
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    certificate = ssl.PEM_cert_to_DER_cert((folder / "certificate.pem").read_text())
    files = {}
    for path in sorted(folder.iterdir()):
        seen = path.stat()
        owner, group = pwd.getpwuid(seen.st_uid).pw_name, grp.getgrgid(seen.st_gid).gr_name
        files[path.name] = f"{owner} {group} {seen.st_mode & 0o7777:04o}"
    return {
        "files": files,
        "fingerprint": hashlib.sha256(certificate).hexdigest(),
        "pkcs12": hashlib.sha256((folder / "client.p12").read_bytes()).hexdigest(),
    }


print(json.dumps({folder.name: held(folder) for folder in pathlib.Path(sys.argv[1]).iterdir()}))
