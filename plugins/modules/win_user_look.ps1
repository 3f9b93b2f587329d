#!powershell
# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils.windows.secured_files
#AnsibleRequires -PowerShell ..module_utils.windows.user_tasks

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$spec = @{
    options = @{
        # It holds the key of its seal.
        script = @{ type = 'str'; required = $true; no_log = $true }
        host = @{ type = 'str'; required = $true }
        account = @{ type = 'str' }
        seconds = @{ type = 'int'; default = 180 }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$module.Result.changed = $false
$module.Result.file = $null

$loggedOn = @(Get-EesztLoggedOn)
$module.Result.logged_on = $loggedOn
$account = $module.Params.account
if ($account -and $loggedOn -notcontains $account) {
    $module.FailJson("account: $account is not logged on; those who are: $($loggedOn -join ', ').")
}
if (-not $account -and $loggedOn.Count -gt 1) {
    $module.FailJson("account: several are logged on ($($loggedOn -join ', ')): say in whose session to look.")
}
if (-not $account -and $loggedOn.Count -eq 0) { $module.ExitJson() }
if (-not $account) { $account = $loggedOn[0] }
$module.Result.account = $account
if ($module.CheckMode) { $module.ExitJson() }

$prefix = 'eeszt.connect-look-'
$common = [System.Environment]::GetFolderPath('CommonApplicationData')
$folder = [System.IO.Path]::Combine($common, "$prefix$([System.Guid]::NewGuid())")
$out = [System.IO.Path]::Combine($folder, 'out')
$path = [System.IO.Path]::Combine($folder, 'eeszt-probe.ps1')
$powershell = [System.IO.Path]::Combine([System.Environment]::SystemDirectory, 'WindowsPowerShell\v1.0\powershell.exe')
$words = "-NoProfile -NonInteractive -ExecutionPolicy Bypass -WindowStyle Hidden -File `"$path`" -HostName `"$($module.Params.host)`" -Folder `"$out`""
try {
    # Of a look that was broken off.
    foreach ($old in [System.IO.Directory]::GetDirectories($common, "$prefix*")) {
        if ([System.IO.Directory]::GetCreationTimeUtc($old) -lt [System.DateTime]::UtcNow.AddDays(-1)) { [System.IO.Directory]::Delete($old, $true) }
    }
    # The account may read the script, and write beside it only, so that nobody can put another script in its place.
    $sid = Get-EesztAccountSid $account
    $readable = "O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FRFX;;;$sid)"
    $writable = "O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;$sid)"
    New-EesztSecuredFolder $folder $readable
    New-EesztSecuredFolder $out $writable
    # With the mark by which Windows PowerShell knows UTF-8.
    $utf8 = New-Object System.Text.UTF8Encoding $true
    $stream = New-Object System.IO.MemoryStream
    $writer = New-Object System.IO.StreamWriter $stream, $utf8
    $writer.Write($module.Params.script.TrimStart([char]0xFEFF))
    $writer.Flush()
    New-EesztSecuredFile $path $readable $stream
    $code = Invoke-EesztUserTask $account $powershell $words $folder $module.Params.seconds
    $made = @([System.IO.Directory]::GetFiles($out, '*.eeszt-observation.json'))
    if ($made.Count -eq 1) {
        $module.Result.file = [System.IO.Path]::GetFileName($made[0])
        $module.Result.content = [System.IO.File]::ReadAllText($made[0])
    }
}
catch { $module.FailJson("The look from the session of $account failed: $($_.Exception.Message)", $_) }
finally {
    if ([System.IO.Directory]::Exists($folder)) { [System.IO.Directory]::Delete($folder, $true) }
}
if ($null -eq $module.Result.file) {
    $why = if ($null -eq $code) { "did not end within $($module.Params.seconds) s, or never began" } else { "ended with code $code" }
    $module.FailJson("The look from the session of $account left no file: it $why.")
}
$module.ExitJson()
