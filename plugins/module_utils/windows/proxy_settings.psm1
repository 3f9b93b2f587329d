# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The proxy that the host itself is set to use: WinINET's settings of the machine or of its users, WinHTTP's and the
# machine's environment. What a program is told elsewhere, and whether the network is asked (WPAD), is not documented to be seen.
# An account in an address is cut off by methods alone, before any command or function is given the text: where a policy asks
# for it, what those are given comes into the event log.

#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.WinHttpProxy
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.registry

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztProxySettings {
    # One entry a place that sets something.
    $path = 'SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings'
    $found = @()
    # The policy "Make proxy settings per-machine": only then the machine's own values count.
    if ((Get-EesztRegistryValue 'SOFTWARE\Policies\Microsoft\Windows\CurrentVersion\Internet Settings' 'ProxySettingsPerUser') -eq 0) {
        $found += ConvertTo-EesztWinInet (Get-EesztRegistryValues $path) "HKLM\$path" $null
    }
    else {
        foreach ($sid in @(Get-EesztRegistryKeys '' 'Users')) {
            # People's accounts, local, of a domain or of Entra ID; their settings are there while they are signed in.
            if ($sid -notmatch '^S-1-(5-21|12-1)-[0-9-]+$') { continue }
            $found += ConvertTo-EesztWinInet (Get-EesztRegistryValues "$sid\$path" 'Users') "HKU\$sid\$path" $sid
        }
    }
    $found += ConvertTo-EesztWinHttp ([ansible_collections.eeszt.connect.plugins.module_utils.windows.WinHttpProxy.WinHttp]::Default())
    $environment = 'SYSTEM\CurrentControlSet\Control\Session Manager\Environment'
    $found += ConvertTo-EesztProxyEnvironment (Get-EesztRegistryValues $environment) "HKLM\$environment"
    return [ordered]@{ error = $null; settings = @($found | Where-Object { $null -ne $_ }) }
}

function New-EesztProxySetting {
    param([string]$Source, [string]$Place, $Account, $Servers, $Exceptions, $PacUrl)
    return [ordered]@{
        source = $Source
        place = $Place
        account = $Account
        servers = @($Servers)
        exceptions = @($Exceptions | Select-Object -First 100)
        pac_url = $PacUrl
        auto_detect = $false
    }
}

function ConvertTo-EesztWinInet {
    # Of the values of a key "Internet Settings", or nothing.
    param($Values, [string]$Place, $Account)
    $servers, $pac = @(), $null
    if ($Values['ProxyEnable'] -eq 1) {
        $bare = [regex]::Replace("$($Values['ProxyServer'])", '(^|[;\s])((?:[A-Za-z]+=)?(?:[A-Za-z][A-Za-z0-9+.-]*://)?)[^;\s]*@', '$1$2')
        $servers = @(ConvertTo-EesztProxyServers $bare)
    }
    # Its query goes too: it may hold a token.
    $url = [regex]::Split("$($Values['AutoConfigURL'])".Trim(), '[?#]')[0]
    if ($url) { $pac = [regex]::Replace($url, '^([A-Za-z][A-Za-z0-9+.-]*://)?.*@', '$1') }
    if ($servers.Count -eq 0 -and $null -eq $pac) { return }
    New-EesztProxySetting 'wininet' $Place $Account $servers (Split-EesztList "$($Values['ProxyOverride'])" ';\s') $pac
}

function ConvertTo-EesztWinHttp {
    # Of what WinHttpGetDefaultProxyConfiguration gives: access (3: a proxy by name), proxy, bypass; null where it fails.
    param($Given)
    if ($null -eq $Given -or $Given['access'] -ne 3) { return }
    $bare = [regex]::Replace("$($Given['proxy'])", '(^|[;\s])((?:[A-Za-z]+=)?(?:[A-Za-z][A-Za-z0-9+.-]*://)?)[^;\s]*@', '$1$2')
    $servers = @(ConvertTo-EesztProxyServers $bare)
    if ($servers.Count -eq 0) { return }
    $place = 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\Connections\WinHttpSettings'
    New-EesztProxySetting 'winhttp' $place $null $servers (Split-EesztList "$($Given['bypass'])" ';\s') $null
}

function ConvertTo-EesztProxyEnvironment {
    # Of environment variables, whose names Windows knows in any case.
    param($Values, [string]$Place)
    $servers = @(foreach ($scheme in 'http', 'https', 'all') {
        $value = [regex]::Replace("$($Values["${scheme}_proxy"])".Trim(), '^([A-Za-z][A-Za-z0-9+.-]*://)?.*@', '$1')
        if ($value) { [ordered]@{ scheme = $scheme; address = $value } }
    })
    if ($servers.Count -eq 0) { return }
    New-EesztProxySetting 'environment' $Place $null $servers (Split-EesztList "$($Values['no_proxy'])" ',\s') $null
}

function ConvertTo-EesztProxyServers {
    # "host:port" for everything, or "http=host:port;https=host:port"; without accounts.
    param([string]$Text)
    foreach ($part in @(Split-EesztList $Text ';\s')) {
        $scheme, $address = 'all', $part
        if ($part -match '^([A-Za-z]+)=(.*)$') { $scheme, $address = $Matches[1].ToLowerInvariant(), $Matches[2] }
        if ($address) { [ordered]@{ scheme = $scheme; address = $address } }
    }
}

function Split-EesztList {
    param([string]$Text, [string]$Between)
    foreach ($part in [regex]::Split($Text, "[$Between]+")) { if ($part) { $part } }
}

Export-ModuleMember -Function Get-EesztProxySettings
