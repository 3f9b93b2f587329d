# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The files of a certificate before a renewal, kept in a note beside the new ones (certificate_notes) until the centre has
# taken those; then the note goes, or the files come back. Wish and change are those of certificate_renewal.

#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.PemFiles
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_files
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_notes
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_renewal
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_stores

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztFileRenewal {
    # A set of files as the wish wants it, and what is kept beside; its change comes when the files have been compared.
    param($Target, $Material, $Readers, $Wish)
    $main = if ($Target.type -eq 'pkcs12_file') { $Target.path } else { $Target.certificate }
    $kept = Read-EesztKept $main
    $work = @{ main = $main; institution = $Target.institution; kept = $kept; held = $false; findings = @() }
    switch ($Wish.state) {
        'present' {
            $work.findings = @(Get-EesztFileSet $Target $Material $Readers)
            $refused = Read-EesztNote (Get-EesztBeside $main 'refused')
            $same = $null -ne $refused -and $refused.ContainsKey('fingerprint') -and $refused.fingerprint -eq $Material.fingerprint
            if ($same -and -not $Wish.retry -and $null -ne (Get-EesztMain $work.findings).before.data) { Set-EesztHeld $work }
        }
        'absent' { $work.findings = @(Get-EesztFileSet $Target $null $Readers) }
        default {
            if ($null -ne $kept -and -not (Test-EesztAsked $Wish $Target.institution $kept.renewed_to)) { $work.kept = $null }
            if ($null -ne $work.kept -and $Wish.state -eq 'rolled_back') { $work.findings = @(Get-EesztFilesBack $Target $kept $Readers) }
        }
    }
    return $work
}

function Get-EesztMain {
    # The finding of the file that holds the certificate.
    param($Findings)
    return $Findings | Where-Object { $_.role -in 'certificate', 'pkcs12' } | Select-Object -First 1
}

function Set-EesztHeld {
    # The files stay what they are; who may read them is still mended.
    param($Work)
    $Work.held = $true
    foreach ($finding in $Work.findings) {
        $finding.held = $true
        $finding.unwanted = -not $finding.before.present
        $finding.content = $finding.before.data
    }
}

function Get-EesztFilesBack {
    # The files of a target as they were, for those who may read them now.
    param($Target, $Kept, $Readers)
    $material = New-EesztMaterial '' @()
    $pem = [ansible_collections.eeszt.connect.plugins.module_utils.windows.PemFiles.Pem]
    if ($Kept.files.ContainsKey('certificate')) { $material.certificate = [System.Convert]::ToBase64String($pem::Certificates($Kept.files.certificate.ToArray())[0]) }
    if ($Kept.files.ContainsKey('chain')) { $material.chain = @($pem::Certificates($Kept.files.chain.ToArray()) | ForEach-Object { [System.Convert]::ToBase64String($_) }) }
    if ($Kept.files.ContainsKey('pkcs12')) { $material.pkcs12_sha256 = Get-EesztSha256 $Kept.files.pkcs12 }
    foreach ($finding in (Get-EesztFileSet $Target $material $Readers)) {
        $finding.unwanted = -not $Kept.files.ContainsKey($finding.role)
        if (-not $finding.unwanted) { $finding.content = $Kept.files[$finding.role] }
        $finding
    }
}

function Get-EesztFileChange {
    # The change of a compared set; null: nothing was renewed.
    param($Work, $Material, $Wish)
    $keptPath, $refusedPath = (Get-EesztBeside $Work.main 'kept'), (Get-EesztBeside $Work.main 'refused')
    $there = @($keptPath, $refusedPath | Where-Object { [System.IO.File]::Exists($_) })
    switch ($Wish.state) {
        'present' { return Get-EesztBringing $Work $Material $Wish $keptPath $refusedPath $there }
        'absent' {
            $untold = Get-EesztBeside $Work.main 'untold'
            if ([System.IO.File]::Exists($untold)) { $there += $untold }
            if ($there.Count -eq 0) { return $null }
            return Complete-EesztChange $Work '' 'removed' $there
        }
    }
    if ($null -eq $Work.kept) { return $null }
    if ($Wish.state -eq 'retired') {
        # What is to be retired may be all that is left.
        if ($null -eq (Get-EesztFile $Work.main).data) { return Complete-EesztChange $Work $Work.kept.renewed_to 'kept' @() }
        return Complete-EesztChange $Work $Work.kept.renewed_to 'retired' @($keptPath)
    }
    $change = Complete-EesztChange $Work $Work.kept.renewed_to 'rolled_back' @($keptPath)
    $facts = [ordered]@{ fingerprint = $Work.kept.renewed_to; reason = Get-EesztReason $Wish $Work.institution }
    $change.write, $change.write_to = (New-EesztNote $Work.institution $facts), $refusedPath
    return $change
}

function Complete-EesztChange {
    param($Work, [string]$Fingerprint, [string]$State, [string[]]$Remove)
    $change = New-EesztChange $Work.main $Work.institution $Fingerprint $State ($Remove.Count -gt 0)
    $change.remove = $Remove
    return $change
}

function Get-EesztBringing {
    param($Work, $Material, $Wish, [string]$KeptPath, [string]$RefusedPath, [string[]]$There)
    $main, $kept = (Get-EesztMain $Work.findings), $Work.kept
    if ($Work.held) {
        $settled = $null -ne $kept -and $kept.files.ContainsKey($main.role) -and (Get-EesztSha256 $kept.files[$main.role]) -eq (Get-EesztSha256 $main.content)
        return Complete-EesztChange $Work $Material.fingerprint 'held_back' @(if ($settled) { $KeptPath })
    }
    $gone = @($There | Where-Object { $_ -eq $RefusedPath })
    $facts = $null
    if ($null -eq $kept) {
        $moves = @($Work.findings | Where-Object { (Test-EesztRewrites $_) -or 'unwanted' -in $_.reasons }).Count -gt 0
        if ($moves -and (Test-EesztSetWorks $Work.findings $Material $Wish)) { $facts = Get-EesztKeptAnew $Work.findings $Material.fingerprint }
        # One that is not ours to read can be no way back either.
        else { $gone = $There }
    }
    elseif (Test-EesztSameSet $kept $main $Material) { $gone = $There }
    elseif ($kept.renewed_to -ne $Material.fingerprint) { $facts = Get-EesztKeptOn $kept $Material.fingerprint }
    else { return Complete-EesztChange $Work $Material.fingerprint 'kept' $gone }
    if ($null -eq $facts) { return $(if ($gone.Count -gt 0) { Complete-EesztChange $Work $Material.fingerprint 'settled' $gone }) }
    $change = Complete-EesztChange $Work $Material.fingerprint 'kept' $gone
    $change.changed = $true
    $change.write, $change.write_to = (New-EesztNote $Work.institution $facts), $KeptPath
    return $change
}

function Get-EesztKeptAnew {
    # The facts of a note that keeps a set as it is.
    param($Findings, [string]$Fingerprint)
    $facts = [ordered]@{ renewed_to = $Fingerprint }
    foreach ($finding in $Findings) {
        if ($null -ne $finding.before.data) { $facts[$finding.role] = [System.Convert]::ToBase64String($finding.before.data.ToArray()) }
    }
    return $facts
}

function Get-EesztKeptOn {
    # The same set, with another certificate in its place.
    param($Kept, [string]$Fingerprint)
    $facts = [ordered]@{ renewed_to = $Fingerprint }
    foreach ($role in $Kept.files.Keys) { $facts[$role] = $Kept.facts[$role] }
    return $facts
}

function Test-EesztSameSet {
    # Whether what is kept is what comes.
    param($Kept, $Main, $Material)
    if (-not $Kept.files.ContainsKey($Main.role)) { return $false }
    if ($Main.role -eq 'pkcs12') { return (Get-EesztSha256 $Kept.files.pkcs12) -eq $Material.pkcs12_sha256 }
    return (Get-EesztFirst $Kept.files.certificate) -eq $Material.certificate
}

function Get-EesztFirst {
    # The first certificate of a PEM file, DER in base64; null where there is none.
    param([System.IO.MemoryStream]$Content)
    $ders = [ansible_collections.eeszt.connect.plugins.module_utils.windows.PemFiles.Pem]::Certificates($Content.ToArray())
    return $(if ($ders.Length -gt 0) { [System.Convert]::ToBase64String($ders[0]) })
}

function Test-EesztSetWorks {
    # Whether a set holds another certificate than the one that comes, and one that can be gone back to.
    param($Findings, $Material, $Wish)
    $main = Get-EesztMain $Findings
    if ($null -eq $main.before.data) { return $false }
    if ($main.role -eq 'pkcs12') { return $main.path -in $Wish.older }
    $here = Get-EesztFirst $main.before.data
    $key = $Findings | Where-Object { $_.role -eq 'key' } | Select-Object -First 1
    if ($null -eq $here -or $here -eq $Material.certificate -or $null -eq $key -or $null -eq $key.before.data) { return $false }
    try { $certificate = New-EesztCertificate $here }
    catch [System.Management.Automation.MethodInvocationException] { return $false }
    if ((Get-EesztFingerprint $certificate) -in $Material.foreign -or $certificate.NotAfter.ToUniversalTime() -le [System.DateTime]::UtcNow) { return $false }
    return [ansible_collections.eeszt.connect.plugins.module_utils.windows.PemFiles.Pem]::KeyState($key.before.data.ToArray(), $certificate.GetPublicKey()) -eq 'fits'
}

Export-ModuleMember -Function Get-EesztFileRenewal, Get-EesztFileChange
