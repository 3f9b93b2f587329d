# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Makes a double look like a surgery's workstation to the probe: programs, a reader on the bus, a time service, a rule.

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Set-Value {
    param([string]$Path, [string]$Name, $Value, [string]$Hive = 'LocalMachine', [string]$View = 'Registry64')
    $base = [Microsoft.Win32.RegistryKey]::OpenBaseKey([Microsoft.Win32.RegistryHive]$Hive, [Microsoft.Win32.RegistryView]$View)
    $key = $base.CreateSubKey($Path)
    try { $key.SetValue($Name, $Value) }
    finally { $key.Close() }
}

$uninstall = 'SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall'
Set-Value "$uninstall\{0A1B}" 'DisplayName' ('eSzemelyi Kliens, b' + [char]0x0151 + 'v' + [char]0x00ED + 'tett')
Set-Value "$uninstall\{0A1B}" 'DisplayVersion' '1.7.2'
Set-Value "$uninstall\Other" 'DisplayName' 'Something else'
Set-Value "$uninstall\eSzemelyi32_is1" 'DisplayVersion' '1.6.0' -View 'Registry32'
$own = [System.Security.Principal.WindowsIdentity]::GetCurrent().User.Value
Set-Value "$own\$uninstall\Own" 'DisplayName' 'eSzemelyi for one user' -Hive 'Users'

$device = 'SYSTEM\CurrentControlSet\Enum\USB\VID_0C4B&PID_9102\1'
Set-Value $device 'DeviceDesc' '@oem7.inf,%cyberjack%;cyberJack RFID basis'
Set-Value $device 'Service' 'cjusb'
Set-Value $device 'ClassGUID' '{50dd5230-ba8a-11d1-bf5d-0000f805f530}'
Set-Value 'SYSTEM\CurrentControlSet\Enum\USB\VID_072F&PID_2200\1' 'DeviceDesc' 'unplugged years ago'
[void][System.IO.Directory]::CreateDirectory('C:\eeszt-double\state')
[System.IO.File]::WriteAllText('C:\eeszt-double\state\usb.json', '[{"instance": "USB\\VID_0C4B&PID_9102\\1", "problem": 0}]')

$policy = 'SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy'
Set-Value "$policy\FirewallRules" 'eeszt.connect-test' 'v2.30|Action=Allow|Active=TRUE|Dir=Out|Protocol=6|RPort=443|RPort=4443|Name=EESZT|EmbedCtxt=eeszt.connect|'
Set-Value "$policy\FirewallRules" 'blocked' 'v2.30|Action=Block|Active=TRUE|Dir=Out|Protocol=6|RPort=4443|Name=No services|'
