# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A ledger of files: ``<folder>/<run id>/<host>.json``, one a host and run, merged by copying."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from .collector import paused_collector
from .documents import moment, read_result, write_result
from .file_names import SUFFIX, file_name, is_temporary
from .interface import Key, LedgerError, Result, is_done
from .proofs import newest_proofs
from .run_id import RUN_ID_FORM, check_run_id
from .writing import make_folder, write_whole

# What other parts of the collection keep beside the runs; no run id begins with a dot.
BESIDE = frozenset({".portable", ".acceptance"})


class FileLedger:
    """See ``Ledger``. ``folder`` need not be there yet: the first result makes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._warnings: dict[str, None] = {}

    def append(self, result: Result) -> None:
        """Keep ``result``; LedgerError when it breaks its schema or the file cannot be written."""
        content = write_result(result)
        path = self.folder / check_run_id(result["run_id"]) / file_name(result["host"])
        try:
            make_folder(path.parent)
            self._refuse_taken(path, result["host"])
            write_whole(path, content)
        except OSError as fault:
            raise LedgerError(f"{path}: cannot be written: {fault.strerror or fault}") from fault

    def latest_per_host(self, hosts: Collection[str] | None = None) -> Mapping[str, Result]:
        """Newest result of each host that is no dry run, by name of host; reads one run after the other."""
        with paused_collector():
            return self._newest(hosts)

    def results_of_run(self, run_id: str) -> Mapping[str, Result]:
        """All results of a run by host, dry ones among them; LedgerError when ``run_id`` is none."""
        return {result["host"]: result for result in self._read_run(check_run_id(run_id), None)}

    def done_in_run(self, run_id: str, hosts: Collection[str] | None = None) -> frozenset[str]:
        """Hosts that are done in this run, dry runs apart; opens the files of ``hosts`` only, if given."""
        results = self._read_run(check_run_id(run_id), hosts)
        return frozenset(each["host"] for each in results if is_done(each) and not each["dry_run"])

    def good_proofs(self, host: str) -> Mapping[Key, datetime]:
        """When each check was last seen good; opens this host's files only."""
        return newest_proofs(result for run_id in self._run_ids() for result in self._read_run(run_id, [host]))

    def latest_good_proof(self, host: str, check_id: str, target: str, institution: str) -> datetime | None:
        """When one check was last seen good; None when it never was."""
        return self.good_proofs(host).get((check_id, target, institution))

    def runs(self, dry_runs: bool = False, kind: str | None = None) -> tuple[str, ...]:
        """Ids of the runs, oldest first; a run with nothing readable in it is left out.

        Check mode has runs of its own, so one result of a run tells when it was and whether it counts: this stays
        quick enough for every host of a resumed run to ask.
        """
        samples = [sample for run_id in self._run_ids() if (sample := self._sample(run_id)) is not None]
        counting = [each for each in samples if (dry_runs or not each["dry_run"]) and kind in (None, each["kind"])]
        return tuple(each["run_id"] for each in sorted(counting, key=_start))

    def warnings(self) -> tuple[str, ...]:
        """What could not be read so far, each file once."""
        return tuple(self._warnings)

    def _newest(self, hosts: Collection[str] | None) -> Mapping[str, Result]:
        newest: dict[str, Result] = {}
        for run_id in self._run_ids():
            for result in self._read_run(run_id, hosts):
                known = newest.get(result["host"])
                if not result["dry_run"] and (known is None or _order(result) > _order(known)):
                    newest[result["host"]] = result
        return dict(sorted(newest.items()))

    def _run_ids(self) -> list[str]:
        found = []
        for entry in self._entries(self.folder):
            if entry.is_dir() and RUN_ID_FORM.fullmatch(entry.name):
                found.append(entry.name)
            elif entry.name not in BESIDE:
                self._warn(entry.path, "is no run of this ledger")
        return found

    def _sample(self, run_id: str) -> Result | None:
        return next(self._read_run(run_id, None), None)

    def _read_run(self, run_id: str, hosts: Collection[str] | None) -> Iterator[Result]:
        folder = self.folder / run_id
        paths = self._result_files(folder) if hosts is None else (folder / file_name(host) for host in hosts)
        for path in paths:
            result = self._read(path, run_id)
            if result is not None:
                yield result

    def _result_files(self, folder: Path) -> Iterable[Path]:
        for entry in self._entries(folder):
            if entry.name.endswith(SUFFIX) and not entry.name.startswith("."):
                yield folder / entry.name
            elif not is_temporary(entry.name):
                self._warn(entry.path, "is no result file")

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        """What lies in ``folder``, by name; nothing when it is not there."""
        try:
            with os.scandir(folder) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except FileNotFoundError:
            return []
        except OSError as fault:
            self._warn(str(folder), f"cannot be read: {fault.strerror}")
            return []

    def _read(self, path: Path, run_id: str) -> Result | None:
        """Read one file; None, and a warning but for a file that is not there."""
        try:
            result = read_result(path.read_bytes())
            _refuse_out_of_place(result, run_id, path.name)
        except FileNotFoundError:
            return None
        except OSError as fault:
            self._warn(str(path), f"cannot be read: {fault.strerror}")
        except LedgerError as fault:
            self._warn(str(path), str(fault))
        else:
            return result
        return None

    def _refuse_taken(self, path: Path, host: str) -> None:
        """Two hosts whose names differ in case only are one file on some file systems."""
        try:
            other = read_result(path.read_bytes())["host"]
        except (FileNotFoundError, LedgerError):
            return
        if other != host:
            raise LedgerError(f"{path}: holds the result of host {other!r}, so {host!r} needs another name")

    def _warn(self, path: str, fault: str) -> None:
        self._warnings[f"{path}: {fault}"] = None


def _refuse_out_of_place(result: Result, run_id: str, name: str) -> None:
    """A copied or renamed file would count twice or for another host."""
    if result["run_id"] != run_id:
        raise LedgerError(f"is a result of run {result['run_id']!r} and lies in another one's folder")
    if file_name(result["host"]) != name:
        raise LedgerError(f"is a result of host {result['host']!r} and has another one's name")


def _order(result: Result) -> tuple[float, str]:
    return moment(result["finished_at"]).timestamp(), result["run_id"]


def _start(result: Result) -> tuple[float, str]:
    return moment(result["started_at"]).timestamp(), result["run_id"]
