# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Looks types and their static members up in reference assemblies, by PowerShell's own C# compiler. In: a JSON file with
# `assemblies` (paths) and `names` ([type, member] pairs; member may be empty). Out: JSON rows [type, member, found,
# assembly] with found: member, type or nothing. Capitals count, except that "System." may be left out.

param([string]$Asked)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

Add-Type -Path (Join-Path $PSHOME 'Microsoft.CodeAnalysis.dll'), (Join-Path $PSHOME 'Microsoft.CodeAnalysis.CSharp.dll')

# The symbols' classes hide the method behind their interface.
$members = [Microsoft.CodeAnalysis.INamespaceOrTypeSymbol].GetMethod('GetMembers', [type[]]@([string]))

function Test-Member {
    # Whether a type or one it stands on shows a static member, or has a constructor for "new".
    param($Type, [string]$Member)
    if ($Member -eq 'new') { return $Type.IsValueType -or $Type.InstanceConstructors.Length -gt 0 }
    for ($each = $Type; $null -ne $each; $each = $each.BaseType) {
        foreach ($symbol in $members.Invoke($each, @($Member))) {
            if ($symbol.IsStatic -and "$($symbol.DeclaredAccessibility)" -eq 'Public') { return $true }
        }
    }
    return $false
}

$request = [System.IO.File]::ReadAllText($Asked) | ConvertFrom-Json
$references = [System.Collections.Generic.List[Microsoft.CodeAnalysis.MetadataReference]]::new()
foreach ($path in $request.assemblies) { $references.Add([Microsoft.CodeAnalysis.MetadataReference]::CreateFromFile($path)) }
$compilation = [Microsoft.CodeAnalysis.CSharp.CSharpCompilation]::Create('lookup', $null, $references, $null)
$rows = @(foreach ($pair in $request.names) {
    $type = $compilation.GetTypeByMetadataName($pair[0])
    if ($null -eq $type) { $type = $compilation.GetTypeByMetadataName("System.$($pair[0])") }
    if ($null -eq $type -or "$($type.DeclaredAccessibility)" -ne 'Public') { , @($pair[0], $pair[1], '', '') }
    else {
        $found = if ($pair[1] -eq '' -or (Test-Member $type $pair[1])) { 'member' } else { 'type' }
        , @($pair[0], $pair[1], $found, $type.ContainingAssembly.Name)
    }
})
ConvertTo-Json $rows -Depth 3 -Compress
