"""Stand-ins on the wire, on manifests that ansible-core itself makes; and small parts of the WinRM double."""

import base64
import json
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from ansible.executor.powershell import module_manifest

from lab.run import wait_until
from lab.windows.wsman import config, manifest, process, wine
from lab.windows.wsman.backend import Job
from lab.windows.wsman.output import Chunk

OURS = "ansible_collections.eeszt.connect.plugins.module_utils.windows"
MODULE = b"""#!powershell
#AnsibleRequires -PowerShell Ansible.ModuleUtils.CommandUtil
'{}'
"""


def made(monkeypatch: pytest.MonkeyPatch, utils: dict[str, bytes], args: dict[str, Any] | None = None) -> bytes:
    """What ansible-core sends for a module that also uses `utils` (by full name)."""
    seen = module_manifest.PSModuleDepFinder.scan_module

    def scan(self: Any, data: bytes, fqn: str | None = None, powershell: bool = True) -> Any:
        for name, content in utils.items():
            self.scripts[name] = module_manifest._ScriptInfo(content=content, path=name)
        return seen(self, data, fqn=fqn, powershell=powershell)

    monkeypatch.setattr(module_manifest.PSModuleDepFinder, "scan_module", scan)
    made: bytes = module_manifest._create_powershell_wrapper(
        name="ansible_collections.eeszt.connect.plugins.modules.win_probe",
        module_data=MODULE,
        module_path="win_probe.ps1",
        module_args=args or {"path": "C:\\ő", "number": 1.5, "none": None},
        environment={},
        async_timeout=0,
        become_plugin=None,
        substyle="powershell",
        task_vars={},
        profile="legacy",
    )
    # Whatever else the double does to what ansible-core brings for itself has tests of its own.
    head, sent = made.split(manifest.SEPARATOR)
    parsed = json.loads(sent)
    parsed["scripts"].pop("Ansible.ModuleUtils.AddType.psm1", None)
    return head + manifest.SEPARATOR + json.dumps(parsed).encode()


def scripts(stdin: bytes) -> dict[str, bytes]:
    parsed = manifest.read(stdin.split(manifest.SEPARATOR)[1])
    assert parsed is not None
    return {name: base64.b64decode(info["script"]) for name, info in parsed["scripts"].items()}


@pytest.fixture
def standins(tmp_path: Path) -> Path:
    (tmp_path / "key_storage.psm1").write_bytes(b"# stand-in \xc5\x91")
    (tmp_path / "Devices.cs").write_bytes(b"// stand-in")
    return tmp_path


UTILS = {
    f"{OURS}.key_storage.psm1": b"real",
    f"{OURS}.Devices.cs": b"real",
    f"{OURS}.evidence.psm1": b"real",
    "ansible_collections.other.one.plugins.module_utils.key_storage.psm1": b"real",
    f"{OURS}.key_storage.psm1.more": b"real",
}


@pytest.mark.parametrize("step", [1, 7, 1000, 10_000_000])
def test_utils_of_the_same_name_are_replaced_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, standins: Path, step: int
) -> None:
    sent = made(monkeypatch, UTILS)
    if step == 1:
        sent = sent[:100] + sent[-100:]
    through = manifest.Filter(standins)
    parts = [through.feed(sent[start : start + step], start + step >= len(sent)) for start in range(0, len(sent), step)]
    got = b"".join(parts)
    if step == 1:
        assert got == sent
        return
    before, after = scripts(sent), scripts(got)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {f"{OURS}.key_storage.psm1", f"{OURS}.Devices.cs"}
    assert after[f"{OURS}.key_storage.psm1"] == b"# stand-in \xc5\x91"
    # Put back, and it is what was sent to the last byte.
    for name in changed:
        old, new = base64.b64encode(before[name]).decode(), base64.b64encode(after[name]).decode()
        path = json.dumps(name)[1:-1]
        got = got.replace(
            f'"path": "{path}", "script": "{new}"'.encode(), f'"path": "{path}", "script": "{old}"'.encode()
        )
    assert got == sent


def test_a_manifest_without_such_a_util_is_untouched(monkeypatch: pytest.MonkeyPatch, standins: Path) -> None:
    sent = made(monkeypatch, {f"{OURS}.evidence.psm1": b"real"})
    assert manifest.Filter(standins).feed(sent, True) == sent


def test_a_transfer_goes_on_behind_its_manifest(standins: Path) -> None:
    _, head = module_manifest._bootstrap_powershell_script("winrm_put_file.ps1", {"Path": "C:\\x"}, has_input=True)
    through = manifest.Filter(standins)
    assert through.feed(head, False) == head
    assert through.feed(b"QUJD\r\n", False) == b"QUJD\r\n"
    assert through.feed(b"", True) == b""


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"dir C:\\\r\n",
        b"{}",
        b"{\n\0\0\0\0\n{",
        b'{}\n\0\0\0\0\n{"scripts": [], "actions": []}',
        b'{}\n\0\0\0\0\n{"scripts": {}}',
        b"{}\n\0\0\0\0\n[1]",
        b"\xff\n\0\0\0\0\n\xfe",
        b'{}\n\0\0\0\0\n{"actions": [], "scripts": {"x.module_utils.windows.key_storage.psm1": "text"}}',
        b'{}\n\0\0\0\0\n{"actions": [], "scripts": {"x.module_utils.windows.../../etc.psm1": {"script": ""}}}',
    ],
)
def test_what_is_no_manifest_passes_untouched(standins: Path, sent: bytes) -> None:
    through = manifest.Filter(standins)
    halves = through.feed(sent[: len(sent) // 2], False), through.feed(sent[len(sent) // 2 :], True)
    assert b"".join(halves) == sent


def test_input_that_is_no_manifest_is_not_held_back(standins: Path) -> None:
    assert manifest.Filter(standins).feed(b"dir\r\n", False) == b"dir\r\n"


def test_a_call_is_read_as_the_module_and_its_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    call = manifest.call(made(monkeypatch, {}, {"name": "ő"}))
    assert call is not None
    assert (call.module, call.args["name"]) == ("eeszt.connect.win_probe", "ő")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (r'a "b c" d', ["a", "b c", "d"]),
        (r'"" x', ["", "x"]),
        (r"C:\a\ b", ["C:\\a\\", "b"]),
        (r'"C:\a b\\" c', ["C:\\a b\\", "c"]),
        (r"a\"b c\\\"d", ['a"b', 'c\\"d']),
        ("  ", []),
        (r'pre"mid dle"post', ["premid dlepost"]),
    ],
)
def test_a_windows_command_line_is_split_as_windows_does(line: str, words: list[str]) -> None:
    assert wine.split(line) == words


@pytest.mark.parametrize(
    ("command", "arguments", "places"),
    [
        ("PowerShell", "-NoProfile", [0]),
        ("powershell.exe", "", [0]),
        (r'"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe"', "-File x", [0]),
        ("type", r"C:\x.ps1 | PowerShell -EncodedCommand QQ==", [3]),
        ("cmd.exe", "/c echo powershell", []),
    ],
)
def test_powershell_is_found_where_it_is_the_program(command: str, arguments: str, places: list[int]) -> None:
    words = wine.split(f"{command} {arguments}")
    assert wine.powershell_places(words) == places
    assert wine.uses_powershell(Job("h", command, arguments)) == bool(places)


def test_a_command_line_longer_than_windows_takes_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "drive_c").mkdir()
    backend = wine.WineBackend(wine.Wine(tmp_path, wine="true"))
    fits, long = (backend.start(Job("h", "PowerShell", "x" * (length - 11))) for length in (8191, 8192))
    assert isinstance(fits, process.Process)
    wait_until("it ended", 30, lambda: fits.output.ended)
    assert long.output.take(100) == Chunk((("stderr", b"The command line is too long.\r\n"),), 1)


def loaded(tmp_path: Path, **values: Any) -> config.Config:
    base: dict[str, Any] = {"listen": [{"address": "127.0.0.1", "host": "a"}], "users": "users", "backend": "plain"}
    file = tmp_path / "config.json"
    file.write_text(json.dumps({key: value for key, value in {**base, **values}.items() if value is not None}))
    return config.load(file)


def test_paths_of_the_configuration_are_relative_to_its_file(tmp_path: Path) -> None:
    pair = {"certificate": "s.pem", "key": "/k/s.key"}
    read = loaded(tmp_path, backend="wine", tls={**pair, "client_ca": "ca", "others": {"x": pair}}, standins="u",
                  wine={"prefix": "p", "modules": "m"}, quotas={"idle": 5})  # fmt: skip
    assert read.tls is not None
    assert read.wine is not None
    assert (read.users, read.tls.pair.key) == (tmp_path / "users", Path("/k/s.key"))
    assert (read.wine.prefix, read.wine.standins, read.quotas.idle) == (tmp_path / "p", tmp_path / "u", 5)
    assert wine.windows_path(Path(PurePosixPath("/a/b"))) == r"Z:\a\b"


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"backend": "magic"}, "none of"),
        ({"backend": "wine"}, "prefix"),
        ({"backend": "recorded"}, "recordings"),
        ({"users": None}, "nobody"),
        ({"usres": "x"}, "usres"),
        ({"listen": None}, "listen"),
        ({"listen": [{"address": "127.0.0.1", "hots": "a"}]}, "hots"),
        ({"tls": {"certificate": "x"}}, "key"),
        ({"quotas": {"shells": 1}}, "shells"),
        ({"wine": {"prefix": "x", "standins": "y"}}, "standins"),
    ],
)
def test_a_configuration_that_cannot_be_used_says_why(tmp_path: Path, values: dict[str, Any], why: str) -> None:
    with pytest.raises(config.BadConfig, match=why):
        loaded(tmp_path, **values)
