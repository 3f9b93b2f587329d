"""Compile each C# source of Ansible once a host: the double keeps what PowerShell made of it.

On this emulation the compiler's start costs as much as PowerShell's own. Ansible's `Add-CSharpType` is given a memory
on the wire: for the same sources and symbols it takes the assembly that the real compiler made of them the first time.
"""

import re
from pathlib import Path

NAME = "Ansible.ModuleUtils.AddType.psm1"
_HERE = Path(__file__).parent
_LOOK = (_HERE / "compiled_look.ps1").read_text(encoding="utf-8")
_KEEP = (_HERE / "compiled_keep.ps1").read_text(encoding="utf-8")
_BRANCH = """\
    if ($is_coreclr) {
        # compile the code using Roslyn on PSCore
"""
# What Windows PowerShell 5.1 knows of arrays: with it ConvertTo-Json writes what a command gave as {value, Count}.
# Each module's runspace is a new one, and this util is in all of them.
_ARRAYS = "\nUpdate-TypeData -TypeName System.Array -MemberType AliasProperty -MemberName Count -Value Length -Force\n"
_LOADED = re.compile(r"^ +\$compiled_assembly = \[System\.Runtime\.Loader\.AssemblyLoadContext\].*\n", re.MULTILINE)


def keep_compiled(script: bytes) -> bytes:
    """`Add-CSharpType`'s source with the memory in it; unchanged where its form is not the one that is known."""
    text = script.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    if text.count(_BRANCH) != 1 or len(_LOADED.findall(text)) != 1:
        return script
    text = _LOADED.sub(lambda line: line[0] + _KEEP, text)
    text = text.replace(_BRANCH, _LOOK + _BRANCH.replace("if", "elseif", 1)) + _ARRAYS
    return text.encode("utf-8", "surrogateescape")
