"""The configuration file (JSON; keys in lab/windows/README.md)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from .auth import BASIC, NEGOTIATE
from .shells import Quotas
from .wine import Wine


class BadConfig(Exception):
    """The configuration cannot be used; the text says why."""


@dataclass(frozen=True)
class Address:
    """Where one host listens.  Port 0: any free one; None: not at all."""

    address: str
    host: str
    http: int | None = 5985
    https: int | None = 5986


@dataclass(frozen=True)
class Pair:
    """A certificate with its chain, and its key, as PEM files."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Tls:
    """`others`: certificates that a fault may choose by name; `client_ca` signs clients' certificates."""

    pair: Pair
    client_ca: Path | None = None
    others: Mapping[str, Pair] = field(default_factory=dict)


@dataclass(frozen=True)
class Config:
    """All that a server needs."""

    listen: Sequence[Address]
    users: Path | None = None
    subjects: Sequence[str] = ()
    tls: Tls | None = None
    control: Path | None = None
    backend: str = "wine"
    wine: Wine | None = None
    recordings: Path | None = None
    record_to: Path | None = None
    standins: Path | None = None
    quotas: Quotas = field(default_factory=Quotas)
    language: str = "en-US"
    version: str = "10.0.19043"
    envelope: int = 512000
    offers: Sequence[str] = (NEGOTIATE, BASIC)
    unencrypted: bool = True


def load(path: Path) -> Config:
    """Read the file.  Raises BadConfig; relative paths in it are relative to the file."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise BadConfig(f"{path} cannot be read: {fault.strerror}.") from fault
    except ValueError as fault:
        raise BadConfig(f"{path} is not JSON: {fault}.") from fault
    if not isinstance(raw, dict):
        raise BadConfig(f"{path} is no JSON object.")
    try:
        return from_mapping(raw, path.resolve().parent)
    except (TypeError, ValueError, KeyError, AttributeError) as fault:
        raise BadConfig(f"{path}: {fault}.") from fault


def from_mapping(raw: Mapping[str, Any], base: Path) -> Config:
    """The configuration from its JSON form.  Raises BadConfig, TypeError, ValueError or KeyError."""
    known = {each.name for each in fields(Config)}
    values = dict(_known(raw, known, "configuration"))
    values["listen"] = [Address(**_known(each, {"address", "host", "http", "https"}, "listen"))
                        for each in raw["listen"]]  # fmt: skip
    for name in ("users", "control", "recordings", "record_to", "standins"):
        if values.get(name) is not None:
            values[name] = base / values[name]
    if raw.get("tls"):
        values["tls"] = _tls(raw["tls"], base)
    if raw.get("wine"):
        values["wine"] = _wine(raw["wine"], base, values.get("standins"))
    if "quotas" in raw:
        values["quotas"] = Quotas(**raw["quotas"])
    return _checked(Config(**values))


def _known(raw: Mapping[str, Any], known: set[str], where: str) -> Mapping[str, Any]:
    unknown = sorted(set(raw) - known)
    if unknown:
        raise BadConfig(f"{where} has unknown keys: {', '.join(unknown)}.")
    return raw


def _tls(raw: Mapping[str, Any], base: Path) -> Tls:
    _known(raw, {"certificate", "key", "client_ca", "others"}, "tls")

    def pair(entry: Mapping[str, Any]) -> Pair:
        return Pair(base / entry["certificate"], base / entry["key"])

    return Tls(
        pair(raw),
        base / raw["client_ca"] if raw.get("client_ca") else None,
        {name: pair(entry) for name, entry in raw.get("others", {}).items()},
    )


def _wine(raw: Mapping[str, Any], base: Path, standins: Path | None) -> Wine:
    values = dict(_known(raw, {each.name for each in fields(Wine)} - {"standins"}, "wine"))
    for name in ("prefix", "modules"):
        if values.get(name) is not None:
            values[name] = base / values[name]
    return Wine(**values, standins=standins)


def _checked(config: Config) -> Config:
    if config.backend not in ("wine", "recorded", "plain"):
        raise BadConfig(f"backend '{config.backend}' is none of wine, recorded, plain.")
    if config.backend == "wine" and config.wine is None:
        raise BadConfig("backend 'wine' needs the key 'wine' with the prefix.")
    if config.backend == "recorded" and config.recordings is None:
        raise BadConfig("backend 'recorded' needs the key 'recordings', a folder.")
    if config.users is None and (config.tls is None or config.tls.client_ca is None):
        raise BadConfig("nobody could sign in: give 'users', or 'tls' with 'client_ca'.")
    return config
