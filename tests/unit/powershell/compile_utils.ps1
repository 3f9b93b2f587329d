# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Compiles C# utils with Ansible's own util for that. In: its path, and the sources. Out: the names of what compiled.

param([string]$AddType, [Parameter(ValueFromRemainingArguments = $true)][string[]]$Sources)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

Import-Module $AddType
foreach ($source in $Sources) {
    $folder = [System.IO.Path]::GetDirectoryName($source)
    # Ansible finds what a util uses, and what that uses, and compiles all of it together.
    $texts = [ordered]@{}
    $left = [System.Collections.Generic.Queue[string]]@([System.IO.Path]::GetFileNameWithoutExtension($source))
    while ($left.Count -gt 0) {
        $name = $left.Dequeue()
        if ($texts.Contains($name)) { continue }
        $texts[$name] = [System.IO.File]::ReadAllText((Join-Path $folder "$name.cs"))
        foreach ($used in [regex]::Matches($texts[$name], '(?m)^using ansible_collections\.[\w.]+\.(\w+);')) { $left.Enqueue($used.Groups[1].Value) }
    }
    Add-CSharpType -References @($texts.Values)
    [System.IO.Path]::GetFileName($source)
}
