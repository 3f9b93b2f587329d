# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of variables: what is kept byte for byte, what is refused, and where it would be of no use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.eeszt.connect.plugins.plugin_utils.intake.place import refuse_useless_place
from ansible_collections.eeszt.connect.plugins.plugin_utils.intake.variables import (
    HEADER,
    Entry,
    VariablesError,
    merge,
    parse,
    read_variables,
    write_variables,
)

VAULTED = "$ANSIBLE_VAULT;1.1;AES256\n61626364\n65666768\n"
NEW = Entry("/srv/new.p12", VAULTED)

OURS = """\
# hand-written words
---
eeszt_certificates: # ours
    E99901A:
        password:   !vault |
              $ANSIBLE_VAULT;1.1;AES256
              99999999
        path: '/srv/a.p12'  # kept


    # about the next one
    'P099902': {path: "{{ inventory_dir }}/b.p12", password: "{{ lookup('env', 'X') }}"}
    E99903A:
        path: !unsafe "/srv/{{ c }}.p12"
        password: plain
# the end"""


def test_entries_of_others_stay_byte_for_byte() -> None:
    merged = merge(parse(OURS, "x"), {"E99901A": NEW, "E88888A": NEW})
    kept = OURS[OURS.index("\n\n    # about") :]
    assert merged.startswith(OURS[: OURS.index("    E99901A")])
    assert f"{kept}\n    E88888A:\n" in merged
    assert "99999999" not in merged
    again = parse(merged, "x")
    assert list(again.entries) == ["E99901A", "P099902", "E99903A", "E88888A"]
    assert again.entries["E99901A"].path == "/srv/new.p12"
    assert again.entries["E88888A"].vaulted == VAULTED


def test_entries_are_understood() -> None:
    entries = parse(OURS, "x").entries
    assert [each.path for each in entries.values()] == ["/srv/a.p12", None, "/srv/{{ c }}.p12"]
    assert [each.vaulted is not None for each in entries.values()] == [True, False, False]
    assert [each.plain for each in entries.values()] == [False, False, True]
    assert "plain" not in repr(entries).replace("plain=", "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "---\n",
        "# words\n",
        "eeszt_certificates:\n",
        "--- # x\neeszt_certificates: {}\n",
        HEADER,
        "eeszt_certificates: ~",
    ],
)
def test_an_empty_file_is_filled(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.yml"
    path.write_text(text)
    write_variables(path, {"E99901A": NEW})
    assert read_variables(path).entries["E99901A"].path == "/srv/new.p12"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "eeszt_certificates: {}\neeszt_policy: x\n",
            "x.yml: it holds eeszt_policy; name a file for eeszt_certificates alone",
        ),
        ("ansible_user: x\n", "it holds ansible_user"),
        ("- E99901A\n", "it does not hold eeszt_certificates"),
        ("$ANSIBLE_VAULT;1.1;AES256\n6162\n", "encrypted as a whole: decrypt it (ansible-vault decrypt x.yml)"),
        ("eeszt_certificates:\n  E1: {password: geheim\n", "x.yml:3: this is no YAML"),
        ("eeszt_certificates: {E1: {path: a, password: geheim}}\n", "must be a dictionary, an institution a line"),
        ("eeszt_certificates: [a]\n", "must be a dictionary"),
        ("eeszt_certificates:\n  E1: {}\n  E1: {}\n", "x.yml:3: E1 stands there twice"),
        ("eeszt_certificates:\n  E1: {}\n---\na: b\n", "this is no YAML"),
    ],
)
def test_what_is_not_ours_is_refused(text: str, reason: str) -> None:
    with pytest.raises(VariablesError) as caught:
        parse(text, "x.yml")
    assert reason in str(caught.value)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("end", ["...\n", "    odd: &a {}\n"])
def test_a_form_that_has_no_place_is_left_as_it_is(tmp_path: Path, end: str) -> None:
    path = tmp_path / "x.yml"
    before = f"eeszt_certificates:\n  E1:\n    path: a\n{end}"
    path.write_text(before)
    after = {"E2": NEW}
    if end == "...\n":
        with pytest.raises(VariablesError):
            write_variables(path, after)
        assert path.read_text() == before
    else:
        write_variables(path, after)
        assert path.read_text().startswith(before)


@given(path=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_every_path_comes_back(path: str) -> None:
    made = parse(merge(parse("", "x"), {"E99901A": Entry(path, VAULTED)}), "x")
    assert made.entries["E99901A"].path == path


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.yml"
    write_variables(path, {"E99901A": NEW})
    before = path.read_bytes()

    def full(*_arguments: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        write_variables(path, {"P099902": NEW})
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_is_private_and_a_link_stays_one(tmp_path: Path) -> None:
    real = tmp_path / "elsewhere" / "x.yml"
    real.parent.mkdir()
    real.write_text("eeszt_certificates:\n")
    real.chmod(0o644)
    link = tmp_path / "x.yml"
    link.symlink_to(real)
    write_variables(link, {"E99901A": NEW})
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o600
    assert "E99901A" in real.read_text()


def test_a_place_that_ansible_would_not_read_is_refused(tmp_path: Path) -> None:
    group_vars = tmp_path / "group_vars"
    dest = group_vars / "all" / "certificates.yml"
    refuse_useless_place(dest)
    group_vars.mkdir()
    (group_vars / "all.yml").write_text("a: b\n")
    with pytest.raises(VariablesError, match=r"all\.yml: Ansible does not read this file once there is a folder"):
        refuse_useless_place(dest)
    (group_vars / "all.yml").unlink()
    dest.parent.mkdir()
    with pytest.raises(VariablesError, match="reads the folder"):
        refuse_useless_place(group_vars / "all.yml")
    with pytest.raises(VariablesError, match="name the file so"):
        refuse_useless_place(dest.with_suffix(".txt"))
    (dest.parent / "folder.yml").mkdir()
    with pytest.raises(VariablesError, match="this is a folder"):
        refuse_useless_place(dest.parent / "folder.yml")
    (dest.parent / "main.yml").write_text("x: y\neeszt_certificates: {}\n")
    with pytest.raises(VariablesError, match=r"main\.yml: eeszt_certificates stands here too"):
        refuse_useless_place(dest)
