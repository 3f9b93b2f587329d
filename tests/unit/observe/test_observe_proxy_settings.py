# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy that the host itself is set to use: where it is looked for, and what never leaves the host."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.eeszt.connect.plugins.module_utils.observe.proxy_settings import (
    observe_proxy_settings,
    pac_address,
    without_account,
)

Json = dict[str, Any]


@pytest.fixture
def seen(tmp_path: Path, section: Callable[[str, object], Json]) -> Callable[..., list[Json]]:
    """What is seen of files given by their path below /etc."""

    def look(**files: str) -> list[Json]:
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_DOT_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return list(section("proxy_settings", observe_proxy_settings(tmp_path))["settings"])

    return look


def entry(source: str, place: Path, **changes: Any) -> Json:
    neutral: Json = {"account": None, "servers": [], "exceptions": [], "pac_url": None, "auto_detect": False}
    return {"source": source, "place": str(place), **neutral, **changes}


def test_a_host_that_sets_nothing(seen: Callable[..., list[Json]]) -> None:
    assert seen(environment='PATH="/usr/bin"\n# http_proxy=http://x:1\n') == []


def test_the_environment_of_sessions(seen: Callable[..., list[Json]], tmp_path: Path) -> None:
    text = """HTTP_PROXY="http://Kati:ti/t@ok@proxy.example:3128"
export https_proxy='http://proxy.example:3128/'
no_proxy=localhost, .praxis.example
"""
    found = seen(environment=text, environment_DOT_d__10_DOT_conf="ALL_PROXY=socks5h://proxy.example:1080\n")
    servers = [
        {"scheme": "http", "address": "http://proxy.example:3128"},
        {"scheme": "https", "address": "http://proxy.example:3128/"},
    ]
    other = [{"scheme": "all", "address": "socks5h://proxy.example:1080"}]
    exceptions = ["localhost", ".praxis.example"]
    assert found == [
        entry("environment", tmp_path / "environment", servers=servers, exceptions=exceptions),
        entry("environment", tmp_path / "environment.d/10.conf", servers=other),
    ]
    assert "Kati" not in str(found)
    assert "ok@" not in str(found)


def test_the_environment_of_services(seen: Callable[..., list[Json]], tmp_path: Path) -> None:
    text = """[Manager]
DefaultEnvironment=https_proxy=http://old:1
DefaultEnvironment=
DefaultEnvironment="HTTPS_PROXY=http://me:secret@proxy:3128" X=1
"""
    (found,) = seen(systemd__system_DOT_conf_DOT_d__proxy_DOT_conf=text)
    servers = [{"scheme": "https", "address": "http://proxy:3128"}]
    assert found == entry("systemd", tmp_path / "systemd/system.conf.d/proxy.conf", servers=servers)


MANUAL = """[system/proxy]
mode='manual'
ignore-hosts=['localhost', '10.0.0.0/8']
[system/proxy/https]
host='proxy.example'
port=uint16 8080
"""


def test_the_desktops_of_a_profile_that_names_the_database(seen: Callable[..., list[Json]], tmp_path: Path) -> None:
    place = tmp_path / "dconf/db/local.d/00-proxy"
    files = {"dconf__db__local_DOT_d__00-proxy": MANUAL, "dconf__db__other_DOT_d__00-proxy": MANUAL}
    assert seen(**files) == []
    found = seen(dconf__profile__user="user-db:user\nsystem-db:local\n")
    servers = [{"scheme": "https", "address": "proxy.example:8080"}]
    assert found == [entry("dconf", place, servers=servers, exceptions=["localhost", "10.0.0.0/8"])]


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("mode='auto'\nautoconfig-url='http://u:p@wpad/proxy.pac?key=1'", {"pac_url": "http://wpad/proxy.pac"}),
        ("mode='auto'", {"auto_detect": True}),
        ("mode='none'\nautoconfig-url='http://wpad/proxy.pac'", None),
        ("mode=broken(", None),
    ],
)
def test_a_pac_file_of_desktops(
    text: str, changes: Json | None, seen: Callable[..., list[Json]], tmp_path: Path
) -> None:
    files = {"dconf__profile__user": "system-db:local", "dconf__db__local_DOT_d__p": f"[system/proxy]\n{text}\n"}
    wanted = [] if changes is None else [entry("dconf", tmp_path / "dconf/db/local.d/p", **changes)]
    assert seen(**files) == wanted


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("http://proxy:3128", "http://proxy:3128"),
        ("http://a:b@proxy:3128", "http://proxy:3128"),
        ("http://a:b/c@d@proxy:3128", "http://proxy:3128"),
        ("a:b@proxy:3128", "proxy:3128"),
        (" proxy:3128 ", "proxy:3128"),
    ],
)
def test_an_address_loses_its_account(text: str, bare: str) -> None:
    assert without_account(text) == bare


def test_a_pac_file_loses_what_may_be_a_token() -> None:
    assert pac_address("https://a:b@wpad.example/p.pac?t=secret#x") == "https://wpad.example/p.pac"
