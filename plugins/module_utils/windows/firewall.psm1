# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The Windows firewall for outbound connections, as the registry keeps it: local rules, group policy and MDM.

#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.firewall_verdict
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.neutral
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.proxy
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.registry
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.services

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztFirewall {
    # For $Request's ports and the addresses of the endpoints, or of the proxy before them, on these ports.
    param($Request)
    $seen = Get-EesztNeutral 'firewall' $Request
    $ports = @($Request['ports'] | Select-Object -Unique)
    $stores = @(Get-EesztFirewallStores)
    $seen.owned = @(Get-EesztOwnedRules $stores[2].rules)
    $off = Get-EesztFirewallOff
    if ($null -ne $off) {
        $seen.backend = 'none'
        $seen.outbound = @(foreach ($port in $ports) {
            [ordered]@{ port = $port; address = $null; verdict = 'accept'; by = $off; explicit = $false }
        })
        return $seen
    }
    $policy = ConvertTo-EesztFirewallPolicy $stores
    $profiles = @(Get-EesztActiveProfiles)
    $windows = [System.Environment]::GetFolderPath('Windows')
    $ways = @(Get-EesztWays $Request)
    $addresses = Get-EesztWayAddresses $Request $ways
    $seen.backend = 'windows'
    $seen.chains = @(Get-EesztDenyingProfiles $policy)
    $seen.outbound = @(foreach ($port in $ports) {
        $known = @($ways | Where-Object { $_['port'] -eq $port } | ForEach-Object { $addresses[$_['host']] })
        $known = @($known | Where-Object { $null -ne $_ } | Sort-Object -Property { "$_" } -Unique)
        if ($known.Count -eq 0) { Get-EesztVerdict $policy $profiles $port $null $windows }
        foreach ($address in $known) { Get-EesztVerdict $policy $profiles $port $address $windows }
    })
    return $seen
}

function Get-EesztFirewallStores {
    # Group policy, MDM and the local rules; what comes first decides a profile's settings. [MS-GPFAS] 2.2.2, 2.2.3; the
    # private profile has the name of Windows XP's "standard" one where group policy does not set it.
    $local = 'SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy'
    Get-EesztFirewallStore 'policy' 'SOFTWARE\Policies\Microsoft\WindowsFirewall' 'PrivateProfile'
    Get-EesztFirewallStore 'mdm' "$local\Mdm" 'StandardProfile'
    Get-EesztFirewallStore 'local' $local 'StandardProfile'
}

function Get-EesztFirewallStore {
    param([string]$Origin, [string]$Path, [string]$Private)
    $profiles = @{
        Domain = Get-EesztRegistryValues "$Path\DomainProfile"
        Private = Get-EesztRegistryValues "$Path\$Private"
        Public = Get-EesztRegistryValues "$Path\PublicProfile"
    }
    return @{ origin = $Origin; profiles = $profiles; rules = Get-EesztRegistryValues "$Path\FirewallRules" }
}

function Get-EesztFirewallOff {
    # Why nothing filters at all, or null.
    $path = 'SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy'
    $service = Get-EesztService 'MpsSvc'
    if ($service.present -eq $true -and $service.active -eq $false) { return 'the service MpsSvc does not run' }
    if ($service.present -eq $false -and -not (Test-EesztRegistryKey $path)) { return 'this system has no Windows firewall' }
    return $null
}

function Get-EesztActiveProfiles {
    # Those in force now, asked from the firewall itself; else the only kind of network this host has ever seen; else all.
    $bits = 0
    try { $bits = [int](New-Object -ComObject 'HNetCfg.FwPolicy2').CurrentProfileTypes }
    catch { $bits = 0 }
    if ($bits -eq 0) { $bits = Get-EesztNetworkCategories }
    if ($bits -band 1) { 'Domain' }
    if ($bits -band 2) { 'Private' }
    if ($bits -band 4) { 'Public' }
}

function Get-EesztNetworkCategories {
    # As bits of NET_FW_PROFILE_TYPE2; all three where the registry knows several kinds of network, or none.
    $path = 'SOFTWARE\Microsoft\Windows NT\CurrentVersion\NetworkList\Profiles'
    $bits = @{ 0 = 4; 1 = 2; 2 = 1 }
    $categories = @(foreach ($name in @(Get-EesztRegistryKeys $path)) { Get-EesztRegistryValue "$path\$name" 'Category' })
    $kinds = @($categories | Where-Object { $null -ne $_ } | Select-Object -Unique)
    if ($kinds.Count -eq 1 -and $bits.ContainsKey([int]$kinds[0])) { return $bits[[int]$kinds[0]] }
    return 7
}

function Get-EesztWayAddresses {
    # host -> addresses of the first hops on the asked ports, all resolved at once; none for a name that does not resolve.
    param($Request, $Ways)
    $wanted = @($Ways | Where-Object { $Request['ports'] -contains $_['port'] } | ForEach-Object { $_['host'] })
    $pending = @{}
    foreach ($name in @($wanted | Select-Object -Unique)) {
        $pending[$name] = [System.Net.Dns]::GetHostAddressesAsync($name)
    }
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    $addresses = @{}
    foreach ($name in @($pending.Keys)) {
        $left = [System.Math]::Max(0, [int]($Request['limits']['dns'] * 1000 - $clock.ElapsedMilliseconds))
        $addresses[$name] = @()
        try {
            if ($pending[$name].Wait($left)) { $addresses[$name] = @($pending[$name].Result) }
        }
        catch [System.AggregateException] { $addresses[$name] = @() }
        catch [System.Management.Automation.MethodInvocationException] { $addresses[$name] = @() }
    }
    return $addresses
}

Export-ModuleMember -Function Get-EesztFirewall, Get-EesztFirewallStores, Get-EesztActiveProfiles
