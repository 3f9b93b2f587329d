# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# A rule as the registry keeps it ([MS-GPFAS] 2.2.2.19), taken apart and put together again: an ordered dictionary of
# the grammar's names, each with a list of values.

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$script:Order = @(
    'Action', 'Active', 'Dir', 'Protocol', 'Profile', 'LPort', 'LPort2_10', 'RPort', 'RPort2_10', 'LA4', 'RA4', 'LA6', 'RA6',
    'IFType', 'App', 'Svc', 'LUAuth', 'Name', 'Desc', 'EmbedCtxt'
)

function ConvertFrom-RuleText {
    param([string]$Text)
    $rule = [ordered]@{}
    foreach ($field in @($Text.Split('|') | Select-Object -Skip 1)) {
        $place = $field.IndexOf('=')
        if ($place -lt 1) { continue }
        $name = $field.Substring(0, $place)
        if (-not $rule.Contains($name)) { $rule[$name] = @() }
        $rule[$name] += $field.Substring($place + 1)
    }
    return $rule
}

function ConvertTo-RuleText {
    # In the order that Windows writes; names it does not know here go to the end.
    param($Rule)
    $names = @($script:Order | Where-Object { $Rule.Contains($_) }) + @($Rule.Keys | Where-Object { $script:Order -notcontains $_ })
    $fields = @(foreach ($name in $names) { foreach ($value in $Rule[$name]) { "$name=$value" } })
    return "v2.30|$($fields -join '|')|"
}

function Set-RuleField {
    # Takes the words of the cmdlets' parameters; Any takes the field away. ArgumentException for what Windows refuses.
    param($Rule, [string]$Parameter, $Value)
    switch ($Parameter) {
        'DisplayName' { $Rule['Name'] = @("$Value") }
        'NewDisplayName' { $Rule['Name'] = @("$Value") }
        'Description' { $Rule['Desc'] = @("$Value") }
        'Group' { $Rule['EmbedCtxt'] = @("$Value") }
        'Enabled' { $Rule['Active'] = @(if ("$Value" -eq 'True') { 'TRUE' } else { 'FALSE' }) }
        'Direction' { $Rule['Dir'] = @(if ($Value -eq 'Outbound') { 'Out' } else { 'In' }) }
        'Action' { $Rule['Action'] = @($(if ($Value -eq 'Block') { 'Block' } else { 'Allow' })) }
        'Protocol' { Set-OrRemove $Rule 'Protocol' @(ConvertTo-ProtocolNumber "$Value") }
        'Profile' { Set-OrRemove $Rule 'Profile' @("$($Value -join ',')".Split(',') | ForEach-Object { $_.Trim() } | Where-Object { $_ -ne 'Any' -and $_ -ne '' }) }
        'RemotePort' { Set-Ports $Rule 'RPort' @($Value) }
        'LocalPort' { Set-Ports $Rule 'LPort' @($Value) }
        'RemoteAddress' { Set-Addresses $Rule 'RA' @($Value) }
        'LocalAddress' { Set-Addresses $Rule 'LA' @($Value) }
        'Program' { Set-OrRemove $Rule 'App' @($Value | Where-Object { $_ -ne 'Any' }) }
        'Service' { Set-OrRemove $Rule 'Svc' @($Value | ForEach-Object { if ($_ -eq 'Any') { } else { $_ } }) }
        'LocalUser' { Set-OrRemove $Rule 'LUAuth' @($Value | Where-Object { $_ -ne 'Any' }) }
        'InterfaceType' { Set-OrRemove $Rule 'IFType' @($Value | Where-Object { $_ -ne 'Any' } | ForEach-Object { if ($_ -eq 'Wired') { 'Lan' } else { $_ } }) }
    }
}

function Set-OrRemove {
    param($Rule, [string]$Name, $Values)
    $Rule.Remove($Name)
    if (@($Values).Count -gt 0) { $Rule[$Name] = @($Values) }
}

function ConvertTo-ProtocolNumber {
    param([string]$Word)
    switch ($Word) {
        'Any' { return }
        'TCP' { return '6' }
        'UDP' { return '17' }
        default {
            if ($Word -notmatch '^\d{1,3}$' -or [int]$Word -gt 255) { throw [System.ArgumentException]'The protocol is invalid.' }
            return $Word
        }
    }
}

function Set-Ports {
    param($Rule, [string]$Name, $Values)
    $Rule.Remove($Name)
    $Rule.Remove("${Name}2_10")
    $given = @($Values | ForEach-Object { "$_".Split(',') } | ForEach-Object { $_.Trim() } | Where-Object { $_ -ne 'Any' })
    if ($given.Count -eq 0) { return }
    if (-not $Rule.Contains('Protocol') -or @('6', '17') -notcontains $Rule['Protocol'][0]) {
        throw [System.ArgumentException]'Ports need the protocol TCP or UDP.'
    }
    foreach ($port in $given) {
        if ($port -notmatch '^(\d{1,5})(-(\d{1,5}))?$' -or [int]$Matches[1] -gt 65535) { throw [System.ArgumentException]'The port is invalid.' }
    }
    Set-OrRemove $Rule $Name @($given | Where-Object { -not $_.Contains('-') })
    Set-OrRemove $Rule "${Name}2_10" @($given | Where-Object { $_.Contains('-') })
}

function Set-Addresses {
    param($Rule, [string]$Prefix, $Values)
    $Rule.Remove("${Prefix}4")
    $Rule.Remove("${Prefix}6")
    $given = @($Values | ForEach-Object { "$_".Trim() } | Where-Object { $_ -ne 'Any' })
    $words = 'LocalSubnet', 'DNS', 'DHCP', 'WINS', 'DefaultGateway'
    $four = @($given | Where-Object { $words -contains $_ -or -not $_.Contains(':') } | ForEach-Object { ConvertTo-RegistryAddress $_ $words })
    $six = @($given | Where-Object { $words -contains $_ -or $_.Contains(':') } | ForEach-Object { ConvertTo-RegistryAddress $_ $words })
    Set-OrRemove $Rule "${Prefix}4" $four
    Set-OrRemove $Rule "${Prefix}6" $six
}

function ConvertTo-RegistryAddress {
    # IPv4 networks get a mask, as Windows keeps them.
    param([string]$Text, $Words)
    if ($Words -contains $Text) { return $Text }
    $network, $length = $Text.Split('/')
    foreach ($address in $network.Split('-')) {
        $parsed = $null
        if (-not [System.Net.IPAddress]::TryParse($address, [ref]$parsed) -or (-not $address.Contains(':') -and $address.Split('.').Count -ne 4)) {
            throw [System.ArgumentException]'The address is invalid. Addresses may be specified as IP addresses, ranges, or subnets.'
        }
    }
    if ($null -eq $length -or $network.Contains(':') -or $length.Contains('.')) { return $Text }
    if ($length -notmatch '^\d{1,2}$' -or [int]$length -lt 1 -or [int]$length -gt 32) { throw [System.ArgumentException]'The address is invalid.' }
    $bits = [uint32]([System.Math]::Pow(2, 32) - [System.Math]::Pow(2, 32 - [int]$length))
    $mask = @(24, 16, 8, 0 | ForEach-Object { ($bits -shr $_) -band 255 }) -join '.'
    return "$network/$mask"
}

function ConvertTo-RuleObject {
    # What Get-NetFirewallRule shows.
    param([string]$Name, $Rule, [string]$Source, [string]$SourceType)
    $value = { param($field) if ($Rule.Contains($field)) { $Rule[$field][0] } else { $null } }
    $profiles = if ($Rule.Contains('Profile')) { $Rule['Profile'] -join ', ' } else { 'Any' }
    $object = [pscustomobject][ordered]@{
        Name = $Name
        InstanceID = $Name
        DisplayName = & $value 'Name'
        Description = & $value 'Desc'
        DisplayGroup = & $value 'EmbedCtxt'
        Group = & $value 'EmbedCtxt'
        Enabled = if ((& $value 'Active') -eq 'TRUE') { 'True' } else { 'False' }
        Profile = $profiles
        Direction = if ((& $value 'Dir') -eq 'Out') { 'Outbound' } else { 'Inbound' }
        Action = & $value 'Action'
        PrimaryStatus = 'OK'
        PolicyStoreSource = $Source
        PolicyStoreSourceType = $SourceType
    }
    $object.PSObject.TypeNames.Insert(0, 'Microsoft.Management.Infrastructure.CimInstance#root/standardcimv2/MSFT_NetFirewallRule')
    return $object
}
