# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Keeps the certificate before a renewal until the centre has taken the new one; then it goes, or comes back: the promises of
# certificate_renewal.py, in a store by marks (certificate_marks); beside files see certificate_file_renewal.
#
# Here a wish is what the module was asked for: state, fingerprints and reasons (by institution), retry, older (paths of
# PKCS#12 files that the controller found worth going back to), untold (services are to be told of what changes). A change is
# what becomes of the certificate before: path, institution, fingerprint (of the one that came or was to come), state,
# changed; in a store entries (findings whose older ones go last), beside files write (a stream) with write_to, which is
# there before the set changes, and remove, paths that go after it.

#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_files
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_marks
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_stores
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.key_storage

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Complete-EesztMaterial {
    # What a store's findings need beside the certificate: its fingerprint, the words of its mark, whether what it renews
    # is kept, and the fingerprints of certificates that belong to other institutions.
    param($Institutions)
    foreach ($name in $Institutions.Keys) {
        $material = $Institutions[$name]
        $material.fingerprint = Get-EesztFingerprint (New-EesztCertificate $material.certificate)
        $material.words = @($name)
        $material.keep = $true
    }
    foreach ($name in $Institutions.Keys) {
        $Institutions[$name].foreign = @($Institutions.Keys | Where-Object { $_ -ne $name } | ForEach-Object { $Institutions[$_].fingerprint })
    }
}

function New-EesztMaterial {
    # Of a certificate that is on the host, DER in base64.
    param([string]$Certificate, [string[]]$Words)
    return @{
        certificate = $Certificate; chain = @(); pkcs12_sha256 = ''; pfx = $null; pfx_password = $null; key = $null; pkcs12 = $null
        fingerprint = ''; words = $Words; keep = $false; foreign = @()
    }
}

function New-EesztChange {
    param([string]$Path, [string]$Institution, [string]$Fingerprint, [string]$State, [bool]$Changed)
    return @{
        path = $Path; institution = $Institution; fingerprint = $Fingerprint; state = $State; changed = $Changed
        write = $null; write_to = ''; remove = @(); entries = @()
    }
}

function Test-EesztAsked {
    # Whether the decision is about what a kept certificate was renewed to.
    param($Wish, [string]$Institution, [string]$RenewedTo)
    return -not $Wish.fingerprints.ContainsKey($Institution) -or $Wish.fingerprints[$Institution] -eq $RenewedTo
}

function Get-EesztReason {
    # Why it was taken back, as a word.
    param($Wish, [string]$Institution)
    $given = if ($Wish.reasons.ContainsKey($Institution)) { "$($Wish.reasons[$Institution])" } else { '' }
    $word = [System.Text.RegularExpressions.Regex]::Replace($given, '[^A-Za-z0-9_.-]+', '_')
    return $(if ($word) { $word } else { 'request' })
}

function Get-EesztStoreRenewal {
    # A store's findings as the wish wants them, and its change (null: nothing was renewed).
    param($Target, $Material, $Readers, $Wish)
    $path, $institution = "$($Target.location)\$($Target.store)", $Target.institution
    $certificates = Get-EesztStoreCertificates $Target.location $Target.store
    switch ($Wish.state) {
        'present' {
            $held = Get-EesztHeldStore $Target $Material $Readers $Wish $certificates
            if ($null -ne $held) { return $held }
            $findings = @(Get-EesztStoreFindings $Target $Material $Readers)
            return @{ findings = $findings; change = Get-EesztStoreChange $findings[0] }
        }
        'absent' {
            $notes = @($certificates | ForEach-Object { Get-EesztMarkNotes $_.FriendlyName $institution } | Where-Object { $_.kept -or $_.refused })
            $change = if ($notes.Count -gt 0) { New-EesztChange $path $institution '' 'removed' $true } else { $null }
            return @{ findings = @(Get-EesztStoreFindings $Target $null $Readers); change = $change }
        }
    }
    $kept = Find-EesztKept $certificates $institution
    if ($null -eq $kept -and $Wish.state -eq 'rolled_back') { return Get-EesztUnfinishedStore $Target $Readers $Wish $certificates }
    $renewedTo = if ($null -ne $kept) { (Get-EesztMarkNotes $kept.FriendlyName $institution).kept } else { '' }
    if ($null -eq $kept -or -not (Test-EesztAsked $Wish $institution $renewedTo)) { return @{ findings = @(); change = $null } }
    if ($Wish.state -eq 'rolled_back') {
        if (Test-EesztLost $kept $Target.location) {
            throw "The key of $($kept.Subject) in $path, the certificate of $institution before, is gone, so it cannot come back. Bring another certificate."
        }
        $words = @($institution, (Format-EesztRefused $institution $renewedTo (Get-EesztReason $Wish $institution)))
        $back = New-EesztMaterial ([System.Convert]::ToBase64String($kept.RawData)) $words
        $findings = @(Get-EesztStoreFindings (Get-EesztPlainTarget $Target) $back $Readers)
        return @{ findings = $findings; change = New-EesztChange $path $institution $renewedTo 'rolled_back' $true }
    }
    $new = $certificates | Where-Object { (Get-EesztFingerprint $_) -eq $renewedTo } | Select-Object -First 1
    # What is to be retired may be all that is left.
    if ($null -eq $new -or (Test-EesztLost $new $Target.location)) {
        return @{ findings = @(); change = New-EesztChange $path $institution $renewedTo 'kept' $false }
    }
    $change = New-EesztChange $path $institution $renewedTo 'retired' $true
    $change.entries = @(@{ institution = $institution; location = $Target.location; store = $Target.store; older = @($kept) })
    return @{ findings = @(); change = $change }
}

function Get-EesztPlainTarget {
    # What is there stays as exportable as it is.
    param($Target)
    return @{ location = $Target.location; store = $Target.store; institution = $Target.institution; exportable = $null }
}

function Get-EesztUnfinishedStore {
    # A way back that was cut off when the old certificate was in use again, and the one that was taken back not yet gone.
    param($Target, $Readers, $Wish, $Certificates)
    $nothing = @{ findings = @(); change = $null }
    $there = Find-EesztRefusing $Certificates $Target.institution
    if ($null -eq $there) { return $nothing }
    $refused = (Get-EesztMarkNotes $there.FriendlyName $Target.institution).refused
    $marked = @($Certificates | Where-Object { $Target.institution -in (Get-EesztMarked $_.FriendlyName) })
    if ($marked.Count -lt 2 -or -not (Test-EesztAsked $Wish $Target.institution $refused)) { return $nothing }
    $words = Get-EesztMarkWords $there.FriendlyName $Target.institution
    $back = New-EesztMaterial ([System.Convert]::ToBase64String($there.RawData)) $words
    $findings = @(Get-EesztStoreFindings (Get-EesztPlainTarget $Target) $back $Readers)
    return @{ findings = $findings; change = New-EesztChange "$($Target.location)\$($Target.store)" $Target.institution $refused 'rolled_back' $true }
}

function Get-EesztHeldStore {
    # Where the certificate that comes was taken back, what came back in its place is left as it is; null: it was not.
    param($Target, $Material, $Readers, $Wish, $Certificates)
    $there = Find-EesztRefusing $Certificates $Target.institution
    if ($Wish.retry -or $null -eq $there -or (Test-EesztLost $there $Target.location)) { return $null }
    $words = Get-EesztMarkWords $there.FriendlyName $Target.institution
    if ((Get-EesztMarkNotes $there.FriendlyName $Target.institution).refused -ne $Material.fingerprint) { return $null }
    $as = New-EesztMaterial ([System.Convert]::ToBase64String($there.RawData)) $words
    $findings = @(Get-EesztStoreFindings (Get-EesztPlainTarget $Target) $as $Readers)
    $path = "$($Target.location)\$($Target.store)"
    return @{ findings = $findings; change = New-EesztChange $path $Target.institution $Material.fingerprint 'held_back' $false }
}

function Get-EesztStoreChange {
    param($Finding)
    $institution, $fingerprint = $Finding.institution, $Finding.material.fingerprint
    if ($null -ne $Finding.kept) {
        $notes = Get-EesztMarkNotes $Finding.kept.FriendlyName $institution
        $archived = (Get-EesztMarked (Edit-EesztMark $Finding.kept.FriendlyName $institution @())).Count -eq 0
        $changed = $notes.current -or $notes.kept -ne $fingerprint -or (Test-EesztArchived $Finding.kept $Finding.location $Finding.store) -ne $archived
        return New-EesztChange $Finding.path $institution $fingerprint 'kept' $changed
    }
    $notes = if ($null -ne $Finding.current) { Get-EesztMarkNotes $Finding.current.FriendlyName $institution } else { $null }
    if ($null -ne $notes -and ($notes.kept -or $notes.refused)) { return New-EesztChange $Finding.path $institution $fingerprint 'settled' $true }
    return $null
}

Export-ModuleMember -Function Complete-EesztMaterial, New-EesztMaterial, New-EesztChange, Test-EesztAsked, Get-EesztReason, Get-EesztStoreRenewal
