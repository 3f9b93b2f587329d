# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print a PKCS#12 file, given with the file of its password, encoded anew: other bytes, the same content."""

import base64
import pathlib
import sys

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

source, password = (pathlib.Path(word).read_bytes() for word in sys.argv[1:])
held = pkcs12.load_pkcs12(source, password)
chain = [each.certificate for each in held.additional_certs]
again = pkcs12.serialize_key_and_certificates(
    None, held.key, held.cert.certificate, chain, BestAvailableEncryption(password)
)
print(base64.b64encode(again).decode())
