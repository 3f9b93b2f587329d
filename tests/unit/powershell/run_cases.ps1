# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Runs the pure functions of our utils on tables of cases: one start of PowerShell for all of them.
# In: a folder of utils and a JSON file of {name: {function, arguments}}. Out: JSON of {name: {value} or {error}}.

param([string]$Utils, [string]$Cases)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

. (Join-Path -Path $PSScriptRoot -ChildPath 'as_5_1.ps1')

foreach ($file in Get-ChildItem -LiteralPath $Utils -Filter '*.psm1') {
    $text = [System.IO.File]::ReadAllText($file.FullName)
    # Every function is wanted here, also those that a util keeps to itself.
    $text = $text -replace '(?ms)^Export-ModuleMember.*\z', 'Export-ModuleMember -Function *'
    $block = [System.Management.Automation.Language.Parser]::ParseInput($text, $file.FullName, [ref]$null, [ref]$null).GetScriptBlock()
    New-Module -Name $file.BaseName -ScriptBlock $block | Import-Module -Scope Global -WarningAction SilentlyContinue
}

foreach ($name in 'BackgroundCalls', 'KeyStorage') { Add-Type -TypeDefinition ([System.IO.File]::ReadAllText((Join-Path $Utils "$name.cs"))) }

function Get-TestVerdict {
    # A row of `outbound` from stores as a table writes them: lists of rules, addresses as texts.
    param($Stores, $Profiles, $Port, $Address)
    $made = @(foreach ($store in $Stores) {
        $rules = [ordered]@{}
        foreach ($rule in @($store['rules'])) { $rules["id-$($rules.Count)"] = $rule }
        $settings = @{}
        foreach ($name in 'Domain', 'Private', 'Public') {
            $settings[$name] = if ($store['profiles'].Contains($name)) { $store['profiles'][$name] } else { @{} }
        }
        @{ origin = $store['origin']; profiles = $settings; rules = $rules }
    })
    $parsed = if ($null -eq $Address) { $null } else { [System.Net.IPAddress]::Parse($Address) }
    Get-EesztVerdict (ConvertTo-EesztFirewallPolicy $made) $Profiles $Port $parsed 'C:\Windows'
}

function Test-Rule {
    # One rule alone, as it comes where nobody sorted out what is not for us.
    param($Text)
    $connection = @{ port = 443; address = $null; profile = 'Public'; windows = 'C:\Windows' }
    Test-EesztRule (ConvertFrom-EesztFirewallRule 'id' $Text) $connection
}

function Get-TestChains {
    param($Stores)
    Get-EesztDenyingProfiles (ConvertTo-EesztFirewallPolicy $Stores)
}

function Get-TestUsb {
    # The card readers among devices: instance, problem, values.
    param($Devices)
    $found = @(foreach ($each in $Devices) { ConvertTo-EesztUsbDevice $each['instance'] $each['problem'] $each['values'] })
    Select-EesztCardReaders $found
}

function Get-TestGone {
    # Of the code that Windows has both for no container and for one out of reach.
    param([long]$Code, [bool]$Machine, [bool]$Elevated)
    [ansible_collections.eeszt.connect.plugins.module_utils.windows.KeyStorage.Key]::Gone([int]$Code, $Machine, $Elevated)
}

function Set-TestDevices {
    # What is plugged in from now on: instance, problem, values.
    param($Devices)
    $global:TestDevices = @($Devices)
    function global:Get-EesztPresentDevices { @{ error = $null; devices = $global:TestDevices } }
    function global:Get-EesztRegistryValues {
        param($Path)
        foreach ($each in $global:TestDevices) { if ($Path -eq "SYSTEM\CurrentControlSet\Enum\$($each['instance'])") { return $each['values'] } }
    }
}

function Get-TestWaiting {
    param($Inf, $Devices)
    Set-TestDevices $Devices
    Get-EesztWaitingDevices $Inf
}

function Get-TestWorking {
    param($Devices)
    Set-TestDevices $Devices
    Get-EesztWorkingReaders
}

# Sections for the test of limits: they travel as text, as ours do, and one of them calls another that is nobody's command.
function Get-EesztTestFine {
    param([string]$Word)
    return [ordered]@{ error = $null; list = @(Get-EesztTestPart $Word); nothing = $null }
}
function Get-EesztTestPart {
    param([string]$Word)
    return $Word
}
function Get-EesztTestCode { throw (New-Object System.ComponentModel.Win32Exception 5) }
function Get-EesztTestNever { [System.Threading.Thread]::Sleep(-1) }
function Get-EesztTestStrict { return $neverAssigned }

function Get-TestBounded {
    # Outcomes of sections that are fine, fail, hang and break strict mode; the first one hangs.
    param([double]$Seconds)
    $jobs = [ordered]@{
        never = @{ command = 'Get-EesztTestNever'; parameters = @{} }
        fine = @{ command = 'Get-EesztTestFine'; parameters = @{ Word = 'a' } }
        code = @{ command = 'Get-EesztTestCode'; parameters = @{} }
        strict = @{ command = 'Get-EesztTestStrict'; parameters = @{} }
    }
    return ConvertTo-EesztPlain (Invoke-EesztBounded $jobs $Seconds)
}

$results = [ordered]@{}
$table = ConvertTo-EesztPlain ([System.IO.File]::ReadAllText($Cases) | ConvertFrom-Json)
foreach ($name in @($table.Keys)) {
    $arguments = @{}
    foreach ($key in @($table[$name]['arguments'].Keys)) { $arguments[$key] = $table[$name]['arguments'][$key] }
    try { $results[$name] = @{ value = @(& $table[$name]['function'] @arguments) } }
    catch { $results[$name] = @{ error = "$($_.Exception.Message)`n$($_.ScriptStackTrace)" } }
}
ConvertTo-Json $results -Depth 12 -Compress
