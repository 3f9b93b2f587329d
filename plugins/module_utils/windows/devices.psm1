# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Which USB devices are there now, and whether Windows has trouble with them: the two things that no registry key tells.

#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.UsbDevices
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.evidence

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztPresentDevices {
    # error: evidence or null; devices: instance (such as USB\VID_0C4B&PID_9102\1234) and problem (cfg.h; 0: none).
    $configuration = [ansible_collections.eeszt.connect.plugins.module_utils.windows.UsbDevices.Configuration]
    $instances = [string[]]@()
    $code = $configuration::Present([ref]$instances)
    if ($code -ne 0) {
        $failed = New-EesztEvidence 'cfgmgr32' $code 'CM_Get_Device_ID_List'
        return [ordered]@{ error = $failed; devices = @() }
    }
    $devices = @(foreach ($instance in $instances) {
        $problem = $configuration::Problem($instance)
        # Null: pulled out since it was listed.
        if ($null -ne $problem) { [ordered]@{ instance = $instance; problem = $problem } }
    })
    return [ordered]@{ error = $null; devices = $devices }
}

Export-ModuleMember -Function Get-EesztPresentDevices
