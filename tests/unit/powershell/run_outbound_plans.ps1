# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Plans of the module win_outbound_firewall for a table of hosts, in one start of PowerShell.
# In: a folder of utils and a JSON file of {name: {...}}. Out: JSON of {name: {plan} or {error}}.

param([string]$Utils, [string]$Cases)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

. (Join-Path -Path $PSScriptRoot -ChildPath 'as_5_1.ps1')

foreach ($name in 'address_ranges', 'destination_names', 'firewall_match', 'firewall_verdict', 'outbound_obstacles', 'outbound_rules') {
    $block = [scriptblock]::Create([System.IO.File]::ReadAllText("$Utils/$name.psm1"))
    New-Module -Name $name -ScriptBlock $block | Import-Module -Scope Global -WarningAction SilentlyContinue
}

function ConvertTo-Dictionary {
    param($Object)
    $made = [ordered]@{}
    foreach ($each in $Object.PSObject.Properties) { $made[$each.Name] = $each.Value }
    return $made
}

function ConvertTo-Store {
    param([string]$Origin, $Profiles, $Rules)
    $settings = @{}
    foreach ($each in $Profiles.PSObject.Properties) { $settings[$each.Name] = ConvertTo-Dictionary $each.Value }
    return @{ origin = $Origin; profiles = $settings; rules = ConvertTo-Dictionary $Rules }
}

$results = [ordered]@{}
$table = [System.IO.File]::ReadAllText($Cases) | ConvertFrom-Json
foreach ($case in $table.PSObject.Properties) {
    $asked = $case.Value
    try {
        $wanted = $null
        if ($asked.state -eq 'present') { $wanted = New-EesztWantedRule $asked.ports @(Resolve-EesztDestinations $asked.destinations) $asked.group }
        $stores = @(
            ConvertTo-Store 'policy' $asked.policy.profiles $asked.policy.rules
            ConvertTo-Store 'mdm' $asked.management.profiles $asked.management.rules
            ConvertTo-Store 'local' $asked.profiles $asked.before
        )
        $plan = Get-EesztOutboundPlan $stores $wanted $asked.group $asked.always $asked.active 'C:\Windows'
        $results[$case.Name] = @{ plan = $plan; wanted = $wanted }
    }
    catch { $results[$case.Name] = @{ error = "$($_.Exception.Message)"; place = $_.ScriptStackTrace } }
}
ConvertTo-Json $results -Depth 12 -Compress
