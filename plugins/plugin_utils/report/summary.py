# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary that a command prints when it ends: one screen, plain text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from .model import HostReport, Line, Report, SiteReport
from .onboarding import Onboarding
from .steps import actors
from .words import in_language, known_word, word

MOST_FAULTS = 12
"""Faults shown; with their remedies that is what a screen holds."""
NAMED_HOSTS = 4
LEAST_WIDTH = 40


def summary(report: Report, language: str = "en", width: int = 100, paths: Sequence[str | Path] = ()) -> str:
    """Say how many hosts and sites are ready, what each other one fails on and what to do, and where the report is.

    Lines are at most ``width`` long, but for a path or name that has no place to break. Hosts of a site with the
    same fault share its lines.
    """
    width = max(width, LEAST_WIDTH)
    lines = [*_head(report, language, width), "", *_sites(report.sites, language, width)]
    lines += [*_changed(report.sites, language), *_notes(report, language)]
    lines += _onboarding(report.onboarding, language)
    lines += [*(f"{_say('summary_report', language)}: {path}" for path in paths)]
    return "\n".join(lines).rstrip() + "\n"


def _head(report: Report, language: str, width: int) -> Iterator[str]:
    totals = report.totals
    if not totals.hosts:
        yield _say("headline_none", language)
        return
    hosts = _say("hosts_ready", language, n=totals.ready, all=totals.hosts)
    sites = _say("sites_ready", language, n=totals.sites_ready, all=totals.sites)
    head = f"{_say('title', language)}: {hosts}" + (f", {sites}" if totals.sites else "")
    yield from _wrap(head, "", width)


def _sites(sites: Sequence[SiteReport], language: str, width: int) -> Iterator[str]:
    faults_left = MOST_FAULTS
    hidden = 0
    name_width = max((len(_site_name(site, language)) for site in sites), default=0)
    for site in sites:
        state = "ready" if site.ready else "not_ready"
        count = f"{site.ready_count}/{len(site.hosts)}"
        name = _site_name(site, language).ljust(min(name_width, width - 24))
        yield f"  {name}  {count:>7}  {in_language(known_word('state', state), language)}"
        for line, hosts in _faults(site.hosts):
            if faults_left:
                faults_left -= 1
                yield from _fault(line, hosts, language, width)
            else:
                hidden += len(hosts)
    yield ""
    if hidden:
        yield _say("summary_more", language, n=hidden)


def _faults(hosts: Iterable[HostReport]) -> Iterator[tuple[Line, list[str]]]:
    """Hosts by what blocks them: the same check, of the same thing, for the same causes."""
    groups: dict[tuple[object, ...], tuple[Line, list[str]]] = {}
    for host in hosts:
        line = host.blocker
        if line is not None:
            key = (line.id, line.target, line.institution, line.causes, line.reason)
            groups.setdefault(key, (line, []))[1].append(host.host)
    yield from groups.values()


def _fault(line: Line, hosts: Sequence[str], language: str, width: int) -> Iterator[str]:
    names = ", ".join(hosts[:NAMED_HOSTS])
    if len(hosts) > NAMED_HOSTS:
        names += " " + _say("and_more", language, n=len(hosts) - NAMED_HOSTS)
    what = " ".join(part for part in (line.id, line.target, line.institution) if part)
    why = ", ".join(line.causes) or in_language(known_word("status", line.status), language)
    yield from _wrap(f"{names}: {what or in_language(line.title, language)}: {why}", "    - ", width)
    remedy = in_language(line.remedy, language) or line.reason
    if remedy:
        yield from _wrap(remedy, "      ", width)


def _changed(sites: Sequence[SiteReport], language: str) -> Iterator[str]:
    """Whether the newest look at each host went with a change: a second rollout says so in one line."""
    hosts = [host for site in sites for host in site.hosts]
    if hosts:
        count = sum(1 for host in hosts if host.changed)
        yield _say("summary_changed" if count else "summary_unchanged", language, n=count, all=len(hosts))


def _notes(report: Report, language: str) -> Iterator[str]:
    counts = {
        "summary_renew": report.totals.certificates_to_renew,
        "summary_retired": len(report.retired),
        "summary_doubles": report.totals.doubles,
        "summary_unreadable": len(report.warnings),
    }
    notes = [_say(key, language, n=count) for key, count in counts.items() if count]
    if notes:
        yield "; ".join(notes)


def _onboarding(onboarding: Onboarding, language: str) -> Iterator[str]:
    """For whom most institutions wait, and how long; of the others the report tells."""
    for actor, count, days in onboarding.waiting_for()[:1]:
        who = in_language(actors()[actor].wait_for, language)
        said = _say("summary_onboarding", language, n=count, who=who)
        yield said if days is None else f"{said}, {_say('summary_longest', language, n=days)}"


def _wrap(text: str, first: str, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent="      ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _site_name(site: SiteReport, language: str) -> str:
    if not site.id:
        return _say("no_site", language)
    return f"{site.id}  {site.name}" if site.name else site.id


def _say(key: str, language: str, **values: object) -> str:
    return in_language(word(key, **values), language)
