# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Stands for the cmdlets of Windows' NetSecurity that change and show firewall rules and profiles.

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

. "$PSScriptRoot\rule_texts.ps1"
. "$PSScriptRoot\enforcement.ps1"

$script:Policy = 'SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy'
$script:Profiles = [ordered]@{ Domain = 'DomainProfile'; Private = 'StandardProfile'; Public = 'PublicProfile' }
$script:Settings = 'NewDisplayName', 'DisplayName', 'Description', 'Group', 'Enabled', 'Direction', 'Action', 'Protocol', 'Profile',
    'RemotePort', 'LocalPort', 'RemoteAddress', 'LocalAddress', 'Program', 'Service', 'LocalUser', 'InterfaceType'

function New-NetFirewallRule {
    [CmdletBinding(SupportsShouldProcess)]
    param(
        [string]$Name = [System.Guid]::NewGuid().ToString('B'),
        [Parameter(Mandatory)][string]$DisplayName,
        [string]$Description, [string]$Group,
        [ValidateSet('True', 'False')][string]$Enabled = 'True',
        [string[]]$Profile = 'Any',
        [ValidateSet('Inbound', 'Outbound')][string]$Direction = 'Inbound',
        [ValidateSet('Allow', 'Block')][string]$Action = 'Allow',
        [string]$Protocol = 'Any', [string[]]$RemotePort = 'Any', [string[]]$LocalPort = 'Any',
        [string[]]$RemoteAddress = 'Any', [string[]]$LocalAddress = 'Any',
        [string]$Program = 'Any', [string]$Service = 'Any', [string]$LocalUser = 'Any', [string]$InterfaceType = 'Any',
        [string]$PolicyStore = 'PersistentStore'
    )
    Confirm-Service $PSCmdlet
    Confirm-Writable $PSCmdlet $PolicyStore
    if ($null -ne (Get-Text $Name)) {
        Write-Failure $PSCmdlet 'Cannot create a file when that file already exists.' 'Windows System Error 183' 'ResourceExists' $Name
    }
    $rule = [ordered]@{}
    $given = @{}
    foreach ($key in $PSBoundParameters.Keys) { $given[$key] = $PSBoundParameters[$key] }
    foreach ($key in 'Enabled', 'Direction', 'Action') { $given[$key] = Get-Variable -Name $key -ValueOnly }
    Set-Fields $PSCmdlet $rule $given
    if ($PSCmdlet.ShouldProcess($DisplayName)) {
        Set-Text $Name (ConvertTo-RuleText $rule)
        Sync-NetFirewallDouble
        ConvertTo-RuleObject $Name $rule 'PersistentStore' 'Local'
    }
}

function Get-NetFirewallRule {
    [CmdletBinding(DefaultParameterSetName = 'All')]
    param(
        [Parameter(ParameterSetName = 'Name', Position = 0)][string[]]$Name,
        [Parameter(ParameterSetName = 'DisplayName', Mandatory)][string[]]$DisplayName,
        [Parameter(ParameterSetName = 'Group', Mandatory)][string[]]$Group,
        [Parameter(ParameterSetName = 'All')][switch]$All,
        [string]$PolicyStore = 'PersistentStore'
    )
    Confirm-Service $PSCmdlet
    $rules = @(Get-Rules $PolicyStore)
    if ($PSCmdlet.ParameterSetName -eq 'All') { return $rules }
    $property = if ($PSCmdlet.ParameterSetName -eq 'Name') { 'InstanceID' } else { $PSCmdlet.ParameterSetName }
    Select-Rules $PSCmdlet $rules $property $PSBoundParameters[$PSCmdlet.ParameterSetName]
}

function Set-NetFirewallRule {
    [CmdletBinding(SupportsShouldProcess, DefaultParameterSetName = 'Name')]
    param(
        [Parameter(ParameterSetName = 'Name', Mandatory, Position = 0)][string[]]$Name,
        [Parameter(ParameterSetName = 'DisplayName', Mandatory)][string[]]$DisplayName,
        [Parameter(ParameterSetName = 'Group', Mandatory)][string[]]$Group,
        [Parameter(ParameterSetName = 'InputObject', Mandatory, ValueFromPipeline)][object[]]$InputObject,
        [string]$NewDisplayName, [string]$Description,
        [ValidateSet('True', 'False')][string]$Enabled,
        [string[]]$Profile,
        [ValidateSet('Inbound', 'Outbound')][string]$Direction,
        [ValidateSet('Allow', 'Block')][string]$Action,
        [string]$Protocol, [string[]]$RemotePort, [string[]]$LocalPort, [string[]]$RemoteAddress, [string[]]$LocalAddress,
        [string]$Program, [string]$Service, [string]$LocalUser, [string]$InterfaceType,
        [string]$PolicyStore = 'PersistentStore'
    )
    process {
        Confirm-Service $PSCmdlet
        Confirm-Writable $PSCmdlet $PolicyStore
        $given = @{}
        foreach ($key in $PSBoundParameters.Keys) {
            if (@('Name', 'DisplayName', 'Group', 'InputObject') -notcontains $key) { $given[$key] = $PSBoundParameters[$key] }
        }
        foreach ($found in (Find-Asked $PSCmdlet $PSBoundParameters)) {
            $rule = ConvertFrom-RuleText (Get-Text $found.Name)
            Set-Fields $PSCmdlet $rule $given
            if ($PSCmdlet.ShouldProcess($found.DisplayName)) { Set-Text $found.Name (ConvertTo-RuleText $rule) }
        }
        Sync-NetFirewallDouble
    }
}

function Enable-NetFirewallRule {
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0)][string[]]$Name)
    Set-NetFirewallRule -Name $Name -Enabled True
}

function Disable-NetFirewallRule {
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0)][string[]]$Name)
    Set-NetFirewallRule -Name $Name -Enabled False
}

function Remove-NetFirewallRule {
    [CmdletBinding(SupportsShouldProcess, DefaultParameterSetName = 'Name')]
    param(
        [Parameter(ParameterSetName = 'Name', Mandatory, Position = 0)][string[]]$Name,
        [Parameter(ParameterSetName = 'DisplayName', Mandatory)][string[]]$DisplayName,
        [Parameter(ParameterSetName = 'Group', Mandatory)][string[]]$Group,
        [Parameter(ParameterSetName = 'InputObject', Mandatory, ValueFromPipeline)][object[]]$InputObject,
        [string]$PolicyStore = 'PersistentStore'
    )
    process {
        Confirm-Service $PSCmdlet
        Confirm-Writable $PSCmdlet $PolicyStore
        foreach ($found in (Find-Asked $PSCmdlet $PSBoundParameters)) {
            if ($PSCmdlet.ShouldProcess($found.DisplayName)) { Set-Text $found.Name $null }
        }
        Sync-NetFirewallDouble
    }
}

function Get-NetFirewallProfile {
    [CmdletBinding()]
    param([Parameter(Position = 0)][Alias('Profile')][string[]]$Name = @('Domain', 'Private', 'Public'), [string]$PolicyStore = 'PersistentStore')
    Confirm-Service $PSCmdlet
    foreach ($each in $Name) {
        $path = "HKEY_LOCAL_MACHINE\$script:Policy\$($script:Profiles[$each])"
        [pscustomobject][ordered]@{
            Name = $each
            Enabled = if ([Microsoft.Win32.Registry]::GetValue($path, 'EnableFirewall', 1) -eq 0) { 'False' } else { 'True' }
            DefaultInboundAction = if ([Microsoft.Win32.Registry]::GetValue($path, 'DefaultInboundAction', 1) -eq 0) { 'Allow' } else { 'Block' }
            DefaultOutboundAction = if ([Microsoft.Win32.Registry]::GetValue($path, 'DefaultOutboundAction', 0) -eq 1) { 'Block' } else { 'Allow' }
        }
    }
}

function Set-NetFirewallProfile {
    [CmdletBinding(SupportsShouldProcess)]
    param(
        [Parameter(Position = 0)][Alias('Profile')][ValidateSet('Domain', 'Private', 'Public')][string[]]$Name,
        [switch]$All,
        [ValidateSet('True', 'False')][string]$Enabled,
        [ValidateSet('Allow', 'Block')][string]$DefaultInboundAction,
        [ValidateSet('Allow', 'Block')][string]$DefaultOutboundAction,
        [string]$PolicyStore = 'PersistentStore'
    )
    Confirm-Service $PSCmdlet
    Confirm-Writable $PSCmdlet $PolicyStore
    $names = if ($PSBoundParameters.ContainsKey('Name')) { $Name } else { @($script:Profiles.Keys) }
    foreach ($each in @($names | Where-Object { $PSCmdlet.ShouldProcess($_) })) {
        $path = "HKEY_LOCAL_MACHINE\$script:Policy\$($script:Profiles[$each])"
        $numbers = @{ Enabled = 'EnableFirewall'; DefaultInboundAction = $null; DefaultOutboundAction = $null }
        foreach ($setting in @($numbers.Keys | Where-Object { $PSBoundParameters.ContainsKey($_) })) {
            $value = if (@('True', 'Block') -contains $PSBoundParameters[$setting]) { 1 } else { 0 }
            $entry = if ($null -eq $numbers[$setting]) { $setting } else { $numbers[$setting] }
            [Microsoft.Win32.Registry]::SetValue($path, $entry, $value, [Microsoft.Win32.RegistryValueKind]::DWord)
        }
    }
    Sync-NetFirewallDouble
}

function Find-Asked {
    # Rules of the host by whatever the caller's parameter set names them.
    param($Cmdlet, $Bound)
    if ($Bound.ContainsKey('InputObject')) { return $Bound['InputObject'] }
    $property = $Cmdlet.ParameterSetName
    $names = $Bound[$property]
    if ($property -eq 'Name') { $property = 'InstanceID' }
    Select-Rules $Cmdlet @(Get-Rules 'PersistentStore') $property $names
}

function Select-Rules {
    param($Cmdlet, $Rules, [string]$Property, $Patterns)
    foreach ($pattern in $Patterns) {
        $found = @($Rules | Where-Object { $_.$Property -like $pattern })
        if ($found.Count -eq 0 -and -not [System.Management.Automation.WildcardPattern]::ContainsWildcardCharacters($pattern)) {
            $text = "No MSFT_NetFirewallRule objects found with property '$Property' equal to '$pattern'.  Verify the value of the property and retry."
            $Cmdlet.WriteError((New-Failure $text "CmdletizationQuery_NotFound_$Property" 'ObjectNotFound' $pattern))
        }
        $found
    }
}

function Get-Rules {
    param([string]$PolicyStore)
    $keys = [ordered]@{ PersistentStore = @($script:Policy, 'Local'); RSOP = @('SOFTWARE\Policies\Microsoft\WindowsFirewall', 'GroupPolicy') }
    foreach ($source in $keys.Keys) {
        if ($PolicyStore -ne 'ActiveStore' -and $PolicyStore -ne $source) { continue }
        $key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey("$($keys[$source][0])\FirewallRules")
        if ($null -eq $key) { continue }
        try {
            foreach ($name in $key.GetValueNames()) {
                ConvertTo-RuleObject $name (ConvertFrom-RuleText $key.GetValue($name)) $source $keys[$source][1]
            }
        }
        finally { $key.Close() }
    }
}

function Get-Text {
    param([string]$Name)
    return [Microsoft.Win32.Registry]::GetValue("HKEY_LOCAL_MACHINE\$script:Policy\FirewallRules", $Name, $null)
}

function Set-Text {
    param([string]$Name, $Text)
    $key = [Microsoft.Win32.Registry]::LocalMachine.CreateSubKey("$script:Policy\FirewallRules")
    try { if ($null -eq $Text) { $key.DeleteValue($Name) } else { $key.SetValue($Name, $Text) } }
    finally { $key.Close() }
}

function Set-Fields {
    # The protocol first: ports are only taken with it.
    param($Cmdlet, $Rule, $Given)
    try {
        foreach ($parameter in @('Protocol') + @($script:Settings | Where-Object { $_ -ne 'Protocol' })) {
            if ($Given.ContainsKey($parameter)) { Set-RuleField $Rule $parameter $Given[$parameter] }
        }
    }
    catch [System.ArgumentException] {
        Write-Failure $Cmdlet $_.Exception.Message 'Windows System Error 87' 'InvalidArgument' $null
    }
}

function Confirm-Service {
    # As the real ones fail when MpsSvc does not run; a test switches it off by its start type.
    param($Cmdlet)
    $start = [Microsoft.Win32.Registry]::GetValue('HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\MpsSvc', 'Start', 2)
    if ($start -eq 4) {
        Write-Failure $Cmdlet 'There are no more endpoints available from the endpoint mapper.' 'Windows System Error 1753' 'NotSpecified' $null
    }
}

function Confirm-Writable {
    param($Cmdlet, [string]$PolicyStore)
    if ($PolicyStore -ne 'PersistentStore') {
        Write-Failure $Cmdlet 'Access is denied.' 'Windows System Error 5' 'PermissionDenied' $PolicyStore
    }
}

function Write-Failure {
    # Ends the calling cmdlet.
    param($Cmdlet, [string]$Text, [string]$Id, [string]$Category, $Target)
    $Cmdlet.ThrowTerminatingError((New-Failure $Text $Id $Category $Target))
}

function New-Failure {
    param([string]$Text, [string]$Id, [string]$Category, $Target)
    $kind = [System.Management.Automation.ErrorCategory]$Category
    return New-Object System.Management.Automation.ErrorRecord (New-Object System.InvalidOperationException $Text), $Id, $kind, $Target
}

Export-ModuleMember -Function New-NetFirewallRule, Get-NetFirewallRule, Set-NetFirewallRule, Remove-NetFirewallRule,
    Enable-NetFirewallRule, Disable-NetFirewallRule, Get-NetFirewallProfile, Set-NetFirewallProfile, Sync-NetFirewallDouble
