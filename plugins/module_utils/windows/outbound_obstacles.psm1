# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# What stands between a host and the ports that are to be open outbound, and what of it no rule of ours can overcome:
# in Windows a block wins over every allow, and a policy may let no rule of the host count.

#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.address_ranges
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.firewall_match
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.firewall_verdict

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztObstacles {
    # $Stores without our rules. Gives closed (a default closes a port in some profile), decided (a row a port and
    # destination, over the profiles that may be in force), failure and warnings.
    param($Stores, $Wanted, [string[]]$Active, [string]$Windows)
    $policy = ConvertTo-EesztFirewallPolicy $Stores
    # What is bound to a program is no certain obstacle, and most rules of Windows are.
    $unbound = @{ profiles = $policy.profiles }
    $unbound.rules = @($policy.rules | Where-Object { @(Get-EesztRuleValues $_.rule 'App', 'Svc').Count -eq 0 })
    $seen = @{ closed = $false; blocks = @{}; unmerged = @{} }
    $decided = @(foreach ($port in $Wanted.ports) {
        foreach ($address in (Get-EesztSampleAddresses $Wanted.destinations)) {
            foreach ($name in @($policy.profiles.Keys)) {
                $connection = @{ port = [int]$port; address = $address; profile = $name; windows = $Windows }
                Add-EesztObstacles $seen $unbound $connection $Active
            }
            Get-EesztVerdict $policy $Active ([int]$port) $address $Windows
        }
    })
    $sentences = @(foreach ($id in @($seen.blocks.Keys | Sort-Object)) { Format-EesztBlock $Stores $id $seen.blocks[$id] })
    $sentences += @(foreach ($name in @($seen.unmerged.Keys | Sort-Object)) {
        Format-EesztUnmerged $Stores $name $seen.unmerged[$name] $Wanted.ports
    })
    return @{
        closed = $seen.closed
        decided = $decided
        failure = @($sentences | Where-Object { $_.active } | ForEach-Object { $_.text }) -join ' '
        warnings = @($sentences | Where-Object { -not $_.active } | ForEach-Object { $_.text })
    }
}

function Get-EesztSampleAddresses {
    # First and last address of each destination; one null, for any, where there are none.
    param([string[]]$Destinations)
    if ($Destinations.Count -eq 0) { return , @($null) }
    foreach ($text in $Destinations) {
        foreach ($end in @($text.Split('-') | Select-Object -Unique)) { [System.Net.IPAddress]::Parse($end) }
    }
}

function Add-EesztObstacles {
    param($Seen, $Policy, $Connection, [string[]]$Active)
    $settings = $Policy.profiles[$Connection.profile]
    if (-not $settings.enabled) { return }
    $allowed = $false
    foreach ($each in $Policy.rules) {
        if (-not $each.policy -and -not $settings.merge) { continue }
        if ((Test-EesztRule $each.rule $Connection) -ne $true) { continue }
        $action = @(Get-EesztRuleValues $each.rule 'Action')
        if ($action -contains 'Allow') { $allowed = $true }
        if ($action -contains 'Block') { Add-EesztSeen $Seen.blocks $each.rule.id $Connection $Active }
    }
    if ($allowed -or -not $settings.block) { return }
    $Seen.closed = $true
    if (-not $settings.merge) { Add-EesztSeen $Seen.unmerged $Connection.profile $Connection $Active }
}

function Add-EesztSeen {
    param($Table, [string]$Key, $Connection, [string[]]$Active)
    if (-not $Table.ContainsKey($Key)) { $Table[$Key] = @{ ports = @(); profiles = @(); active = $false } }
    $entry = $Table[$Key]
    if ($entry.ports -notcontains $Connection.port) { $entry.ports += $Connection.port }
    if ($entry.profiles -notcontains $Connection.profile) { $entry.profiles += $Connection.profile }
    if ($Active -contains $Connection.profile) { $entry.active = $true }
}

function Format-EesztBlock {
    param($Stores, [string]$Id, $Seen)
    $store = @($Stores | Where-Object { $_.rules.Contains($Id) })[0]
    $rule = ConvertFrom-EesztFirewallRule $Id "$($store.rules[$Id])"
    $name = "$(@(Get-EesztRuleValues $rule 'Name') | Select-Object -First 1)"
    $shown = if ($name -eq '' -or $name.StartsWith('@')) { "rule $Id" } else { "rule $name ($Id)" }
    $what = "blocks TCP $($Seen.ports -join ', ') outbound, and in Windows a block wins over every allow"
    $text = switch ($store.origin) {
        'local' { "This host's $shown $what. Ask who set it, have it taken away or disabled, and run again." }
        'policy' { "Group policy's $shown $what. It has to be changed in that policy; this host cannot." }
        default { "The device management's $shown $what. It has to be changed there; this host cannot." }
    }
    return @{ active = $Seen.active; text = $text }
}

function Format-EesztUnmerged {
    param($Stores, [string]$Name, $Seen, $Ports)
    $store = @($Stores | Where-Object { $_.profiles[$Name].Contains('AllowLocalPolicyMerge') })[0]
    $who, $where = switch ($store.origin) {
        'policy' { 'Group policy', 'SOFTWARE\Policies\Microsoft\WindowsFirewall' }
        default { 'Device management', 'SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\Mdm' }
    }
    $text = "$who lets no rule of this host count in the $($Name.ToLowerInvariant()) profile (AllowLocalPolicyMerge=0 " +
        "under HKLM\$where), and TCP $($Seen.ports -join ', ') is closed there. Allow TCP $($Ports -join ', ') outbound in that " +
        'policy, or have it let local rules count, and run again.'
    return @{ active = $Seen.active; text = $text }
}

Export-ModuleMember -Function Get-EesztObstacles
