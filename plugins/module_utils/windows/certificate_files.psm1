# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Certificates in files of a Windows host: the promises of certificate_files.py, kept by Windows' means. A file appears
# under its name only when it is complete, nobody else may read it from its first byte on, and a certificate never
# stands beside another's key: it steps aside first and comes last. An error puts the old set back; a kill leaves no
# certificate, and the next run completes the set.

#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.PemFiles
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.access_lists
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.secured_files

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztFileSet {
    # The files of a target in the order of renaming, each as a finding: what is wanted (unwanted: it should not be
    # there; content: a stream, or null where the key has not come along yet), what is there, and reasons, which say
    # what is wrong. $Material null: nothing should be there. $Readers: SIDs; one that is unknown is null.
    param($Target, $Material, [string[]]$Readers)
    $options = if ($Target.type -eq 'pkcs12_file') { 'path' } else { 'chain', 'key', 'certificate' }
    foreach ($option in $options) {
        $role = if ($option -eq 'path') { 'pkcs12' } else { $option }
        if (-not $Target[$option]) { continue }
        $secret = $role -in 'key', 'pkcs12'
        $sids = if ($secret) { @($Readers | Where-Object { $_ }) } else { @('S-1-5-32-545') }
        @{
            path = $Target[$option]
            role = $role
            institution = $Target.institution
            secret = $secret
            sddl = New-EesztSddl -Readers $sids
            folder_sddl = New-EesztFolderSddl -Readers @($Readers | Where-Object { $_ })
            missing_account = $secret -and @($Readers | Where-Object { -not $_ }).Count -gt 0
            unwanted = $null -eq $Material -or ($role -eq 'chain' -and $Material.chain.Count -eq 0)
            content = Get-EesztContent $role $Material
            material = $Material
            before = Get-EesztFile $Target[$option]
            reasons = @()
            undecided = $false
            held = $false
        }
    }
}

function Get-EesztContent {
    param([string]$Role, $Material)
    if ($null -eq $Material) { return $null }
    $bytes = $null
    if ($Role -eq 'pkcs12') { if ($Material.pkcs12) { $bytes = [System.Convert]::FromBase64String($Material.pkcs12) } }
    elseif ($Role -eq 'key') { if ($Material.key) { $bytes = [System.Convert]::FromBase64String($Material.key) } }
    else {
        $ders = if ($Role -eq 'chain') { $Material.chain } else { @($Material.certificate) }
        $bytes = [System.Text.Encoding]::ASCII.GetBytes((@($ders | ForEach-Object { ConvertTo-EesztPem $_ }) -join ''))
    }
    if ($null -eq $bytes) { return $null }
    return New-Object System.IO.MemoryStream -ArgumentList (, [byte[]]$bytes)
}

function ConvertTo-EesztPem {
    # A certificate, DER in base64, in lines of 64 letters as RFC 7468 wants them.
    param([string]$Base64)
    $lines = [System.Text.RegularExpressions.Regex]::Replace($Base64, '.{1,64}', "`$0`n")
    return "-----BEGIN CERTIFICATE-----`n$lines-----END CERTIFICATE-----`n"
}

function Get-EesztFile {
    # A file as it is: data (a stream) is null where there is none, or no ordinary file of a certificate's size.
    param([string]$Path, [long]$Largest = 1MB)
    $found = @{ present = $false; regular = $false; data = $null; owner = $null; access = @() }
    if ([System.IO.Directory]::Exists($Path)) { throw "$Path is a folder where a file should be; choose another path." }
    $file = New-Object System.IO.FileInfo -ArgumentList $Path
    if (-not $file.Exists) { return $found }
    $found.present = $true
    $found.regular = ($file.Attributes -band [System.IO.FileAttributes]::ReparsePoint) -eq 0
    try {
        $descriptor = Get-EesztDescriptor $Path
        $found.owner = if ($null -ne $descriptor.Owner) { $descriptor.Owner.Value } else { $null }
        $found.access = ConvertFrom-EesztDescriptor $descriptor
        if ($found.regular -and $file.Length -le $Largest) {
            $found.data = Read-EesztFile $Path
        }
    }
    catch { throw "$Path cannot be read: $(Get-EesztInnermost $_.Exception) Close the program that holds it, or use become." }
    return $found
}

function Read-EesztFile {
    # Its content as a stream, also while other programs have the file open.
    param([string]$Path)
    $content = New-Object System.IO.MemoryStream
    $share = [System.IO.FileShare]'ReadWrite, Delete'
    $file = New-Object System.IO.FileStream -ArgumentList $Path, ([System.IO.FileMode]::Open), ([System.IO.FileAccess]::Read), $share
    try { $file.CopyTo($content) }
    finally { $file.Dispose() }
    return $content
}

function Get-EesztInnermost {
    param([System.Exception]$Exception)
    while ($null -ne $Exception.InnerException) { $Exception = $Exception.InnerException }
    return $Exception.Message.TrimEnd('.') + '.'
}

function Compare-EesztFiles {
    # Fills the reasons of a target's findings: absent, unwanted, content, owner, access.
    # $Kept: SHA-256 by path of PKCS#12 files of other bytes that the controller looked into and found right.
    param($Set, $Kept)
    foreach ($finding in $Set) {
        $finding.undecided = $false
        if ($finding.unwanted) {
            $finding.reasons = @(if ($finding.before.present) { 'unwanted' })
            continue
        }
        if (-not $finding.before.present) {
            $finding.reasons = @('absent')
            continue
        }
        # What is held is right as it is.
        $same = if ($finding.held) { $true } else { Test-EesztContent $finding $Kept }
        $finding.undecided = $null -eq $same
        $finding.reasons = @(if (-not $same) { 'content' })
        if ($finding.before.owner -notin 'S-1-5-18', 'S-1-5-32-544') { $finding.reasons += 'owner' }
        if ($finding.missing_account -or -not (Test-EesztSameAccess $finding.before.access $finding.sddl)) { $finding.reasons += 'access' }
        # The controller has to look first.
        if ($finding.undecided) { $finding.reasons = @($finding.reasons | Where-Object { $_ -ne 'content' }) }
    }
}

function Test-EesztContent {
    # Whether a file holds what is wanted; null when only the controller can tell.
    param($Finding, $Kept)
    if ($null -eq $Finding.before.data) { return $false }
    $data = $Finding.before.data.ToArray()
    $material = $Finding.material
    switch ($Finding.role) {
        'pkcs12' {
            $sha256 = Get-EesztSha256 $Finding.before.data
            if ($sha256 -eq $material.pkcs12_sha256) { return $true }
            if ($data.Length -eq 0) { return $false }
            if (-not $Kept.ContainsKey($Finding.path)) { return $null }
            return $Kept[$Finding.path] -eq $sha256
        }
        'key' {
            if (-not [ansible_collections.eeszt.connect.plugins.module_utils.windows.PemFiles.Pem]::HoldsOneKey($data)) { return $false }
            $public = (New-EesztCertificate $material.certificate).GetPublicKey()
            return [ansible_collections.eeszt.connect.plugins.module_utils.windows.PemFiles.Pem]::KeyState($data, $public) -eq 'fits'
        }
        default {
            $wanted = if ($Finding.role -eq 'chain') { $material.chain } else { @($material.certificate) }
            [byte[][]]$ders = @(foreach ($each in $wanted) { , [System.Convert]::FromBase64String($each) })
            return [ansible_collections.eeszt.connect.plugins.module_utils.windows.PemFiles.Pem]::HoldsOnly($data, $ders)
        }
    }
}

function Get-EesztSha256 {
    # 64 hexadecimal digits in lower case.
    param([System.IO.MemoryStream]$Content)
    $sha256 = [System.Security.Cryptography.SHA256]::Create()
    try { return [System.BitConverter]::ToString($sha256.ComputeHash($Content.ToArray())).Replace('-', '').ToLowerInvariant() }
    finally { $sha256.Dispose() }
}

function New-EesztCertificate {
    # From DER in base64.
    param([string]$Base64)
    return New-Object System.Security.Cryptography.X509Certificates.X509Certificate2 -ArgumentList (, [System.Convert]::FromBase64String($Base64))
}

function Test-EesztRewrites {
    param($Finding)
    return 'absent' -in $Finding.reasons -or 'content' -in $Finding.reasons
}

function New-EesztTemporary {
    # A path that is ours to use and to clean up.
    param([string]$Folder)
    return Join-Path -Path $Folder -ChildPath ".eeszt-connect.$([System.Guid]::NewGuid().ToString('N')).tmp"
}

function Get-EesztLeftovers {
    # What a killed run left beside these files, by its name.
    param($Findings)
    $folders = @($Findings | ForEach-Object { [System.IO.Path]::GetDirectoryName($_.path) } | Sort-Object -Unique)
    foreach ($folder in $folders) {
        if ([System.IO.Directory]::Exists($folder)) { [System.IO.Directory]::GetFileSystemEntries($folder, '.eeszt-connect.*.tmp') }
    }
}

function Get-EesztMissingFolders {
    # Folders above files to be written that are not there, from above to below.
    param($Findings)
    $missing = @()
    foreach ($finding in $Findings) {
        if (-not (Test-EesztRewrites $finding)) { continue }
        $folder = [System.IO.Path]::GetDirectoryName($finding.path)
        while ($folder -and -not [System.IO.Directory]::Exists($folder)) {
            if ([System.IO.File]::Exists($folder)) { throw "$folder is not a folder, so $($finding.path) cannot be written; choose another path." }
            $missing += $folder
            $folder = [System.IO.Path]::GetDirectoryName($folder)
        }
        if (-not $folder) { throw "The drive of $($finding.path) is not there; choose another path." }
    }
    return @($missing | Sort-Object -Unique)
}

function Get-EesztOwnFolders {
    # Folders that bear an institution's id and hold nothing but what goes now.
    param($Findings, $Leftovers)
    $unwanted = @($Findings | Where-Object { $_.unwanted })
    $going = @($unwanted | ForEach-Object { $_.path }) + @($Leftovers)
    $folders = @(foreach ($finding in $unwanted) {
            $folder = [System.IO.Path]::GetDirectoryName($finding.path)
            if ($finding.role -ne 'chain' -and [System.IO.Path]::GetFileName($folder) -eq $finding.institution) { $folder }
        })
    foreach ($folder in ($folders | Sort-Object -Unique)) {
        if (-not [System.IO.Directory]::Exists($folder)) { continue }
        $rest = @([System.IO.Directory]::GetFileSystemEntries($folder) | Where-Object { $_ -notin $going })
        if ($rest.Count -eq 0) { $folder }
    }
}

function New-EesztFolders {
    # Makes what is missing above a file: its own folder is its readers' alone, those above are as Windows makes them.
    param($Finding)
    $own = [System.IO.Path]::GetDirectoryName($Finding.path)
    foreach ($folder in (Get-EesztMissingFolders @($Finding))) {
        if ($folder -eq $own) { New-EesztSecuredFolder $folder $Finding.folder_sddl }
        else { [void][System.IO.Directory]::CreateDirectory($folder) }
        $folder
    }
}

function Set-EesztFiles {
    # Brings one target's files to their state; what fails leaves them as they were.
    param($Set)
    $early = @{}
    try {
        foreach ($finding in $Set) {
            if (-not (Test-EesztRewrites $finding)) { continue }
            $path = New-EesztTemporary ([System.IO.Path]::GetDirectoryName($finding.path))
            New-EesztSecuredFile $path $finding.sddl $finding.content
            $early[$finding.path] = $path
        }
        Move-EesztSet @($Set | Where-Object { (Test-EesztRewrites $_) -or 'unwanted' -in $_.reasons }) $early
    }
    catch {
        foreach ($path in $early.Values) { [System.IO.File]::Delete($path) }
        $where = [System.IO.Path]::GetDirectoryName($Set[0].path)
        throw "The files of $($Set[0].institution) in $where could not be written, and are as they were: $(Get-EesztInnermost $_.Exception) Close the program that holds one, or use become."
    }
    foreach ($finding in $Set) {
        $only = -not (Test-EesztRewrites $finding) -and 'unwanted' -notin $finding.reasons
        if ($only -and $finding.reasons.Count -gt 0) { Set-EesztDescriptor $finding.path $finding.sddl $true }
    }
}

function Move-EesztSet {
    # Lets several files take their places together: the certificate is the seal of its set, goes first and comes last.
    param($Moving, $Early)
    $aside, $placed = [ordered]@{}, @()
    try {
        $sealed = @($Moving | Where-Object { $_.role -eq 'certificate' -and $_.before.present }).Count -gt 0
        if ($Moving.Count -gt 1 -and $sealed) {
            foreach ($finding in @($Moving | Sort-Object -Property { $_.role -ne 'certificate' })) {
                if (-not $finding.before.present) { continue }
                $old = New-EesztTemporary ([System.IO.Path]::GetDirectoryName($finding.path))
                Move-EesztSecuredFile $finding.path $old
                $aside[$finding.path] = $old
            }
        }
        foreach ($finding in $Moving) {
            if ($Early.ContainsKey($finding.path)) {
                Move-EesztSecuredFile $Early[$finding.path] $finding.path
                $placed += $finding.path
            }
            elseif (-not $aside.Contains($finding.path)) { [System.IO.File]::Delete($finding.path) }
        }
    }
    catch {
        foreach ($path in $placed) { if (-not $aside.Contains($path)) { [System.IO.File]::Delete($path) } }
        $back = @($aside.Keys)
        [System.Array]::Reverse($back)
        foreach ($path in $back) { Move-EesztSecuredFile $aside[$path] $path }
        throw
    }
    foreach ($path in $aside.Values) { [System.IO.File]::Delete($path) }
}

Export-ModuleMember -Function Get-EesztFileSet, Get-EesztFile, Read-EesztFile, Compare-EesztFiles, Test-EesztRewrites, Get-EesztLeftovers, Get-EesztMissingFolders, Get-EesztOwnFolders, New-EesztFolders, Set-EesztFiles, Get-EesztSha256, New-EesztCertificate, New-EesztTemporary, ConvertTo-EesztPem, Get-EesztInnermost
