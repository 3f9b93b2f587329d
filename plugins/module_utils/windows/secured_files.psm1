# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Files and folders with an access list from their first moment. Nothing else reads or sets access lists, so that the
# lab, whose Wine knows no more of them than three groups of Unix rights, can stand in for these few functions.

#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.SecuredFiles

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Assert-EesztDone {
    # Windows' error code, as an exception that carries code and words.
    param([int]$Code)
    if ($Code -ne 0) { throw (New-Object System.ComponentModel.Win32Exception $Code) }
}

function New-EesztSecuredFile {
    # A new file, complete on the disk when this returns; it fails where there is one. The content is a stream, since
    # arguments come into the event log where a policy asks for it: of a stream its type, of bytes the first of them.
    param([string]$Path, [string]$Sddl, [System.IO.MemoryStream]$Content)
    Assert-EesztDone ([ansible_collections.eeszt.connect.plugins.module_utils.windows.SecuredFiles.Disk]::Write($Path, $Sddl, $Content.ToArray()))
}

function New-EesztSecuredFolder {
    param([string]$Path, [string]$Sddl)
    Assert-EesztDone ([ansible_collections.eeszt.connect.plugins.module_utils.windows.SecuredFiles.Disk]::MakeDirectory($Path, $Sddl))
}

function Move-EesztSecuredFile {
    # A file takes another's place and keeps its own access list; both are in one folder.
    param([string]$Path, [string]$To)
    Assert-EesztDone ([ansible_collections.eeszt.connect.plugins.module_utils.windows.SecuredFiles.Disk]::Move($Path, $To))
}

function Get-EesztDescriptor {
    # Owner and access list, as System.Security.AccessControl.RawSecurityDescriptor.
    param([string]$Path)
    [byte[]]$bytes = $null
    Assert-EesztDone ([ansible_collections.eeszt.connect.plugins.module_utils.windows.SecuredFiles.Disk]::ReadSecurity($Path, [ref]$bytes))
    return New-Object System.Security.AccessControl.RawSecurityDescriptor -ArgumentList $bytes, 0
}

function Set-EesztDescriptor {
    # The access list in one step, inheritance off; the owner only if wanted.
    param([string]$Path, [string]$Sddl, [bool]$WithOwner)
    Assert-EesztDone ([ansible_collections.eeszt.connect.plugins.module_utils.windows.SecuredFiles.Disk]::WriteSecurity($Path, $Sddl, $WithOwner))
}

Export-ModuleMember -Function New-EesztSecuredFile, New-EesztSecuredFolder, Move-EesztSecuredFile, Get-EesztDescriptor, Set-EesztDescriptor
