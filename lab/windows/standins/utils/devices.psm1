# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# STAND-IN of the Windows double for plugins/module_utils/windows/devices.psm1: same function, same words.
# Wine's CM_Get_Device_ID_List finds no device ever. So what is plugged in is C:\eeszt-double\state\usb.json, a list of
# {instance, problem}; what the registry keeps of a device, it keeps there as on Windows.

#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.evidence

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztPresentDevices {
    $path = 'C:\eeszt-double\state\usb.json'
    if (-not [System.IO.File]::Exists($path)) {
        # The virtual reader is on no bus, so a bus without devices would be a lie; the Linux hosts show none either.
        $none = New-EesztEvidence 'double' 0 'this double shows no USB bus'
        return [ordered]@{ error = $none; devices = @() }
    }
    $devices = @(foreach ($each in @([System.IO.File]::ReadAllText($path) | ConvertFrom-Json)) {
        if ($null -ne $each) { [ordered]@{ instance = $each.instance; problem = [int]$each.problem } }
    })
    return [ordered]@{ error = $null; devices = $devices }
}

Export-ModuleMember -Function Get-EesztPresentDevices
