# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Certificates brought to Windows' stores, set aside there and taken away again.

#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_files
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_marks
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_stores
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.key_storage
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.secured_files

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Add-EesztIssuers {
    param($Finding)
    $opened = New-Object System.Security.Cryptography.X509Certificates.X509Store -ArgumentList 'CA', $Finding.location
    try {
        $opened.Open([System.Security.Cryptography.X509Certificates.OpenFlags]::ReadWrite)
        foreach ($issuer in $Finding.missing) { $opened.Add($issuer) }
    }
    finally { $opened.Close() }
}

function Set-EesztEntry {
    # Brings what is missing of the wanted certificate. Older ones stay until Remove-EesztOlder; the mark, which says that
    # all is well, comes last.
    param($Finding)
    $access, $there = (Get-EesztWantedAccess $Finding), (Find-EesztFresh $Finding $Finding.material.certificate)
    $words = @($Finding.material.words) + @(if ($Finding.untold) { Format-EesztUntold $Finding.institution })
    $mark = Edit-EesztMark $(if ($null -ne $there) { $there.FriendlyName } else { '' }) $Finding.institution $words
    # Another institution of this run may have brought the same one.
    $imports = (Test-EesztImports $Finding) -and ($null -ne $Finding.current -or $null -eq $there)
    if ($imports) {
        $old = if ($null -ne $there) { Get-EesztKey $there $Finding.location } else { $null }
        Import-EesztEntry $Finding $access $mark
        $there = Find-EesztFresh $Finding $Finding.material.certificate
        if ($null -eq $there) { throw "The certificate was brought to $($Finding.path) and is not there; does another program manage that store?" }
    }
    $key = Get-EesztKey $there $Finding.location
    if ($imports -and $null -ne $old -and $old.container -ne $key.container) { Remove-EesztKey $old }
    if ($null -ne $access -and $null -ne $key.file) { Set-EesztDescriptor $key.file $access $false }
    Write-EesztMark $there $Finding $mark
}

function Write-EesztMark {
    # Only where it differs. What is nobody's certificate any more is put out of sight of programs that look through a store.
    param($Entry, $Finding, [string]$Mark)
    $archived = (Get-EesztMarked $Mark).Count -eq 0
    if ("$($Entry.FriendlyName)".TrimEnd([char]0) -eq $Mark -and (Test-EesztArchived $Entry $Finding.location $Finding.store) -eq $archived) { return }
    Set-EesztMark $Entry $Finding.location $Finding.store $Mark $archived
}

function Get-EesztWantedAccess {
    # The access list that the key is to have, as text; null: as Windows makes it. Where no account is asked for, a new
    # key takes over who could read the one before it: a renewal must not lock a program out.
    param($Finding)
    if ($null -ne $Finding.sddl) { return $Finding.sddl }
    $own = if (Test-EesztImports $Finding) { Get-EesztKeyAccess $Finding.key } else { $null }
    if ($null -ne $own) { return $own }
    return $Finding.inherited
}

function Find-EesztFresh {
    # A certificate's entry as it is now, since another target of this run may have marked it; null where it is gone.
    param($Finding, [string]$Certificate)
    foreach ($each in (Get-EesztStoreCertificates $Finding.location $Finding.store)) {
        if ([System.Convert]::ToBase64String($each.RawData) -eq $Certificate) { return $each }
    }
    return $null
}

function Import-EesztEntry {
    param($Finding, [string]$Access, [string]$Mark)
    $password = New-Object System.Security.SecureString
    foreach ($letter in $Finding.material.pfx_password.ToCharArray()) { $password.AppendChar($letter) }
    $pfx = [System.Convert]::FromBase64String($Finding.material.pfx)
    try { Import-EesztKey $pfx $password $Finding.location $Finding.store $Mark ($Finding.exportable -eq $true) $Access }
    catch { throw (Get-EesztImportWords $Finding (Get-EesztCode $_.Exception) (Get-EesztInnermost $_.Exception)) }
}

function Get-EesztImportWords {
    # Why an import failed, in words that lead on: Windows' own would send people after a password that is right.
    param($Finding, [int]$Code, [string]$Words)
    $where = "The certificate of $($Finding.institution) could not be brought to $($Finding.path)"
    $hex = '0x{0:X8}' -f $Code
    # ERROR_INVALID_PASSWORD, NTE_BAD_ALGID, CRYPT_E_BAD_ENCODE.
    if ($hex -in '0x80070056', '0x80090008', '0x80092002') {
        return "${where}: Windows cannot read the encryption of the PKCS#12 file that the controller made for it ($hex). The password is right; bring Windows up to date."
    }
    # SEC_E_DELEGATION_REQUIRED, NTE_PERM, NTE_BAD_KEY_STATE, E_ACCESSDENIED.
    if ($hex -in '0x80090345', '0x80090010', '0x8009000B', '0x80070005') {
        $remedy = if ($Finding.location -eq 'CurrentUser') { 'Use become with runas, since a remote logon cannot reach what protects an account''s own keys; or choose LocalMachine.' } else { 'Use an account of the administrators, or become.' }
        return "${where}: Windows does not let this logon keep a key ($hex). $remedy"
    }
    return "${where}: $Words ($hex)"
}

function Set-EesztKept {
    # Says of the one before what it was renewed to, once the new one has been read back.
    param($Finding)
    $there = Find-EesztFresh $Finding ([System.Convert]::ToBase64String($Finding.kept.RawData))
    if ($null -eq $there) { return }
    $word = Format-EesztKept $Finding.institution $Finding.material.fingerprint
    Write-EesztMark $there $Finding (Edit-EesztMark $there.FriendlyName $Finding.institution @($word))
}

function Remove-EesztOlder {
    # Takes an institution's marked certificates away, keys first: what is left of a broken removal is still marked.
    param($Finding)
    foreach ($each in $Finding.older) {
        $there = Find-EesztFresh $Finding ([System.Convert]::ToBase64String($each.RawData))
        if ($null -eq $there) { continue }
        $mark = Edit-EesztMark $there.FriendlyName $Finding.institution @()
        if ($mark) {
            Write-EesztMark $there $Finding $mark
            continue
        }
        $key = Get-EesztKey $there $Finding.location
        if ($key.present -ne $false -and -not (Test-EesztSharedKey $Finding $there $key)) { Remove-EesztKey $key }
        Remove-EesztEntry $there $Finding.location $Finding.store
    }
}

function Test-EesztSharedKey {
    # Whether another certificate of the store has its key in the same container, as one renewed with its own key may.
    param($Finding, $Entry, $Key)
    foreach ($each in (Get-EesztStoreCertificates $Finding.location $Finding.store)) {
        if (Test-EesztSame $each.RawData $Entry.RawData) { continue }
        if ($null -ne $Key.container -and (Get-EesztKey $each $Finding.location).container -eq $Key.container) { return $true }
    }
    return $false
}

Export-ModuleMember -Function Add-EesztIssuers, Set-EesztEntry, Write-EesztMark, Set-EesztKept, Remove-EesztOlder, Get-EesztWantedAccess, Get-EesztImportWords
