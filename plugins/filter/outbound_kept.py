# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters outbound_kept and outbound_unkept: files of rules with ours in them, and rules that are in no file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.eeszt.connect.plugins.plugin_utils.firewall import firewalld, xtables
from ansible_collections.eeszt.connect.plugins.plugin_utils.firewall.nftables import OwnedObject


def outbound_kept(text: str, wanted: Sequence[Mapping[str, Any]], path: str, family: str = "") -> str:
    """Give the text of a file with what is wanted of ours; firewalld's direct.xml, or one of iptables-restore's."""
    objects = [_object(each) for each in wanted]
    try:
        return xtables.kept_text(text, objects, family) if family else firewalld.direct_text(text, objects)
    except xtables.KeptError as fault:
        raise AnsibleFilterError(f"{path} cannot take our rules: {fault}.") from fault


def outbound_unkept(running: Sequence[str], permanent: Sequence[str]) -> list[str]:
    """Name what a reload of firewalld would change for others."""
    return firewalld.runtime_only(running, permanent)


def _object(row: Mapping[str, Any]) -> OwnedObject:
    return OwnedObject(**{**row, "ports": tuple(row["ports"]), "destinations": tuple(row["destinations"])})


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"outbound_kept": outbound_kept, "outbound_unkept": outbound_unkept}
