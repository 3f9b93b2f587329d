# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# What is to be done so that TCP ports are open outbound: one rule of ours for all of them, where the host closes any.
# Pure functions: the registry's texts in, a plan out.

#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.address_ranges
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.firewall_match
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.firewall_verdict
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.outbound_obstacles

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztOutboundPlan {
    # $Stores: of Get-EesztFirewallStores. $Wanted: of New-EesztWantedRule, or null to take ours away. $Active: profiles
    # that may be in force. Gives failure ('' for none), warnings, decided (without our rules), before, after and actions:
    # do (create, set, remove) and the rule's name.
    param($Stores, $Wanted, [string]$Group, [bool]$Always, [string[]]$Active, [string]$Windows)
    $name = if ($null -eq $Wanted) { '' } else { $Wanted.name }
    $before = @(Get-EesztOwnRules $Stores $Group $name)
    $plan = @{ failure = ''; warnings = @(); decided = @(); before = $before; after = $before; actions = @() }
    if ($null -eq $Wanted) {
        $plan.after = @()
        $plan.actions = @($before | ForEach-Object { @{ do = 'remove'; name = $_.name } })
        return $plan
    }
    $foreign = @(Select-EesztForeignRules $Stores @($before | ForEach-Object { $_.name }))
    $found = Get-EesztObstacles $foreign $Wanted $Active $Windows
    $plan.failure = $found.failure
    $plan.warnings = @($found.warnings)
    $plan.decided = @($found.decided)
    # A rule of ours that somebody made a blocking one closes what is open.
    $harmful = @($before | Where-Object { $_.enabled -and $_.action -ne 'allow' }).Count -gt 0
    if ($plan.failure -ne '' -or -not ($Always -or $found.closed -or $harmful)) { return $plan }
    $plan.after = @($Wanted)
    $plan.actions = @(Get-EesztRuleActions $before $Wanted)
    return $plan
}

function Get-EesztRuleActions {
    param($Before, $Wanted)
    foreach ($rule in $Before) {
        if ($rule.name -ne $Wanted.name) { @{ do = 'remove'; name = $rule.name } }
    }
    $same = @($Before | Where-Object { $_.name -eq $Wanted.name })
    if ($same.Count -eq 0) { return @{ do = 'create'; name = $Wanted.name } }
    $differs = @(Get-EesztRuleDifferences $same[0] $Wanted)
    # Set-NetFirewallRule cannot change a group, and what binds a rule has a dozen parameters: such a rule is made anew.
    if (@($differs | Where-Object { @('group', 'direction', 'conditions') -contains $_ }).Count -gt 0) {
        @{ do = 'remove'; name = $Wanted.name }
        @{ do = 'create'; name = $Wanted.name }
    }
    elseif ($differs.Count -gt 0) { @{ do = 'set'; name = $Wanted.name } }
}

function Get-EesztRuleDifferences {
    # Names of what differs.
    param($Rule, $Wanted)
    foreach ($key in $Wanted.Keys) {
        if ((@($Rule[$key]) -join '|') -cne (@($Wanted[$key]) -join '|')) { $key }
    }
}

function New-EesztWantedRule {
    # In the form of ConvertTo-EesztOwnRule. Throws ArgumentException for a port or destination that is none.
    param([int[]]$Ports, [string[]]$Destinations, [string]$Group)
    foreach ($port in $Ports) {
        if ($port -lt 1 -or $port -gt 65535) { throw [System.ArgumentException]"$port is no TCP port (1 to 65535)." }
    }
    foreach ($each in $Destinations) {
        if ($null -eq (ConvertTo-EesztAddressRange $each)) {
            throw [System.ArgumentException]"'$each' is no IPv4 or IPv6 address, network, range or name with a point."
        }
    }
    return [ordered]@{
        name = "$Group-out"
        display_name = "$Group outbound"
        group = $Group
        enabled = $true
        direction = 'out'
        action = 'allow'
        protocol = '6'
        profiles = @('domain', 'private', 'public')
        ports = @(Format-EesztPorts $Ports)
        destinations = @(Format-EesztDestinations $Destinations)
        conditions = @()
    }
}

function Get-EesztOwnRules {
    # Rules of the host that have our group, or our name; one that Windows itself cannot read is not there.
    param($Stores, [string]$Group, [string]$Name)
    foreach ($store in $Stores) {
        if ($store.origin -ne 'local') { continue }
        foreach ($id in @($store.rules.Keys)) {
            $text = "$($store.rules[$id])"
            $named = $text.IndexOf("|EmbedCtxt=$Group|", [System.StringComparison]::OrdinalIgnoreCase) -ge 0
            if (-not $named -and $id -ne $Name) { continue }
            $rule = ConvertTo-EesztOwnRule $id $text
            if ($null -ne $rule.action -and $null -ne $rule.direction) { $rule }
        }
    }
}

function Select-EesztForeignRules {
    # A terminal server has thousands of rules: what is for apps of the store or not for TCP is left out by its text.
    param($Stores, [string[]]$Ids)
    foreach ($store in $Stores) {
        $rules = [ordered]@{}
        foreach ($id in @($store.rules.Keys)) {
            if ($store.origin -eq 'local' -and $Ids -contains $id) { continue }
            $text = "$($store.rules[$id])"
            if ($text -notmatch '\|(AppPkgId=|PFN=|Protocol=(?!6\|)\d)') { $rules[$id] = $text }
        }
        @{ origin = $store.origin; profiles = $store.profiles; rules = $rules }
    }
}

function ConvertTo-EesztOwnRule {
    # conditions: what narrows a rule beyond ports and addresses.
    param([string]$Id, [string]$Text)
    $rule = ConvertFrom-EesztFirewallRule $Id $Text
    $plain = @(
        'Action', 'Active', 'Dir', 'Protocol', 'Profile', 'RPort', 'RPort2_10', 'RA4', 'RA6', 'Name', 'EmbedCtxt',
        'Desc', 'Edge', 'Defer', 'LSM', 'LOM', 'PCross'
    )
    $profiles = @(Get-EesztRuleValues $rule 'Profile' | ForEach-Object { $_.ToLowerInvariant() } | Sort-Object -Unique)
    return [ordered]@{
        name = $Id
        display_name = Get-EesztRuleText $rule 'Name'
        group = Get-EesztRuleText $rule 'EmbedCtxt'
        enabled = (Get-EesztRuleText $rule 'Active') -eq 'TRUE'
        direction = Get-EesztRuleText $rule 'Dir' -Lower
        action = Get-EesztRuleText $rule 'Action' -Lower
        protocol = Get-EesztRuleText $rule 'Protocol'
        profiles = if ($profiles.Count -eq 0) { @('domain', 'private', 'public') } else { $profiles }
        ports = @(Format-EesztPorts @(Get-EesztRuleValues $rule 'RPort', 'RPort2_10'))
        destinations = @(Format-EesztDestinations @(Get-EesztRuleValues $rule 'RA4', 'RA6'))
        conditions = @(foreach ($name in @($rule.fields.Keys | Where-Object { $plain -notcontains $_ } | Sort-Object)) {
            foreach ($value in $rule.fields[$name]) { "$name=$value" }
        })
    }
}

function Get-EesztRuleText {
    param($Rule, [string]$Name, [switch]$Lower)
    $values = @(Get-EesztRuleValues $Rule $Name)
    if ($values.Count -eq 0) { return $null }
    if ($Lower) { return $values[0].ToLowerInvariant() }
    return $values[0]
}

function Format-EesztPorts {
    # Each once, in order; a keyword of Windows stays what it is.
    param($Values)
    $texts = @($Values | ForEach-Object { "$_" } | Select-Object -Unique)
    return @($texts | Sort-Object { if ($_ -match '^(\d+)') { [int]$Matches[1] } else { 65536 } }, { $_ })
}

function Format-EesztDestinations {
    # Ranges in order, merged, so that all ways to write them compare; a keyword of Windows stays what it is.
    param($Values)
    $ranges = @()
    $words = @()
    foreach ($each in $Values) {
        $range = ConvertTo-EesztAddressRange $each
        if ($null -eq $range) { $words += $each } else { $ranges += $range }
    }
    foreach ($range in (Merge-EesztAddressRanges $ranges)) { Format-EesztAddressRange $range }
    $words | Sort-Object -Unique
}

Export-ModuleMember -Function Get-EesztOutboundPlan, New-EesztWantedRule, ConvertTo-EesztOwnRule, Get-EesztRuleDifferences
