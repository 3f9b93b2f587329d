# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Ansible will read a file of group_vars where it is to be written."""

from __future__ import annotations

import re
from pathlib import Path

from .variables import NAME, VariablesError

EXTENSIONS = (".yml", ".yaml")
_READ_BY_ANSIBLE = ("", *EXTENSIONS, ".json")
_FOLDERS = ("group_vars", "host_vars")


def refuse_useless_place(path: Path) -> None:
    """Raises VariablesError with the remedy when the file would not be read, or would hide other variables."""
    if path.suffix not in EXTENSIONS:
        raise VariablesError(f"{path}: Ansible reads variables from {' and '.join(EXTENSIONS)}; name the file so")
    if path.is_dir():
        raise VariablesError(f"{path}: this is a folder; name a file in it")
    path = path.absolute()
    folder = path.parent
    if folder.parent.name in _FOLDERS:
        _refuse_hidden_file(folder)
    if folder.name in _FOLDERS and path.with_suffix("").is_dir():
        group = path.with_suffix("")
        raise VariablesError(f"{path}: Ansible reads the folder {group} in its place; name a file in that folder")
    _refuse_second_definition(path)


def _refuse_hidden_file(folder: Path) -> None:
    """Beside a folder all/ Ansible reads no all.yml any more, and says nothing."""
    for extension in EXTENSIONS:
        hidden = folder.parent / f"{folder.name}{extension}"
        if hidden.is_file():
            raise VariablesError(
                f"{hidden}: Ansible does not read this file once there is a folder {folder}; "
                f"move it first: mkdir -p {folder} && mv {hidden} {folder}/main{extension}"
            )


def _refuse_second_definition(path: Path) -> None:
    """Of two files that define one variable Ansible takes one and drops the other."""
    if not path.parent.is_dir() or path.parent.name in _FOLDERS:
        return
    for other in sorted(path.parent.iterdir()):
        if other == path or other.suffix not in _READ_BY_ANSIBLE or not other.is_file() or other.name.startswith("."):
            continue
        text = other.read_text("utf-8", "replace")
        if re.search(rf"(?m)^['\"]?{NAME}['\"]?\s*:", text):
            raise VariablesError(f"{other}: {NAME} stands here too, and only one of two counts; move it to {path}")
