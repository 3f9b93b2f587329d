# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# What the Windows firewall would do to one new outbound connection, without sending it: blocking rules win over allowing
# ones, then comes the profile's default. Where a rule or the profile cannot be told, the answer holds all that may happen.

#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.firewall_match

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztVerdict {
    # A row of the observation's `outbound`. $Policy: that of ConvertTo-EesztFirewallPolicy; $Profiles: names of those
    # that may be in force (each connection has the one of its network); $Address: System.Net.IPAddress or null.
    param($Policy, [string[]]$Profiles, [int]$Port, $Address, [string]$Windows)
    $ends = @(foreach ($name in $Profiles) {
        $connection = @{ port = $Port; address = $Address; profile = $name; windows = $Windows }
        Get-EesztProfileEnds $Policy.profiles[$name] $Policy.rules $connection
    })
    $verdicts = @($ends | ForEach-Object { $_.verdict } | Select-Object -Unique)
    $row = [ordered]@{
        port = $Port
        address = if ($null -eq $Address) { $null } else { $Address.ToString() }
        verdict = 'depends'
        by = ''
        explicit = @($ends | Where-Object { $_.explicit }).Count -gt 0
    }
    if ($verdicts.Count -eq 1) {
        $sure = @($ends | Where-Object { $_.certain })
        $row.verdict = $verdicts[0]
        $row.by = @($sure | ForEach-Object { $_.by } | Select-Object -Unique) -join '; '
        $row.explicit = @($sure | Where-Object { -not $_.explicit }).Count -eq 0
    }
    else {
        $row.by = @($ends | ForEach-Object { "$($_.verdict) by $($_.by)" } | Select-Object -Unique) -join ' or '
    }
    return $row
}

function Get-EesztProfileEnds {
    # Where the roads end under one profile: verdict, by, explicit, certain. The last one is certain.
    param($Settings, $Rules, $Connection)
    $label = $Connection.profile.ToLowerInvariant()
    if (-not $Settings.enabled) { return New-EesztEnd 'accept' "EnableFirewall=0 of the $label profile" $false $true }
    $inForce = @($Rules | Where-Object { $_.policy -or $Settings.merge })
    # An authenticated bypass goes before a blocking rule, but only under IPsec, which cannot be told.
    foreach ($step in @('ByPass', 'accept'), @('Block', 'drop'), @('Allow', 'accept')) {
        foreach ($each in $inForce) {
            if (@(Get-EesztRuleValues $each.rule 'Action') -notcontains $step[0]) { continue }
            $truth = Test-EesztRule $each.rule $Connection
            if ($truth -eq $false) { continue }
            $certain = $truth -eq $true -and $step[0] -ne 'ByPass'
            New-EesztEnd $step[1] (Get-EesztRuleName $each.rule) (Test-EesztRuleExplicit $each.rule) $certain
            if ($certain) { return }
        }
    }
    $verdict = if ($Settings.block) { 'drop' } else { 'accept' }
    New-EesztEnd $verdict "DefaultOutboundAction of the $label profile" $false $true
}

function New-EesztEnd {
    param([string]$Verdict, [string]$By, [bool]$Explicit, [bool]$Certain)
    return @{ verdict = $Verdict; by = $By; explicit = $Explicit; certain = $Certain }
}

function Get-EesztRuleName {
    # Its name, or its id where the name is only a reference to a translated text.
    param($Rule)
    $names = @(Get-EesztRuleValues $Rule 'Name')
    if ($names.Count -gt 0 -and $names[0] -ne '' -and -not $names[0].StartsWith('@')) { return "rule $($names[0])" }
    return "rule $($Rule.id)"
}

function ConvertTo-EesztFirewallPolicy {
    # profiles: name -> enabled, block (the default for outbound), merge; rules: rule and policy (from group policy or
    # MDM). Each $Store: origin, profiles (name -> values), rules (id -> text), the one that wins first.
    param($Stores)
    $profiles = [ordered]@{}
    foreach ($name in 'Domain', 'Private', 'Public') {
        $settings = @($Stores | ForEach-Object { $_.profiles[$name] })
        $profiles[$name] = @{
            enabled = (Select-EesztFirst $settings 'EnableFirewall' 1) -ne 0
            block = (Select-EesztFirst $settings 'DefaultOutboundAction' 0) -eq 1
            merge = (Select-EesztFirst $settings 'AllowLocalPolicyMerge' 1) -ne 0
        }
    }
    $rules = @(foreach ($store in $Stores) {
        foreach ($id in @($store.rules.Keys)) {
            $text = "$($store.rules[$id])"
            # A terminal server has thousands, most of them of packaged apps, for inbound traffic, of another protocol or
            # asleep: not worth taking apart.
            if ($text -notlike '*|Dir=Out|*' -or $text -notlike '*|Active=TRUE|*') { continue }
            if ($text -match '\|(AppPkgId|PFN)=|\|Protocol=(?!(6|256)\|)') { continue }
            @{ rule = ConvertFrom-EesztFirewallRule $id $text; policy = $store.origin -ne 'local' }
        }
    })
    return @{ profiles = $profiles; rules = $rules }
}

function Select-EesztFirst {
    param($Dictionaries, [string]$Name, $Default)
    foreach ($each in $Dictionaries) {
        if ($each.Contains($Name)) { return $each[$Name] }
    }
    return $Default
}

function Get-EesztDenyingProfiles {
    # Profiles that deny by default, in the words of the observation's `chains`.
    param($Policy)
    foreach ($name in 'Domain', 'Private', 'Public') {
        $settings = $Policy.profiles[$name]
        if ($settings.enabled -and $settings.block) {
            [ordered]@{ family = ''; table = ''; name = $name.ToLowerInvariant(); policy = 'drop' }
        }
    }
}

function Get-EesztOwnedRules {
    # Rules of our group among those of a store (id -> text), active or not.
    param($Rules)
    $widest = 1024
    foreach ($id in @($Rules.Keys)) {
        $text = "$($Rules[$id])"
        if ($text -notlike '*|EmbedCtxt=eeszt.connect|*') { continue }
        $rule = ConvertFrom-EesztFirewallRule $id $text
        $ports = @(foreach ($range in @(Get-EesztRuleValues $rule 'RPort', 'RPort2_10')) {
            $bounds = ConvertTo-EesztPortRange $range
            if ($null -ne $bounds -and $bounds.last - $bounds.first -lt $widest) { $bounds.first..$bounds.last }
        })
        [ordered]@{
            family = ''
            table = ''
            chain = ''
            handle = 0
            kind = 'rule'
            ports = $ports
            destinations = @(Get-EesztRuleValues $rule 'RA4', 'RA6')
            name = $id
        }
    }
}

Export-ModuleMember -Function Get-EesztVerdict, ConvertTo-EesztFirewallPolicy, Get-EesztDenyingProfiles, Get-EesztOwnedRules
