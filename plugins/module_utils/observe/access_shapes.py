# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The observation's shape for who may read a file, in its neutral form; see ``shapes``."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class AclEntry:
    """A user or group (``kind``) in a file's access control list; ``permissions`` as ``r--``, before the mask."""

    kind: str
    id: int
    name: str
    permissions: str


@dataclass
class AclFact:
    """What stands beside a mode: ``group``'s own rights, and the ``mask`` (null: none), which is the mode's digit."""

    group: str
    mask: str | None
    named: list[AclEntry] = field(default_factory=list)


@dataclass
class Account:
    """One that is to read a target's files; ``uid`` null: unknown here.

    ``kept_out_by``: the folder or the file in its way. ``sid`` is for Windows.
    """

    account: str
    uid: int | None
    kept_out_by: str | None = None
    sid: None = None
