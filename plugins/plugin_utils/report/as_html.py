# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as one HTML file that needs nothing beside itself: no network, and for reading no script either."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from ..contract.catalogue import Text
from ..contract.records import Evidence
from .model import HostReport, Report
from .steps import actors
from .words import LANGUAGES, in_language, known_word, word

FOLDER = Path(__file__).resolve().parent / "templates"
NAMED_HOSTS = 6
"""So many hosts an obstacle names before it says how many more there are."""


def to_html(report: Report, language: str = "en") -> str:
    """Write the report with both languages in it, ``language`` shown first; same report, same text."""
    if language not in LANGUAGES:
        raise ValueError(f"the report speaks {' and '.join(LANGUAGES)}, not {language!r}")
    style, script = _asset("report.css"), _asset("report.js")
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            language=language,
            style=Markup(style),
            script=Markup(script),
            script_hash=_hash(script),
            title={each: in_language(word("title"), each) for each in LANGUAGES},
            named_hosts=NAMED_HOSTS,
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        t=lambda key, **values: both(word(key, **values)),
        both=both,
        w=lambda prefix, value: both(known_word(prefix, value)),
        one=lambda key, language: in_language(word(key), language),
        anchor=anchor,
        actor=lambda name: both(actors()[name].name),
        search_text=search_text,
        evidence_text=evidence_text,
    )
    environment.filters["time"] = readable_time
    return environment


@cache
def _asset(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")


def _hash(script: str) -> str:
    """What lets the page's policy run this script and no other."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def both(text: Text) -> Markup:
    """Both languages side by side, of which the style shows one; a text that is the same in both stands once."""
    if text.en == text.hu:
        return escape(text.en)
    return Markup('<span lang="en">{}</span><span lang="hu">{}</span>').format(text.en, text.hu)


def anchor(host: str) -> str:
    """An id for a host of any name; ids must hold no space."""
    return "host-" + hashlib.sha256(host.encode("utf-8", "backslashreplace")).hexdigest()[:12]


def search_text(host: HostReport) -> str:
    """What the text filter looks through, in lower case."""
    parts = [host.host, host.system, host.purpose]
    parts += [part for each in host.institutions for part in (each.id, each.name)]
    parts += [host.site.id, host.site.name] if host.site else []
    parts += [part for line in host.root_failures for part in (line.id, line.target, *line.causes)]
    if host.blocker is not None:
        parts += [host.blocker.id, host.blocker.title.en, host.blocker.title.hu]
    return " ".join(part for part in parts if part).lower()


def evidence_text(evidence: Evidence) -> str:
    """One piece of raw evidence on a line: stack, code, text; as JSON when it has another form."""
    if not {"stack", "code", "text"} >= set(evidence):
        return json.dumps(dict(evidence), ensure_ascii=False, sort_keys=True)
    code = evidence.get("code")
    parts = [str(evidence.get("stack", "")), "" if code is None else str(code), str(evidence.get("text", ""))]
    return " · ".join(part for part in parts if part)


def readable_time(text: str) -> str:
    """2026-11-25 02:15 UTC; what is no time stays as it is."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
