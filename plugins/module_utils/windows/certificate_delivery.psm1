# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The host's part of bringing certificates to Windows. All is looked at before anything is written. Keys come only to
# where one is missing: without them the module says what it needs, and the controller calls again. What it alone can
# judge, a PKCS#12 file of other bytes, goes back to it under a seal.

#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.PemFiles
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.access_lists
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_file_renewal
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_files
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_imports
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_notes
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_renewal
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_stores
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_untold
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.secured_files

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Invoke-EesztDelivery {
    # The module's answer. $Material: token, and by institution certificate, chain (DER in base64), pkcs12_sha256, and
    # where they came along pfx with pfx_password, key (PEM) and pkcs12 (in base64, too). $Wish: see certificate_renewal.
    param($Targets, $Material, $Wish, $Kept, [bool]$Check)
    $mutex = Enter-EesztRun $Check
    try {
        Complete-EesztMaterial $Material.institutions
        $work = @(foreach ($target in $Targets) { Get-EesztWork $target $Material $Wish $Check })
        $sets = @($work | ForEach-Object { , @($_.findings) })
        $findings = @($sets | ForEach-Object { $_ })
        # What comes back from beside is known to be right: no file of other bytes has to be looked into.
        if ($Wish.state -ne 'present') { foreach ($finding in $findings) { $Kept[$finding.path] = '' } }
        foreach ($set in $sets) { Compare-EesztFiles (Select-EesztFiles $set) $Kept }
        $answer = [ordered]@{
            changed = $false
            os_build = [System.Environment]::OSVersion.Version.Build
            files = @()
            directories = @{ created = @(); removed = @() }
            renewals = @()
            untold = @()
            undecided = @($findings | Where-Object { $_.undecided } | ForEach-Object { Protect-EesztFile $_ $Material.token })
            needs = @(if (-not $Check) { Get-EesztNeeds $findings })
        }
        if ($answer.undecided.Count + $answer.needs.Count -eq 0) {
            $changes = @($work | ForEach-Object { Get-EesztChange $_ $Material $Wish })
            $places = @(for ($at = 0; $at -lt $work.Count; $at++) { Get-EesztUntoldPlace $Targets[$at] $sets[$at] })
            Complete-EesztDelivery $answer $sets $changes (Get-EesztTelling $places $Wish) $Kept $Check
        }
        $answer.files = @($findings | ForEach-Object { Get-EesztDescription $_ })
        return $answer
    }
    finally {
        if ($null -ne $mutex) {
            $mutex.ReleaseMutex()
            $mutex.Dispose()
        }
    }
}

function Enter-EesztRun {
    # Holds two runs apart; Windows frees it with the process.
    param([bool]$Check)
    if ($Check) { return $null }
    $seconds = 30
    $mutex = New-Object System.Threading.Mutex -ArgumentList $false, 'Global\eeszt.connect.certificates'
    try { $mine = $mutex.WaitOne($seconds * 1000) }
    catch [System.Management.Automation.MethodInvocationException] {
        # One that a killed run had is ours now.
        if ($_.Exception.InnerException -isnot [System.Threading.AbandonedMutexException]) { throw }
        $mine = $true
    }
    if (-not $mine) { throw "Another run has been at this host's certificates for $seconds seconds; wait for it." }
    return $mutex
}

function Get-EesztWork {
    # The findings of one target and what becomes of the certificate before. An unknown account stops the run before
    # anything is changed; in check mode it may be made by then.
    param($Target, $Material, $Wish, [bool]$Check)
    if ($Wish.state -eq 'told') { return @{ institution = $Target.institution; findings = @(); change = $null } }
    $lenient = $Check -or $Wish.state -in 'absent', 'retired'
    $given = if ($Wish.state -eq 'present') { $Material.institutions[$Target.institution] } else { $null }
    $readers = if ($null -eq $Target.accounts) { $null } else { @($Target.accounts | ForEach-Object { Resolve-EesztReader $_ $Target.institution $lenient }) }
    if ($Target.type -eq 'windows_store') { return Get-EesztStoreRenewal $Target $given $readers $Wish }
    if ($null -eq $readers) { $readers = @() }
    return Get-EesztFileRenewal $Target $given $readers $Wish
}

function Get-EesztChange {
    # What becomes of the certificate before, when all was compared; nothing where none was renewed.
    param($Work, $Material, $Wish)
    if ($Work.ContainsKey('change')) { return $Work.change }
    $given = if ($Wish.state -eq 'present') { $Material.institutions[$Work.institution] } else { $null }
    return Get-EesztFileChange $Work $given $Wish
}

function Get-EesztTelling {
    # Of which certificates services are to be told (untold), and whose notes go (told). What is taken away takes its note along.
    param($Places, $Wish)
    $telling = @{ untold = @(); told = @() }
    if ($Wish.state -eq 'absent') { return $telling }
    if ($Wish.untold) { $telling.untold = @($Places | Where-Object { $_.there -or $_.changing }) }
    else { $telling.told = @($Places | Where-Object { $_.there }) }
    return $telling
}

function Resolve-EesztReader {
    # The SID of an account, an empty text for one that may be made later.
    param([string]$Name, [string]$Institution, [bool]$Lenient)
    $sid = Resolve-EesztAccount $Name
    if ($null -ne $sid) { return $sid }
    if ($Lenient) { return '' }
    throw "There is no account $Name on this host, which is to read the key of $Institution; create it first, or give its SID."
}

function Select-EesztFiles {
    param($Set)
    return , @($Set | Where-Object { $_.ContainsKey('secret') })
}

function Protect-EesztFile {
    # A file that only the controller can judge, unreadable for whoever sees the module's output.
    param($Finding, [string]$Token)
    $data = $Finding.before.data.ToArray()
    $sealed = [ansible_collections.eeszt.connect.plugins.module_utils.windows.PemFiles.Pem]::Seal($data, $Token, $Finding.path)
    return @{
        path = $Finding.path
        institution = $Finding.institution
        sha256 = Get-EesztSha256 $Finding.before.data
        sealed = [System.Convert]::ToBase64String($sealed)
    }
}

function Get-EesztNeeds {
    # What has to come along the next time, each once.
    param($Findings)
    $known = @{}
    foreach ($finding in $Findings) {
        $what = $null
        if ((Test-EesztImports $finding) -and -not $finding.material.pfx) { $what = 'pfx' }
        elseif ($finding.role -in 'key', 'pkcs12' -and (Test-EesztRewrites $finding) -and $null -eq $finding.content) { $what = $finding.role }
        if ($null -eq $what -or $known.ContainsKey("$($finding.institution) $what")) { continue }
        $known["$($finding.institution) $what"] = $true
        @{ institution = $finding.institution; what = $what }
    }
}

function Complete-EesztDelivery {
    # Does it, or in check mode says what that would take.
    param($Answer, $Sets, $Changes, $Telling, $Kept, [bool]$Check)
    $changes = @($Changes | Where-Object { $null -ne $_ })
    $changes += @($Telling.told | ForEach-Object { New-EesztChange $_.path $_.institution '' 'told' $true })
    $Answer.untold = @($Telling.untold | ForEach-Object { @{ path = $_.path; institution = $_.institution } })
    $files = @($Sets | ForEach-Object { Select-EesztFiles $_ } | ForEach-Object { $_ })
    $stores = @($Sets | ForEach-Object { $_ } | Where-Object { $_.ContainsKey('location') })
    $left = @(Get-EesztLeftovers $files)
    $own = @(Get-EesztOwnFolders $files (@($left) + @($changes | ForEach-Object { $_.remove })))
    $Answer.directories.removed = @($left) + @($own)
    $Answer.directories.created = @(Get-EesztMissingFolders $files)
    $Answer.renewals = @($changes | ForEach-Object { Get-EesztShown $_ })
    $wrong = @($Sets | ForEach-Object { $_ } | Where-Object { $_.reasons.Count -gt 0 }).Count + @($changes | Where-Object { $_.changed }).Count
    $Answer.changed = $wrong -gt 0 -or $Answer.directories.removed.Count -gt 0
    if ($Check -or -not $Answer.changed) { return }
    foreach ($path in $left) { [System.IO.File]::Delete($path) }
    foreach ($finding in $files) { if (Test-EesztRewrites $finding) { [void](New-EesztFolders $finding) } }
    # Whatever cuts this off, services learn of what is new.
    foreach ($place in $Telling.untold) { Set-EesztUntold $place }
    # What one may have to go back to is whole before the first file changes.
    foreach ($change in $changes) { if ($null -ne $change.write) { Write-EesztNote $change.write_to $change.write } }
    foreach ($set in $Sets) {
        $fileSet = Select-EesztFiles $set
        if (@($fileSet | Where-Object { $_.reasons.Count -gt 0 }).Count -gt 0) { Set-EesztFiles $fileSet }
    }
    foreach ($finding in $stores) { Set-EesztStore $finding }
    foreach ($set in $Sets) { Assert-EesztReadsBack $set $Kept }
    # Only now, when the new one is proved to be there.
    $stores = @($stores | Where-Object { $_.role -eq 'store' })
    foreach ($finding in $stores) { if ($null -ne $finding.kept) { Set-EesztKept $finding } }
    foreach ($finding in $stores) { if ($finding.older.Count -gt 0) { Remove-EesztOlder $finding } }
    foreach ($change in $changes) {
        foreach ($entry in $change.entries) { Remove-EesztOlder $entry }
        foreach ($path in $change.remove) { [System.IO.File]::Delete($path) }
    }
    foreach ($place in $Telling.told) { Clear-EesztUntold $place }
    foreach ($folder in $own) { [System.IO.Directory]::Delete($folder) }
}

function Get-EesztShown {
    # A change for the controller.
    param($Change)
    $shown = [ordered]@{}
    foreach ($name in 'path', 'institution', 'fingerprint', 'state', 'changed') { $shown[$name] = $Change[$name] }
    return $shown
}

function Set-EesztStore {
    param($Finding)
    if ($Finding.role -eq 'chain') {
        if ($Finding.missing.Count -gt 0) { Add-EesztIssuers $Finding }
    }
    elseif (@($Finding.reasons | Where-Object { $_ -notin 'superseded', 'unwanted' }).Count -gt 0) { Set-EesztEntry $Finding }
}

function Assert-EesztReadsBack {
    # Never trust the absence of an error.
    param($Set, $Kept)
    foreach ($finding in $Set) {
        $again = Get-EesztAgain $finding $Kept
        $wrong = @($again | Where-Object { $_ -notin 'superseded', 'unwanted' })
        if ($wrong.Count -gt 0) {
            throw "$($finding.path) was written but reads back differently ($($wrong -join ', ')); does another program manage it?"
        }
    }
}

function Get-EesztAgain {
    # The reasons of a finding that is looked at once more.
    param($Finding, $Kept)
    if (-not $Finding.ContainsKey('location')) {
        $copy = $Finding.Clone()
        $copy.before = Get-EesztFile $Finding.path
        Compare-EesztFiles @($copy) $Kept
        if ($copy.undecided) { return 'content' }
        return $copy.reasons
    }
    if ($Finding.role -eq 'chain') { return }
    $target = @{ location = $Finding.location; store = $Finding.store; institution = $Finding.institution; exportable = $Finding.exportable }
    $again = @(Get-EesztStoreFindings $target $Finding.material $null)[0]
    # Without readers it was compared with an older one's.
    $again.reasons | Where-Object { $_ -ne 'access' -or $null -eq $Finding.sddl }
    if ($null -ne $Finding.sddl -and $null -ne $Finding.material -and -not (Test-EesztSameAccess (Get-EesztAccess $again.key.file) $Finding.sddl)) { 'access' }
}

function Get-EesztDescription {
    # One finding for the controller: no key and no PKCS#12 in it; certificate is public, DER in base64.
    param($Finding)
    $before = [ordered]@{ present = $Finding.before.present }
    if ($Finding.ContainsKey('location')) {
        foreach ($name in 'certificate', 'access', 'key') { if ($Finding.before.ContainsKey($name)) { $before[$name] = $Finding.before[$name] } }
    }
    elseif ($Finding.before.present) {
        $before.owner = $Finding.before.owner
        $before.access = $Finding.before.access
        if ($Finding.role -in 'certificate', 'chain' -and $null -ne $Finding.before.data) {
            $ders = [ansible_collections.eeszt.connect.plugins.module_utils.windows.PemFiles.Pem]::Certificates($Finding.before.data.ToArray())
            if ($ders.Length -gt 0) { $before.certificate = [System.Convert]::ToBase64String($ders[0]) }
        }
    }
    $list = if ($Finding.ContainsKey('sddl')) { $Finding.sddl } else { $null }
    if ($Finding.role -eq 'store' -and $null -eq $list -and 'access' -in $Finding.reasons) { $list = $Finding.inherited }
    $wanted = if ($null -ne $list) { ConvertFrom-EesztDescriptor (New-Object System.Security.AccessControl.RawSecurityDescriptor -ArgumentList $list) } else { $null }
    return [ordered]@{
        path = $Finding.path
        role = $Finding.role
        institution = $Finding.institution
        changed = $Finding.reasons.Count -gt 0
        reasons = @($Finding.reasons)
        before = $before
        access = $wanted
    }
}

Export-ModuleMember -Function Invoke-EesztDelivery
