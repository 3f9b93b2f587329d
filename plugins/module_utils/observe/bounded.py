# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs jobs side by side in children that are killed when their time is over.

PC/SC, name services and TLS libraries can hang in C code where no exception reaches them; only another process can be
ended for certain. A child leads its own session, so what it started (nft, systemctl) goes down with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from .evidence import of_exception
from .shapes import Evidence, Json, as_json

_REAP_SECONDS = 2.0  # a killed child ends at once, unless the kernel holds it in an uninterruptible call


@dataclass(frozen=True)
class Outcome:
    """One job's end: either its value or why there is none."""

    value: Json | None
    failure: Evidence | None


@dataclass
class _Child:
    pid: int
    pipe: int
    received: bytearray = field(default_factory=bytearray)
    ended: bool = False


def in_children(jobs: Mapping[str, Callable[[], object]], seconds: float) -> dict[str, Outcome]:
    """Runs every job (returns a dataclass of ``shapes``) in a child of its own, all at once, for ``seconds`` at most.

    Never raises for a job: code ``timeout``, ``crashed`` or the exception's class tells what became of it.
    """
    children = {name: _start(job) for name, job in jobs.items()}
    try:
        _collect(list(children.values()), time.monotonic() + seconds)
    finally:
        statuses = {name: _end(child) for name, child in children.items()}
    return {name: _outcome(child, statuses[name], seconds) for name, child in children.items()}


def _start(job: Callable[[], object]) -> _Child:
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        _run(job, write_end)
    os.close(write_end)
    return _Child(pid, read_end)


def _run(job: Callable[[], object], pipe: int) -> NoReturn:
    """The child's whole life. It must not come back into the caller's code, whatever happens."""
    try:
        os.setsid()
        _silence()
        try:
            answer = {"value": as_json(job()), "failure": None}
        except BaseException as error:
            answer = {"value": None, "failure": as_json(of_exception(error))}
        _write_all(pipe, json.dumps(answer).encode())
    finally:
        os._exit(0)


def _silence() -> None:
    """A stray word on standard output would spoil the module's JSON."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)


def _write_all(pipe: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(pipe, view) :]


def _collect(children: list[_Child], deadline: float) -> None:
    with selectors.DefaultSelector() as selector:
        for child in children:
            selector.register(child.pipe, selectors.EVENT_READ, child)
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                return
            for key, _events in selector.select(left):
                child = key.data
                piece = os.read(child.pipe, 65536)
                child.received += piece
                if not piece:
                    child.ended = True
                    selector.unregister(child.pipe)


def _end(child: _Child) -> int | None:
    """Kills what is left of the child's session and reaps the child; its wait status, or null if it cannot die."""
    os.close(child.pipe)
    if not child.ended:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)
    deadline = time.monotonic() + _REAP_SECONDS
    while True:
        # Before the child is reaped nobody else can get its number, so the group is surely its own.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        pid, status = os.waitpid(child.pid, os.WNOHANG)
        if pid:
            return status
        if time.monotonic() > deadline:
            return None
        time.sleep(0.002)


def _outcome(child: _Child, status: int | None, seconds: float) -> Outcome:
    if not child.ended:
        return Outcome(None, Evidence("probe", "timeout", f"timed out after {seconds:.1f} s"))
    try:
        answer = json.loads(child.received)
    except ValueError:
        return Outcome(None, Evidence("probe", "crashed", _last_words(status)))
    failure = answer["failure"]
    return Outcome(answer["value"], Evidence(**failure) if failure else None)


def _last_words(status: int | None) -> str:
    if status is not None and os.WIFSIGNALED(status):
        return f"ended by signal {os.WTERMSIG(status)}"
    return "ended without an answer"
