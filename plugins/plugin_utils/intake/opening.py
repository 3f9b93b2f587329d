# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open a download with the password that is given or typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..certificate.bundle import Bundle
from ..certificate.errors import CertificateError
from ..certificate.pkcs12 import open_pkcs12
from .folder import Download
from .problems import Problem, printable, problem_of
from .terminal import NoTerminalError, ask_secret, tell


@dataclass(frozen=True, slots=True)
class Opened:
    """A download that its password opened, with the institution's certificate and key in it."""

    download: Download
    password: str = field(repr=False)
    bundle: Bundle


@dataclass(frozen=True, slots=True)
class Closed:
    """A download that was not opened; ``problem`` is None when the person left it out.

    ``password`` is the one that opened a file in which there is no certificate to take.
    """

    download: Download
    problem: Problem | None
    password: str | None = field(repr=False, default=None)


def open_downloads(
    downloads: tuple[Download, ...],
    given: Mapping[str, str],
    ask_for: Callable[[str], str] = ask_secret,
) -> tuple[list[Opened], list[Closed]]:
    """Open each with its password of ``given`` (by file name), or ask until it opens or the answer is empty."""
    opened: list[Opened] = []
    closed: list[Closed] = []
    for download in downloads:
        found = _open(download, given.get(download.name), ask_for)
        if isinstance(found, Opened):
            opened.append(found)
        else:
            closed.append(found)
    return opened, closed


def _open(download: Download, given: str | None, ask_for: Callable[[str], str]) -> Opened | Closed:
    refused = _open_without_password(download)
    if refused is not None:
        return refused
    if given is not None:
        return _try(download, given)
    while True:
        try:
            password = ask_for(f"Password of {printable(download.name)} (empty: leave it out): ")
        except NoTerminalError as fault:
            problem = Problem(
                download.name,
                "no_password",
                f"Its password is not known: {fault}",
                "Run this at a terminal, or give the password in a vaulted file (--passwords).",
            )
            return Closed(download, problem)
        if not password:
            return Closed(download, None)
        found = _try(download, password)
        if isinstance(found, Opened) or found.password is not None:
            return found
        tell(str(found.problem))


def _open_without_password(download: Download) -> Closed | None:
    """What needs no password to be refused: no PKCS#12 file, or one that everybody can open."""
    try:
        open_pkcs12(download.data, "")
    except CertificateError as error:
        return (
            Closed(download, problem_of(download.name, error)) if error.kind in ("no_library", "not_pkcs12") else None
        )
    return Closed(
        download,
        Problem(
            download.name,
            "not_protected",
            "The file opens without a password: somebody wrote it anew.",
            "Take the file as it was downloaded from the portal, and delete this one.",
        ),
    )


def _try(download: Download, password: str) -> Opened | Closed:
    try:
        return Opened(download, password, open_pkcs12(download.data, password))
    except CertificateError as error:
        right = None if error.kind == "wrong_password" else password
        return Closed(download, problem_of(download.name, error), right)
