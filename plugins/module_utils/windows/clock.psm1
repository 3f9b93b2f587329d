# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The clock: what time the host thinks it is, and whether the Windows Time service keeps it right.

#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.registry
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.services

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztUtcNow {
    # ISO 8601, milliseconds, a final Z, whatever the calendar and the language of the system.
    $form = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'"
    return [System.DateTime]::UtcNow.ToString($form, [System.Globalization.CultureInfo]::InvariantCulture)
}

function Get-EesztClock {
    $service = Get-EesztService 'W32Time'
    $settings = Get-EesztTimeSettings
    $guest = (Get-EesztService 'vmictimesync').active -eq $true
    return [ordered]@{
        error = $null
        utc = Get-EesztUtcNow
        synchronized = Get-EesztSynchronized $service "$($settings['Type'])" $guest
        source = Get-EesztTimeSource $service $settings
    }
}

function Get-EesztTimeSettings {
    # Group policy's values stand over the service's own.
    $settings = Get-EesztRegistryValues 'SYSTEM\CurrentControlSet\Services\W32Time\Parameters'
    $policy = Get-EesztRegistryValues 'SOFTWARE\Policies\Microsoft\W32Time\Parameters'
    foreach ($name in @($policy.Keys)) { $settings[$name] = $policy[$name] }
    return $settings
}

function Get-EesztSynchronized {
    # The service and its settings alone tell: a running one that is to ask somebody keeps the clock. On a workgroup's
    # machine it is started now and then by a task, so that one which rests proves nothing, and a guest of Hyper-V may
    # have its time from there; null: it cannot be told.
    param($Service, [string]$Type, [bool]$Guest)
    $disabled = 4
    if ($Service.present -ne $true) { return $null }
    if ($Service.start -eq $disabled) { return $false }
    if ($Type -eq 'NoSync') {
        if ($Guest) { return $null }
        return $false
    }
    if ($Service.active -and $Type -ne '') { return $true }
    return $null
}

function Get-EesztTimeSource {
    # "W32Time, NTP: time.windows.com,0x9"; null without the service.
    param($Service, $Settings)
    if ($Service.present -ne $true) { return $null }
    $type = "$($Settings['Type'])"
    if ($type -eq 'NTP' -or $type -eq 'AllSync') { return "W32Time, ${type}: $($Settings['NtpServer'])" }
    return "W32Time, $type"
}

Export-ModuleMember -Function Get-EesztClock, Get-EesztUtcNow, Get-EesztSynchronized, Get-EesztTimeSource
