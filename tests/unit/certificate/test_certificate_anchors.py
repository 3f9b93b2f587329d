# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The issuers of the centre's certificates: what goes to hosts, and what is refused on the controller."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from certificate_factory import Issued, issue
from cryptography.hazmat.primitives.serialization import Encoding

from ansible_collections.eeszt.connect.plugins.filter.trust_anchors import trust_anchors
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.anchors import anchors_sha256, read_anchors
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.errors import CertificateError

ROOT = issue("Centre Root", usage=None)
BELOW = issue("Centre CA", ROOT, usage=None)


def pem(one: Issued) -> str:
    return one.certificate.public_bytes(Encoding.PEM).decode("ascii")


def test_certificates_go_each_once_and_bare(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    of_windows = pem(ROOT).replace("\n", "\r\n")
    file.write_bytes(b"Kiad\xf3:\r\n" + f"{of_windows}\n{pem(BELOW)}{pem(ROOT)}".encode("ascii"))
    assert read_anchors(str(file)) == pem(ROOT) + pem(BELOW)
    assert trust_anchors(str(file)) == pem(ROOT) + pem(BELOW)


def test_the_digest_is_of_what_goes(tmp_path: Path) -> None:
    plain, noted = tmp_path / "plain.pem", tmp_path / "noted.pem"
    plain.write_text(pem(ROOT), "ascii")
    noted.write_text(f"# the root\n{pem(ROOT)}\n", "ascii")
    assert anchors_sha256(str(plain)) == anchors_sha256(str(noted))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file"),
        ("", "holds no certificate in PEM"),
        ("-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n", "holds no certificate in PEM"),
        (pem(ROOT) + ROOT.key_pem(), "holds a private key"),
        (pem(ROOT) + pem(issue("gateway.example", ROOT)), "of CN=gateway.example, which issues no others"),
    ],
    ids=["absent", "empty", "broken", "key", "server"],
)
def test_what_is_refused(tmp_path: Path, content: str | None, said: str) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content, "ascii")
    with pytest.raises(CertificateError, match=said) as refused:
        read_anchors(str(file))
    assert str(file) in str(refused.value)
    with pytest.raises(AnsibleFilterError, match=said):
        trust_anchors(str(file))
