# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Renewals as the module does them, in a store that is a list and a folder that is real, and cut off at any step. In: the
# folder of utils, a folder of ours, and a JSON file of certificates (by name: certificate, key, container) and stories (by
# name: steps). Out: JSON of what was said and what was there after each step, by story.

param([string]$Utils, [string]$Folder, [string]$Given)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

. (Join-Path -Path $PSScriptRoot -ChildPath 'as_5_1.ps1')

Add-Type -TypeDefinition ([System.IO.File]::ReadAllText((Join-Path -Path $Utils -ChildPath 'PemFiles.cs'))) -WarningAction SilentlyContinue
foreach ($name in 'access_lists', 'evidence', 'certificate_files', 'certificate_marks', 'certificate_notes', 'certificate_stores', 'certificate_imports', 'certificate_renewal', 'certificate_file_renewal', 'certificate_untold', 'certificate_delivery') {
    $text = [System.IO.File]::ReadAllText((Join-Path -Path $Utils -ChildPath "$name.psm1"))
    $block = [ScriptBlock]::Create(($text -replace '(?ms)^Export-ModuleMember.*\z', 'Export-ModuleMember -Function *'))
    New-Module -Name $name -ScriptBlock $block | Import-Module -Scope Global
}

# Windows' own part: each step counts, and from the one that is to kill on nothing is done any more.
$global:Steps, $global:Kill, $global:Entries, $global:Keys = 0, 0, [ordered]@{}, @{}
function Step-Test {
    $global:Steps++
    if ($global:Kill -gt 0 -and $global:Steps -ge $global:Kill) { throw 'killed' }
}
function Get-TestCopy {
    # An entry as a store gives it: what is written to the store later is not seen in it.
    param([string]$Der)
    $copy = New-Object System.Security.Cryptography.X509Certificates.X509Certificate2 -ArgumentList (, [System.Convert]::FromBase64String($Der))
    Add-Member -InputObject $copy -MemberType NoteProperty -Name FriendlyName -Value $Entries[$Der].mark -Force
    return $copy
}
function Get-TestDer { param($Certificate) [System.Convert]::ToBase64String($Certificate.RawData) }
function Import-EesztKey {
    param([byte[]]$Pfx, $Password, $Location, $Store, [string]$Mark, $Exportable, $Access)
    Step-Test
    $der = [System.Convert]::ToBase64String($Pfx)
    $Keys[$der] = $true
    Step-Test
    $Entries[$der] = @{ mark = $Mark; archived = $Entries.Contains($der) -and $Entries[$der].archived }
}
function Get-EesztKey {
    param($Certificate, $Location)
    $der = Get-TestDer $Certificate
    $there = $Keys.ContainsKey($der)
    return @{ present = $there; fits = $(if ($there) { $true }); exportable = $false; machine = $true; file = $null; container = $(if ($there) { $der }); code = 0 }
}
function Remove-EesztKey { param($Key) Step-Test; if ($null -ne $Key.container) { $Keys.Remove($Key.container) } }
function Set-EesztMark {
    param($Certificate, $Location, $Store, [string]$Mark, [bool]$Archived)
    $der = Get-TestDer $Certificate
    if ($Entries[$der].archived -and -not $Archived) {
        Step-Test
        $Entries[$der].archived = $false
    }
    Step-Test
    $Entries[$der].mark = $Mark
    if (-not $Archived -or $Entries[$der].archived) { return }
    Step-Test
    $Entries[$der].archived = $true
}
function Test-EesztArchived { param($Certificate, $Location, $Store) $Entries[(Get-TestDer $Certificate)].archived }
function Remove-EesztEntry { param($Certificate, $Location, $Store) Step-Test; $Entries.Remove((Get-TestDer $Certificate)) }
function New-EesztSecuredFile {
    param([string]$Path, [string]$Sddl, $Content)
    Step-Test
    if ([System.IO.File]::Exists($Path)) { throw 'there is one' }
    [System.IO.File]::WriteAllBytes($Path, $Content.ToArray())
    $global:Lists[$Path] = $Sddl
}
function New-EesztSecuredFolder { param([string]$Path, [string]$Sddl) [void][System.IO.Directory]::CreateDirectory($Path) }
function Move-EesztSecuredFile {
    param([string]$Path, [string]$To)
    Step-Test
    [System.IO.File]::Move($Path, $To, $true)
    $global:Lists[$To] = $global:Lists[$Path]
}
function Get-EesztDescriptor { param($Path) @{ Owner = @{ Value = $(if ($global:Foreign -and $Path -like '*.kept') { 'S-1-1-0' } else { 'S-1-5-32-544' }) } } }
function Set-EesztDescriptor { param($Path, $Sddl, $WithOwner) Step-Test }
$global:Lists, $global:Foreign = @{}, $false

& (Get-Module access_lists) {
    Set-Item -Path function:script:ConvertFrom-EesztDescriptor -Value { param($Descriptor) @() }
    Set-Item -Path function:script:Test-EesztSameAccess -Value { param($Found, $Sddl) $true }
    Set-Item -Path function:global:ConvertFrom-EesztDescriptor -Value { param($Descriptor) @() }
    Set-Item -Path function:global:Test-EesztSameAccess -Value { param($Found, $Sddl) $true }
}
& (Get-Module certificate_stores) {
    $made = { param($Location, $Store) , @(if ($Store -eq 'My') { foreach ($der in @($Entries.Keys)) { Get-TestCopy $der } }) }
    Set-Item -Path function:script:Get-EesztStoreCertificates -Value $made
    Set-Item -Path function:global:Get-EesztStoreCertificates -Value $made
}
& (Get-Module certificate_delivery) {
    Set-Item -Path function:script:Enter-EesztRun -Value { param($Check) $null }
    Set-Item -Path function:script:Get-EesztDescription -Value { param($Finding) "$($Finding.role): $($Finding.reasons -join ' ')".TrimEnd(':', ' ') }
}

$all = [System.IO.File]::ReadAllText($Given) | ConvertFrom-Json
function Get-TestName {
    # Which of the given certificates this is.
    param([string]$Der)
    return @($all.certificates.PSObject.Properties | Where-Object { $_.Value.certificate -eq $Der } | ForEach-Object { $_.Name })[0]
}
function Invoke-TestStep {
    param($Step)
    $material = @{ token = 'ab'; institutions = @{} }
    foreach ($each in $Step.with.PSObject.Properties) {
        $source = $all.certificates.($each.Value)
        $material.institutions[$each.Name] = @{
            certificate = $source.certificate; chain = @(); pkcs12_sha256 = $source.sha256; pfx = $source.certificate; pfx_password = 'x'
            key = $source.key; pkcs12 = $source.container
        }
    }
    $targets = @(foreach ($each in $Step.targets) {
            $place = Join-Path -Path $Folder -ChildPath $each.institution
            switch ($each.type) {
                'windows_store' { @{ type = $_; institution = $each.institution; location = 'LocalMachine'; store = 'My'; exportable = $null; accounts = $null } }
                'pem_files' { @{ type = $_; institution = $each.institution; certificate = "$place/c.pem"; key = "$place/k.pem"; chain = $null; accounts = $null } }
                'pkcs12_file' { @{ type = $_; institution = $each.institution; path = "$place/c.p12"; accounts = $null } }
            }
        })
    $plain = @{ fingerprints = @{}; reasons = @{} }
    foreach ($name in 'fingerprints', 'reasons') { foreach ($each in $Step.$name.PSObject.Properties) { $plain[$name][$each.Name] = $each.Value } }
    $paths = @($targets | Where-Object { $_.type -eq 'pkcs12_file' } | ForEach-Object { $_.path })
    $kept = @{}
    foreach ($path in $paths) { $kept[$path] = '' }
    $wish = @{ state = $Step.state; fingerprints = $plain.fingerprints; reasons = $plain.reasons; retry = $Step.retry; older = $(if ($Step.older) { $paths } else { @() }); untold = $Step.untold }
    $global:Steps, $global:Kill = 0, $Step.kill
    $said = @{ changed = $null; renewals = @(); files = @(); untold = @(); failed = '' }
    try {
        $answer = Invoke-EesztDelivery $targets $material $wish $kept $Step.check
        $said.changed, $said.files = $answer.changed, @($answer.files)
        $said.untold = @($answer.untold | ForEach-Object { [System.IO.Path]::GetFileName($_.path) })
        $said.renewals = @($answer.renewals | ForEach-Object { "$($_.state)$(if (-not $_.changed) { ', unchanged' })" })
        if ($answer.undecided.Count + $answer.needs.Count -gt 0) { $said.failed = 'asks for more' }
    }
    catch { $said.failed = $_.Exception.Message }
    $global:Kill, $said.steps = 0, $global:Steps
    $said.store = @(foreach ($der in @($Entries.Keys)) {
            "$(Get-TestName $der) [$($Entries[$der].mark)]$(if ($Entries[$der].archived) { ' archived' })$(if (-not $Keys.ContainsKey($der)) { ' no key' })"
        })
    $said.keys = $Keys.Count
    $said.folder = [ordered]@{}
    foreach ($file in @([System.IO.Directory]::GetFiles($Folder, '*', 'AllDirectories') | Sort-Object)) {
        $said.folder[[System.IO.Path]::GetFileName($file)] = [System.Convert]::ToBase64String([System.IO.File]::ReadAllBytes($file))
    }
    $said.seen = @(foreach ($target in $targets) { Get-TestSeen $target })
    return $said
}
function Get-TestSeen {
    # What the probe says of a target: kept (renewed to) and refused.
    param($Target)
    if ($Target.type -ne 'windows_store') {
        $main = if ($Target.type -eq 'pem_files') { $Target.certificate } else { $Target.path }
        $kept, $refused = (Get-EesztKeptFact $main), (Get-EesztRefusedFact $main)
        return "$(if ($null -ne $kept) { "kept $($kept.renewed_to)" })$(if ($null -ne $refused) { "refused $($refused.fingerprint) $($refused.reason)" })"
    }
    $certificates = Get-EesztStoreCertificates 'LocalMachine' 'My'
    $found, $kept = (Find-EesztCertificate $certificates $Target.institution ''), (Find-EesztKept $certificates $Target.institution)
    $said = if ($null -ne $found) { Get-TestName (Get-TestDer $found) } else { 'nothing' }
    return "$said$(if ($null -ne $kept) { " kept $((Get-EesztMarkNotes $kept.FriendlyName $Target.institution).kept)" })"
}

function Clear-TestHost {
    if ([System.IO.Directory]::Exists($Folder)) { [System.IO.Directory]::Delete($Folder, $true) }
    [void][System.IO.Directory]::CreateDirectory($Folder)
    $global:Entries.Clear()
    $global:Keys.Clear()
}
function Invoke-TestSteps {
    param($Steps)
    foreach ($step in $Steps) {
        if ($step.lose) { $global:Keys.Remove($all.certificates.($step.lose).certificate) }
        $global:Foreign = $step.hide
        Invoke-TestStep $step
        $global:Foreign = $false
    }
}
function Invoke-TestKills {
    # One way, killed at each of its steps, and twice what comes after.
    param($Way)
    Clear-TestHost
    [void](Invoke-TestSteps $Way.before)
    $files = @{}
    foreach ($file in [System.IO.Directory]::GetFiles($Folder, '*', 'AllDirectories')) { $files[$file] = [System.IO.File]::ReadAllBytes($file) }
    $marks = @{}
    foreach ($der in $Entries.Keys) { $marks[$der] = @{ mark = $Entries[$der].mark; archived = $Entries[$der].archived } }
    $there = @($Keys.Keys)
    for ($kill = 1; $kill -le $Way.kills; $kill++) {
        Clear-TestHost
        foreach ($file in $files.Keys) {
            [void][System.IO.Directory]::CreateDirectory([System.IO.Path]::GetDirectoryName($file))
            [System.IO.File]::WriteAllBytes($file, $files[$file])
        }
        foreach ($der in $marks.Keys) { $Entries[$der] = @{ mark = $marks[$der].mark; archived = $marks[$der].archived } }
        foreach ($der in $there) { $Keys[$der] = $true }
        $Way.last.kill = $kill
        $killed = Invoke-TestStep $Way.last
        $Way.last.kill = 0
        , @($killed, (Invoke-TestStep $Way.last), (Invoke-TestStep $Way.last))
    }
}

$answers = [ordered]@{ stories = [ordered]@{}; ways = [ordered]@{} }
foreach ($story in $all.stories.PSObject.Properties) {
    Clear-TestHost
    $answers.stories[$story.Name] = @(Invoke-TestSteps $story.Value)
}
foreach ($way in $all.ways.PSObject.Properties) { $answers.ways[$way.Name] = @(Invoke-TestKills $way.Value) }
ConvertTo-Json $answers -Depth 8 -Compress
