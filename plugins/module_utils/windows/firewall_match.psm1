# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Three-valued matching of a Windows firewall rule ([MS-GPFAS] 2.2.2.19) against one new outbound TCP connection.
#
# $true and $false are certain; $null means that the probe cannot tell, and the judgement must then say so. What is not
# known here (users, interfaces, IPsec, keywords for addresses) is $null by design, never a guess.

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function ConvertFrom-EesztFirewallRule {
    # "v2.30|Action=Allow|RPort=443|...|" to id and fields (name -> values: a name may come more than once).
    param([string]$Id, [string]$Text)
    $fields = @{}
    foreach ($token in $Text.Split('|')) {
        $at = $token.IndexOf('=')
        if ($at -lt 1) { continue }
        $name = $token.Substring(0, $at)
        if (-not $fields.ContainsKey($name)) { $fields[$name] = @() }
        $fields[$name] += $token.Substring($at + 1)
    }
    return [ordered]@{ id = $Id; fields = $fields }
}

function Get-EesztRuleValues {
    # The values of some of a rule's fields, in one list.
    param($Rule, [string[]]$Names)
    foreach ($name in $Names) {
        if ($Rule.fields.ContainsKey($name)) { $Rule.fields[$name] }
    }
}

function Test-EesztRule {
    # Whether a rule takes the connection: port, address (System.Net.IPAddress; null: any), profile (Domain, Private,
    # Public), and the folder of Windows in `windows`.
    param($Rule, $Connection)
    # What does not depend on the port and the address is asked once: servers have hundreds of rules.
    if (-not $Rule.Contains('constant')) { $Rule['constant'] = Get-EesztRuleConstant $Rule $Connection.windows }
    $truth = $Rule['constant']
    if ($truth -eq $false) { return $false }
    if (-not (Test-EesztRuleProfile $Rule $Connection.profile)) { return $false }
    foreach ($each in (Test-EesztRulePort $Rule $Connection.port), (Test-EesztRuleAddress $Rule $Connection.address)) {
        if ($each -eq $false) { return $false }
        if ($null -eq $each) { $truth = $null }
    }
    return $truth
}

function Get-EesztRuleConstant {
    # The part of a rule's truth that is the same for every connection of ours.
    param($Rule, [string]$Windows)
    if (-not (Test-EesztRuleProtocol $Rule)) { return $false }
    $truths = @((Test-EesztRuleProgram $Rule $Windows), (Test-EesztRuleLocalPort $Rule), (Test-EesztRuleRest $Rule))
    if ($truths -contains $false) { return $false }
    if ($truths -contains $null) { return $null }
    return $true
}

function Test-EesztRuleExplicit {
    # Whether a rule speaks of certain ports or addresses.
    param($Rule)
    return @(Get-EesztRuleValues $Rule 'RPort', 'RPort2_10', 'RA4', 'RA6', 'RA42', 'RA62').Count -gt 0
}

function Test-EesztRuleProfile {
    param($Rule, [string]$Current)
    $profiles = @(Get-EesztRuleValues $Rule 'Profile')
    return $profiles.Count -eq 0 -or $profiles -contains $Current
}

function Test-EesztRuleProtocol {
    param($Rule)
    $protocols = @(Get-EesztRuleValues $Rule 'Protocol')
    return $protocols.Count -eq 0 -or $protocols -contains '6' -or $protocols -contains '256'
}

function Test-EesztRulePort {
    param($Rule, [int]$Port)
    $texts = @(Get-EesztRuleValues $Rule 'RPort', 'RPort2_10')
    if ($texts.Count -eq 0) { return $true }
    $found = $false
    foreach ($text in $texts) {
        $bounds = ConvertTo-EesztPortRange $text
        if ($null -eq $bounds) { $found = $null }
        elseif ($bounds.first -le $Port -and $Port -le $bounds.last) { return $true }
    }
    return $found
}

function Test-EesztRuleLocalPort {
    # The connection's own port is one of the dynamic ones (RFC 6335; what Windows takes unless it is told otherwise).
    param($Rule)
    $texts = @(Get-EesztRuleValues $Rule 'LPort', 'LPort2_10', 'LPort2_20', 'LPort2_24')
    if ($texts.Count -eq 0) { return $true }
    $found = $false
    foreach ($text in $texts) {
        $bounds = ConvertTo-EesztPortRange $text
        if ($null -eq $bounds) { $found = $null }
        elseif ($bounds.first -le 49152 -and 65535 -le $bounds.last) { return $true }
        elseif ($bounds.last -ge 49152) { $found = $null }
    }
    return $found
}

function ConvertTo-EesztPortRange {
    # "443" or "8000-8010"; null for a keyword, such as IPHTTPSOut.
    param([string]$Text)
    if ($Text -notmatch '^(\d{1,5})(?:-(\d{1,5}))?$') { return $null }
    $last = if ($Matches.ContainsKey(2)) { $Matches[2] } else { $Matches[1] }
    return @{ first = [int]$Matches[1]; last = [int]$last }
}

function Test-EesztRuleAddress {
    # Without any address every one is meant, of both versions; with some, none but these.
    param($Rule, $Address)
    $texts = @(Get-EesztRuleValues $Rule 'RA4', 'RA6', 'RA42', 'RA62')
    if ($texts.Count -eq 0) { return $true }
    $found = $false
    foreach ($text in $texts) {
        $truth = Test-EesztAddress $text $Address
        if ($truth -eq $true) { return $true }
        if ($null -eq $truth) { $found = $null }
    }
    return $found
}

function Test-EesztAddress {
    # An address, a range or a subnet (with a mask or a length) against one address; $null: a keyword, or no address.
    param([string]$Text, $Address)
    $span = ConvertTo-EesztAddressSpan $Text
    if ($null -eq $span -or $null -eq $Address) { return $null }
    $bytes = $Address.GetAddressBytes()
    if ($bytes.Length -ne $span.first.Length) { return $false }
    return (Compare-EesztBytes $span.first $bytes) -le 0 -and (Compare-EesztBytes $bytes $span.last) -le 0
}

function ConvertTo-EesztAddressSpan {
    # First and last address as bytes, or null.
    param([string]$Text)
    $first, $last = $Text, $Text
    $length = $null
    if ($Text.Contains('/')) { $first, $length = $Text.Split('/') }
    elseif ($Text.Contains('-')) { $first, $last = $Text.Split('-') }
    $low, $high, $mask = $null, $null, $null
    if (-not [System.Net.IPAddress]::TryParse($first, [ref]$low)) { return $null }
    $lowBytes = $low.GetAddressBytes()
    if ($null -eq $length) {
        if (-not [System.Net.IPAddress]::TryParse($last, [ref]$high)) { return $null }
        return @{ first = $lowBytes; last = $high.GetAddressBytes() }
    }
    if ($length -match '^\d{1,3}$') { $maskBytes = New-EesztMask ([int]$length) $lowBytes.Length }
    elseif ([System.Net.IPAddress]::TryParse($length, [ref]$mask)) { $maskBytes = $mask.GetAddressBytes() }
    else { return $null }
    if ($maskBytes.Length -ne $lowBytes.Length) { return $null }
    $from, $to = $lowBytes.Clone(), $lowBytes.Clone()
    for ($index = 0; $index -lt $lowBytes.Length; $index++) {
        $from[$index] = $lowBytes[$index] -band $maskBytes[$index]
        $to[$index] = $lowBytes[$index] -bor (255 - $maskBytes[$index])
    }
    return @{ first = $from; last = $to }
}

function New-EesztMask {
    param([int]$Length, [int]$Bytes)
    $mask = [byte[]]::new($Bytes)
    for ($index = 0; $index -lt $Bytes; $index++) {
        $bits = [System.Math]::Max(0, [System.Math]::Min(8, $Length - 8 * $index))
        $mask[$index] = 256 - [System.Math]::Pow(2, 8 - $bits)
    }
    return , $mask
}

function Compare-EesztBytes {
    param([byte[]]$Left, [byte[]]$Right)
    for ($index = 0; $index -lt $Left.Length; $index++) {
        if ($Left[$index] -ne $Right[$index]) { return [int]$Left[$index] - [int]$Right[$index] }
    }
    return 0
}

function Test-EesztRuleProgram {
    # The connection is that of some program for EESZT: no part of Windows and no packaged app, which have rules of their
    # own by the hundred. Which program it is, is not known.
    param($Rule, [string]$Windows)
    if (@(Get-EesztRuleValues $Rule 'AppPkgId', 'PFN').Count -gt 0) { return $false }
    $programs = @(Get-EesztRuleValues $Rule 'App')
    foreach ($program in $programs) {
        $path = $program -replace '^%(SystemRoot|windir)%', $Windows.Replace('$', '$$')
        if ($path -eq 'System' -or $path.StartsWith("$Windows\", [System.StringComparison]::OrdinalIgnoreCase)) { return $false }
    }
    if ($programs.Count -gt 0 -or @(Get-EesztRuleValues $Rule 'Svc').Count -gt 0) { return $null }
    return $true
}

function Test-EesztRuleRest {
    # A rule with nothing but what was looked at, or what does not narrow it.
    param($Rule)
    $known = @(
        'Action', 'Active', 'Dir', 'Profile', 'Protocol', 'RPort', 'RPort2_10', 'LPort', 'LPort2_10', 'LPort2_20',
        'LPort2_24', 'RA4', 'RA6', 'RA42', 'RA62', 'App', 'Svc', 'AppPkgId', 'PFN',
        'Name', 'Desc', 'EmbedCtxt', 'Edge', 'Defer', 'LSM', 'LOM', 'PCross', 'SkipVer'
    )
    foreach ($name in $Rule.fields.Keys) {
        if ($known -notcontains $name) { return $null }
    }
    return $true
}

Export-ModuleMember -Function ConvertFrom-EesztFirewallRule, Get-EesztRuleValues, Test-EesztRule,
    Test-EesztRuleExplicit, ConvertTo-EesztPortRange
