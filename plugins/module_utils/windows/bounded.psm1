# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Runs functions side by side, each in a runspace of its own with a time limit: what hangs spoils nothing else.

#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.BackgroundCalls
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.evidence

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Invoke-EesztBounded {
    # $Jobs: name -> command and parameters. Gives name -> value and failure (evidence, or null), in the same order.
    param($Jobs, [double]$Seconds)
    $state = Get-EesztSessionState
    $running = [ordered]@{}
    foreach ($name in @($Jobs.Keys)) { $running[$name] = Start-EesztJob $Jobs[$name] $state }
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    $outcomes = [ordered]@{}
    foreach ($name in @($running.Keys)) {
        $left = [System.Math]::Max(0, [int]($Seconds * 1000 - $clock.ElapsedMilliseconds))
        $outcomes[$name] = Wait-EesztJob $running[$name] $left $Seconds
    }
    return $outcomes
}

function Get-EesztSessionState {
    # Our functions as text, also those that their module keeps to itself: a function bound to a module would run in
    # the runspace that the module belongs to. Without -ListImported, every module on the disk would be searched.
    $state = [System.Management.Automation.Runspaces.InitialSessionState]::CreateDefault2()
    $visible = @(Get-Command -Name '*-Eeszt*' -CommandType Function -ListImported)
    $modules = @($visible | Where-Object { $null -ne $_.Module } | ForEach-Object { $_.Module } | Select-Object -Unique)
    $hidden = @(foreach ($module in $modules) { & $module { Get-Command -Name '*-Eeszt*' -CommandType Function -ListImported } })
    $known = @{}
    foreach ($function in @($visible + $hidden)) {
        if ($known.ContainsKey($function.Name)) { continue }
        $known[$function.Name] = $true
        $entry = New-Object System.Management.Automation.Runspaces.SessionStateFunctionEntry $function.Name, $function.Definition
        $state.Commands.Add($entry)
    }
    return $state
}

function Start-EesztJob {
    # On a thread of ours (see BackgroundCalls.cs), so the runspace must not take one of its own.
    param($Job, [System.Management.Automation.Runspaces.InitialSessionState]$State)
    $runspace = [System.Management.Automation.Runspaces.RunspaceFactory]::CreateRunspace($State)
    $runspace.ThreadOptions = 'UseCurrentThread'
    $runspace.Open()
    $shell = [System.Management.Automation.PowerShell]::Create()
    $shell.Runspace = $runspace
    $script = 'param($Command, $Parameters) Set-StrictMode -Version 2.0; $ErrorActionPreference = "Stop"; & $Command @Parameters'
    [void]$shell.AddScript($script).AddArgument($Job.command).AddArgument($Job.parameters)
    $call = New-EesztBackgroundCall ([System.Func[object]]) $shell 'Invoke'
    $call.Start()
    return @{ shell = $shell; runspace = $runspace; call = $call }
}

function New-EesztBackgroundCall {
    # Of a method without arguments.
    param([type]$Kind, $Target, [string]$Name)
    $methods = @($Target.GetType().GetMethods() | Where-Object { $_.Name -eq $Name -and -not $_.IsGenericMethod })
    $method = @($methods | Where-Object { $_.GetParameters().Count -eq 0 })[0]
    $work = [System.Delegate]::CreateDelegate($Kind, $Target, $method)
    return New-Object ansible_collections.eeszt.connect.plugins.module_utils.windows.BackgroundCalls.BackgroundCall $work
}

function Wait-EesztJob {
    param($Running, [int]$Milliseconds, [double]$Seconds)
    if (-not $Running.call.Wait($Milliseconds)) {
        Close-EesztHungRunspace $Running.runspace
        return @{ value = $null; failure = New-EesztEvidence 'probe' 'timeout' "timed out after $Seconds s" }
    }
    try {
        if ($null -ne $Running.call.Error) {
            return @{ value = $null; failure = ConvertTo-EesztEvidence $Running.call.Error }
        }
        $output = $Running.call.Result
        $value = if ($output.Count -gt 0) { $output[$output.Count - 1].PSObject.BaseObject } else { $null }
        return @{ value = $value; failure = $null }
    }
    finally {
        $Running.shell.Dispose()
        $Running.runspace.Dispose()
    }
}

function Close-EesztHungRunspace {
    # At its end PowerShell closes every runspace that is open, and waits for it. One that is being closed it leaves alone.
    param([System.Management.Automation.Runspaces.Runspace]$Runspace)
    (New-EesztBackgroundCall ([System.Action]) $Runspace 'Close').Start()
    for ($turn = 0; $turn -lt 200 -and $Runspace.RunspaceStateInfo.State -eq 'Opened'; $turn++) {
        [System.Threading.Thread]::Sleep(10)
    }
}

Export-ModuleMember -Function Invoke-EesztBounded
