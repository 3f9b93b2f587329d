# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""eeszt-connect intake, run as a user runs it: at a terminal with its questions, and without one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from intake_bench import ALFA, BETA, GAMMA, PASSWORD, VAULT_PASSWORD, Bench, load

from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.csv_folder import read_csv_files
from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.findings import Findings
from tests.unit.certificate.certificate_factory import DAY, NOW, issue, pack, pack_by_openssl

OTHER = "másik-jelszó-0815"


def test_passwords_are_typed_and_come_out_of_the_vault_again(bench: Bench) -> None:
    bench.put("alfa.p12", bench.issue(ALFA))
    bench.put("BETA.PFX", bench.issue(BETA), OTHER)
    (bench.downloads / "readme.txt").write_text("x")
    done = bench.at_terminal(
        bench.arguments(),
        [
            ("Password of BETA.PFX", f"{OTHER}\n"),
            ("Password of alfa.p12", "wrong\n"),
            ("does not open", ""),
            ("Password of alfa.p12", f"{PASSWORD}\n"),
        ],
    )
    assert done.code == 0, done.shown
    found = bench.variables()
    assert found == {
        ALFA: {"path": str(bench.downloads / "alfa.p12"), "password": PASSWORD},
        BETA: {"path": str(bench.downloads / "BETA.PFX"), "password": OTHER},
    }
    assert bench.dest.stat().st_mode & 0o777 == 0o600
    assert "E99901A Alfa Szakrendelő (by the policy's pattern)" in done.said
    assert "CN=Test Intermediate CA" in done.said
    assert "2 above it, up to the root" in done.said
    assert "EC secp256r1, signed with SHA256" in done.said
    assert "no .p12 or .pfx, left alone: readme.txt" in done.said
    assert done.said.endswith(
        "still without a certificate: 1\n  E99903A  Gamma Rendelő  (no administrator in the plan)\n"
    )
    assert bench.leaks(done.said, done.shown) == []
    assert bench.leaks(done.said, done.shown, secret=OTHER) == []
    assert bench.leaks(done.said, done.shown, secret=VAULT_PASSWORD) == []


def test_a_second_intake_changes_nothing(bench: Bench) -> None:
    bench.put("alfa.p12", bench.issue(ALFA))
    passwords = bench.passwords({"alfa.p12": PASSWORD})
    assert bench.intake("--passwords", passwords).code == 0
    before = bench.dest.read_bytes(), bench.dest.stat().st_ino
    done = bench.intake("--passwords", passwords)
    assert (done.code, done.shown) == (0, "")
    assert (bench.dest.read_bytes(), bench.dest.stat().st_ino) == before
    assert f"unchanged in {bench.dest}: {ALFA}" in done.said


def test_all_that_is_wrong_is_told_at_once_and_the_rest_is_taken(bench: Bench) -> None:
    bench.policy("CN={institution}(,|$)")
    alfa = bench.issue(ALFA)
    strange = issue(BETA, issue("EESZT TST CA", usage=None))
    second = bench.issue(BETA)
    files = {
        "alfa.p12": pack(alfa, PASSWORD),
        "alfa-again.p12": pack(alfa, PASSWORD),
        "alfa-last-year.p12": pack(bench.issue(ALFA, not_before=NOW - 300 * DAY), PASSWORD),
        "wrong-password.p12": pack(bench.issue(GAMMA), OTHER),
        "no-key.p12": pack(None, PASSWORD, certificates=[alfa.certificate]),
        "mixed.p12": pack(None, PASSWORD, key=second.key, certificates=[alfa.certificate]),
        "expired.p12": pack(bench.issue(BETA, not_before=NOW - 9 * DAY, not_after=NOW - DAY), PASSWORD),
        "not-yet.p12": pack(bench.issue(BETA, not_before=NOW + 9 * DAY), PASSWORD),
        "test-ca.p12": pack(strange, PASSWORD),
        "stranger.p12": pack(bench.issue("E77777A"), PASSWORD),
        "nobody.p12": pack(bench.issue("somebody"), PASSWORD),
        "page.pfx": b"<html>Please log in</html>",
        "open.p12": pack_by_openssl(bench.issue(GAMMA), b""),
    }
    for name, data in files.items():
        bench.put_bytes(name, data)
    done = bench.intake("--passwords", bench.passwords(dict.fromkeys(files, PASSWORD) | {"gone.p12": PASSWORD}))
    assert done.code == 1
    expected = {
        "alfa-again.p12": "",
        "alfa.p12": "It holds the same certificate as alfa-again.p12. Remove one",
        "alfa-last-year.p12": "alfa-again.p12 in the same folder is a newer certificate of E99901A. Take the older",
        "wrong-password.p12": "The password does not open the PKCS#12 file (tried as UTF-8, as cp1250 read as Latin-1, "
        "and as NFD). Compare it with the SMS",
        "no-key.p12": "holds certificates but no private key. Somebody exported it",
        "mixed.p12": "belongs to none of its certificates. Two downloads were mixed",
        "expired.p12": "The certificate expired on ",
        "not-yet.p12": "is valid from ",
        "test-ca.p12": "A test authority issued it (CN=EESZT TST CA). Take the certificate of the live system",
        "stranger.p12": "It is of institution E77777A (CN=E77777A), which the plan does not have. Write",
        "nobody.p12": "Nothing tells whose certificate it is (CN=somebody). Give it by --institution",
        "page.pfx": "it is a web page",
        "open.p12": "opens without a password",
    }
    told = {line.split(": ")[1]: line for line in done.shown.splitlines() if line.startswith("error: ")}
    assert set(told) == {name for name, words in expected.items() if words}
    assert {name: words for name, words in expected.items() if words and words not in told[name]} == {}
    assert "warning: the file of passwords names gone.p12, which is not in the folder" in done.shown
    assert set(bench.variables()) == {ALFA}
    assert bench.leaks(done.said, done.shown) == []


def test_what_is_in_a_file_without_its_key_is_said(bench: Bench) -> None:
    bench.put_bytes("no-key.p12", pack(None, PASSWORD, certificates=[bench.issue(ALFA).certificate]))
    done = bench.intake("--passwords", bench.passwords({"no-key.p12": PASSWORD}))
    assert "subject      CN=E99901A" in done.said
    assert "key          none that fits" in done.said


def test_a_password_in_another_encoding_is_a_warning(bench: Bench) -> None:
    bench.put_bytes(
        "alfa.p12", pack_by_openssl(bench.issue(ALFA), PASSWORD.encode("cp1250").decode("latin-1").encode())
    )
    done = bench.intake("--passwords", bench.passwords({"alfa.p12": PASSWORD}))
    assert done.code == 0
    assert "warning: alfa.p12: The PKCS#12 file opens only when its password is read as cp1250-as-latin-1" in done.shown
    assert bench.variables()[ALFA]["password"] == PASSWORD


def test_a_test_policy_takes_certificates_of_test_authorities(bench: Bench) -> None:
    bench.put("alfa.p12", issue(ALFA, issue("EESZT UAT CA", usage=None)))
    arguments = bench.arguments(
        "--passwords", bench.passwords({"alfa.p12": PASSWORD}), "--institution", f"alfa.p12={ALFA}"
    )
    arguments[arguments.index("policy.yml")] = "test"
    assert bench.run(*arguments).code == 0
    assert set(bench.variables()) == {ALFA}


def test_whose_it_is_is_asked_among_those_that_lack_one(bench: Bench) -> None:
    bench.policy(None)
    for name in ("a.p12", "b.p12", "c.p12", "d.p12"):
        bench.put(name, bench.issue(f"unit {name}"))
    typed = [(f"Password of {name}", f"{PASSWORD}\n") for name in ("b.p12", "c.p12", "d.p12")]
    done = bench.at_terminal(
        bench.arguments("--institution", f"a.p12={ALFA}"),
        [
            ("Password of a.p12", f"{PASSWORD}\n"),
            *typed,
            ("b.p12: CN=unit b.p12", ""),
            ("1  P099902  Béta Patika", ""),
            ("2  E99903A  Gamma Rendelő", ""),
            ("Whose is it?", "a\n"),
            ("2 institutions of the plan fit", ""),
            ("Whose is it?", "gamma\n"),
            ("c.p12: CN=unit c.p12", ""),
            ("Whose is it?", "7\n"),
            ("the plan has none such", ""),
            ("Whose is it?", "1\n"),
            ("Whose is it?", "\n"),
        ],
    )
    assert done.code == 0, done.shown
    paths = {institution: Path(entry["path"]).name for institution, entry in bench.variables().items()}
    assert paths == {ALFA: "a.p12", GAMMA: "b.p12", BETA: "c.p12"}
    assert "(as you chose)" in done.said
    assert "(as you answered)" in done.said
    assert "institution  not known" in done.said
    assert "every institution of the plan has a certificate" in done.said


def test_an_empty_answer_leaves_a_file_out(bench: Bench) -> None:
    bench.put("alfa.p12", bench.issue(ALFA))
    done = bench.at_terminal(bench.arguments(), [("Password of alfa.p12", "\n")])
    assert done.code == 0
    assert "left out     no password was given" in done.said
    assert not bench.dest.exists()


def test_without_a_terminal_nothing_is_asked(bench: Bench) -> None:
    bench.put("alfa.p12", bench.issue(ALFA))
    done = bench.intake()
    assert done.code == 1
    assert "error: alfa.p12: Its password is not known" in done.shown
    assert "--passwords" in done.shown
    assert "Traceback" not in done.shown
    assert not bench.dest.exists()


def test_an_interrupted_intake_has_written_nothing(bench: Bench) -> None:
    bench.put("alfa.p12", bench.issue(ALFA))
    bench.put("beta.p12", bench.issue(BETA))
    done = bench.at_terminal(
        bench.arguments("--copy-to", "kept"),
        [("Password of alfa.p12", f"{PASSWORD}\n"), ("Password of beta.p12", "\x03")],
    )
    assert done.code == 130
    assert "Traceback" not in done.shown
    assert not bench.dest.exists()
    assert not (bench.home / "kept").exists()


def test_wrong_choices_are_told_at_once(bench: Bench) -> None:
    bench.put("alfa.p12", bench.issue(ALFA))
    given = ("alfa.p12", "none.p12=E99901A", "alfa.p12=E12345A", "alfa.p12=E99901A", "alfa.p12=P099902")
    done = bench.intake(*(part for each in given for part in ("--institution", each)))
    assert (done.code, done.said) == (2, "")
    for words in ("write FILE=ID", "no PKCS#12 file none.p12", "no institution E12345A", "is given to E99901A as well"):
        assert words in done.shown


def test_one_certificate_belongs_to_one_institution(bench: Bench) -> None:
    bench.policy(None)
    shared = bench.issue("shared")
    bench.put("a.p12", shared)
    bench.put("b.p12", shared)
    passwords = bench.passwords({"a.p12": PASSWORD, "b.p12": PASSWORD})
    done = bench.intake("--passwords", passwords, "--institution", f"a.p12={ALFA}", "--institution", f"b.p12={BETA}")
    assert done.code == 1
    assert "a.p12: The same certificate would be that of E99901A and of P099902 (b.p12)." in done.shown
    assert "b.p12: The same certificate would be that of P099902 and of E99901A (a.p12)." in done.shown
    assert not bench.dest.exists()
    (bench.downloads / "b.p12").rename(bench.home / "b.p12")
    assert bench.intake("--passwords", passwords, "--institution", f"a.p12={ALFA}").code == 0
    (bench.home / "b.p12").rename(bench.downloads / "b.p12")
    (bench.downloads / "a.p12").rename(bench.home / "a.p12")
    vars_text = bench.dest.read_text().replace(str(bench.downloads / "a.p12"), str(bench.home / "a.p12"))
    bench.dest.write_text(vars_text)
    done = bench.intake("--passwords", passwords, "--institution", f"b.p12={BETA}")
    assert (
        "b.p12: The same certificate would be that of P099902 and of E99901A (which the variables have)." in done.shown
    )
    assert set(bench.variables()) == {ALFA}


def test_a_renewed_certificate_replaces_its_entry_and_an_older_one_does_not(bench: Bench) -> None:
    first = bench.put("alfa.p12", bench.issue(ALFA, not_before=NOW - 30 * DAY))
    assert bench.intake("--passwords", bench.passwords({"alfa.p12": PASSWORD}), "--copy-to", "kept").code == 0
    first.unlink()
    # Newer, though it ends earlier.
    bench.put("new.p12", bench.issue(ALFA, not_after=NOW + 90 * DAY), OTHER)
    passwords = bench.passwords({"new.p12": OTHER, "old.p12": PASSWORD})
    assert bench.intake("--passwords", passwords, "--copy-to", "kept").code == 0
    renewed = bench.dest.read_bytes()
    assert bench.variables()[ALFA]["password"] == OTHER
    (bench.downloads / "new.p12").unlink()
    bench.put("old.p12", bench.issue(ALFA, not_before=NOW - 20 * DAY))
    done = bench.intake("--passwords", passwords, "--copy-to", "kept")
    assert done.code == 1
    assert "old.p12: It began on " in done.shown
    assert "before the one that E99901A has already" in done.shown
    assert bench.dest.read_bytes() == renewed


def test_copies_have_a_stable_place_and_are_private(bench: Bench) -> None:
    source = bench.put("alfa.p12", bench.issue(ALFA))
    source.chmod(0o644)
    passwords = bench.passwords({"alfa.p12": PASSWORD})
    done = bench.intake("--passwords", passwords)
    assert "others may read alfa.p12" in done.shown
    done = bench.intake("--passwords", passwords, "--copy-to", "kept")
    assert (done.code, done.shown) == (0, "")
    copy = Path(bench.variables()[ALFA]["path"])
    assert copy.parent == bench.home / "kept"
    assert copy.name.startswith(f"{ALFA}-")
    assert copy.stat().st_mode & 0o777 == 0o600
    assert copy.read_bytes() == source.read_bytes()
    before = bench.dest.read_bytes()
    bench.intake("--passwords", passwords, "--copy-to", "kept")
    assert bench.dest.read_bytes() == before
    assert list((bench.home / "kept").iterdir()) == [copy]


def test_when_the_variables_cannot_be_written_the_copies_go_again(bench: Bench) -> None:
    bench.put("alfa.p12", bench.issue(ALFA))
    bench.dest.parent.mkdir(parents=True)
    bench.dest.write_text("eeszt_certificates:\n  E1:\n    path: a\n...\n")
    done = bench.intake("--passwords", bench.passwords({"alfa.p12": PASSWORD}), "--copy-to", "kept")
    assert done.code == 2
    assert "the form of this file leaves no place" in done.shown or "this is no YAML" in done.shown
    assert list((bench.home / "kept").iterdir()) == []


def test_a_place_that_cannot_be_is_said(bench: Bench) -> None:
    bench.put("alfa.p12", bench.issue(ALFA))
    (bench.home / "file").write_text("")
    bench.dest = bench.home / "file" / "certificates.yml"
    done = bench.intake("--passwords", bench.passwords({"alfa.p12": PASSWORD}))
    assert done.code == 2
    assert "Not a directory" in done.shown


def test_the_days_are_told_and_the_plan_stays(bench: Bench) -> None:
    before = (bench.home / "plan.yml").read_bytes()
    bench.put("alfa.p12", bench.issue(ALFA))
    passwords = bench.passwords({"alfa.p12": PASSWORD})
    done = bench.intake("--passwords", passwords, "--dates", "days.csv")
    told = "E99901A  certificate downloaded (onboarding.certificate_downloaded): 2026-09-21  its entry: plan.yml:4:19"
    assert told in done.said
    assert "only its reader knows: E99901A" in done.said
    assert (bench.home / "plan.yml").read_bytes() == before
    assert (bench.home / "days.csv").read_text("utf-8-sig").splitlines() == [
        "name;authority;authority id;certificate downloaded",
        "Alfa Szakrendelő;oth;99901A;2026-09-21",
    ]
    done = bench.intake("--passwords", passwords, "--dates", "plan.yml")
    assert done.code == 2
    assert (bench.home / "plan.yml").read_bytes() == before


def test_days_have_the_heads_of_a_hungarian_plan(bench: Bench) -> None:
    folder = bench.home / "plan"
    folder.mkdir()
    (folder / "intézmények.csv").write_bytes(
        "Név;Nyilvántartó;OTH azonosító\nAlfa Szakrendelő;oth;99901A\n".encode("cp1250")
    )
    (folder / "gépek.csv").write_text("név;telephely;intézmények\nws-1;kozpont;E99901A\n")
    (folder / "telephelyek.csv").write_text("azonosító\nkozpont\n")
    bench.put("alfa.p12", bench.issue(ALFA))
    arguments = bench.arguments("--passwords", bench.passwords({"alfa.p12": PASSWORD}), "--dates", "napok.csv")
    arguments[arguments.index("plan.yml")] = "plan"
    done = bench.run(*arguments)
    assert done.code == 0, done.shown
    assert "E99901A  tanúsítvány letöltve (onboarding.certificate_downloaded): 2026-09-21" in done.said
    assert "intézmények.csv, row 2, column 3" in done.said
    content = (bench.home / "napok.csv").read_bytes()
    assert content.decode("utf-8-sig").startswith("név;nyilvántartó;hatósági azonosító;tanúsítvány letöltve\r\n")
    findings = Findings()
    assert read_csv_files([("institutions.csv", content)], "x", findings) is not None
    assert not findings.errors


@pytest.mark.parametrize("password", ["{{ 7 * 7 }}", "{% if", "'\"\\\\ #: &*!|", " 0123 "])
def test_ansible_takes_path_and_password_as_they_are(bench: Bench, password: str) -> None:
    bench.put("{{ x }} #1.p12", bench.issue(ALFA), password)
    done = bench.at_terminal(bench.arguments(), [("Password of", f"{password}\n")])
    assert done.code == 0, done.shown
    (bench.home / "inventory" / "hosts").write_text("localhost ansible_connection=local\n")
    command = [sys.executable, "-m", "ansible", "adhoc", "localhost", "-i", "inventory", "-m", "debug"]
    command += ["-a", "var=eeszt_certificates", "--vault-password-file", str(bench.vault_file)]
    shown = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=bench.home, env=bench.environment({})
    )
    found = json.loads(shown.stdout.partition("=>")[2])["eeszt_certificates"]
    assert found == {ALFA: {"path": str(bench.downloads / "{{ x }} #1.p12"), "password": password}}


def test_a_vault_id_is_written_into_the_values(bench: Bench) -> None:
    bench.put("alfa.p12", bench.issue(ALFA))
    arguments = bench.arguments(
        "--passwords", bench.passwords({"alfa.p12": PASSWORD}), "--vault-id", f"clinics@{bench.vault_file}", vault=False
    )
    assert bench.run(*arguments).code == 0
    assert "$ANSIBLE_VAULT;1.2;AES256;clinics\n" in bench.dest.read_text()
    assert load(bench.dest, VAULT_PASSWORD, "clinics")[ALFA]["password"] == PASSWORD


def test_the_vault_password_comes_from_a_script_or_the_environment(bench: Bench) -> None:
    bench.put("alfa.p12", bench.issue(ALFA))
    script = bench.home / "ask-the-safe"
    script.write_text(f"#!/bin/sh\ncat {bench.vault_file}\n")
    script.chmod(0o700)
    arguments = bench.arguments("--passwords", bench.passwords({"alfa.p12": PASSWORD}), vault=False)
    done = bench.run(*arguments, ANSIBLE_VAULT_PASSWORD_FILE=str(script))
    assert done.code == 0, done.shown
    assert bench.variables()[ALFA]["password"] == PASSWORD


def test_a_new_vault_password_is_asked_for_twice(bench: Bench) -> None:
    bench.put("alfa.p12", bench.issue(ALFA))
    arguments = bench.arguments(vault=False)
    first = ("Vault password: ", f"{VAULT_PASSWORD}\n")
    done = bench.at_terminal(arguments, [first, ("The same again: ", "typo\n")])
    assert done.code == 2
    assert "the two vault passwords differ" in done.shown
    again = ("The same again: ", f"{VAULT_PASSWORD}\n")
    done = bench.at_terminal(arguments, [first, again, ("Password of alfa.p12", f"{PASSWORD}\n")])
    assert done.code == 0, done.shown
    assert bench.variables()[ALFA]["password"] == PASSWORD
    assert bench.leaks(done.said, done.shown, secret=VAULT_PASSWORD) == []
    done = bench.at_terminal(arguments, [first, ("Password of alfa.p12", f"{PASSWORD}\n")])
    assert done.code == 0, done.shown


def test_another_vault_password_than_that_of_the_entries_is_refused(bench: Bench) -> None:
    bench.put("alfa.p12", bench.issue(ALFA))
    assert bench.intake("--passwords", bench.passwords({"alfa.p12": PASSWORD})).code == 0
    before = bench.dest.read_bytes()
    bench.vault_file.write_text("another")
    done = bench.intake()
    assert done.code == 2
    assert "E99901A: the vault password (default) does not open it" in done.shown
    assert bench.dest.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("alfa.p12: geheim\n", "passwords stand there in plain text; run: ansible-vault encrypt"),
        ("$ANSIBLE_VAULT;1.1;AES256\n6162\n", "the vault password (default) does not open it"),
        ("[geheim]", "no list of names"),
        ("a: 'geheim", "what is inside is no YAML"),
        ("alfa.p12: [geheim]", "alfa.p12: the password must be text"),
    ],
)
def test_a_file_of_passwords_that_is_none_is_refused(bench: Bench, text: str, reason: str) -> None:
    bench.put("alfa.p12", bench.issue(ALFA))
    if not text.startswith(("$", "alfa.p12: geheim")):
        text = VaultLib().encrypt(text, VaultSecret(VAULT_PASSWORD.encode())).decode()
    (bench.home / "passwords.yml").write_text(text)
    done = bench.intake("--passwords", "passwords.yml")
    assert done.code == 2
    assert reason in done.shown
    assert "geheim" not in done.shown


def test_passwords_may_be_vaulted_one_by_one(bench: Bench) -> None:
    bench.put("alfa.p12", bench.issue(ALFA), "0123")
    vaulted = VaultLib().encrypt("0123", VaultSecret(VAULT_PASSWORD.encode())).decode()
    lines = "".join(f"  {line}\n" for line in vaulted.splitlines())
    (bench.home / "passwords.yml").write_text(f"alfa.p12: !vault |\n{lines}")
    assert bench.intake("--passwords", "passwords.yml").code == 0
    assert bench.variables()[ALFA]["password"] == "0123"
    (bench.home / "passwords.yml").write_text(f"alfa.p12: !vault |\n{lines}beta.p12: geheim\n")
    done = bench.intake("--passwords", "passwords.yml")
    assert done.code == 2
    assert "beta.p12: the password stands there in plain text" in done.shown


def test_steering_characters_in_names_are_shown_as_such(bench: Bench) -> None:
    bench.put("a\x1b[31m.p12", bench.issue("n\x1b]0;x"))
    done = bench.intake("--passwords", bench.passwords({"b.p12": PASSWORD}))
    assert "\x1b" not in done.said + done.shown
    assert "a\\x1b[31m.p12" in done.said


def test_an_empty_folder_and_a_missing_one(bench: Bench) -> None:
    done = bench.intake()
    assert done.code == 0
    assert "there is no .p12 or .pfx file" in done.said
    assert "still without a certificate: 3" in done.said
    bench.downloads.rmdir()
    done = bench.intake()
    assert (done.code, done.said) == (2, "")
    assert "No such file or directory" in done.shown


def test_an_ansible_that_does_not_load_is_told(bench: Bench) -> None:
    (bench.home / "ansible.cfg").unlink()
    bench.put("alfa.p12", bench.issue(ALFA))
    done = bench.run(*bench.arguments(), ANSIBLE_CONFIG="/dev/null")
    assert done.code == 2
    assert "Unsupported configuration file extension" in done.shown
    assert "Traceback" not in done.shown
