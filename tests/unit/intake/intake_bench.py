# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A vendor's desk: a plan, a folder of downloads, a vault password, and the command at or without a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultHelper, VaultLib, VaultSecret

from tests.unit.certificate.certificate_factory import Issued, authority, issue, pack

CHECKOUT = Path(__file__).resolve().parents[3]
PASSWORD = "Kanári-ŐŰ-7421"
VAULT_PASSWORD = "tresor-canary-9938"
PATIENCE = 60
"""Seconds until a dialogue that does not go on fails its test; a good one never waits."""

PLAN = """\
institutions:
  - name: Alfa Szakrendelő
    authority: oth
    authority_id: "99901A"
    administrator: {name: Dr. Alfa Anna, user_name: O91001, email: anna@alfa.example}
    onboarding: {certificate_downloaded: 2020-01-01}
  - {name: Béta Patika, authority: ogyei, authority_id: "99902"}
  - {name: Gamma Rendelő, authority: oth, authority_id: "99903A"}
sites: [{id: kozpont, name: Központ, ring: canary}]
hosts:
  - {name: ws-1, address: 192.0.2.1, site: kozpont, system: linux, serves: [E99901A, P099902, E99903A]}
users: []
"""
ALFA, BETA, GAMMA = "E99901A", "P099902", "E99903A"


@dataclass(frozen=True)
class Done:
    """How a command ended. At a terminal ``shown`` is what it showed there, else its stderr."""

    code: int
    said: str
    shown: str


class Bench:
    """Everything lies in ``home``, which is the command's working directory."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.downloads = home / "downloads"
        self.downloads.mkdir()
        self.dest = home / "inventory" / "group_vars" / "all" / "certificates.yml"
        self.vault_file = home / "vault-password"
        self.vault_file.write_text(VAULT_PASSWORD + "\n")
        (home / "plan.yml").write_text(PLAN, "utf-8")
        (home / "ansible.cfg").write_text("[defaults]\n")
        self.policy("CN={institution}(,|$)")
        self.ca = authority()

    def policy(self, pattern: str | None) -> None:
        shipped = CHECKOUT / "plugins/plugin_utils/contract/policies/production.yml"
        shown = "null" if pattern is None else f"'{pattern}'"
        text = shipped.read_text("utf-8").replace("subject_pattern: null", f"subject_pattern: {shown}")
        (self.home / "policy.yml").write_text(text, "utf-8")

    def put(self, name: str, issued: Issued, password: str = PASSWORD) -> Path:
        return self.put_bytes(name, pack(issued, password))

    def put_bytes(self, name: str, data: bytes) -> Path:
        path = self.downloads / name
        path.write_bytes(data)
        path.chmod(0o600)
        os.utime(path, (1_790_000_000, 1_790_000_000))  # 2026-09-21
        return path

    def issue(self, institution: str, **how: object) -> Issued:
        return issue(institution, self.ca, **how)  # type: ignore[arg-type]

    def passwords(self, given: Mapping[str, str]) -> str:
        """A vaulted file of passwords; returns its name."""
        text = "".join(f"{name}: '{password}'\n" for name, password in given.items())
        (self.home / "passwords.yml").write_bytes(VaultLib().encrypt(text, VaultSecret(VAULT_PASSWORD.encode())))
        return "passwords.yml"

    def arguments(self, *more: str, vault: bool = True) -> list[str]:
        given = ["intake", "downloads", "--plan", "plan.yml", "--policy", "policy.yml", "--dest", str(self.dest)]
        return [*given, *(["--vault-password-file", str(self.vault_file)] if vault else []), *more]

    def intake(self, *more: str, vault: bool = True) -> Done:
        """Without any terminal."""
        return self.run(*self.arguments(*more, vault=vault))

    def run(self, *arguments: str, **environment: str) -> Done:
        done = subprocess.run(
            self.command(arguments),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            cwd=self.home,
            env=self.environment(environment),
            start_new_session=True,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def command(self, arguments: Sequence[str]) -> list[str]:
        return [sys.executable, str(CHECKOUT / "bin" / "eeszt-connect"), *arguments]

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_VAULT")}
        own = {"PYTHONPATH": "", "PYTHONUTF8": "1", "ANSIBLE_HOME": str(self.home / "ansible"), "TZ": "UTC"}
        return {**kept, **own, "ANSIBLE_CONFIG": str(self.home / "ansible.cfg"), **more}

    def at_terminal(self, arguments: Sequence[str], dialogue: Sequence[tuple[str, str]]) -> Done:
        """Type each answer when its question has been shown; all of them must be asked."""
        master, slave = pty.openpty()
        process = subprocess.Popen(
            self.command(arguments),
            stdin=slave,
            stdout=subprocess.PIPE,
            stderr=slave,
            cwd=self.home,
            env=self.environment({}),
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        shown = ""
        try:
            rest = ""
            for question, answer in dialogue:
                while question not in rest:
                    new = _read(master)
                    assert new, f"{question!r} was never asked; shown: {shown!r}"
                    shown, rest = shown + new, rest + new
                rest = rest.partition(question)[2]
                os.write(master, answer.encode())
            while new := _read(master):
                shown += new
            said = process.communicate(timeout=PATIENCE)[0].decode()
        finally:
            process.kill()
            process.wait()
            os.close(master)
        return Done(process.returncode, said, shown)

    def variables(self) -> dict[str, dict[str, str]]:
        """The variables as Ansible loads them, with the passwords decrypted."""
        return load(self.dest, VAULT_PASSWORD)

    def leaks(self, *outputs: str, secret: str = PASSWORD) -> list[str]:
        """Where the secret stands that should not, in any spelling."""
        spellings = {form(secret) for form in (str, lambda text: unicodedata.normalize("NFD", text))}
        needles = {
            one.encode(code, "ignore") for one in spellings for code in ("utf-8", "cp1250", "utf-16-le", "utf-16-be")
        }
        found = [
            f"output {place}" for place, text in enumerate(outputs) if any(each in text.encode() for each in needles)
        ]
        for path in sorted(self.home.rglob("*")):
            if path.is_file() and path != self.vault_file and any(each in path.read_bytes() for each in needles):
                found.append(str(path))
        return found


def load(path: Path, vault_password: str, label: str = "default") -> dict[str, dict[str, str]]:
    vault = VaultLib([(label, VaultSecret(vault_password.encode()))])

    def plain(value: object) -> str:
        ciphertext = VaultHelper.get_ciphertext(value, with_tags=False)
        return str(value) if ciphertext is None else vault.decrypt(ciphertext).decode()

    found = DataLoader().load_from_file(str(path))["eeszt_certificates"]
    return {institution: {name: plain(value) for name, value in entry.items()} for institution, entry in found.items()}


def _read(master: int) -> str:
    """What comes next; empty at the end."""
    ready, _, _ = select.select([master], [], [], PATIENCE)
    assert ready, "nothing more was shown"
    try:
        return os.read(master, 65536).decode("utf-8", "replace")
    except OSError:  # how Linux says that the other side is gone
        return ""
