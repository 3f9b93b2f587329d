# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Addresses as ranges: family (4 or 6), from and to as numbers, so that all ways to write them compare.

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function ConvertTo-EesztAddressRange {
    # Of an address, "address/length", "address/mask" or "first-last"; null for anything else.
    param([string]$Text)
    $ends = $Text.Split('-')
    if ($ends.Count -eq 2) {
        $first = ConvertTo-EesztAddressNumber $ends[0]
        $last = ConvertTo-EesztAddressNumber $ends[1]
        if ($null -eq $first -or $null -eq $last) { return $null }
        if ($first.family -ne $last.family -or $first.number -gt $last.number) { return $null }
        return @{ family = $first.family; from = $first.number; to = $last.number }
    }
    $parts = $Text.Split('/')
    $address = ConvertTo-EesztAddressNumber $parts[0]
    if ($null -eq $address -or $parts.Count -gt 2) { return $null }
    if ($parts.Count -eq 1) { return @{ family = $address.family; from = $address.number; to = $address.number } }
    $length = ConvertTo-EesztPrefixLength $parts[1] $address.family
    if ($null -eq $length) { return $null }
    $bits = if ($address.family -eq 4) { 32 } else { 128 }
    $size = [bigint]::Pow([bigint]2, $bits - $length)
    $from = $address.number - [bigint]::Remainder($address.number, $size)
    return @{ family = $address.family; from = $from; to = $from + $size - [bigint]1 }
}

function ConvertTo-EesztAddressNumber {
    # family and number; null where the text is no address. .NET takes "10" for one, which nobody means.
    param([string]$Text)
    $Text = $Text.Trim()
    if (-not $Text.Contains(':') -and $Text -notmatch '^\d{1,3}(\.\d{1,3}){3}$') { return $null }
    $address = $null
    if (-not [System.Net.IPAddress]::TryParse($Text.Split('%')[0], [ref]$address)) { return $null }
    $bytes = $address.GetAddressBytes()
    [array]::Reverse($bytes)
    $family = if ($bytes.Length -eq 4) { 4 } else { 6 }
    return @{ family = $family; number = New-Object bigint (, [byte[]]($bytes + [byte]0)) }
}

function ConvertTo-EesztPrefixLength {
    # Of "24" or, as Windows keeps networks, "255.255.255.0".
    param([string]$Text, [int]$Family)
    $longest = if ($Family -eq 4) { 32 } else { 128 }
    if ($Text -match '^\d{1,3}$') {
        if ([int]$Text -gt $longest) { return $null }
        return [int]$Text
    }
    $mask = ConvertTo-EesztAddressNumber $Text
    if ($Family -ne 4 -or $null -eq $mask -or $mask.family -ne 4) { return $null }
    for ($length = 0; $length -le 32; $length++) {
        if ($mask.number -eq [bigint]::Pow([bigint]2, 32) - [bigint]::Pow([bigint]2, 32 - $length)) { return $length }
    }
    return $null
}

function Merge-EesztAddressRanges {
    # In order, IPv4 first, with what overlaps or touches made one.
    param($Ranges)
    $merged = New-Object System.Collections.ArrayList
    foreach ($each in @($Ranges | Sort-Object { $_.family }, { $_.from })) {
        $last = if ($merged.Count -gt 0) { $merged[$merged.Count - 1] } else { $null }
        if ($null -ne $last -and $last.family -eq $each.family -and $each.from -le $last.to + [bigint]1) {
            if ($each.to -gt $last.to) { $last.to = $each.to }
        }
        else { [void]$merged.Add(@{ family = $each.family; from = $each.from; to = $each.to }) }
    }
    return , $merged.ToArray()
}

function Format-EesztAddressRange {
    # "first-last", or one address.
    param($Range)
    $first = Format-EesztAddress $Range.family $Range.from
    if ($Range.from -eq $Range.to) { return $first }
    return "$first-$(Format-EesztAddress $Range.family $Range.to)"
}

function Format-EesztAddress {
    param([int]$Family, $Number)
    $length = if ($Family -eq 4) { 4 } else { 16 }
    $bytes = [byte[]]::new($length)
    $own = $Number.ToByteArray()
    [array]::Copy($own, $bytes, [Math]::Min($own.Length, $length))
    [array]::Reverse($bytes)
    return (New-Object System.Net.IPAddress (, $bytes)).ToString()
}

function Compare-EesztAddressRanges {
    # How the range $Asked lies to $Ranges: inside, outside or across their border.
    param($Asked, $Ranges)
    $across = $false
    foreach ($each in (Merge-EesztAddressRanges $Ranges)) {
        if ($each.family -ne $Asked.family -or $each.to -lt $Asked.from -or $each.from -gt $Asked.to) { continue }
        if ($each.from -le $Asked.from -and $each.to -ge $Asked.to) { return 'inside' }
        $across = $true
    }
    if ($across) { return 'across' }
    return 'outside'
}

Export-ModuleMember -Function ConvertTo-EesztAddressRange, Merge-EesztAddressRanges, Format-EesztAddressRange, Compare-EesztAddressRanges
