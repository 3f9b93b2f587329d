# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# What the utils for certificates say of bytes and words, without a Windows. In: the folder of utils and a JSON file of
# {name: {call, ...}}. Out: JSON of answers by name.

param([string]$Utils, [string]$Cases)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

. (Join-Path -Path $PSScriptRoot -ChildPath 'as_5_1.ps1')

Add-Type -TypeDefinition ([System.IO.File]::ReadAllText((Join-Path -Path $Utils -ChildPath 'PemFiles.cs'))) -WarningAction SilentlyContinue
$pem = [ansible_collections.eeszt.connect.plugins.module_utils.windows.PemFiles.Pem]
foreach ($name in 'access_lists', 'certificate_files', 'certificate_marks', 'certificate_stores', 'certificate_imports') {
    $text = [System.IO.File]::ReadAllText((Join-Path -Path $Utils -ChildPath "$name.psm1"))
    $block = [ScriptBlock]::Create(($text -replace '(?ms)^Export-ModuleMember.*\z', 'Export-ModuleMember -Function *'))
    New-Module -Name $name -ScriptBlock $block | Import-Module -Scope Global
}

# Keys and access lists of a host, by the certificate's subject; what is asked of them for real is Windows' own.
$global:Keys = @{}
function Get-EesztKey { param($Certificate, $Location) $Keys[$Certificate.Subject] }
function Test-EesztArchived { param($Certificate, $Location, $Store) $false }
function Get-EesztDescriptor { param($Path) New-Object psobject -Property @{ text = $Path } | Add-Member -PassThru -MemberType ScriptMethod -Name GetSddlForm -Value { $this.text } }
function Get-EesztAccess { param($Path) $Path }
function Test-EesztSameAccess { param($Found, $Sddl) $Found -eq $Sddl.Replace('O:BA', '') }

function Get-TestFinding {
    # A store's finding; of the keys' files the case says only their access list, and the path is that list.
    param($Case)
    $current, $older = (New-EesztCertificate $Case.current), @($Case.older | ForEach-Object { New-EesztCertificate $_ })
    $global:Keys = @{}
    foreach ($each in @($current) + $older) {
        $list = $Case.lists.PSObject.Properties[$each.Subject]
        $Keys[$each.Subject] = @{ present = $true; fits = $true; exportable = $false; machine = $true; code = 0; file = if ($null -ne $list) { $list.Value } else { $null } }
    }
    $finding = @{
        path = 'LocalMachine\My'; role = 'store'; institution = 'E01620K'; location = 'LocalMachine'; store = 'My'
        material = @{ words = @('E01620K'); keep = $true; foreign = @() }; reasons = @(); current = $current; key = $null; older = $older
        kept = $null; promoted = $false; before = $null; sddl = $Case.sddl; inherited = $null; exportable = $null
    }
    if ($Case.kept) {
        # Marked as it should be, and the one before it kept since an earlier run.
        $finding.kept, $finding.older = $older[0], @()
        Add-Member -InputObject $current -MemberType NoteProperty -Name FriendlyName -Value 'eeszt.connect E01620K' -Force
    }
    if ($null -eq $Case.sddl) { $finding.inherited = Get-EesztOlderAccess $finding }
    $finding.reasons = @(Compare-EesztEntry $finding $false)
    return $finding
}

function Get-Answer {
    param($Case)
    switch ($Case.call) {
        'key' { return $pem::KeyState([System.Convert]::FromBase64String($Case.file), (New-EesztCertificate $Case.certificate).GetPublicKey()) }
        'alone' { return $pem::HoldsOneKey([System.Convert]::FromBase64String($Case.file)) }
        'only' {
            [byte[][]]$wanted = @(foreach ($each in $Case.wanted) { , [System.Convert]::FromBase64String($each) })
            return $pem::HoldsOnly([System.Convert]::FromBase64String($Case.file), $wanted)
        }
        'seal' { return [System.Convert]::ToBase64String($pem::Seal([System.Convert]::FromBase64String($Case.file), $Case.token, $Case.path)) }
        'pem' { return ConvertTo-EesztPem $Case.file }
        'rights' { return Get-EesztRights $Case.mask }
        'sid' { return Resolve-EesztAccount $Case.name }
        'sddl' { return New-EesztSddl -Readers $Case.readers -Full $Case.full }
        'marked' { return Get-EesztMarked $Case.name }
        'mark' { return Format-EesztMark $Case.institutions }
        'edit' { return Edit-EesztMark $Case.name 'E01620K' $Case.words }
        'notes' {
            $notes = Get-EesztMarkNotes $Case.name 'E01620K'
            return @($notes.current, $notes.kept, $notes.refused, $notes.reason)
        }
        'compare' {
            $finding = Get-TestFinding $Case
            return @($finding.reasons) + @(Get-EesztWantedAccess $finding)
        }
        'words' { return Get-EesztImportWords @{ institution = 'E01620K'; path = "$($Case.location)\My"; location = $Case.location } $Case.code 'what Windows says.' }
        'find' {
            $all = @(foreach ($each in $Case.certificates) { New-EesztCertificate $each })
            $found = Find-EesztCertificate $all 'E01620K' $Case.fingerprint
            return $(if ($null -ne $found) { $found.Subject })
        }
    }
}

$answers = [ordered]@{}
$given = [System.IO.File]::ReadAllText($Cases) | ConvertFrom-Json
foreach ($case in $given.PSObject.Properties) { $answers[$case.Name] = Get-Answer $case.Value }
ConvertTo-Json $answers -Depth 4 -Compress
