# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Where the way to an endpoint leaves this host: directly, or by the site's proxy.

#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.address_ranges

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Test-EesztProxyException {
    # Whether a host is one of the proxy's exceptions: *, a name, a domain, an address, a CIDR.
    param([string]$Name, $Exceptions)
    $Name = $Name.Trim([char[]]'[]').TrimEnd('.').ToLowerInvariant()
    $address = ConvertTo-EesztAddressRange $Name
    foreach ($each in @($Exceptions)) {
        $rule = "$each".Trim().ToLowerInvariant()
        if ($rule -eq '*') { return $true }
        $range = if ($null -ne $address) { ConvertTo-EesztAddressRange $rule } else { $null }
        if ($null -ne $range -and (Compare-EesztAddressRanges $address @($range)) -eq 'inside') { return $true }
        $domain = $rule.TrimStart('*').TrimStart('.')
        if ($domain -and ($Name -eq $domain -or $Name.EndsWith(".$domain", [System.StringComparison]::Ordinal))) { return $true }
    }
    return $false
}

function Get-EesztWays {
    # Host and port of the first hop to each asked endpoint.
    param($Request)
    foreach ($each in @($Request['endpoints'])) {
        $proxy = $Request['proxy']
        if ($null -ne $proxy -and (Test-EesztProxyException $each['host'] $proxy['exceptions'])) { $proxy = $null }
        $first = if ($null -ne $proxy) { $proxy } else { $each }
        @{ host = $first['host']; port = [int]$first['port'] }
    }
}

Export-ModuleMember -Function Test-EesztProxyException, Get-EesztWays
