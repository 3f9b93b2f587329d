# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# What the util for keys asks of Windows, and in which order, with a store that is a list. In: the folder of utils and a
# certificate in base64. Out: JSON of what was asked by name of the case.

param([string]$Utils, [string]$Certificate)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

. (Join-Path -Path $PSScriptRoot -ChildPath 'as_5_1.ps1')

$text = [System.IO.File]::ReadAllText((Join-Path -Path $Utils -ChildPath 'key_storage.psm1'))
$module = New-Module -Name key_storage -ScriptBlock ([ScriptBlock]::Create($text))
Import-Module -ModuleInfo $module -Scope Global

$der = [System.Convert]::FromBase64String($Certificate)
$real = New-Object System.Security.Cryptography.X509Certificates.X509Certificate2 -ArgumentList (, $der)
$global:Asked = @()
$global:Entries = @()
$global:Full = $false

function Add-TestCall {
    param($Object, [string]$Name, [scriptblock]$Body)
    Add-Member -InputObject $Object -MemberType ScriptMethod -Name $Name -Value $Body
}

function New-TestEntry {
    # A certificate as a store or a PKCS#12 file gives it: what is written to it is seen.
    param([byte[]]$RawData, [string]$Where)
    $entry = [pscustomobject]@{ RawData = $RawData; Where = $Where }
    Add-Member -InputObject $entry -MemberType ScriptProperty -Name FriendlyName -Value { '' } -SecondValue { param($Mark) $global:Asked += "$($this.Where): $Mark" }
    Add-Member -InputObject $entry -MemberType ScriptProperty -Name Archived -Value { $this.Where -eq 'archive' } -SecondValue { param($Yes) $global:Asked += "$($this.Where): archived $Yes" }
    Add-TestCall $entry 'Dispose' {}
    return $entry
}

function New-Object {
    # Stores and certificates of this test; all else is PowerShell's own.
    param([Parameter(Position = 0)][string]$TypeName, [Parameter(Position = 1)]$ArgumentList)
    if ($TypeName -like '*.X509Certificate2') { return New-TestEntry ([byte[]](1, 2, 3)) 'file' }
    if ($TypeName -notlike '*.X509Store') { return Microsoft.PowerShell.Utility\New-Object @PSBoundParameters }
    $store = [pscustomobject]@{ Certificates = $global:Entries }
    Add-TestCall $store 'Open' { param($Flags) $global:Asked += "open $Flags" }
    Add-TestCall $store 'Close' {}
    Add-TestCall $store 'Add' {
        param($Added)
        if ($global:Full) { throw 'no more place' }
        $global:Asked += 'add'
    }
    return $store
}
function Set-EesztDescriptor { param($Path, $Sddl, $WithOwner) $global:Asked += "access $Path $Sddl $WithOwner" }
& $module {
    Set-Item -Path function:script:Get-EesztKey -Value { param($Certificate, $Location) @{ file = 'C:\key'; container = 'one' } }
    Set-Item -Path function:script:Remove-EesztKey -Value { param($Key) $global:Asked += "remove $($Key.container)" }
}

function Get-TestAsked {
    param([scriptblock]$Block)
    $global:Asked = @()
    try { & $Block }
    catch { $global:Asked += "failed: $($_.Exception.Message)" }
    return , $global:Asked
}

function Import-TestKey {
    param([string]$Access)
    Import-EesztKey ([byte[]](1, 2)) (Microsoft.PowerShell.Utility\New-Object System.Security.SecureString) 'LocalMachine' 'My' 'eeszt.connect E01620K' $false $Access
}

$answers = [ordered]@{}
$global:Entries = @((New-TestEntry ([byte[]](9, 9)) 'other'), (New-TestEntry $der 'store'))
$answers['mark'] = Get-TestAsked { Set-EesztMark $real 'LocalMachine' 'My' 'eeszt.connect E01620K' $false }
$answers['mark and archive'] = Get-TestAsked { Set-EesztMark $real 'LocalMachine' 'My' 'eeszt.connect E01620K' $true }
$global:Entries[1].Where = 'archive'
$answers['mark and bring back'] = Get-TestAsked { Set-EesztMark $real 'LocalMachine' 'My' 'eeszt.connect E01620K' $false }
$global:Entries = @($global:Entries[0])
$answers['mark of one that is gone'] = Get-TestAsked { Set-EesztMark $real 'LocalMachine' 'My' 'eeszt.connect E01620K' $false }
$answers['import'] = Get-TestAsked { Import-TestKey 'D:P(A;;FA;;;SY)' }
$answers['import as Windows does'] = Get-TestAsked { Import-TestKey '' }
$global:Full = $true
$answers['import that fails'] = Get-TestAsked { Import-TestKey '' }
ConvertTo-Json $answers -Compress
