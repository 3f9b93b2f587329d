# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The eSzemelyi client: its entries among the installed programs, and its processes. Their names are the caller's.

#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.Sessions
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.registry

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztClient {
    # Looks for $Request's client: shell patterns of names or keys of installed programs, and of executables' paths or
    # base names; capitals do not matter.
    param($Request)
    $asked = $Request['client']
    return [ordered]@{
        error = $null
        packages = @(Get-EesztPackages $asked['packages'])
        processes = @(Get-EesztClientProcesses $asked['executables'])
    }
}

function Get-EesztPackages {
    param([string[]]$Patterns)
    if ($Patterns.Count -eq 0) { return }
    $path = 'SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall'
    $entries = @(
        Get-EesztUninstallEntries $path 'LocalMachine' 'Registry64'
        Get-EesztUninstallEntries $path 'LocalMachine' 'Registry32'
        # Programs that a user has for himself alone: of those who are logged on, whose hives are loaded.
        foreach ($sid in @(Get-EesztRegistryKeys '' 'Users')) {
            if ($sid -notlike '*_Classes') { Get-EesztUninstallEntries "$sid\$path" 'Users' 'Registry64' }
        }
    )
    Select-EesztPackages $entries $Patterns
}

function Get-EesztUninstallEntries {
    param([string]$Path, [string]$Hive, [string]$View)
    foreach ($key in @(Get-EesztRegistryKeys $Path $Hive $View)) {
        $values = Get-EesztRegistryValues "$Path\$key" $Hive $View
        @{ key = $key; name = "$($values['DisplayName'])"; version = "$($values['DisplayVersion'])" }
    }
}

function Select-EesztPackages {
    # name: the one that matched, so that the judge finds it again by the same pattern. On a 32-bit system both views
    # are the same one: an entry is told once.
    param($Entries, [string[]]$Patterns)
    $told = @{}
    foreach ($entry in $Entries) {
        $matched = @($entry.name, $entry.key | Where-Object { $_ -ne '' -and (Test-EesztPattern $_ $Patterns) })
        if ($matched.Count -eq 0) { continue }
        $mark = "$($entry.key)|$($matched[0])|$($entry.version)"
        if ($told.ContainsKey($mark)) { continue }
        $told[$mark] = $true
        [ordered]@{ name = $matched[0]; version = $entry.version }
    }
}

function Get-EesztClientProcesses {
    param([string[]]$Patterns)
    if ($Patterns.Count -eq 0) { return }
    $machine = [ansible_collections.eeszt.connect.plugins.module_utils.windows.Sessions.Machine]
    foreach ($process in $machine::Processes()) {
        $executable = if ($null -eq $process.Path) { $process.Name } else { $process.Path }
        if (-not (Test-EesztExecutable $executable $Patterns)) { continue }
        [ordered]@{
            executable = $executable
            account = Get-EesztAccountName $process.Sid
            session = if ($null -eq $process.Session) { $null } else { [int]$process.Session }
        }
    }
}

function Test-EesztExecutable {
    param([string]$Executable, [string[]]$Patterns)
    $base = $Executable.Substring($Executable.LastIndexOfAny([char[]]'\/') + 1)
    return (Test-EesztPattern $Executable $Patterns) -or (Test-EesztPattern $base $Patterns)
}

function Test-EesztPattern {
    # Shell patterns as fnmatch of the other probe and of the judge has them: * ? [abc] [!abc], nothing else is special.
    param([string]$Text, [string[]]$Patterns)
    foreach ($pattern in $Patterns) {
        $expression = [regex]::Replace($pattern, '\[!?\]?[^\]]*\]|.', {
            param($Match)
            $part = $Match.Value
            if ($part -eq '*') { return '.*' }
            if ($part -eq '?') { return '.' }
            if ($part.Length -gt 2 -and $part[0] -eq '[') {
                $inside = $part.Substring(1, $part.Length - 2).Replace('\', '\\').Replace('[', '\[')
                if ($inside[0] -eq '!') { return "[^$($inside.Substring(1).Replace(']', '\]'))]" }
                return "[$($inside.Replace('^', '\^').Replace(']', '\]'))]"
            }
            return [regex]::Escape($part)
        }, 'Singleline')
        if ([regex]::IsMatch($Text, "\A(?:$expression)\z", 'IgnoreCase, Singleline, CultureInvariant')) { return $true }
    }
    return $false
}

function Get-EesztAccountName {
    # DOMAIN\name of a SID; the SID itself where nobody knows it (a domain that is out of reach).
    param([string]$Sid)
    if (-not $Sid) { return $null }
    try {
        $identifier = New-Object System.Security.Principal.SecurityIdentifier $Sid
        return $identifier.Translate([System.Security.Principal.NTAccount]).Value
    }
    catch { return $Sid }
}

Export-ModuleMember -Function Get-EesztClient, Select-EesztPackages, Test-EesztExecutable
