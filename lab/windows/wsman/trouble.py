"""Trouble on order: the control file that tells the double what to do wrong (its form: lab/windows/README.md)."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import faults
from .auth import BASIC, KERBEROS, NEGOTIATE
from .faults import Fault

HANDSHAKE, CERTIFICATE = "TLS", "certificate"
KINDS = frozenset({"refuse", "fault", "hang", "drop", "slow", "proxy", "certificate"})
# The two that Windows answers the same way differ in why: the account and its password are right in `filtered`.
REFUSALS: Mapping[str, tuple[str, ...] | None] = {
    "wrong_password": None,
    "filtered": None,
    "basic_only": (BASIC,),
    "negotiate_only": (NEGOTIATE,),
    "kerberos_negotiate": (KERBEROS, NEGOTIATE),
    "no_header": (),
}
DROPS = ("request", "answer", "middle")


@dataclass(frozen=True)
class Trouble:
    """One entry.  `times` None: as long as it stands there; `after`: so many requests pass first."""

    kind: str
    key: str
    times: int | None = None
    after: int = 0
    action: str = ""
    host: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    def matches(self, host: str, verb: str) -> bool:
        """Is it meant for this host and action?  A handshake meets nothing but certificates, a request never does."""
        if (self.kind == CERTIFICATE) != (verb == HANDSHAKE):
            return False
        return self.host in ("", host) and self.action in ("", verb)


class Control:
    """The control file, read again whenever it has changed; the counts start anew with each entry that changed.

    A file that is absent, or that cannot be read as JSON, orders nothing (a test may be writing it).
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._entries: tuple[Trouble, ...] = ()
        self._seen: dict[str, int] = {}

    def pick(self, host: str, verb: str) -> dict[str, Trouble]:
        """What to do with this request: at most one entry of each kind.  Counts it."""
        with self._lock:
            self._refresh()
            picked: dict[str, Trouble] = {}
            for entry in self._entries:
                if not entry.matches(host, verb) or entry.kind in picked:
                    continue
                seen = self._seen[entry.key] = self._seen.get(entry.key, 0) + 1
                if seen > entry.after and (entry.times is None or seen <= entry.after + entry.times):
                    picked[entry.kind] = entry
            return picked

    def stands(self, trouble: Trouble) -> bool:
        """Is the entry still in the file?"""
        with self._lock:
            self._refresh()
            return any(entry.key == trouble.key for entry in self._entries)

    def _refresh(self) -> None:
        if self._path is None:
            return
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if stamp == self._stamp:
                return
            raw = json.loads(self._path.read_text(encoding="utf-8") or "{}")
        except FileNotFoundError:
            stamp, raw = (0, 0, 0), {}
        except (OSError, ValueError):
            return
        self._stamp = stamp
        self._entries = tuple(entries(raw))
        kept = {entry.key for entry in self._entries}
        self._seen = {key: seen for key, seen in self._seen.items() if key in kept}


def entries(raw: Any) -> list[Trouble]:
    """The control file's entries; one that says nothing we know is left out."""
    listed = raw.get("faults", []) if isinstance(raw, dict) else []
    found = []
    for number, entry in enumerate(listed if isinstance(listed, list) else []):
        if not isinstance(entry, dict) or entry.get("kind") not in KINDS:
            continue
        times = entry.get("times")
        found.append(
            Trouble(
                kind=str(entry["kind"]),
                key=f"{number} {json.dumps(entry, sort_keys=True)}",
                times=None if times is None else int(times),
                after=int(entry.get("after", 0)),
                action=str(entry.get("action", "")),
                host=str(entry.get("host", "")),
                details=entry,
            )
        )
    return found


def fault_of(trouble: Trouble) -> Fault:
    """The SOAP fault that an entry of kind `fault` orders: a named one, changed by what it says."""
    details = trouble.details
    base = faults.NAMED.get(str(details.get("name", "")), faults.ACCESS_DENIED)
    text = details.get("text")
    return Fault(
        code=int(details.get("code", base.code)),
        role=str(details.get("role", base.role)),
        subcode=str(details.get("subcode", base.subcode)),
        english=str(text or base.english),
        hungarian=str(text or base.hungarian),
        detail=base.detail,
        wmi=bool(details.get("wmi", base.wmi)),
    )
