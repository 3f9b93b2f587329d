# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Runs Enable-EesztRemoting.ps1's functions on a machine that is a dictionary: every command of Windows has a stand-in here.
# In: the script, a JSON file of {name: {machine, runs}} and a folder. Out: answers.json in the folder, {name: [{said, error, machine}]}, a row a run.

param([string]$Script, [string]$Cases, [string]$Folder)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

. $Script -ControllerAddress 192.0.2.5

$global:Machine = $null
$global:Made = @{}

function Test-EesztElevated { $Machine.elevated }
function Get-EesztMachineName { $Machine.name }
function Get-EesztDomainName { $Machine.domain }
function Get-EesztInterfaces { $Machine.interfaces }
function Get-EesztRegistryValue { param($Path, $Value) $Machine.registry["$Path|$Value"] }
function Set-EesztRegistryValue { param($Path, $Value, $Data) $Machine.registry["$Path|$Value"] = $Data }
function Remove-EesztRegistryValue { param($Path, $Value) $Machine.registry.Remove("$Path|$Value") }
function Get-EesztCertificate { param($Thumbprint) if ($Machine.certificates -contains $Thumbprint) { $Made[$Thumbprint] } }
function Remove-EesztCertificate { param($Thumbprint) $Machine.certificates = @($Machine.certificates | Where-Object { $_ -ne $Thumbprint }) }
function Get-Service { param($Name) [pscustomobject]@{ Status = $Machine.service.status; StartType = $Machine.service.start } }
function Set-Service { param($Name, $StartupType) $Machine.service.start = [string]$StartupType }
function Start-Service {
    param($Name)
    if ($Machine.service.start -eq 'Disabled' -or $Machine['stuck']) { throw 'the service does not start' }
    $Machine.service.status = 'Running'
    $Machine.starts = [int]$Machine['starts'] + 1
}
function Stop-Service { param($Name) $Machine.service.status = 'Stopped' }
function New-SelfSignedCertificate {
    param($Type, $Subject, $FriendlyName, $TextExtension, $KeyUsage, $KeyAlgorithm, $KeyLength, $HashAlgorithm, $KeyExportPolicy, $NotAfter, $CertStoreLocation)
    $thumbprint = "MADE$($Made.Count)"
    $Made[$thumbprint] = [pscustomobject]@{ Thumbprint = $thumbprint; HasPrivateKey = $true; NotAfter = $NotAfter; RawData = [byte[]](1..90) }
    $Machine.certificates = @($Machine.certificates) + $thumbprint
    $Machine.asked = @("$Subject $KeyAlgorithm$KeyLength $HashAlgorithm $KeyExportPolicy") + $TextExtension
    $Made[$thumbprint]
}
function Get-WSManInstance {
    param($ResourceURI, [switch]$Enumerate)
    if ($Machine.service.status -ne 'Running') { throw 'the service does not run' }
    if ($ResourceURI -like '*Auth') { return [pscustomobject]@{ Basic = $Machine.basic } }
    if ($Machine.http) { [pscustomobject]@{ Transport = 'HTTP'; Address = '*'; Enabled = 'true'; CertificateThumbprint = ''; Port = '5985' } }
    if ($null -ne $Machine.listener) { [pscustomobject]@{ Transport = 'HTTPS'; Address = '*'; Enabled = $Machine.listener.enabled; CertificateThumbprint = $Machine.listener.thumbprint; Port = $Machine.listener.port } }
}
function New-WSManInstance {
    param($ResourceURI, $SelectorSet, $ValueSet)
    if ($null -ne $Machine.listener) { throw 'there is one already' }
    $Machine.listener = @{ thumbprint = $ValueSet.CertificateThumbprint; port = $ValueSet.Port; enabled = $ValueSet['Enabled'] }
}
function Set-WSManInstance {
    param($ResourceURI, $SelectorSet, $ValueSet)
    if ($Machine.service.status -ne 'Running') { throw 'the service does not run' }
    if ($ResourceURI -like '*Auth') { $Machine.basic = $ValueSet.Basic }
    else { $Machine.listener = @{ thumbprint = $ValueSet.CertificateThumbprint; port = $ValueSet.Port; enabled = $ValueSet['Enabled'] } }
}
function Remove-WSManInstance { param($ResourceURI, $SelectorSet) $Machine.listener = $null }
function Get-NetFirewallRule { [CmdletBinding()] param($Name) if ($null -ne $Machine.rule) { [pscustomobject]$Machine.rule } }
function Get-NetFirewallAddressFilter { param([Parameter(ValueFromPipeline = $true)]$Rule) process { [pscustomobject]@{ RemoteAddress = $Rule.addresses; LocalAddress = 'Any' } } }
function Get-NetFirewallPortFilter { param([Parameter(ValueFromPipeline = $true)]$Rule) process { [pscustomobject]@{ LocalPort = $Rule.port; RemotePort = 'Any'; Protocol = $Rule.protocol } } }
function Get-TestMasked {
    # Windows gives networks back with a mask, and without what an address has beyond it.
    param([string]$Address)
    $network, $length = $Address.Split('/')
    if ($null -eq $length) { return $network }
    $bits = '1' * [int]$length + '0' * (32 - $length)
    $mask = @(0, 8, 16, 24 | ForEach-Object { [System.Convert]::ToByte($bits.Substring($_, 8), 2) })
    $bytes = [System.Net.IPAddress]::Parse($network).GetAddressBytes()
    return (@(0..3 | ForEach-Object { $bytes[$_] -band $mask[$_] }) -join '.') + '/' + ($mask -join '.')
}
function Remove-NetFirewallRule { [CmdletBinding()] param($Name) $Machine.rule = $null }
function New-NetFirewallRule {
    param($Name, $DisplayName, $Group, $Direction, $Action, $Protocol, $LocalPort, $RemoteAddress, $Profile)
    $addresses = @($RemoteAddress | ForEach-Object { Get-TestMasked $_ })
    $Machine.made = [int]$Machine['made'] + 1
    $Machine.rule = @{ name = $Name; group = $Group; direction = $Direction; action = $Action; protocol = $Protocol; enabled = 'True'; port = "$LocalPort"; addresses = $addresses; profile = $Profile }
}
function Get-LocalUser {
    [CmdletBinding()] param($Name, $SID)
    $Machine.users.GetEnumerator() | Where-Object { $_.Key -eq $Name -or $_.Value -eq $SID } | ForEach-Object { [pscustomobject]@{ Name = $_.Key; SID = $_.Value } }
}
function New-LocalUser {
    param($Name, $Password, [switch]$PasswordNeverExpires, [switch]$AccountNeverExpires, $Description)
    if ($Password -isnot [System.Security.SecureString]) { throw 'the password is readable' }
    $Machine.users[$Name] = "S-1-5-21-1-$Name"
    [pscustomobject]@{ SID = $Machine.users[$Name] }
}
function Remove-LocalUser { param($SID) foreach ($name in @($Machine.users.Keys)) { if ($Machine.users[$name] -eq $SID) { $Machine.users.Remove($name) } } }
function Get-LocalGroupMember { param($SID) @($Machine.groups[$SID]) | Where-Object { $_ } | ForEach-Object { [pscustomobject]@{ SID = $_ } } }
function Add-LocalGroupMember { param($SID, $Member) $Machine.groups[$SID] = @($Machine.groups[$SID] | Where-Object { $_ }) + $Member }
function Remove-LocalGroupMember { [CmdletBinding()] param($SID, $Member) $Machine.groups[$SID] = @($Machine.groups[$SID] | Where-Object { $_ -ne $Member }) }
function Read-Host { param([switch]$AsSecureString, $Prompt) $text = New-Object System.Security.SecureString; 'one'.ToCharArray() | ForEach-Object { $text.AppendChar($_) }; $text }

function Invoke-TestRun {
    param($Run)
    $given = @{
        ControllerAddress = @('192.0.2.5'); Name = @(); Port = 5986; Years = 3; Renew = $false; Basic = $false
        AccountName = ''; AccountGroup = 'Administrators'; AllowLocalAdministrators = $false
    }
    foreach ($key in @($Run.Keys)) { if ($given.ContainsKey($key)) { $given[$key] = $Run[$key] } }
    $takeBack = [bool]$Run['remove']
    try {
        if ($null -ne $Run['before']) { foreach ($key in @($Run['before'].Keys)) { $Machine[$key] = $Run['before'][$key] } }
        if ($null -ne $Run['rule']) { foreach ($key in @($Run['rule'].Keys)) { $Machine.rule[$key] = $Run['rule'][$key] } }
        if ($null -ne $Run['loosen']) { Set-EesztRegistryValue 'SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System' 'LocalAccountTokenFilterPolicy' $Run['loosen'] }
        $wanted = if (-not $takeBack) { Get-EesztWanted $given }
        $said = [string[]]@(Start-EesztRemoting -Wanted $wanted -Folder $Folder -TakeBack $takeBack -WhatIf:([bool]$Run['whatif']) 3>&1 6> $null)
        return @{ said = $said; error = $null }
    }
    catch { return @{ said = [string[]]@(); error = "$_" } }
}

$answers = @{}
$rows = ConvertFrom-Json ([System.IO.File]::ReadAllText($Cases)) -AsHashtable
# Not $name: the script that was dot-sourced has a parameter of that name.
foreach ($row in $rows.Keys) {
    $global:Machine = $rows[$row].machine
    $global:Made = @{}
    $answers[$row] = @(foreach ($run in $rows[$row].runs) {
        $answer = Invoke-TestRun $run
        # As it stands now: the next run goes on with the same machine.
        $answer.machine = ConvertFrom-Json (ConvertTo-Json $Machine -Depth 6) -AsHashtable
        $answer
    })
}
# What -WhatIf says goes to the output too.
[System.IO.File]::WriteAllText((Join-Path $Folder 'answers.json'), (ConvertTo-Json $answers -Depth 8 -Compress))
