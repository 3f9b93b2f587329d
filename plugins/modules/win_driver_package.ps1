#!powershell
# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -CSharpUtil ..module_utils.windows.DriverPackages
#AnsibleRequires -PowerShell ..module_utils.windows.driver_packages

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-Refusal {
    # What a code of setupapi means to whoever has to act; Windows' own text for it, in its language, goes with it.
    param([string]$What, [int]$Code)
    $number = '0x{0:X8}' -f $Code
    $own = (New-Object System.ComponentModel.Win32Exception $Code).Message
    $remedy = switch ($number) {
        '0x00000005' { ' The account is no administrator of this host.' }
        '0xE000022F' { ' The package has no catalogue: get the whole, signed package from the vendor.' }
        { @('0xE0000241', '0xE0000242', '0xE0000243', '0x800B0109') -contains $_ } {
            " The publisher of the package is not trusted on this host: have its certificate in the store TrustedPublisher."
        }
        default { '' }
    }
    return "Windows did not $What ($number, $own)$remedy"
}

function Invoke-Apply {
    # Whether a present device took the driver of an INF in the place of what it has.
    param([string]$Inf)
    $reboot = $false
    $noBetterDriver = 259
    $code = $store::Apply($Inf, [ref]$reboot)
    if ($code -notin 0, $noBetterDriver) { $module.FailJson((Get-Refusal "give $Inf to the devices" $code)) }
    if ($reboot) {
        $module.Result.reboot_required = $true
        $module.Warn("A device works with the driver of $name only after a restart of this host.")
    }
    return $code -eq 0
}

$spec = @{
    options = @{
        name = @{ type = 'str'; required = $true }
        version = @{ type = 'str' }
        path = @{ type = 'path' }
        state = @{ type = 'str'; choices = @('present', 'absent'); default = 'present' }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$module.Result.changed = $false
$module.Result.reboot_required = $false

$name = $module.Params.name
if ($name -notmatch '^[^\\/:*?"<>|]+\.inf$') { $module.FailJson("name: '$name' is no name of an INF file.") }
$store = [ansible_collections.eeszt.connect.plugins.module_utils.windows.DriverPackages.Store]
$windows = [System.Environment]::GetFolderPath('Windows')
$version = $module.Params.version
$found = @(Get-EesztDriverPackages $name $windows)
$module.Result.before = $found
$there = @($found | Where-Object { -not $version -or $_.version -eq $version })
$module.Result.fits = $there.Count -gt 0
$module.Result.waiting = @()

if ($module.Params.state -eq 'absent') {
    foreach ($published in @($found | ForEach-Object { $_.published })) {
        $code = if ($module.CheckMode) { 0 } else { $store::Remove($published) }
        if ($code -ne 0) { $module.FailJson((Get-Refusal "remove $published" $code)) }
        $module.Result.changed = $true
    }
    $module.ExitJson()
}

if ($module.Result.fits) {
    # A run that ended between the store and the devices.
    foreach ($package in $there) {
        $waiting = @(Get-EesztWaitingDevices $package.inf)
        if ($waiting.Count -eq 0) { continue }
        $module.Result.waiting += $waiting
        if ($module.CheckMode -or (Invoke-Apply $package.inf)) { $module.Result.changed = $true }
    }
    $module.ExitJson()
}
$module.Result.changed = $true
if ($module.CheckMode) { $module.ExitJson() }

$path = $module.Params.path
if (-not $path) { $module.FailJson('path: the driver is not in the store, and it is not said where its package lies.') }
if ([System.IO.Directory]::Exists($path)) { $path = [System.IO.Path]::Combine($path, $name) }
if (-not [System.IO.File]::Exists($path)) { $module.FailJson("path: there is no file $path.") }
$module.Result.changed = $false
$code = $store::Add($path)
if ($code -ne 0) { $module.FailJson((Get-Refusal "take $path into its driver store" $code)) }
$module.Result.changed = $true
[void](Invoke-Apply $path)
$after = @(Get-EesztDriverPackages $name $windows)
if (@($after | Where-Object { -not $version -or $_.version -eq $version }).Count -eq 0) {
    $shown = @($after | ForEach-Object { $_.version }) -join ', '
    $module.FailJson("The driver store has ${name} in the versions '$shown', and $version was asked for: correct version or the package.")
}
$module.ExitJson()
