#!powershell

# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.PemFiles
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.access_lists
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_files
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_stores
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_delivery

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$target = @{
    institution = @{ type = 'str'; required = $true }
    type = @{ type = 'str'; choices = 'windows_store', 'pkcs12_file', 'pem_files'; required = $true }
    location = @{ type = 'str'; choices = 'LocalMachine', 'CurrentUser'; default = 'LocalMachine' }
    store = @{ type = 'str'; default = 'My' }
    exportable = @{ type = 'bool' }
    accounts = @{ type = 'list'; elements = 'str' }
    path = @{ type = 'str' }
    certificate = @{ type = 'str' }
    key = @{ type = 'str'; no_log = $false }
    chain = @{ type = 'str' }
}
$spec = @{
    options = @{
        targets = @{ type = 'list'; elements = 'dict'; options = $target; required = $true }
        state = @{ type = 'str'; choices = 'present', 'absent', 'retired', 'rolled_back', 'told'; default = 'present' }
        note_untold = @{ type = 'bool'; default = $false }
        fingerprints = @{ type = 'dict'; default = @{} }
        reasons = @{ type = 'dict'; default = @{} }
        retry_refused = @{ type = 'bool'; default = $false }
        # One text: of a dictionary Ansible.Basic would hide nothing.
        material = @{ type = 'str'; no_log = $true }
        kept = @{ type = 'dict'; default = @{} }
        older = @{ type = 'list'; elements = 'str'; default = @() }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

# Lines of institution, name and value with tabs between (plugin_utils/certificate/windows.py). They are taken apart by
# methods alone: where a policy asks for it, what commands are given comes into the event log.
$material = @{ token = ''; institutions = @{} }
if ($module.Params.material) {
    foreach ($line in $module.Params.material.Split([char]10)) {
        $institution, $name, $value = $line.Split([char[]]"`t", 3)
        if ($name -eq 'token') {
            $material.token = $value
            continue
        }
        if (-not $material.institutions.ContainsKey($institution)) {
            $material.institutions[$institution] = @{
                certificate = ''; chain = @(); pkcs12_sha256 = ''; pfx = $null; pfx_password = $null; key = $null; pkcs12 = $null
            }
        }
        if ($name -eq 'issuer') { $material.institutions[$institution].chain += $value }
        else { $material.institutions[$institution][$name] = $value }
    }
}
elseif ($module.Params.state -eq 'present') {
    $module.FailJson('The certificate comes from the controller: call waf_certificate, whose action plugin calls this module.')
}

try {
    $given = @{
        Targets = $module.Params.targets
        Material = $material
        Wish = @{
            state = $module.Params.state
            fingerprints = $module.Params.fingerprints
            reasons = $module.Params.reasons
            retry = $module.Params.retry_refused
            older = @($module.Params.older)
            untold = $module.Params.note_untold -and $module.Params.state -ne 'told'
        }
        Kept = $module.Params.kept
        Check = $module.CheckMode
    }
    $report = Invoke-EesztDelivery @given
}
catch { $module.FailJson($_.Exception.Message, $_) }

foreach ($name in $report.Keys) { $module.Result[$name] = $report[$name] }
$module.ExitJson()
