# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role by the real ansible-playbook on this machine: what changes, what is shown, and what must never be seen."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from certificate_factory import DAY, NOW, Issued, issue, pack

REPOSITORY = Path(__file__).parents[3]
PASSWORD = "cAnary-jelszo-7f3a"  # plain letters: no output may hide it by escaping


@dataclass
class Outcome:
    """How a playbook ended: all that was printed, and the numbers of its recap."""

    text: str
    code: int
    recap: dict[str, int]


@dataclass
class Bench:
    """A controller and a host in one folder; the host's files lie under ``host``."""

    root: Path
    secrets: list[bytes] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    @property
    def host(self) -> Path:
        return self.root / "host"

    def certificate(self, institution: str, issued: Issued, password: str = PASSWORD) -> dict[str, str]:
        path = self.root / f"{institution}.p12"
        path.write_bytes(pack(issued, password))
        self.keep_secret(issued, path.read_bytes())
        return {"path": str(path), "password": password}

    def keep_secret(self, issued: Issued, container: bytes) -> None:
        """Nothing of these may ever be seen outside their files: lines of the key, the container, base64 of both."""
        pem = issued.key_pem()
        body = pem.splitlines()[1]
        self.secrets += [body.encode(), base64.b64encode(pem.encode())[40:100]]
        self.secrets += [container[40:80], base64.b64encode(container)[60:120]]

    def targets(self, institution: str) -> list[dict[str, str]]:
        folder = self.host / institution
        return [
            {
                "institution": institution,
                "type": "pem_files",
                "certificate": str(folder / "certificate.pem"),
                "key": str(folder / "key.pem"),
                "chain": str(folder / "chain.pem"),
            },
            {"institution": institution, "type": "pkcs12_file", "path": str(folder / "client.p12")},
        ]

    def play(self, variables: dict[str, Any], *options: str, **environment: str) -> Outcome:
        """Run the role with the plan's variables."""
        play = {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [{"name": "Role", "ansible.builtin.import_role": {"name": "eeszt.connect.waf_certificate"}}],
        }
        return self.run([play], variables, *options, **environment)

    def run(self, plays: list[dict[str, Any]], variables: dict[str, Any], *options: str, **environment: str) -> Outcome:
        book, given = self.root / "book.yml", self.root / "vars.json"
        book.write_text(json.dumps(plays))
        local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        given.write_text(json.dumps(local | variables))
        command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "workstation,", str(book)]
        command += ["-e", f"@{given}", *options]
        watched = [self.root / name for name in ("home", "tmp")]
        for folder in watched:
            folder.mkdir(exist_ok=True)
        env = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
        env |= {"ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"), "ANSIBLE_LOG_PATH": str(self.root / "ansible.log")}
        env |= {"HOME": str(watched[0]), "TMPDIR": str(watched[1]), "ANSIBLE_NOCOLOR": "1", **environment}
        with subprocess.Popen(
            command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=self.root
        ) as process:
            over = threading.Event()
            watcher = threading.Thread(target=self.watch, args=(watched, over))
            watcher.start()
            text = process.communicate()[0]
            over.set()
            watcher.join()
        self.printed.append(text)
        numbers = {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", text.rpartition("PLAY RECAP")[2])}
        return Outcome(text, process.returncode, numbers)

    def watch(self, folders: list[Path], over: threading.Event) -> None:
        """While a playbook runs, look into every temporary file and every command line."""
        while not over.wait(0.1):
            places = [path for folder in folders for path in folder.rglob("*")]
            places += [path / "cmdline" for path in Path("/proc").iterdir() if path.name.isdigit()]
            for path in places:
                try:
                    data = path.read_bytes()
                except OSError:
                    continue
                if any(secret in data for secret in self.everything_secret()):
                    self.seen.append(str(path))

    def everything_secret(self) -> list[bytes]:
        return [*self.secrets, PASSWORD.encode(), base64.b64encode(PASSWORD.encode())]

    def assert_nothing_was_seen(self) -> None:
        assert self.secrets
        places = {f"output {number}": text.encode() for number, text in enumerate(self.printed)}
        places["ansible.log"] = (self.root / "ansible.log").read_bytes()
        for folder in ("home", "tmp"):
            places |= {str(path): path.read_bytes() for path in (self.root / folder).rglob("*") if path.is_file()}
        for name, data in places.items():
            assert not [secret for secret in self.everything_secret() if secret in data], name
        assert not self.seen
        assert not [name for name in places if name.startswith(str(self.root)) and b"PRIVATE KEY" in places[name]]


@pytest.fixture
def bench() -> Iterator[Bench]:
    # Not pytest's own folder: newer Ansible puts a socket below TMPDIR, and a socket's path has 107 characters at most.
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        yield Bench(Path(folder))


def plan(bench: Bench, certificates: dict[str, dict[str, str]]) -> dict[str, Any]:
    """The plan's variables for a host that serves these institutions."""
    return {
        "eeszt_institutions": [{"id": institution} for institution in certificates],
        "eeszt_certificates": certificates,
        "eeszt_certificate_targets": [target for name in certificates for target in bench.targets(name)],
    }


def test_the_whole_life_of_two_certificates_shows_no_secret(bench: Bench, ca: Issued) -> None:
    """Fresh, unchanged, re-encoded elsewhere, drifted, renewed, removed; each as loud as Ansible can be."""
    loud = ("--diff", "-vvvv")
    practice = issue("E01620K", ca)
    variables = plan(bench, {name: bench.certificate(name, issue(name, ca)) for name in ("E01620K", "P000301")})
    variables["eeszt_certificates"]["E01620K"] = bench.certificate("E01620K", practice)
    # An institution that this host does not serve: its lookup must not be asked.
    variables["eeszt_certificates"]["OTHER"] = {
        "path": "/x",
        "password": "{{ lookup('ansible.builtin.file', '/none') }}",
    }

    before = bench.play(variables, "--check", *loud)
    assert (before.code, before.recap["changed"]) == (0, 1)
    assert not bench.host.exists()
    first = bench.play(variables, *loud)
    assert (first.code, first.recap["changed"]) == (0, 1)
    assert "+subject: CN=E01620K" in first.text
    assert "+mode: 0600" in first.text
    assert diffs(before.text) == diffs(first.text)
    for again in (bench.play(variables, *loud), bench.play(variables, "--check", *loud)):
        assert (again.code, again.recap["changed"]) == (0, 0)
        assert again.text.count("Using module file") == 1, "a compliant host costs one execution"

    anew = pack(practice, PASSWORD)
    on_host = bench.host / "E01620K" / "client.p12"
    assert anew != on_host.read_bytes()
    on_host.write_bytes(anew)
    bench.keep_secret(practice, anew)
    kept = bench.play(variables, *loud)
    assert (kept.code, kept.recap["changed"]) == (0, 0)
    assert on_host.read_bytes() == anew

    on_host.write_bytes(pack(issue("CN=stranger", ca), PASSWORD))
    (bench.host / "E01620K" / "key.pem").chmod(0o644)
    drift = bench.play(variables, *loud)
    assert (drift.code, drift.recap["changed"]) == (0, 1)
    assert "-subject: CN=CN\\=stranger" in drift.text or "-subject: CN=CN=stranger" in drift.text
    assert "-mode: 0644" in drift.text

    variables["eeszt_certificates"]["P000301"] = bench.certificate("P000301", issue("P000301 renewed", ca))
    renewed = bench.play(variables, *loud)
    assert (renewed.code, renewed.recap["changed"]) == (0, 1)
    assert "-subject: CN=P000301\n" in renewed.text
    assert "+subject: CN=P000301 renewed\n" in renewed.text

    absent = variables | {"waf_certificate_state": "absent", "eeszt_certificates": {}}
    assert bench.play(absent, "--check", *loud).recap["changed"] == 1
    assert bench.play(absent, *loud).recap["changed"] == 1
    assert list(bench.host.iterdir()) == []
    assert bench.play(absent, *loud).recap["changed"] == 0
    bench.assert_nothing_was_seen()


def test_a_renewal_is_kept_then_taken_back_or_retired_and_shows_no_secret(bench: Bench, ca: Issued) -> None:
    """The role's four states, each as loud as Ansible can be; what is kept beside holds a key, and nobody sees it."""
    loud = ("--diff", "-vvvv")
    variables = plan(bench, {"E01620K": bench.certificate("E01620K", issue("E01620K first", ca))})
    names = ["certificate.pem", "chain.pem", "client.p12", "key.pem"]
    folder = bench.host / "E01620K"
    assert bench.play(variables, *loud).recap["changed"] == 1
    first = {name: (folder / name).read_bytes() for name in names}

    variables["eeszt_certificates"]["E01620K"] = bench.certificate("E01620K", issue("E01620K second", ca))
    assert bench.play(variables, "--check", *loud).recap["changed"] == 1
    assert sorted(path.name for path in folder.iterdir()) == names
    renewed = bench.play(variables, *loud)
    assert renewed.recap["changed"] == 1
    assert "renewal of" in renewed.text
    assert len(list(folder.glob(".eeszt-connect.*.kept"))) == 2
    assert bench.play(variables, *loud).recap["changed"] == 0

    back = variables | {
        "waf_certificate_state": "rolled_back",
        "waf_certificate_reasons": {"E01620K": "client_cert_revoked"},
    }
    assert bench.play(back, "--check", *loud).recap["changed"] == 1
    returned = bench.play(back, *loud)
    assert returned.recap["changed"] == 1
    assert "+subject: CN=E01620K first" in returned.text
    assert {name: (folder / name).read_bytes() for name in names} == first
    held = bench.play(variables, *loud)
    assert held.recap["changed"] == 0
    assert "was rolled back from" in held.text

    again = bench.play(variables | {"waf_certificate_retry_refused": True}, *loud)
    assert again.recap["changed"] == 1
    retired = bench.play(variables | {"waf_certificate_state": "retired"}, *loud)
    assert retired.recap["changed"] == 1
    assert sorted(path.name for path in folder.iterdir()) == names
    assert bench.play(variables, *loud).recap["changed"] == 0
    bench.assert_nothing_was_seen()


def diffs(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(("+", "-"))]


def test_one_bad_certificate_keeps_the_host_untouched_and_every_fault_is_told(bench: Bench, ca: Issued) -> None:
    wrong = bench.certificate("P000301", issue("P000301", ca)) | {"password": PASSWORD + "-wrong"}
    old = bench.certificate("E00002X", issue("E00002X", ca, not_before=NOW - 9 * DAY, not_after=NOW - DAY))
    good = bench.certificate("E01620K", issue("E01620K", ca))
    variables = plan(bench, {"E01620K": good, "P000301": wrong, "E00002X": old, "E00003X": good})
    del variables["eeszt_certificates"]["E00003X"]
    outcome = bench.play(variables, "-vvvv", "--diff")
    assert outcome.code != 0
    assert "does not open the PKCS#12 file" in outcome.text
    assert "expired on" in outcome.text
    assert "eeszt_certificates['E00003X']" in outcome.text
    assert not bench.host.exists()
    bench.assert_nothing_was_seen()


@pytest.mark.parametrize(
    ("environment", "variables", "words"),
    [
        ({"ANSIBLE_KEEP_REMOTE_FILES": "1"}, {}, "ANSIBLE_KEEP_REMOTE_FILES"),
        ({"ANSIBLE_DEBUG": "1"}, {}, "ANSIBLE_DEBUG"),
        ({}, {"ansible_become": True, "ansible_become_method": "su"}, "pipeline"),
    ],
)
def test_where_the_key_would_be_written_down_the_task_is_refused(
    bench: Bench, ca: Issued, environment: dict[str, str], variables: dict[str, Any], words: str
) -> None:
    given = plan(bench, {"E01620K": bench.certificate("E01620K", issue("E01620K", ca))}) | variables
    outcome = bench.play(given, "-vvv", **environment)
    assert outcome.code != 0
    assert words in outcome.text
    assert not bench.host.exists()
    if "ANSIBLE_DEBUG" not in environment:
        bench.assert_nothing_was_seen()


def test_a_password_of_the_wrong_kind_is_not_printed_by_the_roles_own_check(bench: Bench, ca: Issued) -> None:
    variables = plan(bench, {"E01620K": bench.certificate("E01620K", issue("E01620K", ca))})
    outcome = bench.play(variables | {"waf_certificate_accept_expired": "perhaps"}, "-vvvv")
    assert outcome.code != 0
    assert "waf_certificate_accept_expired" in outcome.text
    bench.assert_nothing_was_seen()


def test_module_and_filter_serve_alone(bench: Bench, ca: Issued) -> None:
    source = bench.certificate("E01620K", issue("E01620K", ca))
    targets = [{key: value for key, value in one.items() if key != "institution"} for one in bench.targets("E01620K")]
    module = {"institution": "E01620K", "source": "E01620K.p12", "password": "{{ given }}", "targets": targets}
    opened = f"{{{{ '{source['path']}' | eeszt.connect.pkcs12(given) }}}}"
    tasks = [
        {"name": "Module", "eeszt.connect.waf_certificate": module, "register": "brought"},
        {"name": "Show", "ansible.builtin.debug": {"var": "brought"}},
        {"name": "Filter", "ansible.builtin.set_fact": {"opened": opened}},
        {
            "name": "Compare",
            "ansible.builtin.assert": {
                "that": [
                    "brought.fingerprint == opened.fingerprint",
                    "brought.not_after == opened.not_after",
                    "brought.files | length == 4",
                    "brought.institution == 'E01620K'",
                    "opened.chain == 2 and opened.key",
                ]
            },
        },
        {"name": "Fail", "ansible.builtin.debug": {"msg": opened.replace("given", "given ~ 'x'")}},
    ]
    outcome = bench.run([{"hosts": "all", "gather_facts": False, "tasks": tasks}], {"given": PASSWORD}, "-vvvv")
    assert outcome.recap["ok"] == 4
    assert "does not open the PKCS#12 file" in outcome.text
    bench.assert_nothing_was_seen()
