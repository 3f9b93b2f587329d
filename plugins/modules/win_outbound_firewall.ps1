#!powershell
# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils.windows.destination_names
#AnsibleRequires -PowerShell ..module_utils.windows.firewall
#AnsibleRequires -PowerShell ..module_utils.windows.outbound_rules
#AnsibleRequires -PowerShell ..module_utils.windows.registry
#AnsibleRequires -PowerShell ..module_utils.windows.services

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Invoke-RuleAction {
    # One cmdlet. NetSecurity alone changes rules: what is written into the registry behind its back is not in force.
    param($Action, $Wanted)
    if ($Action.do -eq 'remove') {
        Remove-NetFirewallRule -Name $Action.name -ErrorAction Stop
        return
    }
    $settings = @{
        Name = $Wanted.name
        Description = 'Managed by eeszt.connect: opens the outbound ports of EESZT.'
        Enabled = 'True'
        Action = 'Allow'
        Profile = 'Any'
        Protocol = 'TCP'
        RemotePort = $Wanted.ports
        RemoteAddress = if ($Wanted.destinations.Count -eq 0) { 'Any' } else { $Wanted.destinations }
        ErrorAction = 'Stop'
    }
    if ($Action.do -eq 'set') { Set-NetFirewallRule @settings -NewDisplayName $Wanted.display_name }
    else { [void](New-NetFirewallRule @settings -DisplayName $Wanted.display_name -Group $Wanted.group -Direction Outbound) }
}

function Get-Refusal {
    # Why a cmdlet failed, with what can be done about it.
    param($Record)
    $text = "Windows did not take the change of its firewall: $($Record.Exception.Message)"
    if ($Record.Exception -is [System.Management.Automation.CommandNotFoundException]) {
        return "$text The module NetSecurity is a part of Windows 8, Server 2012 and later; without it nothing can be changed here."
    }
    if ((Get-EesztService 'MpsSvc').active -eq $false) {
        return "$text The service MpsSvc (Windows Defender Firewall) does not run: have it start automatically, start it, and run again."
    }
    return $text
}

$spec = @{
    options = @{
        ports = @{ type = 'list'; elements = 'int' }
        destinations = @{ type = 'list'; elements = 'str'; default = @() }
        group = @{ type = 'str'; default = 'eeszt.connect' }
        always = @{ type = 'bool'; default = $false }
        state = @{ type = 'str'; choices = @('present', 'absent'); default = 'present' }
    }
    required_if = @(, @('state', 'present', @('ports')))
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$module.Result.changed = $false

$group = $module.Params.group
if ($group -notmatch '^[A-Za-z0-9][A-Za-z0-9._ -]*$') { $module.FailJson("group: '$group' is not made of letters, digits, points and dashes.") }
$wanted = $null
if ($module.Params.state -eq 'present') {
    if ($module.Params.ports.Count -eq 0) { $module.FailJson('ports: name at least one TCP port.') }
    try {
        $destinations = @(Resolve-EesztDestinations $module.Params.destinations)
        $wanted = New-EesztWantedRule $module.Params.ports $destinations $group
    }
    catch [System.ArgumentException] { $module.FailJson("ports or destinations: $($_.Exception.Message)") }
}

$stores = @(Get-EesztFirewallStores)
$windows = [System.Environment]::GetFolderPath('Windows')
$plan = Get-EesztOutboundPlan $stores $wanted $group $module.Params.always @(Get-EesztActiveProfiles) $windows
$module.Result.before = $plan.before
$module.Result.after = $plan.after
$module.Result.decided = $plan.decided
$module.Diff.before = @{ rules = $plan.before }
$module.Diff.after = @{ rules = $plan.after }
foreach ($warning in $plan.warnings) { $module.Warn($warning) }
if ($plan.failure -ne '') { $module.FailJson($plan.failure) }

if ($module.CheckMode) {
    $module.Result.changed = $plan.actions.Count -gt 0
    $module.ExitJson()
}
foreach ($action in $plan.actions) {
    try { Invoke-RuleAction $action $wanted }
    catch { $module.FailJson((Get-Refusal $_), $_) }
    $module.Result.changed = $true
}
if ($module.Result.changed -and $null -ne $wanted) {
    $rules = 'SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules'
    $kept = ConvertTo-EesztOwnRule $wanted.name "$(Get-EesztRegistryValue $rules $wanted.name)"
    $differs = @(Get-EesztRuleDifferences $kept $wanted)
    $module.Result.after = @($kept)
    if ($differs.Count -gt 0) { $module.Warn("Windows keeps the rule $($wanted.name) otherwise than asked: $($differs -join ', ').") }
}
$module.ExitJson()
