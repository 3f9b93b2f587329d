# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Who the host is: edition, machine, boot and the account that looks. Nothing is taken from texts that are translated.

#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.Sessions
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.registry

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztHost {
    $windows = Get-EesztRegistryValues 'SOFTWARE\Microsoft\Windows NT\CurrentVersion'
    $identity = [System.Security.Principal.WindowsIdentity]::GetCurrent()
    return [ordered]@{
        system = 'windows'
        distribution = Get-EesztEdition $windows
        version = Get-EesztVersion $windows
        hostname = [System.Environment]::MachineName
        machine_id_hash = Get-EesztMachineHash (Get-EesztRegistryValue 'SOFTWARE\Microsoft\Cryptography' 'MachineGuid')
        boot_id = Get-EesztBootId
        account = $identity.Name
        privileged = Test-EesztAdministrator $identity
    }
}

function Get-EesztEdition {
    # "Windows 11 Professional". The product name in the registry still says 10 on every Windows 11.
    param($Windows)
    if (-not $Windows.Contains('CurrentBuildNumber')) { return $null }
    $build = [int]$Windows['CurrentBuildNumber']
    $server = "$($Windows['InstallationType'])" -like 'Server*'
    if ($server) { $releases = @(26100, '2025'), @(20348, '2022'), @(17763, '2019'), @(14393, '2016'), @(9600, '2012 R2') }
    else { $releases = @(22000, '11'), @(10240, '10'), @(9600, '8.1') }
    $release = "build $build"
    foreach ($each in $releases) {
        if ($build -ge $each[0]) {
            $release = $each[1]
            break
        }
    }
    $family = if ($server) { 'Windows Server' } else { 'Windows' }
    return "$family $release $($Windows['EditionID'])".Trim()
}

function Get-EesztVersion {
    # 10.0.26100; null where the registry does not tell (before Windows 10).
    param($Windows)
    if (-not $Windows.Contains('CurrentMajorVersionNumber')) { return $null }
    $major, $minor = $Windows['CurrentMajorVersionNumber'], $Windows['CurrentMinorVersionNumber']
    return "$major.$minor.$($Windows['CurrentBuildNumber'])"
}

function Get-EesztMachineHash {
    # The bare id must not leave the host; the prefix keeps the hash from being linked with others.
    param([string]$MachineGuid)
    if (-not $MachineGuid) { return $null }
    $bytes = [System.Text.Encoding]::UTF8.GetBytes("eeszt.connect:$MachineGuid")
    $sha256 = [System.Security.Cryptography.SHA256]::Create()
    try { return [System.BitConverter]::ToString($sha256.ComputeHash($bytes)).Replace('-', '').ToLowerInvariant() }
    finally { $sha256.Dispose() }
}

function Get-EesztBootId {
    # Windows counts its starts. Where it does not, the time of the start, so coarse that a clock set right keeps it.
    $path = 'SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters'
    $count = Get-EesztRegistryValue $path 'BootId'
    if ($null -ne $count) { return "boot-$count" }
    $milliseconds = [ansible_collections.eeszt.connect.plugins.module_utils.windows.Sessions.Machine]::Uptime()
    $ticks = [System.DateTime]::UtcNow.AddMilliseconds(-[double]$milliseconds).Ticks
    $step = [System.TimeSpan]::TicksPerMinute * 10
    $rounded = New-Object System.DateTime ([long][System.Math]::Round($ticks / $step) * $step), 'Utc'
    return $rounded.ToString("yyyy-MM-dd'T'HH:mm'Z'", [System.Globalization.CultureInfo]::InvariantCulture)
}

function Test-EesztAdministrator {
    # Whether the token has the administrators' group switched on, which a filtered or unelevated one has not.
    param([System.Security.Principal.WindowsIdentity]$Identity)
    $administrators = New-Object System.Security.Principal.SecurityIdentifier 'S-1-5-32-544'
    $principal = New-Object System.Security.Principal.WindowsPrincipal $Identity
    return $principal.IsInRole($administrators)
}

function Test-EesztDouble {
    # The lab marks its stand-ins for Windows.
    return (Get-EesztRegistryValue 'SOFTWARE\eeszt-connect-lab' 'Double') -eq 1
}

Export-ModuleMember -Function Get-EesztHost, Get-EesztEdition, Get-EesztVersion, Get-EesztMachineHash, Test-EesztDouble
