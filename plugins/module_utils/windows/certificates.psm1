# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The WAF certificate on the host: certificate, chain, whether the key is there and belongs to it, and who may read it.

#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.PemFiles
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.access_lists
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_files
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_marks
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_notes
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_stores
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.evidence
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.key_storage
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.secured_files

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztCertificates {
    # One record for each of the request's certificate_targets, in their order.
    param($Request)
    $targets = @(foreach ($target in $Request['certificate_targets']) { Get-EesztTarget $target })
    $anchors = if ($Request['trust_anchors']) { (Get-EesztFileFact 'anchors' $Request['trust_anchors']).fact } else { $null }
    return [ordered]@{ error = $null; targets = $targets; anchors = $anchors }
}

function Get-EesztTarget {
    param($Target)
    $found = [ordered]@{
        institution = $Target['institution']
        type = $Target['type']
        path = $null
        files = @()
        certificate = $null
        chain = @()
        key = [ordered]@{ present = $null; fits = $null; encrypted = $null; error = $null }
        access = $null
        accounts = Get-EesztAskedAccounts $Target
        kept = $null
        refused = $null
        untold = $null
    }
    switch ($Target['type']) {
        'windows_store' { Complete-EesztStoreTarget $found $Target }
        'pem_files' { Complete-EesztPemTarget $found $Target }
        default {
            # Encrypted, and the host has no password: only the file is looked at.
            $role = if ($Target['type'] -eq 'pkcs12_file') { 'pkcs12' } else { 'keystore' }
            $found.path = $Target['path']
            $found.files = @((Get-EesztFileFact $role $Target['path']).fact)
        }
    }
    if ($found.files.Count -gt 0) {
        $found.kept = Get-EesztKeptFact $found.path
        $found.refused = Get-EesztRefusedFact $found.path
        $found.untold = [System.IO.File]::Exists((Get-EesztBeside $found.path 'untold'))
    }
    return $found
}

function Get-EesztAskedAccounts {
    # The accounts that the plan gives access, with their SIDs here (null: unknown here); null where it names none.
    param($Target)
    if ($null -eq $Target['accounts']) { return $null }
    return , @(foreach ($name in $Target['accounts']) { [ordered]@{ account = $name; sid = Resolve-EesztAccount $name } })
}

function Complete-EesztStoreTarget {
    param($Found, $Target)
    $location = if ($Target['location']) { $Target['location'] } else { 'LocalMachine' }
    $store = if ($Target['store']) { $Target['store'] } else { 'My' }
    $Found.path = "$location\$store"
    try {
        $certificates = Get-EesztStoreCertificates $location $store
        Complete-EesztStoreNotes $Found $certificates
        $certificate = Find-EesztCertificate $certificates $Target['institution'] $Target['fingerprint']
        if ($null -eq $certificate) {
            $Found.key.present = $false
            return
        }
        $Found.certificate = [System.Convert]::ToBase64String($certificate.RawData)
        $Found.chain = @((Find-EesztChain $certificate $location) | ForEach-Object { [System.Convert]::ToBase64String($_.RawData) })
        $key = Get-EesztKey $certificate $location
        $Found.key.present = $key.present
        $Found.key.fits = $key.fits
        $Found.key.encrypted = $false
        if ($location -eq 'LocalMachine' -and $key.present -and $key.machine -eq $false) {
            # Somebody imported it by hand: programs that run as a service have none.
            $Found.key.present = $false
            $Found.key.fits = $null
            $Found.key.error = New-EesztEvidence 'probe' 'key_of_one_account' 'the key is one account''s, in its profile'
            return
        }
        if ($key.code -ne 0) { $Found.key.error = New-EesztEvidence 'win32' $key.code (Get-EesztErrorWords $key.code) }
        if ($null -ne $key.file) { $Found.access = Get-EesztAccess $key.file }
    }
    catch { $Found.key.error = ConvertTo-EesztEvidence $_.Exception }
}

function Complete-EesztStoreNotes {
    # What the store keeps from before a renewal, what was taken back there, and whether services are still to be told.
    param($Found, $Certificates)
    $kept = Find-EesztKept $Certificates $Found.institution
    if ($null -ne $kept) {
        $renewedTo = (Get-EesztMarkNotes $kept.FriendlyName $Found.institution).kept
        $Found.kept = [ordered]@{ path = $Found.path; renewed_to = $renewedTo; certificate = [System.Convert]::ToBase64String($kept.RawData); error = $null }
    }
    $Found.untold = @($Certificates | Where-Object { (Get-EesztMarkNotes $_.FriendlyName $Found.institution).untold }).Count -gt 0
    $refusing = Find-EesztRefusing $Certificates $Found.institution
    if ($null -ne $refusing) {
        $notes = Get-EesztMarkNotes $refusing.FriendlyName $Found.institution
        $Found.refused = [ordered]@{ fingerprint = $notes.refused; reason = $notes.reason }
    }
}

function Complete-EesztPemTarget {
    param($Found, $Target)
    $Found.path = $Target['certificate']
    $contents = @{}
    $facts = [ordered]@{}
    foreach ($role in 'certificate', 'key', 'chain') {
        if (-not $Target[$role]) { continue }
        $seen = Get-EesztFileFact $role $Target[$role]
        $facts[$role] = $seen.fact
        if ($null -ne $seen.content) { $contents[$role] = $seen.content }
    }
    $own = @(Get-EesztPemCertificates $contents['certificate'])
    if ($contents.ContainsKey('certificate') -and $own.Count -eq 0) {
        $facts['certificate'].error = New-EesztEvidence 'probe' 'no_pem' 'the file holds no certificate in PEM form'
    }
    $Found.files = @($facts.Values)
    $Found.certificate = if ($own.Count -gt 0) { $own[0] } else { $null }
    $Found.chain = @($own | Select-Object -Skip 1) + @(Get-EesztPemCertificates $contents['chain'])
    $holder = if ($facts.Contains('key')) { 'key' } else { 'certificate' }
    Complete-EesztPemKey $Found.key $facts[$holder] $contents[$holder] $Found.certificate
}

function Get-EesztPemCertificates {
    # DER in base64; none for a file that could not be read.
    param([System.IO.MemoryStream]$Content)
    if ($null -eq $Content) { return }
    foreach ($der in [ansible_collections.eeszt.connect.plugins.module_utils.windows.PemFiles.Pem]::Certificates($Content.ToArray())) {
        [System.Convert]::ToBase64String($der)
    }
}

function Complete-EesztPemKey {
    param($Key, $Fact, [System.IO.MemoryStream]$Content, [string]$Certificate)
    if ($null -eq $Content) {
        # A file that only rights hide may hold the key: null, not false.
        $Key.present = if ($Fact.present) { $null } else { $false }
        $Key.error = $Fact.error
        return
    }
    $public = [byte[]]::new(0)
    if ($Certificate) { try { $public = (New-EesztCertificate $Certificate).GetPublicKey() } catch { $Key.error = ConvertTo-EesztEvidence $_.Exception } }
    $state = [ansible_collections.eeszt.connect.plugins.module_utils.windows.PemFiles.Pem]::KeyState($Content.ToArray(), $public)
    $Key.present = $state -ne 'none'
    if ($state -eq 'none') { return }
    $Key.encrypted = $state -eq 'encrypted'
    if ($public.Length -gt 0 -and $state -in 'fits', 'mismatch') { $Key.fits = $state -eq 'fits' }
}

function Get-EesztFileFact {
    # fact: who may read a file and what its content hashes to; content: a stream, where it could be read.
    param([string]$Role, [string]$Path)
    $largest = 4MB
    $fact = [ordered]@{
        role = $Role; path = $Path; present = $false; readable = $false; owner = $null; group = $null; mode = $null
        access = $null; sha256 = $null; size = $null; error = $null
    }
    $content = $null
    try {
        $attributes = [System.IO.File]::GetAttributes($Path)
        $fact.present = $true
        $descriptor = Get-EesztDescriptor $Path
        if ($null -ne $descriptor.Owner) {
            $name = Get-EesztNameOfSid $descriptor.Owner.Value
            $fact.owner = if ($name) { $name } else { $descriptor.Owner.Value }
        }
        $fact.access = ConvertFrom-EesztDescriptor $descriptor
        $size = (New-Object System.IO.FileInfo -ArgumentList $Path).Length
        $ordinary = ($attributes -band [System.IO.FileAttributes]::Directory) -eq 0
        if (-not $ordinary -or $size -gt $largest) {
            $fact.error = New-EesztEvidence 'probe' 'not_a_file' 'no regular file of a size that a certificate can have'
        }
        else {
            $fact.size = $size
            $content = Read-EesztFile $Path
            $fact.readable = $true
            $fact.sha256 = Get-EesztSha256 $content
        }
    }
    catch {
        $inner = $_.Exception
        while ($null -ne $inner.InnerException) { $inner = $inner.InnerException }
        $gone = $inner -is [System.IO.FileNotFoundException] -or $inner -is [System.IO.DirectoryNotFoundException] -or $inner -is [System.IO.DriveNotFoundException]
        if (-not $gone) {
            # Hidden by rights: it may well be there, and calling it absent would send people the wrong way.
            $fact.present = $true
            $fact.error = ConvertTo-EesztEvidence $_.Exception
        }
    }
    return @{ fact = $fact; content = $content }
}

Export-ModuleMember -Function Get-EesztCertificates
