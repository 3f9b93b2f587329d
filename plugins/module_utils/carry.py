# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe that a person carries to a host: observe, seal and write one file. Standard library, Python 3.9.

It runs from a zip archive that the controller made, which also holds ``package.json`` (contract/schemas/
carried_package.schema.json). What it seals is opened by plugin_utils/carried/envelope.py.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import os
import pkgutil
import re
import socket
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .observe.clock import utc_now
from .observe.observer import observe
from .observe.shapes import Json

FORMAT = "eeszt.connect carried file"
SCHEMA_VERSION = 1
SUFFIX = ".eeszt-observation.json"

EXPIRED, NOT_CHOSEN, NOT_WRITTEN = 3, 4, 5
"""Exit codes beside 0."""


class StopError(Exception):
    """Why nothing was written: an exit code and the sentence in Hungarian and English."""

    def __init__(self, code: int, hungarian: str, english: str) -> None:
        super().__init__(f"{hungarian}\n{english}")
        self.code = code


def seal(document: Mapping[str, Any], key: bytes) -> bytes:
    """A JSON object as UTF-8 whose last member is the HMAC-SHA-256 of every byte before it.

    The seal is over bytes and not over values, so nobody has to agree on how JSON is written.
    """
    signed = json.dumps(document, ensure_ascii=True, indent=1).removesuffix("\n}").encode()
    digest = hmac.new(key, signed, hashlib.sha256).hexdigest()
    return signed + f',\n "hmac_sha256": "{digest}"\n}}\n'.encode()


def choose_host(package: Json, hostname: str, given: str | None) -> tuple[Json, str]:
    """The host of the package that this machine is, and who said so: ``name`` or ``person``."""
    hosts = package["hosts"]
    if given is not None:
        named = [each for each in hosts if each["name"].casefold() == given.casefold()]
        if not named:
            raise StopError(NOT_CHOSEN, f"Nincs ilyen gép a csomagban: {given}", f"No host of the package: {given}")
        return named[0], "person"
    short = hostname.partition(".")[0].casefold()
    known = [each for each in hosts if short in {name.partition(".")[0].casefold() for name in each["names"]}]
    if len(known) == 1:
        return known[0], "name"
    return _ask(hosts, hostname), "person"


def carried_document(package: Json, host: Json, chosen_by: str, observation: Json) -> Json:
    """What is sealed (contract/schemas/carried_file.schema.json, without its HMAC)."""
    return {
        "format": FORMAT,
        "schema_version": SCHEMA_VERSION,
        "kind": "observation",
        "portable_id": package["portable_id"],
        "site": package["site"]["id"],
        "host": host["name"],
        "host_chosen_by": chosen_by,
        "observation": {**observation, "exchange": None},
    }


def file_name(host: str, observed_at: str) -> str:
    """Such as ``ws-1-20260504T073000Z.eeszt-observation.json``, safe on every file system."""
    stamp = re.sub(r"[-:]|\.\d+", "", observed_at)
    return f"{re.sub(r'[^A-Za-z0-9._-]', '_', host)[:100]}-{stamp}{SUFFIX}"


def write_whole(path: Path, content: bytes) -> None:
    """Put the file there whole or not at all; raises OSError."""
    descriptor, temporary = tempfile.mkstemp(prefix=".eeszt-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink()
        raise


def run(package: Json, folder: Path, given: str | None) -> Path:
    """Observe this machine and write the file into ``folder``; StopError says why not."""
    _refuse_expired(package)
    host, chosen_by = choose_host(package, socket.gethostname(), given)
    seconds = int(host["request"]["limits"]["section"])
    _say(
        f"A(z) {host['name']} gép vizsgálata, legfeljebb {seconds} másodperc ...",
        f"Looking at host {host['name']}, {seconds} seconds at most ...",
    )
    observation = observe(host["request"], {})
    sealed = seal(carried_document(package, host, chosen_by, observation), bytes.fromhex(package["key"]))
    path = folder / file_name(host["name"], observation["observed_at"])
    try:
        write_whole(path, sealed)
    except OSError as error:
        raise StopError(
            NOT_WRITTEN,
            f"A fájl nem írható ide: {folder} ({error.strerror}). Adjon meg másik mappát: --folder",
            f"The file cannot be written to {folder} ({error.strerror}). Give another folder: --folder",
        ) from error
    return path


def main(words: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Look whether this machine is ready for EESZT; nothing is changed.")
    parser.add_argument("--host", help="name of this machine in the plan, when its own name differs")
    parser.add_argument("--folder", type=Path, help="where the file is written (default: beside this probe)")
    options = parser.parse_args(words)
    package = json.loads(pkgutil.get_data(__package__ or "", "package.json") or b"")
    try:
        path = run(package, options.folder or Path(sys.argv[0]).resolve().parent, options.host)
    except StopError as stop:
        sys.stderr.write(f"{stop}\n")
        return stop.code
    _say(f"Kész. Vigye vissza ezt a fájlt: {path}", f"Done. Carry this file back: {path}")
    return 0


def _refuse_expired(package: Json) -> None:
    if utc_now() > package["expires_at"]:
        until = package["expires_at"][:10]
        raise StopError(
            EXPIRED,
            f"Ez a csomag {until} óta lejárt (vagy a gép órája hibás). Kérjen újat.",
            f"This package expired on {until} (or the clock of this machine is wrong). Ask for a new one.",
        )


def _ask(hosts: Sequence[Json], hostname: str) -> Json:
    names = ", ".join(each["name"] for each in hosts)
    if not sys.stdin.isatty():
        raise StopError(
            NOT_CHOSEN,
            f"Ennek a gépnek a neve {hostname}, és nincs a csomagban. Adja meg: --host NÉV ({names})",
            f"This machine is called {hostname}, which is not in the package. Give: --host NAME ({names})",
        )
    _say(f"Melyik gép ez? (saját neve: {hostname})", f"Which machine is this? (its own name: {hostname})")
    for number, each in enumerate(hosts, start=1):
        sys.stdout.write(f"  {number}  {each['name']}\n")
    answer = input("> ").strip()
    if answer.isdigit() and 1 <= int(answer) <= len(hosts):
        return hosts[int(answer) - 1]
    raise StopError(NOT_CHOSEN, "Nem volt választás.", "Nothing was chosen.")


def _say(hungarian: str, english: str) -> None:
    sys.stdout.write(f"{hungarian}\n{english}\n")


__all__ = ["FORMAT", "SCHEMA_VERSION", "SUFFIX", "main", "run", "seal"]
