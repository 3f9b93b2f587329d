# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# STAND-IN of the Windows double for plugins/module_utils/windows/secured_files.psm1: same functions, same C#.
# Wine makes Unix rights of an access list, and tells three groups apart: the account, its group and all others. What was
# set is therefore kept beside, in C:\eeszt-double\access, and the real file gets what of it Wine can keep. Rights of
# "Everyone" are read from the real file, so that icacls and the like can spoil them.

#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.SecuredFiles

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Assert-EesztDone {
    param([int]$Code)
    if ($Code -ne 0) { throw (New-Object System.ComponentModel.Win32Exception $Code) }
}

function Get-EesztDoubleNote {
    # Where the access list of a path is kept; names do not care for case.
    param([string]$Path)
    $sha256 = [System.Security.Cryptography.SHA256]::Create()
    try { $name = [System.BitConverter]::ToString($sha256.ComputeHash([System.Text.Encoding]::UTF8.GetBytes($Path.ToLowerInvariant()))) }
    finally { $sha256.Dispose() }
    return "C:\eeszt-double\access\$($name.Replace('-', '')).sddl"
}

function Save-EesztDoubleNote {
    param([string]$Path, [string]$Sddl)
    [void][System.IO.Directory]::CreateDirectory('C:\eeszt-double\access')
    [System.IO.File]::WriteAllText((Get-EesztDoubleNote $Path), $Sddl)
}

function Get-EesztDoubleReal {
    # What Wine can keep of an access list.
    param([string]$Sddl)
    $others = if ($Sddl -match '\(A;[A-Z]*;[^;]*;;;(WD|BU|S-1-5-32-545)\)') { '(A;;FR;;;WD)' } else { '' }
    return "O:BAD:P(A;;FA;;;SY)(A;;FA;;;BA)$others"
}

function New-EesztSecuredFile {
    param([string]$Path, [string]$Sddl, [System.IO.MemoryStream]$Content)
    $real = Get-EesztDoubleReal $Sddl
    Assert-EesztDone ([ansible_collections.eeszt.connect.plugins.module_utils.windows.SecuredFiles.Disk]::Write($Path, $real, $Content.ToArray()))
    Save-EesztDoubleNote $Path $Sddl
}

function New-EesztSecuredFolder {
    param([string]$Path, [string]$Sddl)
    $real = Get-EesztDoubleReal $Sddl
    Assert-EesztDone ([ansible_collections.eeszt.connect.plugins.module_utils.windows.SecuredFiles.Disk]::MakeDirectory($Path, $real))
    Save-EesztDoubleNote $Path $Sddl
}

function Move-EesztSecuredFile {
    param([string]$Path, [string]$To)
    $note = Get-EesztDoubleNote $Path
    Assert-EesztDone ([ansible_collections.eeszt.connect.plugins.module_utils.windows.SecuredFiles.Disk]::Move($Path, $To))
    if ([System.IO.File]::Exists($note)) {
        Save-EesztDoubleNote $To ([System.IO.File]::ReadAllText($note))
        [System.IO.File]::Delete($note)
    }
}

function Get-EesztDescriptor {
    param([string]$Path)
    [byte[]]$bytes = $null
    Assert-EesztDone ([ansible_collections.eeszt.connect.plugins.module_utils.windows.SecuredFiles.Disk]::ReadSecurity($Path, [ref]$bytes))
    $real = New-Object System.Security.AccessControl.RawSecurityDescriptor -ArgumentList $bytes, 0
    $note = Get-EesztDoubleNote $Path
    if (-not [System.IO.File]::Exists($note)) { return $real }
    $sddl = [System.IO.File]::ReadAllText($note)
    $everyone = 'S-1-1-0'
    $open = @($real.DiscretionaryAcl | Where-Object { $_.SecurityIdentifier.Value -eq $everyone -and ($_.AccessMask -band 1) -ne 0 }).Count -gt 0
    if ($open -and (Get-EesztDoubleReal $sddl) -notmatch ';;;WD') { $sddl += '(A;;FR;;;WD)' }
    return New-Object System.Security.AccessControl.RawSecurityDescriptor -ArgumentList $sddl
}

function Set-EesztDescriptor {
    param([string]$Path, [string]$Sddl, [bool]$WithOwner)
    $real = Get-EesztDoubleReal $Sddl
    Assert-EesztDone ([ansible_collections.eeszt.connect.plugins.module_utils.windows.SecuredFiles.Disk]::WriteSecurity($Path, $real, $WithOwner))
    if (-not $Sddl.StartsWith('O:', [System.StringComparison]::Ordinal)) { $Sddl = "O:BA$Sddl" }
    Save-EesztDoubleNote $Path $Sddl
}

Export-ModuleMember -Function New-EesztSecuredFile, New-EesztSecuredFolder, Move-EesztSecuredFile, Get-EesztDescriptor, Set-EesztDescriptor
