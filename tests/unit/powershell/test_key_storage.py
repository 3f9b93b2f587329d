# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the util for keys asks of Windows' stores, and in which order; whether Windows does it, only a Windows tells."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from powershell_host import UTILS, Pwsh

HERE = Path(__file__).parent
MARK = "eeszt.connect E01620K"


@pytest.fixture(scope="module")
def asked(pwsh: Pwsh) -> dict[str, list[str]]:
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "one")])
    since = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1, since, since + timedelta(days=9))
    der = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    found: dict[str, list[str]] = json.loads(pwsh(HERE / "run_key_storage.ps1", UTILS, base64.b64encode(der).decode()))
    return found


def test_a_mark_is_written_to_the_entry_of_a_store_that_is_open_for_writing(asked: dict[str, list[str]]) -> None:
    opened = "open ReadWrite, OpenExistingOnly, IncludeArchived"
    assert asked["mark"] == [opened, f"store: {MARK}"]
    assert asked["mark and archive"] == [opened, f"store: {MARK}", "store: archived True"]
    assert asked["mark and bring back"] == [opened, "archive: archived False", f"archive: {MARK}"]


def test_a_mark_for_a_certificate_that_went_away_is_no_success(asked: dict[str, list[str]]) -> None:
    opened, failed = asked["mark of one that is gone"]
    assert opened.startswith("open ReadWrite")
    assert "CN=one was in LocalMachine\\My and is there no more" in failed


def test_a_keys_access_list_is_set_before_the_certificate_is_there(asked: dict[str, list[str]]) -> None:
    assert asked["import"] == [f"file: {MARK}", "access C:\\key D:P(A;;FA;;;SY) False", "open ReadWrite", "add"]
    assert asked["import as Windows does"] == [f"file: {MARK}", "open ReadWrite", "add"]


def test_an_import_that_fails_leaves_no_key(asked: dict[str, list[str]]) -> None:
    assert asked["import that fails"][-2] == "remove one"
    assert "no more place" in asked["import that fails"][-1]
