# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy that the host itself is set to use, for services and sessions: what its files plainly say, and no guess.

Accounts in addresses never leave the host. Scripts (/etc/profile.d) are not run, so what they set is not seen.
"""

from __future__ import annotations

import ast
import configparser
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from .endpoint_shapes import ProxyServer, ProxySetting, ProxySettings
from .system import read_text

_ETC = Path("/etc")
_MOST = 100  # exceptions of one setting; an observation must stay small
_NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_ACCOUNT = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://)?.*@", re.DOTALL)
_TYPE = re.compile(r"^@?[a-z0-9()]+ (?=[\[\d'\"-])")  # GVariant's annotations, as in "@as []" and "uint16 8080"


def observe_proxy_settings(etc: Path = _ETC) -> ProxySettings:
    """One entry a place that sets something; ``etc`` is the folder of the settings."""
    found = [*_environments(etc), *_dconf(etc)]
    return ProxySettings(settings=[each for each in found if each is not None])


def without_account(text: str) -> str:
    """An address or URL without user name and password, which may hold a slash or an at sign unescaped."""
    return _ACCOUNT.sub(r"\1", text.strip())


def pac_address(text: str) -> str:
    """A PAC file's URL without its account and its query, which may hold a token."""
    return without_account(re.split(r"[?#]", text.strip(), maxsplit=1)[0])


def _environments(etc: Path) -> Iterator[ProxySetting | None]:
    yield _setting("environment", etc / "environment", _assignments(etc / "environment"))
    for path in sorted((etc / "environment.d").glob("*.conf")):
        yield _setting("environment", path, _assignments(path))
    for path in (etc / "systemd/system.conf", *sorted((etc / "systemd/system.conf.d").glob("*.conf"))):
        yield _setting("systemd", path, _default_environment(path))


def _assignments(path: Path) -> dict[str, str]:
    """What pam_env and environment.d(5) would set; a reference to another variable stays as it is written."""
    lines = (line.strip() for line in (read_text(path) or "").splitlines())
    pairs = (line.removeprefix("export ").split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, value in pairs}


def _default_environment(path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in (read_text(path) or "").splitlines():
        name, _equals, value = line.partition("=")
        if name.strip() != "DefaultEnvironment":
            continue
        try:
            words = shlex.split(value)
        except ValueError:
            continue
        # An empty assignment takes back what came before (systemd-system.conf(5)).
        found = {**found, **dict(word.split("=", 1) for word in words if "=" in word)} if words else {}
    return found


def _setting(source: str, path: Path, values: dict[str, str]) -> ProxySetting | None:
    """Small letters count first: curl and others know no HTTP_PROXY."""
    known = {name: values.get(name) or values.get(name.upper()) or "" for name in _NAMES}
    if not any(known.values()):
        return None
    schemes = {"http": known["http_proxy"], "https": known["https_proxy"], "all": known["all_proxy"]}
    servers = [ProxyServer(scheme, without_account(text)) for scheme, text in schemes.items() if text]
    return ProxySetting(source, str(path), servers=servers, exceptions=_split(known["no_proxy"]))


def _split(text: str) -> list[str]:
    return [each for each in re.split(r"[,\s]+", text) if each][:_MOST]


def _dconf(etc: Path) -> Iterator[ProxySetting | None]:
    """The system's databases that the user profile names; what a user chose for himself is in a binary file of his."""
    profile = read_text(etc / "dconf/profile/user") or ""
    names = [line.strip().removeprefix("system-db:") for line in profile.splitlines() if "system-db:" in line]
    for name in names:
        for path in sorted((etc / f"dconf/db/{name}.d").glob("*")):
            yield _key_file(path)


def _key_file(path: Path) -> ProxySetting | None:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string((read_text(path) if path.is_file() else None) or "")
    except configparser.Error:
        return None
    mode = _value(parser, "system/proxy", "mode")
    if mode == "auto":
        url = _value(parser, "system/proxy", "autoconfig-url")
        url = pac_address(url) if isinstance(url, str) and url else None
        # Without a URL the network is asked for one (WPAD).
        return ProxySetting("dconf", str(path), pac_url=url, auto_detect=url is None)
    if mode != "manual":
        return None
    exceptions = _value(parser, "system/proxy", "ignore-hosts")
    exceptions = [str(each) for each in exceptions][:_MOST] if isinstance(exceptions, list) else []
    servers = [each for scheme in ("http", "https") if (each := _server(parser, scheme)) is not None]
    return ProxySetting("dconf", str(path), servers=servers, exceptions=exceptions)


def _server(parser: configparser.ConfigParser, scheme: str) -> ProxyServer | None:
    host, port = (_value(parser, f"system/proxy/{scheme}", name) for name in ("host", "port"))
    return ProxyServer(scheme, without_account(f"{host}:{port}")) if host and port else None


def _value(parser: configparser.ConfigParser, section: str, name: str) -> object:
    text = parser.get(section, name, fallback=None)
    if text is None:
        return None
    try:
        return ast.literal_eval(_TYPE.sub("", text.strip()))
    except (ValueError, SyntaxError):
        return None
