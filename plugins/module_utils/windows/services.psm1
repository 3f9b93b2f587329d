# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Services: what the registry says is to start, and what the service control manager says runs.

#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.Services
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.registry

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztService {
    # present, active, start (winsvc.h: 2 automatic, 3 on demand, 4 disabled); null: cannot be told.
    param([string]$Name)
    $start = Get-EesztRegistryValue "SYSTEM\CurrentControlSet\Services\$Name" 'Start'
    $state = [uint32]0
    $code = [ansible_collections.eeszt.connect.plugins.module_utils.windows.Services.Manager]::Query($Name, [ref]$state)
    $noSuchService = 1060
    $running = 4
    $service = [ordered]@{ present = $null; active = $null; start = $start }
    if ($code -eq 0) {
        $service.present = $true
        $service.active = $state -eq $running
    }
    elseif ($code -eq $noSuchService) {
        $service.present = $false
        $service.active = $false
    }
    elseif ($null -ne $start) { $service.present = $true }
    return $service
}

function Get-EesztServicePlan {
    # What is to be done with a service that Windows starts when somebody needs it: start, its start type (auto, manual;
    # null: it keeps its own) and run, whether to start it. Without $Wanted only a service that is switched off is touched.
    # One that nobody needs ($Needed) Windows would stop again.
    param($Service, [string]$Wanted, [bool]$Needed)
    $automatic, $disabled = 2, 4
    $start = if ($Wanted) { $Wanted } elseif ($Service.start -eq $disabled) { 'manual' } else { $null }
    $now = switch ($Service.start) { $automatic { 'auto' } $disabled { 'disabled' } default { 'manual' } }
    return [ordered]@{
        start = if ($start -ne $now) { $start } else { $null }
        run = $Needed -and $Service.active -ne $true
    }
}

Export-ModuleMember -Function Get-EesztService, Get-EesztServicePlan
