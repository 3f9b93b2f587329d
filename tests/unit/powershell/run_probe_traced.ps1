# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Runs the module win_probe with secrets and writes down what every command and function is given, as Windows' module
# logging (event 4103) would. In: utils, the module, a JSON file of parameters, a file for the trace. Out: the observation.

param([string]$Utils, [string]$Module, [string]$Path, [string]$Trace)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

. (Join-Path -Path $PSScriptRoot -ChildPath 'as_5_1.ps1')

Add-Type -TypeDefinition @'
using System.Collections;
namespace Ansible.Basic
{
    public class AnsibleModule
    {
        public static IDictionary Given;
        public static AnsibleModule Last;
        public IDictionary Params = Given;
        public IDictionary Result = new Hashtable();
        public string Failure;
        public static AnsibleModule Create(object arguments, IDictionary spec) { Last = new AnsibleModule(); return Last; }
        public void FailJson(string text) { Failure = text; }
        public void FailJson(string text, object record) { Failure = text; }
        public void ExitJson() { }
    }
}
'@
$classes = 'BackgroundCalls', 'EndpointEvidence', 'EndpointLooks', 'HttpAnswers', 'ServerTrusts', 'ShownCertificates', 'WireTaps'
Add-Type -Path ($classes | ForEach-Object { Join-Path $Utils "$_.cs" })
foreach ($name in 'evidence', 'neutral', 'address_ranges', 'proxy', 'client_tls', 'endpoints', 'clock', 'bounded', 'probe') {
    Import-Module (Join-Path $Utils "$name.psm1") -Global -WarningAction SilentlyContinue
}
function global:Test-EesztDouble { $false }

$given = @{}
foreach ($each in ([System.IO.File]::ReadAllText($Path) | ConvertFrom-Json).PSObject.Properties) { $given[$each.Name] = ConvertTo-EesztPlain $each.Value }
[Ansible.Basic.AnsibleModule]::Given = $given
[void](Trace-Command -Name 'Parameter*' -FilePath $Trace -Expression { & $Module })
if ($null -ne [Ansible.Basic.AnsibleModule]::Last.Failure) { throw [Ansible.Basic.AnsibleModule]::Last.Failure }
ConvertTo-Json ([Ansible.Basic.AnsibleModule]::Last.Result['observation']) -Depth 99 -Compress
