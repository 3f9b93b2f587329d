# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A keystore for Java: made by the library, read and written by Java itself, compared by what it holds."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from certificate_factory import PASSWORD, Issued, authority, issue, pack
from certificate_host import mode
from test_certificate_module import Process

from ansible_collections.eeszt.connect.plugins.module_utils.observe.certificate import observe_certificates
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.bundle import Bundle
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.delivery import deliver, prepare
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.errors import CertificateErrors
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.keystore import keystore_fits, make_keystore
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.pkcs12 import open_pkcs12
from ansible_collections.eeszt.connect.plugins.plugin_utils.certificate.sources import Rules

STORE_PASSWORD = "keystore-jelszo-9b1c"
OWNER = "E01620K"


class Bench:
    """A controller and a host in one folder, with the module run as its own process would be."""

    def __init__(self, root: Path, process: Process) -> None:
        self.source, self.path, self.process = root / "source.p12", root / "host" / "keystore.p12", process

    @property
    def target(self) -> dict[str, Any]:
        return {"institution": OWNER, "type": "java_keystore", "path": str(self.path), "alias": "eeszt"}

    def bring(self, state: str = "present", store_password: Any = STORE_PASSWORD, **target: Any) -> dict[str, Any]:
        entry = {"path": str(self.source), "password": PASSWORD, "store_password": store_password}
        read = Path.read_bytes
        targets = [{**self.target, **target}]
        delivery = prepare(state, [OWNER], {OWNER: entry}, targets, Rules(), lambda path: read(Path(path)))
        return deliver(delivery, self.process, diff=True)

    def seen(self) -> dict[str, Any]:
        request = {"certificate_targets": [self.target], "trust_anchors": None}
        (target,) = observe_certificates(request).targets
        return {"holds": target.holds, "kept": target.kept}


@pytest.fixture
def bench(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench(tmp_path, Process(capsys, monkeypatch))
    made.source.write_bytes(pack(issue(OWNER, authority())))
    return made


def test_it_is_brought_once_and_compared_by_what_it_holds(bench: Bench) -> None:
    first = bench.bring()
    assert first["changed"] is True
    assert mode(bench.path) == 0o600
    bundle = open_pkcs12(bench.source.read_bytes(), PASSWORD)
    assert keystore_fits(bench.path.read_bytes(), bundle, "EESZT", STORE_PASSWORD)
    assert bench.seen() == {"holds": bundle.fingerprint, "kept": None}
    assert bench.bring()["changed"] is False
    bench.path.write_bytes(make_keystore(bundle, "eeszt", STORE_PASSWORD))
    assert bench.seen()["holds"] is None, "other bytes: nobody knows what they hold"
    assert bench.bring()["changed"] is True, "the note is made anew, and the file is left alone"
    assert bench.seen()["holds"] == bundle.fingerprint
    assert bench.bring()["changed"] is False


@pytest.mark.parametrize("change", [{"alias": "other"}, {"store_password": "another-jelszo"}])
def test_another_alias_or_password_is_another_keystore(bench: Bench, change: dict[str, Any]) -> None:
    bench.bring()
    assert bench.bring(**change)["changed"] is True
    assert bench.bring(**change)["changed"] is False


def test_a_renewal_keeps_the_old_keystore_and_brings_it_back(bench: Bench) -> None:
    bench.bring()
    old = bench.path.read_bytes()
    bench.source.write_bytes(pack(issue(OWNER, authority())))
    renewed = bench.bring()
    assert [each["state"] for each in renewed["renewals"]] == ["kept"]
    assert bench.seen()["kept"].renewed_to == bench.seen()["holds"] == renewed["fingerprint"]
    assert bench.bring("rolled_back")["changed"] is True
    assert bench.path.read_bytes() == old
    assert bench.bring()["renewals"][0]["state"] == "held_back"


def test_removal_leaves_nothing(bench: Bench) -> None:
    bench.bring()
    bench.bring("absent")
    assert list(bench.path.parent.iterdir()) == []


def test_no_secret_leaves_the_process(bench: Bench) -> None:
    bench.bring()
    bench.bring()
    said = "".join([*bench.process.logged, *bench.process.answered])
    key = open_pkcs12(bench.source.read_bytes(), PASSWORD).key_pem.splitlines()[1]
    assert not [secret for secret in (STORE_PASSWORD, PASSWORD, key) if secret in said]


@pytest.mark.parametrize(
    ("given", "words"), [(None, "no password"), (123456, "not text"), ("árvíztűrő", "ASCII"), ("x7!q", "shorter")]
)
def test_a_password_that_java_does_not_take_is_refused_before_the_host_is_touched(
    bench: Bench, given: Any, words: str
) -> None:
    with pytest.raises(CertificateErrors, match=words) as caught:
        bench.bring(store_password=given)
    assert caught.value.kind == "store_password"
    assert str(given) not in str(caught.value)
    assert bench.process.answered == []


class Keytool:
    """Java's own tool; the password goes by the environment."""

    def __init__(self, folder: Path, bundle: Bundle) -> None:
        self.path, self.bundle, self.folder = folder / "keystore.p12", bundle, folder
        self.path.write_bytes(make_keystore(bundle, "eeszt", STORE_PASSWORD))

    def __call__(self, *options: str, password: str = STORE_PASSWORD) -> subprocess.CompletedProcess[str]:
        command = ["keytool", "-J-Duser.language=en", *options]
        environment = {**os.environ, "STORE": password}
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)

    def list(self, kind: str, password: str = STORE_PASSWORD) -> subprocess.CompletedProcess[str]:
        given = ("-keystore", str(self.path), "-storetype", kind, "-storepass:env", "STORE")
        return self("-list", "-v", *given, password=password)

    def written_anew(self, *options: str) -> bytes:
        """The same entry in a file that keytool wrote."""
        path = self.folder / "by-java.p12"
        source = ("-srckeystore", str(self.path), "-srcstorepass:env", "STORE", "-srcalias", "eeszt")
        goal = ("-destkeystore", str(path), "-deststoretype", "PKCS12", "-deststorepass:env", "STORE")
        done = self("-importkeystore", "-noprompt", *source, *goal, *options)
        assert done.returncode == 0, done.stderr
        return path.read_bytes()


@pytest.fixture
def keytool(tmp_path: Path, ca: Issued) -> Keytool:
    if shutil.which("keytool") is None:
        pytest.skip("no Java here: whether Java itself reads our keystore was not tried (needs keytool)")
    return Keytool(tmp_path, open_pkcs12(pack(issue(OWNER, ca)), PASSWORD))


@pytest.mark.parametrize("kind", ["PKCS12", "JKS"])
def test_java_itself_reads_it_also_where_a_program_asks_for_the_old_form(keytool: Keytool, kind: str) -> None:
    done = keytool.list(kind)
    assert done.returncode == 0, done.stdout
    assert "Alias name: eeszt" in done.stdout
    assert "PrivateKeyEntry" in done.stdout
    assert "Certificate chain length: 3" in done.stdout
    assert keytool.list(kind, "another-jelszo").returncode != 0


@pytest.mark.parametrize("options", [(), ("-J-Dkeystore.pkcs12.legacy",)])
def test_one_that_java_wrote_is_understood(keytool: Keytool, options: tuple[str, ...]) -> None:
    data, bundle = keytool.written_anew(*options), keytool.bundle
    assert keystore_fits(data, bundle, "eeszt", STORE_PASSWORD)
    assert not keystore_fits(data, bundle, "other", STORE_PASSWORD)
    assert not keystore_fits(data, open_pkcs12(pack(issue(OWNER, authority())), PASSWORD), "eeszt", STORE_PASSWORD)


def test_an_alias_that_java_changed_is_another(keytool: Keytool) -> None:
    data = keytool.written_anew("-destalias", "renamed")
    assert keystore_fits(data, keytool.bundle, "renamed", STORE_PASSWORD)
    assert not keystore_fits(data, keytool.bundle, "eeszt", STORE_PASSWORD)
