#!powershell
# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils.windows.probe
#AnsibleRequires -PowerShell ..module_utils.windows.certificates
#AnsibleRequires -PowerShell ..module_utils.windows.endpoints

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$spec = @{
    options = @{
        request = @{ type = 'dict'; required = $true }
        # One text: Ansible.Basic hides texts only, and a dictionary's would stand in its record of the invocation.
        secrets = @{ type = 'str'; default = ''; no_log = $true }
        proxy_account = @{ type = 'str'; default = ''; no_log = $true }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$module.Result.changed = $false

$version = $module.Params.request['schema_version']
if ($version -ne 1) { $module.FailJson("request.schema_version must be 1, not $version.") }
try {
    # Lines of institution, name and PEM in base64 with tabs between (plugin_utils/controller/probe_run.py). They are taken
    # apart by methods alone: where a policy asks for it, what commands are given comes into the event log. Of a
    # dictionary that is its type's name.
    $secrets = @{}
    foreach ($line in $module.Params.secrets.Split([char[]]"`n", [System.StringSplitOptions]::RemoveEmptyEntries)) {
        $institution, $name, $value = $line.Split([char[]]"`t", 3)
        if (-not $secrets.ContainsKey($institution)) { $secrets[$institution] = @{ certificate = $null; key = $null; chain = $null } }
        $secrets[$institution][$name] = [System.Text.Encoding]::UTF8.GetString([System.Convert]::FromBase64String($value))
    }
    # Beside the institutions, none of which has such an id.
    $secrets['proxy_account'] = $module.Params.proxy_account
    $module.Result.observation = Get-EesztObservation -Request $module.Params.request -Secrets $secrets
}
catch { $module.FailJson("The probe could not do its work: $($_.Exception.Message)", $_) }
$module.ExitJson()
