# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# What is in force on the double, handed to its Linux side, which filters: see README.md of the stand-ins.

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$script:Local = 'SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy'
$script:Stores = @(
    @{ path = 'SOFTWARE\Policies\Microsoft\WindowsFirewall'; local = $false }
    @{ path = "$script:Local\Mdm"; local = $false }
    @{ path = $script:Local; local = $true }
)
$script:State = 'C:\eeszt-double\state'
$script:Seconds = 20

function Sync-NetFirewallDouble {
    # Hands over what the registry says now, and returns when it is in force.
    [CmdletBinding()]
    param()
    if (-not [System.IO.Directory]::Exists($script:State)) { return }
    $wanted = Get-InForce
    $path = "$script:State\firewall.json"
    $wanted['generation'] = 1
    if ([System.IO.File]::Exists($path)) {
        $wanted['generation'] = ([System.IO.File]::ReadAllText($path) | ConvertFrom-Json).generation + 1
    }
    $fresh = "$path.$([System.Guid]::NewGuid().ToString('N'))"
    [System.IO.File]::WriteAllText($fresh, (ConvertTo-Json $wanted -Depth 5))
    if ([System.IO.File]::Exists($path)) { [System.IO.File]::Replace($fresh, $path, [NullString]::Value) }
    else { [System.IO.File]::Move($fresh, $path) }
    Wait-Applied $wanted['generation']
}

function Wait-Applied {
    param([int]$Generation)
    $path = "$script:State\firewall.applied"
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    while ($clock.Elapsed.TotalSeconds -lt $script:Seconds) {
        $lines = @(if ([System.IO.File]::Exists($path)) { [System.IO.File]::ReadAllLines($path) })
        if ($lines.Count -gt 0 -and $lines[0] -eq "$Generation") {
            if ($lines.Count -gt 1 -and $lines[1] -ne '') { throw "The double's host could not apply its firewall: $($lines[1])" }
            return
        }
        [System.Threading.Thread]::Sleep(50)
    }
    throw "The double's host has not applied its firewall within $script:Seconds s."
}

function Get-InForce {
    # Of the profile Public, in the shape of firewall.json.
    $settings = @{ EnableFirewall = 1; DefaultOutboundAction = 0; AllowLocalPolicyMerge = 1 }
    foreach ($name in @($settings.Keys)) {
        foreach ($store in $script:Stores) {
            if ($name -eq 'AllowLocalPolicyMerge' -and $store.local) { continue }
            $value = [Microsoft.Win32.Registry]::GetValue("HKEY_LOCAL_MACHINE\$($store.path)\PublicProfile", $name, $null)
            if ($null -ne $value) { $settings[$name] = [int]$value; break }
        }
    }
    $rules = @(foreach ($store in $script:Stores) {
        if ($store.local -and $settings['AllowLocalPolicyMerge'] -eq 0) { continue }
        $key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey("$($store.path)\FirewallRules")
        if ($null -eq $key) { continue }
        try { foreach ($name in $key.GetValueNames()) { ConvertTo-Enforced $name (ConvertFrom-RuleText $key.GetValue($name)) } }
        finally { $key.Close() }
    })
    return [ordered]@{
        enabled = $settings['EnableFirewall'] -ne 0
        default_outbound = if ($settings['DefaultOutboundAction'] -eq 1) { 'block' } else { 'allow' }
        rules = $rules
    }
}

function ConvertTo-Enforced {
    # Nothing for a rule that does not act here, or that Linux cannot enforce.
    param([string]$Name, $Rule)
    $known = @(
        'Action', 'Active', 'Dir', 'Protocol', 'Profile', 'RPort', 'RPort2_10', 'RA4', 'RA6', 'Name', 'Desc', 'EmbedCtxt'
    )
    if (@($Rule.Keys | Where-Object { $known -notcontains $_ }).Count -gt 0) { return }
    foreach ($field in 'Action', 'Active', 'Dir') { if (-not $Rule.Contains($field)) { return } }
    if ($Rule['Active'][0] -ne 'TRUE' -or $Rule['Dir'][0] -ne 'Out') { return }
    if ($Rule.Contains('Profile') -and $Rule['Profile'] -notcontains 'Public') { return }
    $addresses = @(foreach ($field in 'RA4', 'RA6') { if ($Rule.Contains($field)) { $Rule[$field] } })
    if (@($addresses | Where-Object { $_ -notmatch '^[0-9a-fA-F:.]+([/-].*)?$' -or $_ -notmatch '[.:]' }).Count -gt 0) { return }
    $protocol = if ($Rule.Contains('Protocol')) { $Rule['Protocol'][0] } else { 'any' }
    [ordered]@{
        name = $Name
        action = $Rule['Action'][0].ToLowerInvariant()
        protocol = switch ($protocol) { '6' { 'tcp' } '17' { 'udp' } default { $_ } }
        remote_ports = @(foreach ($field in 'RPort', 'RPort2_10') { if ($Rule.Contains($field)) { $Rule[$field] } })
        remote_addresses = @($addresses | ForEach-Object { ConvertTo-Range $_ })
    }
}

function ConvertTo-Range {
    # "network/mask" as "first-last", which nft understands too.
    param([string]$Text)
    $network, $mask = $Text.Split('/')
    if ($null -eq $mask -or -not $mask.Contains('.')) { return $Text }
    $from = [System.Net.IPAddress]::Parse($network).GetAddressBytes()
    $bits = [System.Net.IPAddress]::Parse($mask).GetAddressBytes()
    $first = @(0..3 | ForEach-Object { $from[$_] -band $bits[$_] }) -join '.'
    $last = @(0..3 | ForEach-Object { ($from[$_] -band $bits[$_]) -bor (255 - $bits[$_]) }) -join '.'
    return "$first-$last"
}
