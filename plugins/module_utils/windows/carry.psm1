# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The probe that a person carries to a Windows machine: observe, seal and write one file. The controller puts it into one
# script with the probe and a package (plugin_utils/carried/for_windows.py), and opens what is sealed here.

#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.clock
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.probe

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Invoke-EesztCarried {
    # Gives the exit code: 0, 3 expired, 4 no host chosen, 5 not written. $Package and $Words as ConvertFrom-Json gives
    # them, $ExpiresAt apart from them: PowerShell 7 would have made a date of it.
    param($Package, $Words, [string]$ExpiresAt, [string]$HostName, [string]$Folder)
    if ([string]::CompareOrdinal((Get-EesztUtcNow), $ExpiresAt) -gt 0) {
        Write-EesztWords $Words.expired $ExpiresAt.Substring(0, 10)
        return 3
    }
    $chosen = Select-EesztPackageHost $Package $Words $HostName
    if ($null -eq $chosen) { return 4 }
    Write-EesztWords $Words.looking @($chosen.host.name, $chosen.host.request.limits.section)
    $observation = Get-EesztObservation -Request $chosen.host.request -Secrets @{}
    $observation['exchange'] = $null
    $document = [ordered]@{
        format = 'eeszt.connect carried file'
        schema_version = 1
        kind = 'observation'
        portable_id = $Package.portable_id
        site = $Package.site.id
        host = $chosen.host.name
        host_chosen_by = $chosen.by
        observation = $observation
    }
    $name = Get-EesztCarriedName $chosen.host.name $observation['observed_at']
    $path = [System.IO.Path]::Combine($Folder, $name)
    try { Write-EesztWhole $path (ConvertTo-EesztSealed $document $Package.key) }
    catch {
        Write-EesztWords $Words.not_written @($Folder, $_.Exception.Message)
        return 5
    }
    Write-EesztWords $Words.done $path
    return 0
}

function Select-EesztPackageHost {
    # The host of the package that this machine is, and who said so; null when nobody did.
    param($Package, $Words, [string]$Given)
    $hosts = @($Package.hosts)
    if ($Given) {
        $named = @($hosts | Where-Object { $_.name -eq $Given })
        if ($named.Count -eq 1) { return @{ host = $named[0]; by = 'person' } }
        Write-EesztWords $Words.no_such_host $Given
        return $null
    }
    $own = [System.Net.Dns]::GetHostName()
    $known = @($hosts | Where-Object { Test-EesztOwnName $_.names $own })
    if ($known.Count -eq 1) { return @{ host = $known[0]; by = 'name' } }
    if ([System.Console]::IsInputRedirected) {
        Write-EesztWords $Words.not_chosen @($own, (@($hosts | ForEach-Object { $_.name }) -join ', '))
        return $null
    }
    return Read-EesztHostNumber $hosts $Words $own
}

function Test-EesztOwnName {
    # NetBIOS cuts a name after 15 characters.
    param($Names, [string]$Own)
    foreach ($name in @($Names)) {
        $short = $name.Split('.')[0]
        $cut = $short.Substring(0, [System.Math]::Min(15, $short.Length))
        if ($short -eq $Own.Split('.')[0] -or $cut -eq [System.Environment]::MachineName) { return $true }
    }
    return $false
}

function Read-EesztHostNumber {
    param($Hosts, $Words, [string]$Own)
    Write-EesztWords $Words.which $Own
    for ($number = 1; $number -le $Hosts.Count; $number++) {
        [System.Console]::Out.WriteLine("  $number  $($Hosts[$number - 1].name)")
    }
    $chosen = 0
    $answered = [int]::TryParse("$([System.Console]::In.ReadLine())".Trim(), [ref]$chosen)
    if ($answered -and $chosen -ge 1 -and $chosen -le $Hosts.Count) { return @{ host = $Hosts[$chosen - 1]; by = 'person' } }
    Write-EesztWords $Words.nothing_chosen
    return $null
}

function ConvertTo-EesztSealed {
    # JSON as UTF-8 whose last member is the HMAC-SHA-256 of every byte before it.
    param($Document, [string]$Key)
    $text = ConvertTo-Json -InputObject $Document -Depth 100 -Compress
    $encoding = New-Object System.Text.UTF8Encoding $false
    $signed = $encoding.GetBytes($text.Substring(0, $text.Length - 1))
    $bytes = [byte[]]::new($Key.Length / 2)
    for ($place = 0; $place -lt $bytes.Length; $place++) {
        $bytes[$place] = [System.Convert]::ToByte($Key.Substring(2 * $place, 2), 16)
    }
    $hmac = New-Object System.Security.Cryptography.HMACSHA256 (, $bytes)
    try { $digest = [System.BitConverter]::ToString($hmac.ComputeHash($signed)).Replace('-', '').ToLowerInvariant() }
    finally { $hmac.Dispose() }
    $tail = ",`n `"hmac_sha256`": `"$digest`"`n}`n"
    return , ([byte[]]($signed + $encoding.GetBytes($tail)))
}

function Get-EesztCarriedName {
    param([string]$Name, [string]$ObservedAt)
    $safe = [System.Text.RegularExpressions.Regex]::Replace($Name, '[^A-Za-z0-9._-]', '_')
    $stamp = [System.Text.RegularExpressions.Regex]::Replace($ObservedAt, '[-:]|\.[0-9]+', '')
    return "$($safe.Substring(0, [System.Math]::Min(100, $safe.Length)))-$stamp.eeszt-observation.json"
}

function Write-EesztWhole {
    # Whole or not at all.
    param([string]$Path, [byte[]]$Content)
    $temporary = "$Path.part"
    [System.IO.File]::WriteAllBytes($temporary, $Content)
    if ([System.IO.File]::Exists($Path)) { [System.IO.File]::Delete($Path) }
    [System.IO.File]::Move($temporary, $Path)
}

function Write-EesztWords {
    # A sentence in Hungarian and in English; {0} and so on are filled in.
    param($Pair, $Values = @())
    foreach ($sentence in @($Pair)) { [System.Console]::Out.WriteLine([string]::Format($sentence, [object[]]@($Values))) }
}

Export-ModuleMember -Function Invoke-EesztCarried, Select-EesztPackageHost, ConvertTo-EesztSealed, Get-EesztCarriedName
