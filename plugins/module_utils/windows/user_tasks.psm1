# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Who sits at this machine, and a program started in that session by a task of the task scheduler. Nothing else uses the
# scheduler, so that the lab, whose Wine starts no tasks, can stand in for these functions.

#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.Sessions

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztLoggedOn {
    # Accounts with an active session, as DOMAIN\name, each once.
    $active = 0
    $machine = [ansible_collections.eeszt.connect.plugins.module_utils.windows.Sessions.Machine]
    return @($machine::Sessions() | Where-Object { $_.Account -ne '' -and $_.State -eq $active } |
            ForEach-Object { $_.Account } | Sort-Object -Unique)
}

function Get-EesztAccountSid {
    param([string]$Account)
    $known = New-Object System.Security.Principal.NTAccount $Account
    return $known.Translate([System.Security.Principal.SecurityIdentifier]).Value
}

function Invoke-EesztUserTask {
    # Starts a program in the session of an account that is logged on, waits until it has ended, and gives its exit
    # code; null when the time was up or it never began. The task is gone afterwards, and ends with the time in any case.
    param([string]$Account, [string]$Program, [string]$Arguments, [string]$Folder, [int]$Seconds)
    $inSession, $asIs, $execute, $create = 3, 0, 0, 2
    $running, $queued, $neverRan = 4, 2, 267011
    $scheduler = New-Object -ComObject Schedule.Service
    $scheduler.Connect()
    $root = $scheduler.GetFolder('\')
    $task = $scheduler.NewTask(0)
    $task.Principal.UserId = $Account
    $task.Principal.LogonType = $inSession
    $task.Principal.RunLevel = $asIs
    $task.Settings.ExecutionTimeLimit = "PT$($Seconds)S"
    $task.Settings.DisallowStartIfOnBatteries = $false
    $task.Settings.StopIfGoingOnBatteries = $false
    $task.Settings.Hidden = $true
    $action = $task.Actions.Create($execute)
    $action.Path = $Program
    $action.Arguments = $Arguments
    $action.WorkingDirectory = $Folder
    $prefix = 'eeszt.connect look '
    $hiddenToo = 1
    # Of a look that was broken off.
    foreach ($old in @($root.GetTasks($hiddenToo))) {
        if ($old.Name.StartsWith($prefix) -and $old.State -ne $running) { $root.DeleteTask($old.Name, 0) }
    }
    $name = "$prefix$([System.Guid]::NewGuid())"
    $registered = $root.RegisterTaskDefinition($name, $task, $create, $Account, $null, $inSession)
    try {
        [void]$registered.Run($null)
        $until = [System.Diagnostics.Stopwatch]::StartNew()
        while ($until.Elapsed.TotalSeconds -lt $Seconds) {
            $known = $root.GetTask($name)
            $ended = $known.State -ne $running -and $known.State -ne $queued
            if ($ended -and $known.LastTaskResult -ne $neverRan) { return [int]$known.LastTaskResult }
            Start-Sleep -Milliseconds 200
        }
        return $null
    }
    finally { $root.DeleteTask($name, 0) }
}

Export-ModuleMember -Function Get-EesztLoggedOn, Get-EesztAccountSid, Invoke-EesztUserTask
