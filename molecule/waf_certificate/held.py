# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a host: what lies in the folder FOLDER/INSTITUTION given, and who can read it?

OpenSSL itself says whether key and chain fit, the kernel who reads.
"""

import grp
import hashlib
import json
import os
import pathlib
import pwd
import ssl
import sys


def reads(account, path):
    """Whether an account can read a file."""
    user = pwd.getpwnam(account)
    child = os.fork()
    if child == 0:
        os.initgroups(account, user.pw_gid)
        os.setresgid(*[user.pw_gid] * 3)
        os.setresuid(*[user.pw_uid] * 3)
        os._exit(0 if os.access(path, os.R_OK) else 1)
    return os.waitpid(child, 0)[1] == 0


def held(folder):
    """Owner, group, mode and other readers of each file; fingerprint, and the SHA-256 of the PKCS#12 file."""
    context = ssl.create_default_context(cafile=str(folder / "chain.pem"))
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    certificate = ssl.PEM_cert_to_DER_cert((folder / "certificate.pem").read_text())
    files = {}
    for path in sorted(folder.iterdir()):
        seen = path.stat()
        owner, group = pwd.getpwuid(seen.st_uid).pw_name, grp.getgrgid(seen.st_gid).gr_name
        readers = [name for name in ("backup", "games") if reads(name, path)]
        files[path.name] = " ".join([owner, group, f"{seen.st_mode & 0o7777:04o}", *readers])
    return {
        "files": files,
        "fingerprint": hashlib.sha256(certificate).hexdigest(),
        "pkcs12": hashlib.sha256((folder / "client.p12").read_bytes()).hexdigest(),
    }


print(json.dumps({folder.name: held(folder) for folder in pathlib.Path(sys.argv[1]).iterdir()}))
