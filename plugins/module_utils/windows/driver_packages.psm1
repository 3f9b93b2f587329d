# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Driver packages in the store, told by their files: what pnputil prints depends on the language of Windows. A package
# has a folder named after its INF in the repository, and the same INF lies in Windows\INF under its published name.

#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.devices
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.registry

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztDriverPackages {
    # Of an INF's own name: version (of DriverVer, '' where it says none), published (names such as oem7.inf) and inf, its
    # path in the store.
    param([string]$Name, [string]$Windows)
    $repository = "$Windows\System32\DriverStore\FileRepository".Replace('\', [System.IO.Path]::DirectorySeparatorChar)
    if (-not [System.IO.Directory]::Exists($repository)) { return }
    foreach ($folder in [System.IO.Directory]::GetDirectories($repository, "$($Name)_*")) {
        $inf = [System.IO.Path]::Combine($folder, $Name)
        if (-not [System.IO.File]::Exists($inf)) { continue }
        [ordered]@{
            name = $Name
            version = Get-EesztDriverVersion ([System.IO.File]::ReadAllText($inf))
            published = @(Find-EesztPublishedNames $inf ([System.IO.Path]::Combine($Windows, 'INF')))
            inf = $inf
        }
    }
}

function Get-EesztDriverVersion {
    # "DriverVer = 01/31/2026, 1.2.3.4" of an INF's section Version.
    param([string]$Text)
    if ($Text -match '(?im)^[ \t]*DriverVer[ \t]*=[^,;\r\n]*,[ \t]*([0-9.]+)') { return $Matches[1] }
    return ''
}

function Find-EesztPublishedNames {
    # The files that hold the same bytes.
    param([string]$Inf, [string]$Folder)
    $length = (New-Object System.IO.FileInfo $Inf).Length
    $digest = Get-EesztFileDigest $Inf
    foreach ($file in (New-Object System.IO.DirectoryInfo $Folder).GetFiles('*.inf')) {
        if ($file.Length -eq $length -and (Get-EesztFileDigest $file.FullName) -eq $digest) { $file.Name }
    }
}

function Get-EesztFileDigest {
    param([string]$Path)
    $algorithm = [System.Security.Cryptography.SHA256]::Create()
    try { return [System.BitConverter]::ToString($algorithm.ComputeHash([System.IO.File]::ReadAllBytes($Path))) }
    finally { $algorithm.Dispose() }
}

function Get-EesztWaitingDevices {
    # Instances of the present devices that an INF is for and to which Windows gave no driver (cfg.h, CM_PROB_FAILED_INSTALL).
    # None where the devices cannot be listed.
    param([string]$Inf)
    $noDriver = 28
    $text = $null
    foreach ($device in (Get-EesztPresentDevices).devices) {
        if ($device.problem -ne $noDriver) { continue }
        $values = Get-EesztRegistryValues "SYSTEM\CurrentControlSet\Enum\$($device.instance)"
        if ($null -eq $text) { $text = [System.IO.File]::ReadAllText($Inf) }
        if (Test-EesztDrives $text (@($values['HardwareID']) + @($values['CompatibleIDs']))) { $device.instance }
    }
}

function Test-EesztDrives {
    # Whether an INF has a model with one of these ids: "%Reader% = Install, USB\VID_0C4B&PID_9102, ...".
    param([string]$Text, [string[]]$Ids)
    foreach ($line in $Text.Split([char]10)) {
        $model = $line.Split([char]59)[0]
        $equals = $model.IndexOf([char]61)
        if ($equals -lt 0) { continue }
        $named = @($model.Substring($equals + 1).Split([char]44) | Select-Object -Skip 1 | ForEach-Object { $_.Trim().Trim([char]34) })
        if (@($named | Where-Object { $_ -and $_ -in $Ids }).Count -gt 0) { return $true }
    }
    return $false
}

Export-ModuleMember -Function Get-EesztDriverPackages, Get-EesztWaitingDevices
