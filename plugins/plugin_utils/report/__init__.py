# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet report: built from results of the ledger, written as HTML, JSON and a summary for the terminal."""

from __future__ import annotations

from .as_html import to_html
from .as_json import schema, to_document, to_json
from .build import build_report
from .from_ledger import report_on_ledger
from .model import Report
from .publish import FORMATS, Written, publish
from .summary import summary
from .words import LANGUAGES

__all__ = [
    "FORMATS",
    "LANGUAGES",
    "Report",
    "Written",
    "build_report",
    "publish",
    "report_on_ledger",
    "schema",
    "summary",
    "to_document",
    "to_html",
    "to_json",
]
