# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Card readers on the USB bus: the devices that are present, with what the registry keeps of them.

#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.devices
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.registry

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztUsb {
    # error and devices. Devices that are, or may be, card readers; seen even when no driver takes them.
    $present = Get-EesztPresentDevices
    $found = @(foreach ($device in $present.devices) {
        $values = Get-EesztRegistryValues "SYSTEM\CurrentControlSet\Enum\$($device.instance)"
        ConvertTo-EesztUsbDevice $device.instance $device.problem $values
    })
    return [ordered]@{ error = $present.error; devices = @(Select-EesztCardReaders $found) }
}

function Get-EesztWorkingReaders {
    # Instances of the present devices of the class of readers that have their driver. None where they cannot be listed.
    foreach ($device in (Get-EesztPresentDevices).devices) {
        $values = Get-EesztRegistryValues "SYSTEM\CurrentControlSet\Enum\$($device.instance)"
        if ($device.problem -eq 0 -and (Test-EesztCardClass $values)) { $device.instance }
    }
}

function ConvertTo-EesztUsbDevice {
    # A device of the observation and, in `interface` and `parts`, what tells whether it is a reader; null: no USB id.
    param([string]$Instance, [int]$Problem, $Values)
    if ($Instance -notmatch '^USB\\VID_([0-9A-F]{4})&PID_([0-9A-F]{4})(&MI_[0-9A-F]{2})?(&|\\|$)') { return }
    $service = "$($Values['Service'])"
    return [ordered]@{
        vendor_id = $Matches[1].ToLowerInvariant()
        product_id = $Matches[2].ToLowerInvariant()
        product = Get-EesztDeviceName $Values
        driver = if ($service -eq '') { $null } else { $service }
        problem = $Problem
        card_class = Test-EesztCardClass $Values
        composite = $service -eq 'usbccgp'
    }
}

function Test-EesztCardClass {
    # USB class 0b is smart card; the setup class of readers is that of devguid.h.
    param($Values)
    $readers = '{50dd5230-ba8a-11d1-bf5d-0000f805f530}'
    $ids = @($Values['CompatibleIDs'] | Where-Object { $_ -like 'USB\Class_0B*' })
    return $ids.Count -gt 0 -or "$($Values['ClassGUID'])" -eq $readers
}

function Get-EesztDeviceName {
    # "@oem7.inf,%name%;cyberJack RFID basis" holds the words behind the last semicolon.
    param($Values)
    foreach ($name in 'FriendlyName', 'DeviceDesc') {
        $words = "$($Values[$name])"
        if ($words -ne '') { return $words.Substring($words.LastIndexOf(';') + 1) }
    }
    return $null
}

function Select-EesztCardReaders {
    # What has the class of readers, and anything else of a maker of readers: older models have a class of their own.
    # A composite device is told by its parts where they are readers.
    param($Devices)
    $makers = '04e6', '072f', '076b', '08e6', '096e', '0c4b', '0d46', '1db2'
    $readers = @($Devices | Where-Object { $_.card_class })
    $shown = @($readers | ForEach-Object { "$($_.vendor_id):$($_.product_id)" })
    foreach ($device in $Devices) {
        $known = $shown -contains "$($device.vendor_id):$($device.product_id)"
        if ($device.card_class -or ($makers -contains $device.vendor_id -and -not $known -and -not $device.composite)) {
            [ordered]@{
                vendor_id = $device.vendor_id
                product_id = $device.product_id
                product = $device.product
                driver = $device.driver
                problem = $device.problem
            }
        }
    }
}

Export-ModuleMember -Function Get-EesztUsb, Get-EesztWorkingReaders, ConvertTo-EesztUsbDevice, Select-EesztCardReaders
