"""Stand-ins on the wire: PowerShell utils replaced inside the exec manifest that Ansible sends.

Since ansible-core 2.19 a module's standard input is `<bootstrap JSON>`, a line of four NULs, and the exec manifest as
JSON (executor/powershell/module_manifest.py, `_get_bootstrap_input`); its `scripts` map names to `{path, script}`, the
script in base64.  A file transfer adds one more line of NULs and the file.  What is not exactly that passes untouched.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import compiled

SEPARATOR = b"\n\0\0\0\0\n"
# Far above any manifest (1 to 2 MB); what is longer is a file.
_LONGEST = 64 * 1024 * 1024
_COLLECTION = re.compile(r"\Aansible_collections\.(\w+\.\w+)\.plugins\.modules\.")
_UTIL = re.compile(r"\.module_utils\.windows\.([A-Za-z0-9_]+\.(?:psm1|cs))\Z")


class Filter:
    """Passes standard input on, with the utils for which `standins` has a file of the same name replaced.

    It holds bytes back until the manifest is whole, and nothing after that.
    """

    def __init__(self, standins: Path | None) -> None:
        self._standins = standins
        self._held = b""
        self._passing = standins is None

    def feed(self, data: bytes, end: bool) -> bytes:
        """Take a part of the input and give what may go on now."""
        if self._passing or self._standins is None:
            return data
        self._held += data
        parts = self._held.split(SEPARATOR, 2)
        whole = len(parts) == 3 or (end and len(parts) == 2)
        if whole:
            parts[1] = substitute(parts[1], self._standins)
        elif not end and self._may_be_manifest():
            return b""
        self._passing = True
        ready, self._held = SEPARATOR.join(parts), b""
        return ready

    def _may_be_manifest(self) -> bool:
        return self._held[:1] in (b"", b"{") and len(self._held) <= _LONGEST


def plain() -> Filter:
    """A filter that changes nothing."""
    return Filter(None)


def substitute(manifest: bytes, standins: Path) -> bytes:
    """The manifest with the stand-ins in it; the same bytes if it has none of them or is no manifest."""
    parsed = read(manifest)
    if parsed is None:
        return manifest
    changed = False
    for name, info in parsed["scripts"].items():
        new = _replaced(name, info, standins)
        if new is not None:
            info["script"] = base64.b64encode(new).decode()
            changed = True
    # Ansible writes it by json.dumps with its defaults, so that this gives back all else byte for byte.
    return json.dumps(parsed).encode() if changed else manifest


def _replaced(name: str, info: Any, standins: Path) -> bytes | None:
    """What goes in the place of a script, or None where it stays as it is."""
    if not isinstance(info, dict) or "script" not in info:
        return None
    if name == compiled.NAME:
        return compiled.keep_compiled(base64.b64decode(info["script"]))
    match = _UTIL.search(name)
    file = standins / match[1] if match else None
    return file.read_bytes() if file is not None and file.is_file() else None


def read(manifest: bytes) -> dict[str, Any] | None:
    """The exec manifest, or None for anything else."""
    try:
        parsed = json.loads(manifest)
    except ValueError:
        return None
    if not isinstance(parsed, dict) or not isinstance(parsed.get("scripts"), dict):
        return None
    return parsed if isinstance(parsed.get("actions"), list) else None


@dataclass(frozen=True)
class Call:
    """What Ansible asks of a host: a module with its arguments, or a script of its own with parameters.

    `module` has the short form of its name (`ansible.windows.win_ping`); `rest` is what follows the manifest.
    """

    module: str
    args: Mapping[str, Any]
    script: str
    params: Mapping[str, Any]
    rest: bytes


def call(stdin: bytes) -> Call | None:
    """Read a whole standard input, or None if it is not Ansible's."""
    parts = stdin.split(SEPARATOR, 2)
    parsed = read(parts[1]) if len(parts) > 1 else None
    if parsed is None or not parsed["actions"] or not isinstance(parsed["actions"][-1], dict):
        return None
    action = parsed["actions"][-1]
    params = action.get("params") or {}
    module = _COLLECTION.sub(r"\1.", str(params.get("Script", ""))).removesuffix(".ps1")
    variables = params.get("Variables") or [{}]
    args = variables[0].get("Value") or {}
    return Call(module, args, str(action.get("name", "")), params, parts[2] if len(parts) > 2 else b"")
