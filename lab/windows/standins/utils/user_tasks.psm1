# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# STAND-IN of the Windows double for plugins/module_utils/windows/user_tasks.psm1: same functions, same words.
# Wine starts no tasks, and nobody is logged on to it. Who is stands in C:\eeszt-double\state\sessions.json, a list of
# accounts; what a task starts is started at once, by the account of the double.

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztLoggedOn {
    $path = 'C:\eeszt-double\state\sessions.json'
    if (-not [System.IO.File]::Exists($path)) { return @() }
    return @([System.IO.File]::ReadAllText($path) | ConvertFrom-Json | ForEach-Object { "$_" })
}

function Get-EesztAccountSid {
    param([string]$Account)
    return 'S-1-5-32-545'
}

function Invoke-EesztUserTask {
    param([string]$Account, [string]$Program, [string]$Arguments, [string]$Folder, [int]$Seconds)
    if (@(Get-EesztLoggedOn) -notcontains $Account) { return $null }
    $start = New-Object System.Diagnostics.ProcessStartInfo 'C:\pwsh\pwsh.exe', $Arguments
    $start.WorkingDirectory = $Folder
    $start.UseShellExecute = $false
    $process = [System.Diagnostics.Process]::Start($start)
    try {
        if (-not $process.WaitForExit(1000 * $Seconds)) { $process.Kill(); return $null }
        return $process.ExitCode
    }
    finally { $process.Dispose() }
}

Export-ModuleMember -Function Get-EesztLoggedOn, Get-EesztAccountSid, Invoke-EesztUserTask
