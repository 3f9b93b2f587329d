# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Certificates in Windows' stores: found, and compared with what is wanted. Ours bear a mark (certificate_marks). What was
# renewed stays beside the new one, archived, until the centre has taken that.

#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.access_lists
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_files
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_marks
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.key_storage
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.secured_files

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztStoreCertificates {
    # All certificates of a store, archived ones too; none where there is no such store.
    param([string]$Location, [string]$Store)
    $opened = New-Object System.Security.Cryptography.X509Certificates.X509Store -ArgumentList $Store, $Location
    try {
        $flags = [System.Security.Cryptography.X509Certificates.OpenFlags]'ReadOnly, OpenExistingOnly, IncludeArchived'
        try { $opened.Open($flags) }
        catch [System.Management.Automation.MethodInvocationException] {
            if ((Get-EesztCode $_.Exception) -eq -2147024894) { return , @() }
            throw
        }
        return , @($opened.Certificates)
    }
    finally { $opened.Close() }
}

function Get-EesztCode {
    # The HRESULT of the innermost exception.
    param([System.Exception]$Exception)
    while ($null -ne $Exception.InnerException) { $Exception = $Exception.InnerException }
    return $Exception.HResult
}

function Get-EesztFingerprint {
    # SHA-256 of a certificate's DER, 64 hexadecimal digits in lower case.
    param([System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate)
    return Get-EesztSha256 (New-Object System.IO.MemoryStream -ArgumentList (, $Certificate.RawData))
}

function Find-EesztCertificate {
    # The certificate with this fingerprint, else the newest that bears the institution's mark; null: neither. One that was
    # renewed since, or taken back, is none of both.
    param($Certificates, [string]$Institution, [string]$Fingerprint)
    $refused = @($Certificates | ForEach-Object { (Get-EesztMarkNotes $_.FriendlyName $Institution).refused } | Where-Object { $_ })
    $marked = @()
    foreach ($each in $Certificates) {
        $notes, $own = (Get-EesztMarkNotes $each.FriendlyName $Institution), (Get-EesztFingerprint $each)
        if (($notes.kept -and -not $notes.current) -or $own -in $refused) { continue }
        if ($Fingerprint -and $own -eq $Fingerprint) { return $each }
        if ($notes.current) { $marked += $each }
    }
    return $marked | Sort-Object -Property NotBefore -Descending | Select-Object -First 1
}

function Find-EesztKept {
    # The certificate that an institution had before a renewal that is not proven; null where there is none.
    param($Certificates, [string]$Institution)
    $kept = @($Certificates | Where-Object {
            $notes = Get-EesztMarkNotes $_.FriendlyName $Institution
            $notes.kept -and -not $notes.current
        })
    return $kept | Sort-Object -Property NotBefore -Descending | Select-Object -First 1
}

function Find-EesztRefusing {
    # The certificate that came back in place of one that was taken back; null where there is none.
    param($Certificates, [string]$Institution)
    return $Certificates | Where-Object { (Get-EesztMarkNotes $_.FriendlyName $Institution).refused } | Select-Object -First 1
}

function Find-EesztChain {
    # The issuers of a certificate that the stores for them hold, from its own upwards.
    param([System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate, [string]$Location)
    $locations = @('LocalMachine', $Location) | Sort-Object -Unique
    $known = @(foreach ($each in $locations) { foreach ($store in 'CA', 'Root') { foreach ($one in (Get-EesztStoreCertificates $each $store)) { $one } } })
    $longest = 8
    $chain, $current = @(), $Certificate
    while ($chain.Count -lt $longest -and -not (Test-EesztSame $current.SubjectName.RawData $current.IssuerName.RawData)) {
        $issuers = @($known | Where-Object { Test-EesztSame $_.SubjectName.RawData $current.IssuerName.RawData })
        $next = $issuers | Sort-Object -Property NotAfter -Descending | Select-Object -First 1
        if ($null -eq $next) { break }
        $chain += $next
        $current = $next
    }
    return , $chain
}

function Test-EesztSame {
    param([byte[]]$One, [byte[]]$Other)
    return [System.Convert]::ToBase64String($One) -eq [System.Convert]::ToBase64String($Other)
}

function Get-EesztStoreFindings {
    # What a target wants of a store and what is there, as findings: one of the store, one of the store for issuers.
    # reasons: absent, key (none that fits, or one account's in the machine's store), exportable, mark, access,
    # superseded (an older one of ours is there that is not kept), unwanted. $Readers null: who may read the key is
    # compared with an older one's alone. $Material: as certificate_renewal completes it.
    param($Target, $Material, $Readers)
    $location, $store = $Target.location, $Target.store
    $certificates = Get-EesztStoreCertificates $location $store
    $finding = @{
        path = "$location\$store"; role = 'store'; institution = $Target.institution; location = $location; store = $store
        material = $Material; reasons = @(); current = $null; key = $null; older = @(); kept = $null; promoted = $false; before = $null
        sddl = $null; inherited = $null; exportable = $Target.exportable; undecided = $false; untold = $false
    }
    Split-EesztMarked $finding $certificates
    if ($null -ne $Readers) {
        $own = if ($location -eq 'CurrentUser') { @(Get-EesztOwnSid) } else { @() }
        $known = @($Readers | Where-Object { $_ -and $_ -notin $own })
        $finding.sddl = New-EesztSddl -Readers $known -Full $own
    }
    else { $finding.inherited = Get-EesztOlderAccess $finding }
    if ($null -eq $Material) { $finding.reasons = @(if ($finding.older.Count -gt 0) { 'unwanted' }) }
    else { $finding.reasons = @(Compare-EesztEntry $finding (@($Readers | Where-Object { $null -ne $Readers -and -not $_ }).Count -gt 0)) }
    $finding.before = Get-EesztEntry $finding
    $finding
    if ($null -ne $Material) { Get-EesztChainFinding $finding }
}

function Split-EesztMarked {
    # Fills current, older (newest first) and kept. Where nothing is kept yet, the newest of the older ones that works is to
    # be: promoted. One that is kept stays the one to go back to, since what came after it was never proven.
    param($Finding, $Certificates)
    $material, $older = $Finding.material, @()
    foreach ($each in $Certificates) {
        if ($null -ne $material -and [System.Convert]::ToBase64String($each.RawData) -eq $material.certificate) { $Finding.current = $each }
        elseif ((Get-EesztMarkWords $each.FriendlyName $Finding.institution).Count -gt 0) { $older += $each }
    }
    $older = @($older | Sort-Object -Property NotBefore -Descending)
    if ($null -ne $material -and $material.keep) {
        $Finding.kept = Find-EesztKept $older $Finding.institution
        if ($null -ne $Finding.kept -and (Test-EesztLost $Finding.kept $Finding.location)) { $Finding.kept = $null }
        $back = $null -ne $Finding.current -and (Get-EesztMarkNotes $Finding.current.FriendlyName $Finding.institution).kept
        if ($null -eq $Finding.kept -and -not $back) {
            foreach ($each in $older) {
                if (-not (Test-EesztWorks $each $Finding)) { continue }
                $Finding.kept, $Finding.promoted = $each, $true
                break
            }
        }
    }
    $Finding.older = @($older | Where-Object { $null -eq $Finding.kept -or -not (Test-EesztSame $_.RawData $Finding.kept.RawData) })
}

function Test-EesztWorks {
    # Whether one could go back to a certificate: it is valid, its key is there and fits, and it is no other institution's.
    param($Certificate, $Finding)
    if ((Get-EesztFingerprint $Certificate) -in $Finding.material.foreign) { return $false }
    if ($Certificate.NotAfter.ToUniversalTime() -le [System.DateTime]::UtcNow) { return $false }
    $key = Get-EesztKey $Certificate $Finding.location
    return $key.present -eq $true -and $key.fits -ne $false -and ($Finding.location -ne 'LocalMachine' -or $key.machine -ne $false)
}

function Test-EesztLost {
    # Whether a certificate's key is gone; one that only rights hide is not.
    param($Certificate, [string]$Location)
    $key = Get-EesztKey $Certificate $Location
    return $key.present -eq $false -or $key.fits -eq $false
}

function Compare-EesztEntry {
    param($Finding, [bool]$AccountMissing)
    $current = $Finding.current
    if ($null -eq $current) { 'absent' }
    else {
        $key = Get-EesztKey $current $Finding.location
        $Finding.key = $key
        if ($null -eq $key.present) {
            throw "The key of $($current.Subject) in $($Finding.path) cannot be examined (0x$($key.code.ToString('X8'))). Use become, or an account that may read it."
        }
        $others = $Finding.location -eq 'LocalMachine' -and $key.machine -eq $false
        if (-not $key.present -or $key.fits -eq $false -or $others) { 'key' }
        elseif ($null -ne $Finding.exportable -and $null -ne $key.exportable -and $key.exportable -ne $Finding.exportable) { 'exportable' }
        $marked = Test-EesztMark $Finding
        if (-not $marked) { 'mark' }
        $compared = $null -ne $Finding.sddl -or -not $marked -or $Finding.older.Count -gt 0 -or $Finding.promoted
        if ($compared -and $key.present -and $key.fits -and -not $others -and (Test-EesztOtherAccess $Finding $AccountMissing)) { 'access' }
    }
    if ($Finding.older.Count -gt 0) { 'superseded' }
}

function Test-EesztMark {
    # Whether the entry says of the institution what it should, where programs see it. Whether services were told is another
    # affair.
    param($Finding)
    $untold = Format-EesztUntold $Finding.institution
    $found = @((Get-EesztMarkWords $Finding.current.FriendlyName $Finding.institution) | Where-Object { $_ -ne $untold }) -join ' '
    $wanted = @($Finding.material.words | Where-Object { $_ -ne $untold } | Sort-Object -Unique) -join ' '
    return $found -eq $wanted -and -not (Test-EesztArchived $Finding.current $Finding.location $Finding.store)
}

function Test-EesztOtherAccess {
    # Whether others may read the key than those who should: the accounts that are asked for, else whoever reads the key of
    # the one before it, which is about to go.
    param($Finding, [bool]$AccountMissing)
    $wanted = if ($null -ne $Finding.sddl) { $Finding.sddl } else { $Finding.inherited }
    if ($null -eq $wanted) { return $false }
    if ($null -ne $Finding.key.file) { return $AccountMissing -or -not (Test-EesztSameAccess (Get-EesztAccess $Finding.key.file) $wanted) }
    if ($null -eq $Finding.sddl) { return $false }
    throw "The key of $($Finding.current.Subject) in $($Finding.path) is in no file, so accounts cannot be given access; leave accounts out."
}

function Get-EesztOlderAccess {
    # Who may read the key of the one before, as text; null where there is none, or no file of it. One that comes back
    # keeps its own.
    param($Finding)
    if ($null -eq $Finding.material -or -not $Finding.material.keep) { return $null }
    $before = @($Finding.older) + @($Finding.kept) | Where-Object { $null -ne $_ } | Select-Object -First 1
    if ($null -eq $before) { return $null }
    return Get-EesztKeyAccess (Get-EesztKey $before $Finding.location)
}

function Get-EesztKeyAccess {
    param($Key)
    if ($null -eq $Key -or $null -eq $Key.file) { return $null }
    return (Get-EesztDescriptor $Key.file).GetSddlForm([System.Security.AccessControl.AccessControlSections]::Access)
}

function Get-EesztEntry {
    # What is there, for people: the certificate that is used today and who may read its key.
    param($Finding)
    $back = $null -ne $Finding.material -and -not $Finding.material.keep
    $order = if ($back) { @($Finding.older) + @($Finding.current) } else { @($Finding.current) + @($Finding.older) + @($Finding.kept) }
    $shown = $order | Where-Object { $null -ne $_ } | Select-Object -First 1
    if ($null -eq $shown) { return @{ present = $false } }
    $key = if ($null -ne $Finding.key -and -not $back) { $Finding.key } else { Get-EesztKey $shown $Finding.location }
    $access = if ($key.file) { Get-EesztAccess $key.file } else { @() }
    return @{ present = $true; certificate = [System.Convert]::ToBase64String($shown.RawData); access = $access; key = $key.present }
}

function Get-EesztChainFinding {
    # Issuers go to the store for them, in which nothing is trusted. A root belongs there only when it is itself the
    # issuer, without which no chain begins; whether it is trusted is the owner's affair.
    param($Finding)
    $here = @((Get-EesztStoreCertificates $Finding.location 'CA') | ForEach-Object { [System.Convert]::ToBase64String($_.RawData) })
    $missing, $place = @(), 0
    foreach ($der in $Finding.material.chain) {
        $issuer = New-EesztCertificate $der
        $root = Test-EesztSame $issuer.SubjectName.RawData $issuer.IssuerName.RawData
        if (($place -eq 0 -or -not $root) -and $der -notin $here) { $missing += $issuer }
        $place++
    }
    return @{
        path = "$($Finding.location)\CA"; role = 'chain'; institution = $Finding.institution; location = $Finding.location
        missing = $missing; reasons = @(if ($missing.Count -gt 0) { 'absent' }); undecided = $false; before = @{ present = $missing.Count -eq 0 }
    }
}

function Test-EesztImports {
    param($Finding)
    return $Finding.role -eq 'store' -and @($Finding.reasons | Where-Object { $_ -in 'absent', 'key', 'exportable' }).Count -gt 0
}

Export-ModuleMember -Function Get-EesztStoreCertificates, Find-EesztCertificate, Find-EesztKept, Find-EesztRefusing, Find-EesztChain, Get-EesztStoreFindings, Test-EesztImports, Test-EesztSame, Test-EesztLost, Get-EesztFingerprint, Get-EesztKeyAccess, Get-EesztCode
