# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Endpoints: the proxy that the host itself is set to use, beside the one that the plan names. It warns only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ...module_utils.observe.route import bypasses_proxy
from ..contract.records import Check
from .builder import evidence
from .model import Case, Facts

CHECK = "endpoints.proxy"
LEADING = frozenset({"https", "all"})
"""Schemes whose server TLS traffic goes to."""
_WINDOWS_NETWORK = re.compile(r"(?:\d{1,3}\.){1,3}\*")


def check(case: Case) -> Check:
    """Compare every place that sets a proxy with the plan's."""
    section, request = case.section("proxy_settings"), case.context.request
    if section is None and case.observation is not None:
        return case.build.not_applicable(CHECK, "the probe did not look at the host's proxy settings")
    if section is None or section["error"] is not None:
        said = evidence(None if section is None else section["error"])
        return case.build.not_tested(CHECK, case.why_missing("proxy_settings"), evidence=said)
    if request is None:
        return case.build.not_applicable(CHECK, "what the plan says of a proxy is not known")
    plan, settings = request["proxy"], [each for each in section["settings"] if _sets_something(each)]
    observed = "; ".join(_shown(each) for each in settings) or "no proxy"
    causes = list(_differences(plan, settings))
    if causes:
        return case.build.warn(CHECK, causes, expected=_planned(plan), observed=observed)
    return case.build.ok(CHECK, expected=_planned(plan), observed=observed)


def _sets_something(setting: Facts) -> bool:
    return bool(_leading(setting) or setting["pac_url"] or setting["auto_detect"])


def _leading(setting: Facts) -> list[str]:
    return [each["address"] for each in setting["servers"] if each["scheme"] in LEADING]


def _differences(plan: Facts | None, settings: Sequence[Facts]) -> Iterator[str]:
    """Causes, most telling first."""
    automatic = any(each["pac_url"] or each["auto_detect"] for each in settings)
    servers = [(each, address) for each in settings for address in _leading(each)]
    if automatic:
        yield "proxy_auto_config"
    if plan is None:
        if servers:
            yield "proxy_not_in_plan"
        return
    named = [each for each, address in servers if _same(plan, address)]
    if len(named) < len(servers):
        yield "proxy_differs"
    if not servers and not automatic:
        yield "proxy_not_set"
    if any(not _spared(exception, each["exceptions"]) for each in named for exception in plan["exceptions"]):
        yield "proxy_exception_missing"


def _same(plan: Facts, address: str) -> bool:
    bare = re.sub(r"^https?://", "", address.strip().lower()).rstrip("/")
    host = str(plan["host"]).strip("[]").lower()
    return bare in (f"{host}:{plan['port']}", f"[{host}]:{plan['port']}")


def _spared(exception: str, rules: Sequence[str]) -> bool:
    """Whether the host's exceptions cover one of the plan's; their spellings differ from system to system."""
    wanted = exception.strip().lower()
    known = [_network(rule.strip().lower()) for rule in rules]
    bare = wanted.removeprefix("*").lstrip(".")
    return wanted in known or "*" in known or (bool(bare) and bypasses_proxy(bare, known))


def _network(rule: str) -> str:
    """``10.*`` as Windows writes it is 10.0.0.0/8."""
    if not _WINDOWS_NETWORK.fullmatch(rule):
        return rule
    parts = rule.removesuffix(".*").split(".")
    return ".".join([*parts, *["0"] * (4 - len(parts))]) + f"/{8 * len(parts)}"


def _planned(plan: Facts | None) -> str:
    return "no proxy" if plan is None else _with_exceptions(f"{plan['host']}:{plan['port']}", plan["exceptions"])


def _shown(setting: Facts) -> str:
    parts = _leading(setting)
    if setting["pac_url"]:
        parts.append(f"PAC {setting['pac_url']}")
    elif setting["auto_detect"]:
        parts.append("PAC of the network (WPAD)")
    whose = f" of {setting['account']}" if setting["account"] else ""
    return f"{setting['place']}{whose}: {_with_exceptions(', '.join(parts), setting['exceptions'])}"


def _with_exceptions(text: str, exceptions: Sequence[str]) -> str:
    return f"{text} except {', '.join(exceptions)}" if exceptions else text
