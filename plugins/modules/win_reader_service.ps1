#!powershell

# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils.windows.services
#AnsibleRequires -PowerShell ..module_utils.windows.usb

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$spec = @{
    options = @{ start = @{ type = 'str'; choices = 'auto', 'manual' } }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

$name = 'SCardSvr'
$service = Get-EesztService $name
if ($service.present -eq $false) { $module.FailJson("This Windows has no service $name, without which no program sees a card reader: have its feature installed.") }
$readers = @(Get-EesztWorkingReaders)
$plan = Get-EesztServicePlan $service "$($module.Params.start)" ($readers.Count -gt 0)
$module.Result.readers = $readers
$module.Result.changed = $null -ne $plan.start -or $plan.run
$module.Result.before = @{ start = $service.start; active = $service.active }
if ($module.CheckMode -or -not $module.Result.changed) { $module.ExitJson() }

try {
    $types = @{ auto = 'Automatic'; manual = 'Manual' }
    if ($null -ne $plan.start) { Set-Service -Name $name -StartupType $types[$plan.start] }
    if ($plan.run) { Start-Service -Name $name }
}
catch { $module.FailJson("The service $name could not be set up: $($_.Exception.Message)", $_) }
$module.ExitJson()
