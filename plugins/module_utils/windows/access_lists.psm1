# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Who may read a key: accounts, their SIDs, and access lists in the few words that matter. Names are for people, SIDs
# decide: a Hungarian Windows calls its groups by Hungarian names.

#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.secured_files

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztWellKnownSid {
    # The SID of an account that every Windows has, by its English name, whatever the language of this one; else null.
    # MS-DTYP 2.4.2.4.
    param([string]$Name)
    $plain = $Name -replace '^(NT AUTHORITY|BUILTIN)\\', ''
    $known = @{
        'SYSTEM' = 'S-1-5-18'; 'LOCAL SYSTEM' = 'S-1-5-18'; 'LOCALSYSTEM' = 'S-1-5-18'
        'LOCAL SERVICE' = 'S-1-5-19'; 'LOCALSERVICE' = 'S-1-5-19'
        'NETWORK SERVICE' = 'S-1-5-20'; 'NETWORKSERVICE' = 'S-1-5-20'
        'Administrators' = 'S-1-5-32-544'; 'Users' = 'S-1-5-32-545'; 'Everyone' = 'S-1-1-0'
        'Authenticated Users' = 'S-1-5-11'; 'INTERACTIVE' = 'S-1-5-4'; 'IIS_IUSRS' = 'S-1-5-32-568'
    }
    if ($known.ContainsKey($plain)) { return $known[$plain] }
    return $null
}

function Resolve-EesztAccount {
    # The SID of an account given by name or SID, as text; null when this host knows none of that name.
    param([string]$Name)
    if ($Name -match '^S-1-[0-9-]+$') { return $Name.ToUpperInvariant() }
    $sid = Get-EesztWellKnownSid $Name
    if ($null -ne $sid) { return $sid }
    $full = $Name -replace '^\.\\', "$([System.Environment]::MachineName)\"
    try {
        $account = New-Object System.Security.Principal.NTAccount $full
        return $account.Translate([System.Security.Principal.SecurityIdentifier]).Value
    }
    catch [System.Security.Principal.IdentityNotMappedException] { return $null }
    catch [System.Management.Automation.MethodInvocationException] {
        if ($_.Exception.InnerException -is [System.Security.Principal.IdentityNotMappedException]) { return $null }
        throw
    }
}

function Get-EesztNameOfSid {
    # The name of a SID on this host; null when it has none, as that of an account that was deleted.
    param([string]$Sid)
    try {
        $identifier = New-Object System.Security.Principal.SecurityIdentifier $Sid
        return $identifier.Translate([System.Security.Principal.NTAccount]).Value
    }
    catch { return $null }
}

function Get-EesztOwnSid {
    return [System.Security.Principal.WindowsIdentity]::GetCurrent().User.Value
}

function New-EesztSddl {
    # Owner and access list of a file: the system and the administrators (and $Full) all, $Readers read, nobody else.
    param([string[]]$Readers = @(), [string[]]$Full = @())
    $entries = @('(A;;FA;;;SY)', '(A;;FA;;;BA)')
    foreach ($sid in $Full) { $entries += "(A;;FA;;;$sid)" }
    foreach ($sid in $Readers) { $entries += "(A;;FR;;;$sid)" }
    return 'O:BAD:P' + ($entries -join '')
}

function New-EesztFolderSddl {
    # The same of a folder, whose readers may also see what is in it.
    param([string[]]$Readers = @())
    $entries = @('(A;OICI;FA;;;SY)', '(A;OICI;FA;;;BA)')
    foreach ($sid in $Readers) { $entries += "(A;;0x1200a9;;;$sid)" }
    return 'O:BAD:P' + ($entries -join '')
}

function Get-EesztRights {
    # full; write: can change the file, or take it; read; none: cannot get at the content. winnt.h names the bits.
    param([long]$Mask)
    $full, $genericAll = 0x1F01FF, 0x10000000
    # Data and attributes, deleting, the access list, the owner; and the generic form.
    $change = 0x2 -bor 0x4 -bor 0x10 -bor 0x40 -bor 0x100 -bor 0x10000 -bor 0x40000 -bor 0x80000 -bor 0x40000000
    $read = [long]0x1 -bor [long]2147483648
    if (($Mask -band $full) -eq $full -or ($Mask -band $genericAll) -ne 0) { return 'full' }
    if (($Mask -band $change) -ne 0) { return 'write' }
    if (($Mask -band $read) -ne 0) { return 'read' }
    return 'none'
}

function ConvertFrom-EesztDescriptor {
    # The access list as sid, account, rights (see Get-EesztRights, or deny), one entry a SID and kind, sorted.
    param([System.Security.AccessControl.RawSecurityDescriptor]$Descriptor)
    if ($null -eq $Descriptor.DiscretionaryAcl) {
        # No list at all lets everybody do everything.
        return , @([ordered]@{ sid = 'S-1-1-0'; account = Get-EesztNameOfSid 'S-1-1-0'; rights = 'full' })
    }
    $allowed, $denied = @{}, @{}
    foreach ($entry in $Descriptor.DiscretionaryAcl) {
        $onlyInherited = ($entry.AceFlags -band [System.Security.AccessControl.AceFlags]::InheritOnly) -ne 0
        if ($onlyInherited -or $entry -isnot [System.Security.AccessControl.QualifiedAce]) { continue }
        $into = if ($entry.AceQualifier -eq [System.Security.AccessControl.AceQualifier]::AccessAllowed) { $allowed } else { $denied }
        $sid = $entry.SecurityIdentifier.Value
        $mask = [long]$entry.AccessMask -band [long]4294967295
        if ($into.ContainsKey($sid)) { $mask = $mask -bor $into[$sid] }
        $into[$sid] = $mask
    }
    $found = @(foreach ($sid in ($allowed.Keys | Sort-Object)) {
            [ordered]@{ sid = $sid; account = Get-EesztNameOfSid $sid; rights = Get-EesztRights $allowed[$sid] }
        })
    $found += @(foreach ($sid in ($denied.Keys | Sort-Object)) {
            [ordered]@{ sid = $sid; account = Get-EesztNameOfSid $sid; rights = 'deny' }
        })
    return , @($found | Where-Object { $_.rights -ne 'none' })
}

function Get-EesztAccess {
    # The access list of a file, in the form of ConvertFrom-EesztDescriptor.
    param([string]$Path)
    return , (ConvertFrom-EesztDescriptor (Get-EesztDescriptor $Path))
}

function Test-EesztSameAccess {
    # Whether an access list says just what New-EesztSddl with these readers would.
    param($Found, [string]$Sddl)
    $wanted = ConvertFrom-EesztDescriptor (New-Object System.Security.AccessControl.RawSecurityDescriptor -ArgumentList $Sddl)
    return (Format-EesztAccess $Found) -eq (Format-EesztAccess $wanted)
}

function Format-EesztAccess {
    # One line a SID, for comparing and for people who compare.
    param($Access)
    $lines = @(foreach ($entry in $Access) {
            $name = if ($entry.account) { "$($entry.account) ($($entry.sid))" } else { $entry.sid }
            "${name}: $($entry.rights)"
        })
    return ($lines | Sort-Object) -join "`n"
}

Export-ModuleMember -Function Get-EesztWellKnownSid, Resolve-EesztAccount, Get-EesztNameOfSid, Get-EesztOwnSid, New-EesztSddl, New-EesztFolderSddl, Get-EesztRights, ConvertFrom-EesztDescriptor, Get-EesztAccess, Test-EesztSameAccess, Format-EesztAccess
