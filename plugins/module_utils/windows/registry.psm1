# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The registry by .NET, always the 64-bit view unless asked: what is not there, or not readable, is null or empty.

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Open-EesztRegistryKey {
    # A read-only key, or null. Whoever opens it closes it.
    param([string]$Path, [string]$Hive = 'LocalMachine', [string]$View = 'Registry64')
    try {
        $base = [Microsoft.Win32.RegistryKey]::OpenBaseKey(
            [Microsoft.Win32.RegistryHive]$Hive, [Microsoft.Win32.RegistryView]$View)
        return $base.OpenSubKey($Path)
    }
    catch [System.Security.SecurityException] { return $null }
    catch [System.UnauthorizedAccessException] { return $null }
}

function Test-EesztRegistryKey {
    param([string]$Path, [string]$Hive = 'LocalMachine', [string]$View = 'Registry64')
    $key = Open-EesztRegistryKey $Path $Hive $View
    if ($null -eq $key) { return $false }
    $key.Close()
    return $true
}

function Get-EesztRegistryValue {
    # One value as Windows keeps it (references to environment variables are not filled in), or null.
    param([string]$Path, [string]$Name, [string]$Hive = 'LocalMachine', [string]$View = 'Registry64')
    $key = Open-EesztRegistryKey $Path $Hive $View
    if ($null -eq $key) { return $null }
    try { return $key.GetValue($Name, $null, 'DoNotExpandEnvironmentNames') }
    finally { $key.Close() }
}

function Get-EesztRegistryValues {
    # All values of a key, name -> value, in the order of the registry.
    param([string]$Path, [string]$Hive = 'LocalMachine', [string]$View = 'Registry64')
    $values = [ordered]@{}
    $key = Open-EesztRegistryKey $Path $Hive $View
    if ($null -ne $key) {
        try {
            foreach ($name in $key.GetValueNames()) {
                $values[$name] = $key.GetValue($name, $null, 'DoNotExpandEnvironmentNames')
            }
        }
        finally { $key.Close() }
    }
    return $values
}

function Get-EesztRegistryKeys {
    # Names of the keys below a key.
    param([string]$Path, [string]$Hive = 'LocalMachine', [string]$View = 'Registry64')
    $key = Open-EesztRegistryKey $Path $Hive $View
    if ($null -eq $key) { return }
    try { $key.GetSubKeyNames() }
    finally { $key.Close() }
}

Export-ModuleMember -Function Test-EesztRegistryKey, Get-EesztRegistryValue, Get-EesztRegistryValues, Get-EesztRegistryKeys
