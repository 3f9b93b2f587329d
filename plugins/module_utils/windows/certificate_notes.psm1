# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# What lies beside the file that holds a certificate: the set before a renewal until the centre has taken the new one, which
# certificate was taken back, and that services are still to be told of one. As observe/renewal.py has it for Linux, but in
# lines of name and value with a tab between: a key is in them, and what PowerShell's commands for JSON are given comes into
# the event log where a policy asks for it.

#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.PemFiles
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.access_lists
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_files
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.evidence
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.secured_files

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztBeside {
    # The path of a note beside a certificate's file; $What: kept, refused or untold.
    param([string]$Main, [string]$What)
    $name = [System.IO.Path]::GetFileName($Main)
    return Join-Path -Path ([System.IO.Path]::GetDirectoryName($Main)) -ChildPath ".eeszt-connect.$name.$What"
}

function New-EesztNote {
    # The bytes of a note as a stream. $Facts: ordered dictionary of texts.
    param([string]$Institution, $Facts)
    $text = New-Object System.Text.StringBuilder
    [void]$text.Append("schema_version`t1`ninstitution`t").Append($Institution).Append("`n")
    foreach ($name in $Facts.Keys) { [void]$text.Append($name).Append("`t").Append($Facts[$name]).Append("`n") }
    return New-Object System.IO.MemoryStream -ArgumentList (, [System.Text.Encoding]::ASCII.GetBytes($text.ToString()))
}

function Read-EesztNote {
    # The facts of a note by name; null where there is none that we wrote. One that rights hide stops the run.
    param([string]$Path)
    $largest = 5MB
    $found = Get-EesztFile $Path $largest
    # Whoever else owns it has not got it from us.
    if ($null -eq $found.data -or $found.owner -notin 'S-1-5-18', 'S-1-5-32-544') { return $null }
    $facts = @{}
    foreach ($line in [System.Text.Encoding]::ASCII.GetString($found.data.ToArray()).Split([char]10)) {
        $name, $value = $line.Split([char[]]"`t", 2)
        if ($name) { $facts[$name] = $value }
    }
    if (-not $facts.ContainsKey('schema_version') -or $facts.schema_version -ne '1') { return $null }
    return $facts
}

function Write-EesztNote {
    # Whole or not at all, for the system and the administrators alone.
    param([string]$Path, [System.IO.MemoryStream]$Content)
    $early = New-EesztTemporary ([System.IO.Path]::GetDirectoryName($Path))
    New-EesztSecuredFile $early (New-EesztSddl -Readers @() -Full @()) $Content
    try { Move-EesztSecuredFile $early $Path }
    catch {
        [System.IO.File]::Delete($early)
        throw
    }
}

function Read-EesztKept {
    # A set before a renewal: renewed_to, and files, the bytes by role as streams. Null where none is kept, or what is there
    # is not ours to read.
    param([string]$Main)
    $facts = Read-EesztNote (Get-EesztBeside $Main 'kept')
    if ($null -eq $facts -or -not $facts.ContainsKey('renewed_to')) { return $null }
    $kept = @{ renewed_to = $facts.renewed_to; files = @{}; facts = $facts }
    foreach ($role in 'certificate', 'key', 'chain', 'pkcs12') {
        if (-not $facts.ContainsKey($role)) { continue }
        try { $bytes = [System.Convert]::FromBase64String($facts[$role]) }
        catch [System.Management.Automation.MethodInvocationException] { return $null }
        $kept.files[$role] = New-Object System.IO.MemoryStream -ArgumentList (, $bytes)
    }
    if ($kept.files.Count -eq 0) { return $null }
    return $kept
}

function Get-EesztKeptFact {
    # What the observation says of a kept set, without its key; null where none is kept.
    param([string]$Main)
    $path = Get-EesztBeside $Main 'kept'
    $fact = [ordered]@{ path = $path; renewed_to = $null; certificate = $null; error = $null }
    try {
        if (-not [System.IO.File]::Exists($path)) { return $null }
        $kept = Read-EesztKept $Main
        if ($null -eq $kept) { return $fact }
        $fact.renewed_to = $kept.renewed_to
        if ($kept.files.ContainsKey('certificate')) {
            $ders = [ansible_collections.eeszt.connect.plugins.module_utils.windows.PemFiles.Pem]::Certificates($kept.files.certificate.ToArray())
            if ($ders.Length -gt 0) { $fact.certificate = [System.Convert]::ToBase64String($ders[0]) }
        }
    }
    catch { $fact.error = ConvertTo-EesztEvidence $_.Exception }
    return $fact
}

function Get-EesztRefusedFact {
    # Which certificate was taken back from this place, and why; null where none was, or rights hide it.
    param([string]$Main)
    try { $facts = Read-EesztNote (Get-EesztBeside $Main 'refused') }
    catch { return $null }
    if ($null -eq $facts -or -not $facts.ContainsKey('fingerprint')) { return $null }
    return [ordered]@{ fingerprint = $facts.fingerprint; reason = if ($facts.ContainsKey('reason')) { $facts.reason } else { '' } }
}

Export-ModuleMember -Function Get-EesztBeside, New-EesztNote, Read-EesztNote, Write-EesztNote, Read-EesztKept, Get-EesztKeptFact, Get-EesztRefusedFact
